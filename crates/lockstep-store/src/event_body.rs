//! How an event is written down: `{"v":1,"kind":"payment","event":{…}}`. Written once and read for ever, so
//! the schema version goes into every body and old versions stay readable.

use lockstep_core::Event;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The schema version that is written.
pub const EVENT_VERSION: u32 = 1;

/// Why a stored event can't be read.
#[derive(Debug, thiserror::Error)]
pub enum EventBodyError {
    /// A newer program wrote it.
    #[error("the event has schema version {found}; this program knows versions up to {EVENT_VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// It is damaged, or of a kind this program doesn't know.
    #[error("the event can't be read")]
    Unreadable(#[from] serde_json::Error),
}

#[derive(Serialize, Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Borrower,
    Binding,
    Order,
    Payment,
}

#[derive(Serialize)]
struct Written<'a, E> {
    v: u32,
    kind: Kind,
    event: &'a E,
}

#[derive(Deserialize)]
struct Head {
    v: u32,
    kind: Kind,
}

#[derive(Deserialize)]
struct Read<E> {
    event: E,
}

/// The event as it is stored.
///
/// # Errors
/// None in practice: every event of the core has a JSON form.
pub fn encode_event(event: &Event) -> Result<String, serde_json::Error> {
    fn text<E: Serialize>(kind: Kind, event: &E) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Written { v: EVENT_VERSION, kind, event })
    }
    match event {
        Event::Borrower(event) => text(Kind::Borrower, event),
        // Whose it is, is known by where it is stored.
        Event::Binding(event) | Event::StandIn { event, .. } => text(Kind::Binding, event),
        Event::Order(event) => text(Kind::Order, event),
        Event::Payment(event) => text(Kind::Payment, event),
    }
}

/// A stored event, of this schema version or an older one.
///
/// # Errors
/// When it was written by a newer program, or is damaged.
pub fn decode_event(body: &str) -> Result<Event, EventBodyError> {
    fn event<E: DeserializeOwned + Into<Event>>(body: &str) -> Result<Event, EventBodyError> {
        Ok(serde_json::from_str::<Read<E>>(body)?.event.into())
    }
    let head: Head = serde_json::from_str(body)?;
    if head.v > EVENT_VERSION {
        return Err(EventBodyError::Newer { found: head.v });
    }
    match head.kind {
        Kind::Borrower => event::<lockstep_core::borrower::BorrowerEvent>(body),
        Kind::Binding => event::<lockstep_core::binding::BindingEvent>(body),
        Kind::Order => event::<lockstep_core::order::OrderEvent>(body),
        Kind::Payment => event::<lockstep_core::payment::PaymentEvent>(body),
    }
}
