//! Every route. The document is made from the same lines, so neither knows one that the other doesn't.

use axum::Router;
use axum::middleware::from_fn_with_state;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::state::AppState;
use crate::{
    api_keys, audit, bindings, borrowers, callbacks, channels, health, http, openapi, orders, payments,
    precheck, problem, reasons, routing_rules, webhook_deliveries, webhook_endpoints,
};

/// The API, ready to serve.
pub fn router(state: AppState) -> Router {
    let app = App::new(state);
    let (router, _document) = parts();
    router
        .fallback(http::not_found)
        .method_not_allowed_fallback(http::wrong_method)
        .layer(from_fn_with_state(app.clone(), http::hand_on))
        .layer(from_fn_with_state(app.clone(), http::envelope))
        .with_state(app)
}

/// The routes, and what their annotations say of them.
pub(crate) fn parts() -> (Router<App>, OpenApi) {
    OpenApiRouter::with_openapi(openapi::frame())
        // POST, GET /v1/borrowers; GET /v1/borrowers/{id}
        .routes(routes!(borrowers::create_borrower, borrowers::list_borrowers))
        .routes(routes!(borrowers::get_borrower))
        // POST, GET /v1/bindings; GET /v1/bindings/{id}; POST /v1/bindings/{id}/{code, verify, mandates,
        // unbind}
        .routes(routes!(bindings::create_binding, bindings::list_bindings))
        .routes(routes!(bindings::get_binding))
        .routes(routes!(bindings::send_code))
        .routes(routes!(bindings::verify_binding))
        .routes(routes!(bindings::add_mandate))
        .routes(routes!(bindings::unbind))
        .routes(routes!(bindings::agree_stand_in, bindings::withdraw_stand_in)) // …/{id}/stand_in
        .routes(routes!(precheck::precheck)) // POST /v1/precheck
        // POST, GET /v1/orders; GET /v1/orders/{id}; POST /v1/orders/{id}/cancel
        .routes(routes!(orders::create_order, orders::list_orders))
        .routes(routes!(orders::get_order))
        .routes(routes!(orders::cancel_order))
        // POST, GET /v1/payments; GET /v1/payments/{id}, …/diagnosis, …/timeline; POST …/cancel, …/try_now
        .routes(routes!(payments::create_payment, payments::list_payments))
        .routes(routes!(payments::get_payment))
        .routes(routes!(payments::diagnose_payment))
        .routes(routes!(payments::get_timeline))
        .routes(routes!(payments::cancel_payment))
        .routes(routes!(payments::try_payment_now))
        // POST /v1/payments/{id}/attempts/{attempt}/outcome, …/outcome/approve, …/outcome/withdraw
        .routes(routes!(payments::propose_outcome))
        .routes(routes!(payments::approve_outcome))
        .routes(routes!(payments::withdraw_outcome))
        // POST, GET /v1/payments/{id}/refunds; GET …/refunds/{number}; POST …/{number}/{approve, withdraw}
        .routes(routes!(payments::create_refund, payments::list_refunds))
        .routes(routes!(payments::get_refund))
        .routes(routes!(payments::approve_refund))
        .routes(routes!(payments::withdraw_refund))
        // POST, GET /v1/webhook_endpoints; DELETE /v1/webhook_endpoints/{id}; POST …/{id}/rotate_secret
        .routes(routes!(webhook_endpoints::create_endpoint, webhook_endpoints::list_endpoints))
        .routes(routes!(webhook_endpoints::remove_endpoint))
        .routes(routes!(webhook_endpoints::rotate_secret))
        // GET /v1/webhook_deliveries; POST /v1/webhook_deliveries/{id}/retry
        .routes(routes!(webhook_deliveries::list_deliveries))
        .routes(routes!(webhook_deliveries::retry_delivery))
        // POST, GET /v1/api_keys; DELETE /v1/api_keys/{id}; GET /v1/audit
        .routes(routes!(api_keys::create_key, api_keys::list_keys))
        .routes(routes!(api_keys::revoke_key))
        .routes(routes!(audit::list_audit))
        // GET, PUT /v1/routing_rules
        .routes(routes!(routing_rules::get_routing_rules, routing_rules::put_routing_rules))
        // GET /v1/channels; GET /v1/reasons
        .routes(routes!(channels::list_channels))
        .routes(routes!(reasons::list_reasons))
        .routes(routes!(callbacks::receive_callback)) // POST /v1/callbacks/{channel}
        // GET /health/live, /health/ready, /openapi.json, /problems/{code}
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(openapi::get_document))
        .routes(routes!(problem::get_problem))
        .split_for_parts()
}
