//! `GET /v1/payments/{id}`

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use lockstep_core::binding::Binding;
use lockstep_core::id::PaymentId;
use lockstep_core::payment::{Payment, PaymentStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{PaymentPath, PaymentView};
use crate::app::App;
use crate::http::{Caller, PathId, Query, Read, WaitParam, wait_for};
use crate::owned::visible;
use crate::problem::Problem;

/// How to read a payment.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PaymentQuery {
    /// Wait up to this many seconds for the payment to leave `trying` and `unknown`.
    #[param(value_type = Option<u32>, minimum = 0, maximum = 30)]
    wait_s: Option<WaitParam>,
}

/// One payment · 查询支付
#[utoipa::path(
    get,
    path = "/v1/payments/{id}",
    tag = "payments",
    operation_id = "getPayment",
    params(PaymentPath, PaymentQuery),
    responses((status = 200, description = "The payment", body = PaymentView)),
    security(("api_key" = ["read"]))
)]
pub(crate) async fn get_payment(
    State(app): State<App>,
    caller: Caller<Read>,
    PathId(id): PathId<PaymentId>,
    Query(query): Query<PaymentQuery>,
) -> Result<Json<PaymentView>, Problem> {
    // Another lender's payment is no reason to wait.
    let settled = |payment: &Payment| payment.tenant != caller.tenant || !moves_at_once(payment.status());
    let read = || app.state.queries.payment(caller.tenant, id);
    let found = wait_for(&app, &id.to_string(), query.wait_s, read, settled).await?;
    let payment = visible(found, caller.tenant)?;
    let (binding, stand_ins) = instruments(&app, &payment).await?;
    Ok(Json(PaymentView::with(&payment, binding.as_ref(), &stand_ins, &app.state.engine)))
}

/// The payment's own instrument, and the stand-ins that its attempts have used.
pub(super) async fn instruments(
    app: &App,
    payment: &Payment,
) -> Result<(Option<Binding>, Vec<Binding>), Problem> {
    let own = app.state.queries.binding(payment.tenant, payment.binding).await?;
    let used: BTreeSet<_> = payment.attempts.iter().filter_map(|attempt| attempt.binding).collect();
    let mut stand_ins = Vec::new();
    for id in used {
        stand_ins.extend(app.state.queries.binding(payment.tenant, id).await?);
    }
    Ok((own, stand_ins))
}

fn moves_at_once(status: PaymentStatus) -> bool {
    match status {
        PaymentStatus::Trying | PaymentStatus::Unknown => true,
        PaymentStatus::Waiting
        | PaymentStatus::Succeeded
        | PaymentStatus::Failed
        | PaymentStatus::Cancelled => false,
    }
}
