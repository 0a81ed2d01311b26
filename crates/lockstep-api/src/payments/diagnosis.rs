//! `GET /v1/payments/{id}/diagnosis`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use lockstep_core::binding::Binding;
use lockstep_core::catalogue::{Actor, Lang, Layer, Reason};
use lockstep_core::diagnosis::{Diagnosis, Evidence, MoneyState, diagnose};
use lockstep_core::id::PaymentId;
use lockstep_core::payment::Attempt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::get::instruments;
use super::{OfferView, PaymentPath};
use crate::app::App;
use crate::http::{Caller, PathId, Query, Read};
use crate::owned::visible;
use crate::problem::Problem;
use crate::wire::{ActorWord, LayerWord, ReasonCode, Time, Words};

/// In which language `text` is.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DiagnosisQuery {
    /// The language of `text`; left out, `Accept-Language` decides.
    #[param(inline)]
    lang: Option<LangWord>,
}

/// A language.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub(crate) enum LangWord {
    /// 简体中文
    #[serde(rename = "zh-CN")]
    ZhCn,
    /// The same, shorter.
    #[serde(rename = "zh")]
    Zh,
    /// English
    #[serde(rename = "en")]
    En,
}

/// The sentences in one language.
#[derive(Serialize, ToSchema)]
pub(crate) struct DiagnosisText {
    /// `zh-CN` or `en`.
    lang: &'static str,
    /// The cause in a few words.
    title: String,
    /// For the borrower.
    borrower: String,
    /// For a support agent.
    support: String,
    /// One imperative line.
    next_step: String,
}

/// One piece of evidence.
#[derive(Serialize, ToSchema)]
#[schema(as = Evidence)]
pub(crate) struct EvidenceView {
    /// When.
    at: Time,
    /// What.
    text: Words,
}

impl From<Evidence> for EvidenceView {
    fn from(evidence: Evidence) -> Self {
        Self { at: evidence.at.into(), text: evidence.text.into() }
    }
}

/// Which instrument an attempt used.
#[derive(Serialize, ToSchema)]
#[schema(as = UsedInstrument)]
pub(crate) struct InstrumentView {
    /// The attempt.
    attempt: u16,
    /// The binding.
    #[schema(pattern = "^bnd_[0-9A-HJKMNP-TV-Z]{26}$")]
    binding_id: String,
    /// First six and last four digits.
    #[schema(example = "622202*********0000")]
    masked: String,
    /// Whether it stood in for the payment's own, as the borrower had agreed.
    stand_in: bool,
}

impl InstrumentView {
    fn of(attempt: &Attempt, binding: &Binding) -> Self {
        Self {
            attempt: attempt.number,
            binding_id: binding.id.to_string(),
            masked: binding.instrument.masked.clone(),
            stand_in: attempt.binding.is_some(),
        }
    }
}

/// Which party failed, why, where the money is, who acts, and what to do next.
#[derive(Serialize, ToSchema)]
#[schema(as = Diagnosis)]
pub(crate) struct DiagnosisView {
    /// Which party failed; `none` when nothing did.
    #[schema(value_type = LayerWord)]
    layer: Layer,
    /// The cause.
    #[schema(value_type = ReasonCode)]
    cause: Reason,
    /// Who has to act.
    #[schema(value_type = ActorWord)]
    actor: Actor,
    /// How sure the catalogue is that the channel's code means this.
    #[schema(minimum = 0, maximum = 100)]
    confidence_pct: u8,
    /// `not_taken`, `taken`, `not_known_yet` or `given_back`.
    #[schema(value_type = String, pattern = "^[a-z_]+$")]
    money: MoneyState,
    /// The cause in a few words.
    title: Words,
    /// For the borrower.
    borrower: Words,
    /// For a support agent.
    support: Words,
    /// One imperative line.
    next_step: Words,
    /// Which button a page may offer, e.g. `bind_other_card`.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// When it is tried again, if it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_try_at: Option<Time>,
    /// What this rests on, oldest first.
    evidence: Vec<EvidenceView>,
    /// Which instrument each attempt used.
    instruments: Vec<InstrumentView>,
    /// What the borrower could do so that the payment gets another way, where it has none.
    offers: Vec<OfferView>,
    /// The sentences in the reader's language.
    text: DiagnosisText,
}

