//! The comparison as one JSON object.

use serde_json::{Map, Value, json};

use super::measure::Row;
use super::run::{Comparison, PolicyResult};
use super::stats::Estimate;

impl Comparison {
    /// `policies.<name>.<row>` is a number; `policies.<name>.ci.<row>` its interval, `null` with one seed; `against_ours` paired differences.
    pub fn to_json(&self) -> Value {
        let policies: Map<String, Value> =
            self.policies.iter().map(|policy| (policy.name.to_owned(), self.policy(policy))).collect();
        json!({
            "world": self.world.0,
            "about_world": self.world.1,
            "seeds": self.options.seeds,
            "first_seed": self.options.first_seed,
            "orders_per_seed": self.options.orders,
            "days": self.options.days,
            "policies": policies,
            "calibration": self.calibration().iter().map(|check| json!({
                "what": check.what, "expected": check.expected, "tolerance": check.tolerance,
                "got": rounded(check.got), "holds": check.holds(),
            })).collect::<Vec<_>>(),
        })
    }

    fn policy(&self, policy: &PolicyResult) -> Value {
        let interval = |estimate: &Estimate| {
            estimate.interval().map_or(Value::Null, |(low, high)| json!([rounded(low), rounded(high)]))
        };
        let mut value = Map::new();
        value.insert("about".to_owned(), json!(policy.about));
        for (row, estimate) in &policy.rows {
            value.insert(row.key().to_owned(), rounded(estimate.mean));
        }
        let ci: Map<_, _> =
            policy.rows.iter().map(|(row, estimate)| (row.key().to_owned(), interval(estimate))).collect();
        value.insert("ci".to_owned(), Value::Object(ci));
        let difference = |(row, estimate): (&Row, &Estimate)| {
            let words = json!({ "mean": rounded(estimate.mean), "ci": interval(estimate) });
            (row.key().to_owned(), words)
        };
        value.insert(
            "against_ours".to_owned(),
            Value::Object(policy.against_ours.iter().map(difference).collect()),
        );
        let status: Map<_, _> = self
            .channels
            .iter()
            .zip(&policy.asked)
            .map(|(name, asked)| (name.clone(), json!(asked)))
            .collect();
        value.insert("status_queries".to_owned(), Value::Object(status));
        let curve: Vec<_> = policy.curve.iter().map(|day| rounded(day.mean)).collect();
        value.insert("collected_by_day".to_owned(), json!(curve));
        if self.options.explain {
            value.insert("losses".to_owned(), json!(policy.losses));
        }
        Value::Object(value)
    }
}

/// Six decimals: more would be noise.
fn rounded(value: f64) -> Value {
    json!((value * 1e6).round() / 1e6)
}
