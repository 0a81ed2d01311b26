//! Who calls: the key in `Authorization`, what it may do, and how often.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use lockstep_core::audit::Who;
use lockstep_core::id::{ApiKeyId, TenantId};
use lockstep_core::text::Sentence;
use lockstep_engine::port::{ApiKey, KeyScope};

use crate::app::App;
use crate::key;
use crate::problem::{Kind, Problem};

/// What a handler needs its caller's key for.
pub(crate) trait Scope: Send + Sync + 'static {
    const SCOPE: KeyScope;
}

/// Reading.
pub(crate) struct Read;
/// Creating and changing.
pub(crate) struct Write;
/// Giving money back.
pub(crate) struct GiveBack;
/// Managing keys and endpoints.
pub(crate) struct Admin;
/// Deciding outcomes.
pub(crate) struct Approve;

impl Scope for Read {
    const SCOPE: KeyScope = KeyScope::Read;
}
impl Scope for Write {
    const SCOPE: KeyScope = KeyScope::Write;
}
impl Scope for GiveBack {
    const SCOPE: KeyScope = KeyScope::Refund;
}
impl Scope for Admin {
    const SCOPE: KeyScope = KeyScope::Admin;
}
impl Scope for Approve {
    const SCOPE: KeyScope = KeyScope::Approve;
}

/// A caller whose key is valid, has the scope `S` and has not called too often.
pub(crate) struct Caller<S> {
    /// The lender.
    pub(crate) tenant: TenantId,
    /// Its key.
    pub(crate) key: ApiKeyId,
    /// All that is known of it.
    pub(crate) held: Arc<ApiKey>,
    scope: PhantomData<S>,
}

impl<S> Caller<S> {
    /// As the audit log names it.
    pub(crate) fn who(&self) -> Who {
        Who::ApiKey { key: self.key }
    }
}

impl<S: Scope> FromRequestParts<App> for Caller<S> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = authenticate(parts, app).await?;
        app.rates.take(key.id)?;
        if !key.scopes.contains(&S::SCOPE) {
            return Err(scope_missing(S::SCOPE));
        }
        Ok(Self { tenant: key.tenant, key: key.id, held: key, scope: PhantomData })
    }
}

/// The refusal names what is needed, so that the right key can be made or taken.
fn scope_missing(needed: KeyScope) -> Problem {
    let needed = needed.as_str();
    let zh = format!("此操作需要 {needed} 权限，该密钥没有；请换用有 {needed} 权限的密钥。");
    let en = format!("This operation needs the scope {needed}, which the key lacks. Use a key that has it.");
    Problem::saying(Kind::ScopeMissing, &Sentence::new(zh, en))
}

async fn authenticate(parts: &Parts, app: &App) -> Result<Arc<ApiKey>, Problem> {
    let refused = || Problem::new(Kind::Unauthenticated);
    let secret = bearer(parts).ok_or_else(refused)?;
    let hash = key::api_key_hash(&app.state.vault, secret);
    if let Some(known) = app.key_cache.get(&hash) {
        return Ok(known);
    }
    let found = app.state.directory.key_by_hash(&hash).await?;
    let key = found.filter(|key| key.revoked_at.is_none()).ok_or_else(refused)?;
    Ok(app.key_cache.put(hash, key))
}

/// The one key in the one `Authorization` header.
fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    let shaped = secret.len() <= 128 && secret.starts_with(key::PREFIX);
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer") && shaped).then_some(secret)
}