impl DiagnosisView {
    fn of(
        diagnosis: Diagnosis,
        instruments: Vec<InstrumentView>,
        offers: Vec<OfferView>,
        lang: Lang,
    ) -> Self {
        let text = DiagnosisText {
            lang: lang.as_str(),
            title: diagnosis.title.get(lang).to_owned(),
            borrower: diagnosis.borrower.get(lang).to_owned(),
            support: diagnosis.support.get(lang).to_owned(),
            next_step: diagnosis.next_step.get(lang).to_owned(),
        };
        Self {
            layer: diagnosis.layer,
            cause: diagnosis.cause,
            actor: diagnosis.actor,
            confidence_pct: diagnosis.confidence_pct,
            money: diagnosis.money,
            title: diagnosis.title.into(),
            borrower: diagnosis.borrower.into(),
            support: diagnosis.support.into(),
            next_step: diagnosis.next_step.into(),
            action: diagnosis.action,
            next_try_at: diagnosis.next_try_at.map(Time),
            evidence: diagnosis.evidence.into_iter().map(EvidenceView::from).collect(),
            instruments,
            offers,
            text,
        }
    }
}

/// Why a payment stands where it stands, in words · 支付诊断
#[utoipa::path(
    get,
    path = "/v1/payments/{id}/diagnosis",
    tag = "payments",
    operation_id = "diagnosePayment",
    params(PaymentPath, DiagnosisQuery),
    responses((status = 200, description = "The diagnosis, in both languages", body = DiagnosisView)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn diagnose_payment(
    State(app): State<App>,
    caller: Caller<Read>,
    PathId(id): PathId<PaymentId>,
    Query(query): Query<DiagnosisQuery>,
    headers: HeaderMap,
) -> Result<Json<DiagnosisView>, Problem> {
    let payment = visible(app.state.queries.payment(caller.tenant, id).await?, caller.tenant)?;
    let lang = match query.lang {
        Some(LangWord::ZhCn | LangWord::Zh) => Lang::ZhCn,
        Some(LangWord::En) => Lang::En,
        None => accepted(&headers),
    };
    let engine = &app.state.engine;
    let (binding, stand_ins) = instruments(&app, &payment).await?;
    let used = payment.attempts.iter().filter_map(|attempt| {
        let one = match attempt.binding {
            None => binding.as_ref(),
            Some(id) => stand_ins.iter().find(|one| one.id == id),
        };
        one.map(|one| InstrumentView::of(attempt, one))
    });
    let used = used.collect();
    let offers = binding.map(|binding| engine.offers(&payment, &binding)).unwrap_or_default();
    let offers = offers.iter().map(|offer| OfferView::of(offer, Some(engine.channels()))).collect();
    Ok(Json(DiagnosisView::of(diagnose(&payment, engine.channels()), used, offers, lang)))
}

/// The first language in `Accept-Language` that we write, by weight; Chinese without one.
fn accepted(headers: &HeaderMap) -> Lang {
    let value =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut known: Vec<(u32, Lang)> = value.split(',').filter_map(weighed).collect();
    // Stable: of two with the same weight the first one counts.
    known.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    known.first().map_or(Lang::ZhCn, |(_, lang)| *lang)
}

/// A language with its weight in thousandths; `None` for a language we don't write and for weight zero.
fn weighed(item: &str) -> Option<(u32, Lang)> {
    let (tag, parameters) = item.split_once(';').unwrap_or((item, ""));
    let lang = tag.trim().parse().ok()?;
    let weight = match parameters.trim().strip_prefix("q=") {
        Some(text) => thousandths(text)?,
        None => 1000,
    };
    (weight > 0).then_some((weight, lang))
}

fn thousandths(text: &str) -> Option<u32> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let legal =
        matches!(whole, "0" | "1") && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = format!("{whole}{part:0<3}");
    number.parse().ok().filter(|weight| legal && *weight <= 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_chooses_the_language() {
        for (accept, expected) in [
            ("", Lang::ZhCn),
            ("en", Lang::En),
            ("en-GB,en;q=0.9,zh;q=0.8", Lang::En),
            ("zh-CN, en;q=0.5", Lang::ZhCn),
            ("en;q=0.2, zh;q=0.8", Lang::ZhCn),
            ("fr, en;q=0.1", Lang::En),
            ("fr", Lang::ZhCn),
            ("en;q=0", Lang::ZhCn),
            ("en;q=nonsense", Lang::ZhCn),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, accept.parse().unwrap());
            assert_eq!(accepted(&headers), expected, "{accept}");
        }
    }
}
