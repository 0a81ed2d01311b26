//! Ids. Every id begins with its bucket, so a look-up by id touches one shard; then comes the time, so rows of
//! one shard lie in the order they were made.
//!
//! Shape: `pay_` + 26 characters of Crockford's base 32: 2 for the bucket (0–1023), 10 for the milliseconds,
//! 14 random (70 bits).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::time::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many buckets there are. Fixed for ever: it is part of every id.
pub const BUCKETS: u16 = 1024;

/// The shard of a borrower: a hash of tenant and the lender's own reference for the borrower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bucket(u16);

impl Bucket {
    /// The bucket of a borrower, found from what the lender calls it, so that a look-up by reference also
    /// touches one shard.
    pub fn of(tenant: TenantId, borrower_reference: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(tenant.to_string());
        hash.update([0]);
        hash.update(borrower_reference);
        let digest = hash.finalize();
        Self(u16::from_be_bytes([digest[0], digest[1]]) % BUCKETS)
    }

    /// The bucket for rows that belong to a tenant and not to a borrower (keys, webhook endpoints).
    pub fn of_tenant(seed: &str) -> Self {
        let digest = Sha256::digest(seed.as_bytes());
        Self(u16::from_be_bytes([digest[0], digest[1]]) % BUCKETS)
    }

    /// The number, 0–1023.
    pub const fn number(self) -> u16 {
        self.0
    }

    /// Every one, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..BUCKETS).map(Self)
    }

    /// The one with a number; `None` above 1023.
    pub fn numbered(number: u16) -> Option<Self> {
        (number < BUCKETS).then_some(Self(number))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Raw([u8; 26]);

impl Raw {
    fn encode(bucket: Bucket, now: Timestamp, random: &[u8; 16]) -> Self {
        let mut text = [b'0'; 26];
        put(&mut text[0..2], u128::from(bucket.0));
        put(&mut text[2..12], u128::from(now.as_millis().unsigned_abs()));
        put(&mut text[12..26], u128::from_be_bytes(*random));
        Self(text)
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 26] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(|byte| ALPHABET.contains(byte)).then_some(Self(bytes))
    }

    fn bucket(self) -> Bucket {
        let digit = |byte: u8| ALPHABET.iter().position(|known| *known == byte).unwrap_or(0);
        let number = digit(self.0[0]) * 32 + digit(self.0[1]);
        Bucket(u16::try_from(number).unwrap_or(0))
    }

    fn as_str(&self) -> &str {
        // Only characters of ALPHABET are ever stored.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

fn put(target: &mut [u8], mut value: u128) {
    for slot in target.iter_mut().rev() {
        *slot = ALPHABET[(value % 32) as usize];
        value /= 32;
    }
}

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not an id of the form {0}_ followed by 26 characters")]
pub struct IdError(pub &'static str);

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Raw);

        impl $name {
            /// The part before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// Takes the next id from a mint.
            pub fn mint(mint: &mut Mint) -> Self {
                Self(mint.next())
            }

            /// The shard that this id and its row live in.
            pub fn bucket(&self) -> Bucket {
                self.0.bucket()
            }

            /// The 26 characters after the prefix.
            pub fn body(&self) -> &str {
                self.0.as_str()
            }

            /// From the 26 characters after the prefix.
            pub fn from_body(body: &str) -> Option<Self> {
                Raw::parse(body).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix(concat!($prefix, "_")).and_then(Raw::parse).map(Self).ok_or(IdError($prefix))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A lender using the service.
    TenantId = "ten",
    /// A tenant's API key (its id, not its secret).
    ApiKeyId = "key",
    /// A person or company that repays.
    BorrowerId = "bor",
    /// A borrower's bound instrument.
    BindingId = "bnd",
    /// An authority to debit one instrument on one channel.
    MandateId = "man",
    /// What is owed.
    OrderId = "ord",
    /// The intent to move one amount for one purpose.
    PaymentId = "pay",
    /// Something the engine has to do in the world.
    EffectId = "eff",
    /// A sealed item in the vault.
    VaultItemId = "vlt",
    /// Where a tenant wants its webhooks.
    EndpointId = "whe",
    /// One message to one webhook endpoint; the same on every try.
    DeliveryId = "dlv",
    /// A notice: what happened, told to every endpoint of the tenant with this id.
    NoticeId = "msg",
    /// A message that came in from a channel.
    InboxId = "inb",
    /// An audit entry.
    AuditId = "aud",
}

/// Makes ids from facts: the bucket, the moment, and a seed the shell drew. The same facts give the same ids.
#[derive(Debug, Clone)]
pub struct Mint {
    bucket: Bucket,
    now: Timestamp,
    seed: [u8; 16],
    count: u32,
}

impl Mint {
    /// A mint for one decision.
    pub fn new(bucket: Bucket, now: Timestamp, seed: [u8; 16]) -> Self {
        Self { bucket, now, seed, count: 0 }
    }

    fn next(&mut self) -> Raw {
        let random = self.draw();
        Raw::encode(self.bucket, self.now, &random)
    }

    /// Sixteen bytes that look random, different at every call, the same for the same seed.
    pub fn draw(&mut self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.count.to_be_bytes());
        self.count += 1;
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        bytes
    }

    /// A number in `0..below`, for jitter and micro-deposit amounts. `below` must not be zero.
    pub fn below(&mut self, below: u64) -> u64 {
        let bytes = self.draw();
        u64::try_from(u128::from_be_bytes(bytes) % u128::from(below.max(1))).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mint() -> Mint {
        Mint::new(Bucket(1023), Timestamp::from_millis(1_772_413_200_123), [7; 16])
    }

    #[test]
    fn an_id_knows_its_bucket_and_round_trips() {
        let id = PaymentId::mint(&mut mint());
        assert_eq!(id.bucket(), Bucket(1023));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(serde_json::from_str::<PaymentId>(&serde_json::to_string(&id).unwrap()).unwrap(), id);
    }

    #[test]
    fn wrong_kinds_and_alphabets_are_refused() {
        let id = PaymentId::mint(&mut mint()).to_string();
        assert!(id.parse::<OrderId>().is_err());
        for bad in
            ["", "pay_", "pay_O1234567890123456789012345", &id.to_lowercase(), &format!("{id}0"), "pay_é"]
        {
            assert!(bad.parse::<PaymentId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_of_one_mint_differ_and_repeat_with_the_seed() {
        let (mut one, mut two) = (mint(), mint());
        let first: Vec<_> = (0..100).map(|_| OrderId::mint(&mut one)).collect();
        let again: Vec<_> = (0..100).map(|_| OrderId::mint(&mut two)).collect();
        assert_eq!(first, again);
        assert_eq!(first.iter().collect::<std::collections::BTreeSet<_>>().len(), 100);
    }
}
