//! The body of a message.

use lockstep_core::notice::{Notice, Subject};
use lockstep_core::time::Timestamp;
use serde_json::{Map, Value, json};

/// `{"id", "type", "timestamp", "data", "version"}`. The same bytes on every try.
pub(super) fn body_of(message_id: &str, notice: &Notice) -> Vec<u8> {
    let body = json!({
        "id": message_id,
        "type": notice.kind,
        "timestamp": notice.at.to_rfc3339(),
        "version": notice.version,
        "data": data_of(&notice.subject),
    });
    body.to_string().into_bytes()
}

/// The subject as it stood; times as RFC 3339. A micro-deposit's amount is left out: it is its borrower's
/// proof.
fn data_of(subject: &Subject) -> Value {
    let Ok(Value::Object(mut data)) = serde_json::to_value(subject) else {
        return Value::Null;
    };
    if let Subject::Payment { order, next_try_at, .. } = subject {
        put_time(&mut data, "next_try_at", *next_try_at);
        if order.is_none() {
            data.remove("money");
        }
    }
    Value::Object(data)
}

fn put_time(data: &mut Map<String, Value>, name: &str, moment: Option<Timestamp>) {
    data.insert(name.to_owned(), moment.map_or(Value::Null, |moment| moment.to_rfc3339().into()));
}
