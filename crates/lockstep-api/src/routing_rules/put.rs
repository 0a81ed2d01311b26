//! `PUT /v1/routing_rules`

use axum::extract::State;
use axum::response::Response;
use lockstep_core::audit::{AuditEntry, Who};
use lockstep_core::id::{AuditId, TenantId};
use lockstep_core::routing::RoutingRules;
use lockstep_engine::port::{IdempotencyKey, StoredRules};

use super::{PutRules, RulesView, rules_of};
use crate::app::{App, Done};
use crate::http::{Admin, Call, Caller, IdempotencyHeader};
use crate::problem::{Kind, Problem};

/// Replace all rules about channels. In force with the next decision, without a restart · 替换路由规则
#[utoipa::path(
    put,
    path = "/v1/routing_rules",
    tag = "admin",
    operation_id = "putRoutingRules",
    params(IdempotencyHeader),
    request_body = PutRules,
    responses((status = 200, description = "The rules now in force", body = RulesView)),
    security(("api_key" = ["admin"]))
)]
pub(crate) async fn put_routing_rules(
    State(app): State<App>,
    caller: Caller<Admin>,
    call: Call<PutRules>,
) -> Result<Response, Problem> {
    let (tenant, who, base) = (caller.tenant, caller.who(), call.body.version);
    let rules = rules_of(call.body, app.state.engine.channels())?;
    let work = move |app: App, key| async move { replace(&app, &key, (tenant, who), base, rules).await };
    app.once(tenant, call.key, work).await
}

async fn replace(
    app: &App,
    key: &IdempotencyKey,
    (tenant, who): (TenantId, Who),
    base: u64,
    rules: RoutingRules,
) -> Result<Done, Problem> {
    let directory = &app.state.directory;
    let version = base.checked_add(1).ok_or_else(|| Problem::new(Kind::RulesChanged))?;
    let at = app.now();
    let entry = AuditEntry {
        id: AuditId::mint(&mut app.mint_for(key)),
        tenant,
        at,
        who,
        action: "routing_rules.replace".to_owned(),
        subject: tenant.to_string(),
        outcome: "accepted".to_owned(),
    };
    let wanted = StoredRules { tenant, version, rules, updated_at: at };
    let stored = if directory.put_routing_rules(wanted.clone(), entry).await? {
        wanted
    } else {
        // A call that stopped half-way may have put them in place without an answer.
        let stored = directory.routing_rules(tenant).await?;
        let same = |one: &StoredRules| one.version == wanted.version && one.rules == wanted.rules;
        stored.filter(same).ok_or_else(|| Problem::new(Kind::RulesChanged))?
    };
    app.state.engine.set_routing_rules(stored.clone());
    Done::new(200, &RulesView::of(Some(&stored)))
}
