//! What the borrower agrees to, as a lender states it, with defaults for what is left out.

use std::time::Duration;

use lockstep_core::binding::MandateTerms;
use lockstep_core::id::TenantId;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Fault;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::problem::Problem;
use crate::wire::Typed;

const PURPOSE: &str = "贷款还款 / loan repayment";
const CONDITION: &str = "到期还款日 / on each due date";
const YEAR_S: u64 = 365 * 86_400;
const DEFAULT_YEARS: u64 = 5;
const MAX_CHARS: usize = 64;

/// What the borrower agrees to. What is left out is filled in: payee by the lender's name, five years of
/// validity.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TermsInput {
    /// Who receives the money.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$"
    )]
    payee: Option<String>,
    /// What it is for.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$"
    )]
    purpose: Option<String>,
    /// How often or on which condition.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]+$"
    )]
    condition: Option<String>,
    /// Largest single debit, in minor units of the order's currency.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64)]
    max_amount_minor: Option<i64>,
    /// Most that may be debited in a day, in minor units of the order's currency.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64)]
    daily_minor: Option<i64>,
    /// Most that may be debited in a calendar month, in minor units of the order's currency.
    #[schema(minimum = 1, maximum = 10_000_000_000_000_i64)]
    monthly_minor: Option<i64>,
    /// First moment at which it no longer holds; in the future.
    #[schema(format = DateTime)]
    valid_until: Option<String>,
}

/// The terms in full. What is wrong is added to `typed`, under `terms.`.
pub(super) async fn terms_of(
    app: &App,
    tenant: TenantId,
    input: TermsInput,
    typed: &mut Typed,
) -> Result<Option<MandateTerms>, Problem> {
    let now = app.now();
    let mut text = |field: &str, given: Option<String>, default: &str| {
        let given = given.as_deref().unwrap_or(default);
        typed.text(&format!("terms.{field}"), given, MAX_CHARS)
    };
    let payee = match input.payee {
        Some(payee) => payee,
        None => tenant_name(app, tenant).await?,
    };
    let payee = text("payee", Some(payee), "");
    let purpose = text("purpose", input.purpose, PURPOSE);
    let condition = text("condition", input.condition, CONDITION);
    let max_amount_minor = input.max_amount_minor.map(|max| typed.amount("terms.max_amount_minor", max));
    let daily_minor = input.daily_minor.map(|max| typed.amount("terms.daily_minor", max));
    let monthly_minor = input.monthly_minor.map(|max| typed.amount("terms.monthly_minor", max));
    let valid_until = match &input.valid_until {
        Some(given) => future(typed, given, now),
        None => Some(now.plus(Duration::from_secs(DEFAULT_YEARS * YEAR_S))),
    };
    let complete = (payee, purpose, condition, valid_until);
    let (Some(payee), Some(purpose), Some(condition), Some(valid_until)) = complete else {
        return Ok(None);
    };
    Ok(Some(MandateTerms {
        payee,
        purpose,
        condition,
        max_amount_minor: max_amount_minor.flatten(),
        daily_minor: daily_minor.flatten(),
        monthly_minor: monthly_minor.flatten(),
        valid_until,
    }))
}

fn future(typed: &mut Typed, given: &str, now: Timestamp) -> Option<Timestamp> {
    let moment = typed.time("terms.valid_until", given)?;
    if moment <= now {
        let zh = "协议的失效时间应晚于现在。";
        typed.wrong("terms.valid_until", "past", zh, "The mandate must hold until a moment in the future.");
        return None;
    }
    Some(moment)
}

async fn tenant_name(app: &App, tenant: TenantId) -> Result<String, Problem> {
    let found = app.state.directory.tenant(tenant).await?;
    let tenant = found.ok_or_else(|| Fault::new("reading a lender", "its key exists and it doesn't"))?;
    Ok(tenant.name.chars().take(MAX_CHARS).collect())
}
