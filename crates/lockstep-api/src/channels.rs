//! `GET /v1/channels`

mod health;

use axum::Json;
use axum::extract::State;
use lockstep_core::channel::{AmountLimits, Capability};
use lockstep_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use self::health::{CellView, HealthView, IssuerView, Standings};
use crate::app::App;
use crate::http::{Caller, Read};
use crate::wire::{CurrencyCode, Time, Words};

/// Limits of one payment through a channel.
#[derive(Serialize, ToSchema)]
#[schema(as = AmountLimits)]
pub(crate) struct LimitsView {
    /// The only currency it moves.
    #[schema(value_type = CurrencyCode)]
    currency: &'static str,
    /// Smallest amount, in minor units.
    min_minor: i64,
    /// Largest amount, in minor units.
    max_minor: i64,
}

impl From<&AmountLimits> for LimitsView {
    fn from(limits: &AmountLimits) -> Self {
        let currency = limits.currency.code();
        Self { currency, min_minor: limits.min_minor, max_minor: limits.max_minor }
    }
}

/// How a channel gives back what it debited.
#[derive(Serialize, ToSchema)]
#[schema(as = Refunding)]
pub(crate) struct RefundingView {
    /// Debits younger than this.
    max_age_days: u32,
    /// Whether a part can go back.
    partial: bool,
}

/// How a channel signs mandates.
#[derive(Serialize, ToSchema)]
#[schema(as = Signing)]
pub(crate) struct SigningView {
    /// It texts a code to the phone reserved at the bank.
    sms_code: bool,
    /// It accepts an account proven by micro-deposit.
    micro_deposit: bool,
    /// Shortest time between two codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    resend_after_s: Option<u64>,
}

/// A channel: what it can do, and whether it is open.
#[derive(Serialize, ToSchema)]
#[schema(as = Channel)]
pub(crate) struct ChannelView {
    /// Its name in requests.
    #[schema(pattern = "^[a-z0-9_]{2,32}$", example = "unionpay")]
    id: String,
    /// What people call it.
    name: Words,
    /// Whether it takes payments at this moment.
    open_now: bool,
    /// When it opens next; absent while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    opens_at: Option<Time>,
    /// The zone in which it counts its day.
    #[schema(example = "Asia/Shanghai")]
    zone: String,
    /// Debits; absent if it can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    collect: Option<LimitsView>,
    /// Credits; absent if it can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_out: Option<LimitsView>,
    /// Refunds of its debits; absent if it can't. Money then goes back as a credit, where a channel pays out.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<RefundingView>,
    /// Signing mandates; absent if it can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    signing: Option<SigningView>,
    /// Whether it can be asked what became of a payment.
    query: bool,
    /// Whether it can be told to undo a debit of which nobody knows whether it happened.
    reversal: bool,
    /// Whether it gives a statement of each day.
    statement: bool,
    /// Whether it sends notices by itself.
    notices: bool,
    /// How well it works now, over all issuers.
    health: HealthView,
    /// How well it works for each issuer.
    issuers: Vec<CellView>,
}

impl ChannelView {
    fn of(capability: &Capability, standings: &Standings, now: Timestamp) -> Self {
        let open_now = capability.hours.open_at(now);
        let signing = capability.sign.as_ref().map(|rules| SigningView {
            sms_code: rules.sms_code.is_some(),
            micro_deposit: rules.micro_deposit,
            resend_after_s: rules.sms_code.map(|code| code.resend_after_s),
        });
        Self {
            id: capability.id.to_string(),
            name: Words { zh: capability.name.zh.clone(), en: capability.name.en.clone() },
            open_now,
            opens_at: (!open_now).then(|| Time(capability.hours.next_open(now))),
            zone: capability.hours.zone.name().to_owned(),
            collect: capability.collect.as_ref().map(LimitsView::from),
            pay_out: capability.pay_out.as_ref().map(LimitsView::from),
            refund: capability
                .refund
                .map(|rules| RefundingView { max_age_days: rules.max_age_days, partial: rules.partial }),
            signing,
            query: capability.query.is_some(),
            reversal: capability.reversal.is_some(),
            statement: capability.statement.is_some(),
            notices: capability.notices,
            health: standings.channel(&capability.id),
            issuers: standings.cells(&capability.id),
        }
    }
}

/// All channels.
#[derive(Serialize, ToSchema)]
pub(crate) struct Channels {
    /// By name.
    data: Vec<ChannelView>,
    /// How well each issuer works now, over all channels. Learned from answers since the service started.
    issuers: Vec<IssuerView>,
}

/// What the channels can do, which are open, and how well each works now · 支付渠道
#[utoipa::path(
    get,
    path = "/v1/channels",
    tag = "about",
    operation_id = "listChannels",
    responses((status = 200, description = "All channels", body = Channels)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn list_channels(State(app): State<App>, _caller: Caller<Read>) -> Json<Channels> {
    let now = app.now();
    let standings = Standings(app.state.engine.health().standings);
    let channels = app.state.engine.channels().iter();
    let data = channels.map(|capability| ChannelView::of(capability, &standings, now)).collect();
    Json(Channels { data, issuers: standings.issuers() })
}
