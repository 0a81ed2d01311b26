//! Envelope encryption of personal data, and the keys behind it.
//!
//! ```text
//! master key (key file or environment)          index key (beside it; never rotated with it)
//!   └ wraps one data key per borrower             ├ card, id and mobile index, a key per tenant and field
//!       └ seals each item of that borrower        └ fingerprints
//! ```
//!
//! Start at [`Vault`]; everything else is what it is made of. Erasing a borrower means deleting the
//! borrower's [`WrappedDataKey`] wherever it is stored: what was sealed with it, backups included, can't be
//! opened again.
//!
//! Invariants of absence: this crate knows no database, no HTTP and no clock; only [`key_file`] touches the
//! disk. Nothing that holds clear text implements `Serialize` or `Display`, or a `Debug` that shows it. Card
//! verification numbers have no type here, because they are never stored.
//!
//! ```compile_fail
//! let data = lockstep_vault::PersonalData::default();
//! serde_json::to_string(&data).unwrap();
//! ```
//! ```compile_fail
//! let key = lockstep_vault::MasterKey::generate().unwrap();
//! println!("{key}");
//! ```

mod aead;
mod blind_index;
mod context;
mod data_key_cache;
mod envelope;
mod error;
mod item;
mod key;
pub mod key_file;
mod key_text;
mod mac;
mod secret;
mod transient;
mod vault;

pub use blind_index::IndexField;
pub use envelope::{DataKey, ItemContext, Sealed, WrappedDataKey};
pub use error::VaultError;
pub use item::{PersonalData, VaultItem};
pub use key::{IndexKey, MasterKey, MasterKeyring};
pub use key_text::KeyTextError;
pub use transient::TransientSecrets;
pub use vault::Vault;
