//! A lender's own rules about channels.

mod body;
mod get;
mod put;

use lockstep_engine::port::StoredRules;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::body::*;
pub(crate) use self::get::*;
pub(crate) use self::put::*;
use crate::wire::Time;

/// The rules in force.
#[derive(Serialize, ToSchema)]
#[schema(as = RoutingRules)]
pub(crate) struct RulesView {
    /// Counts replacements; 0 while none were put in place. Send it back to replace them.
    #[schema(minimum = 0)]
    version: u64,
    /// First match first.
    rules: Vec<RuleBody>,
    /// When they were put in place.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Time>,
}

impl RulesView {
    fn of(stored: Option<&StoredRules>) -> Self {
        match stored {
            Some(stored) => Self {
                version: stored.version,
                rules: stored.rules.rules.iter().map(RuleBody::from).collect(),
                updated_at: Some(Time(stored.updated_at)),
            },
            None => Self { version: 0, rules: Vec::new(), updated_at: None },
        }
    }
}
