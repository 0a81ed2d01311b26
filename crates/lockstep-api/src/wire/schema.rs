//! Words of closed lists, for the document: the lists themselves are the core's.

use std::borrow::Cow;

use lockstep_core::catalogue::{Actor, Layer, Reason};
use lockstep_core::money::Currency;
use lockstep_core::payment::{PaymentStatus, RefundStatus};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Time;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident = $words:expr, $what:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let schema = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
                schema.enum_values(Some($words)).description(Some($what)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

words! {
    /// Reasons of the catalogue.
    ReasonCode = Reason::ALL.iter().map(|reason| reason.as_str()), "GET /v1/reasons explains all of them.";
    /// Layers of the catalogue.
    LayerWord = Layer::ALL.iter().map(|layer| layer.as_str()), "Where the cause sits.";
    /// Actors of the catalogue.
    ActorWord = Actor::ALL.iter().map(|actor| actor.as_str()), "Who can change it.";
    /// Where a payment stands.
    PaymentWord = PaymentStatus::ALL.iter().map(|status| status.as_str()), "Where a payment stands.";
    /// Where a refund stands.
    RefundWord = RefundStatus::ALL.iter().map(|status| status.as_str()), "Where a refund stands.";
    /// Where an order stands.
    OrderWord = crate::orders::STATUSES, "Where an order stands.";
    /// Where a binding stands.
    BindingWord = crate::bindings::STATUSES, "Where a binding stands.";
    /// Where a breaker stands.
    BreakerWord = lockstep_core::health::StandingState::WORDS, "Where a breaker stands.";
    /// What webhooks tell.
    WebhookKind = crate::webhook_endpoints::KINDS, "What webhooks tell.";
    /// Currencies.
    CurrencyCode = currencies(), "An ISO 4217 currency.";
}

/// The core knows whether a code is a currency; asking it about every code there could be gives the list.
fn currencies() -> Vec<&'static str> {
    let letters = || 'A'..='Z';
    let codes =
        letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}"))));
    codes.filter_map(|code| Currency::from_code(&code)).map(Currency::code).collect()
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(SchemaType::new(Type::String));
        schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))).into()
    }
}

impl ToSchema for Time {
    fn name() -> Cow<'static, str> {
        "Time".into()
    }
}
