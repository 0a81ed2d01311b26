//! A lender's own rules about channels. They come before anything that was learned.

use serde::{Deserialize, Serialize};

/// The rules of one lender, first match first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingRules {}
