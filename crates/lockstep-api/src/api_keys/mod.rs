//! API keys.

mod create;
mod list;
mod revoke;

use lockstep_engine::port::{ApiKey, KeyScope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) use self::create::*;
pub(crate) use self::list::*;
pub(crate) use self::revoke::*;
use crate::wire::Time;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// Read everything of the lender.
    Read,
    /// Create and change borrowers, bindings, orders and payments.
    Write,
    /// Give money back, and approve that others do.
    Refund,
    /// Manage keys and webhook endpoints.
    Admin,
    /// Decide what became of an attempt that its channel doesn't tell of. Takes two such keys; give each person
    /// their own.
    Approve,
}

impl From<KeyScope> for Scope {
    fn from(scope: KeyScope) -> Self {
        match scope {
            KeyScope::Read => Self::Read,
            KeyScope::Write => Self::Write,
            KeyScope::Refund => Self::Refund,
            KeyScope::Admin => Self::Admin,
            KeyScope::Approve => Self::Approve,
        }
    }
}

impl From<Scope> for KeyScope {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::Read => Self::Read,
            Scope::Write => Self::Write,
            Scope::Refund => Self::Refund,
            Scope::Admin => Self::Admin,
            Scope::Approve => Self::Approve,
        }
    }
}

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyView {
    /// Its id.
    #[schema(pattern = "^key_[0-9A-HJKMNP-TV-Z]{26}$")]
    id: String,
    /// What people call it.
    name: String,
    /// What it may do.
    scopes: Vec<Scope>,
    /// When it was made.
    created_at: Time,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Time>,
}

impl From<&ApiKey> for KeyView {
    fn from(key: &ApiKey) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.name.clone(),
            scopes: key.scopes.iter().map(|scope| Scope::from(*scope)).collect(),
            created_at: key.created_at.into(),
            revoked_at: key.revoked_at.map(Time),
        }
    }
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "describes the path in the document")]
pub(crate) struct KeyPath {
    /// The key's id.
    #[param(pattern = "^key_[0-9A-HJKMNP-TV-Z]{26}$", example = "key_0A01KJP3Q8ZB00000000000000")]
    id: String,
}
