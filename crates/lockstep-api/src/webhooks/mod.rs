//! Webhooks out, as Standard Webhooks 1.0.0 has them: signed, at public addresses only, with secrets sealed
//! at rest.

mod address;
mod message;
mod secrets;
mod sender;
mod sign;
mod target;

pub use address::is_public;
pub(crate) use secrets::EndpointSecrets;
pub use sender::WebhookSender;
pub use sign::{SecretError, SigningSecret, VerifyError, sign, verify};
pub use target::{ForbiddenTarget, check_url};
