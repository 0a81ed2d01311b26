//! An endpoint's signing secrets at rest: each sealed, each with the moment at which it stops signing.

use std::time::Duration;

use lockstep_core::id::{EndpointId, TenantId};
use lockstep_core::time::Timestamp;
use lockstep_engine::port::Fault;
use lockstep_vault::{Vault, VaultError};

use super::sign::SigningSecret;
use crate::sealed::{self, Place};

/// How long the secret before signs along after a rotation.
const OVERLAP: Duration = Duration::from_secs(24 * 3600);
/// A receiver has one secret, or two for a day; more only when it rotates again and again.
const MAX_SECRETS: usize = 8;
/// Stands for "signs until it is rotated".
const CURRENT: &str = "-";

/// Makes, rotates and opens the secrets of one endpoint. At rest: `<expiry in ms, or ->|<sealed text>`.
pub(crate) struct EndpointSecrets<'a> {
    vault: &'a Vault,
    place: Place,
}

impl<'a> EndpointSecrets<'a> {
    pub(crate) fn new(vault: &'a Vault, tenant: TenantId, endpoint: EndpointId) -> Self {
        let (tenant, item) = (tenant.to_string(), endpoint.to_string());
        Self { vault, place: Place { tenant, owner: "webhook".to_owned(), item } }
    }

    /// A new secret: as it is shown once, and as it is stored.
    pub(crate) fn generate(&self) -> Result<(String, String), VaultError> {
        let clear = SigningSecret::generate(self.vault)?.to_text();
        let sealed = sealed::seal(self.vault, &self.place, &clear)?;
        Ok((clear, format!("{CURRENT}|{sealed}")))
    }

    /// The stored secrets after a rotation: the new one first, those before for a day.
    pub(crate) fn rotated(new: String, stored: &[String], now: Timestamp) -> Vec<String> {
        let ends_at = now.plus(OVERLAP);
        let before = stored.iter().filter_map(|text| {
            let (expiry, sealed) = split(text)?;
            let expiry = expiry.unwrap_or(ends_at).min(ends_at);
            (expiry > now).then(|| format!("{}|{sealed}", expiry.as_millis()))
        });
        std::iter::once(new).chain(before).take(MAX_SECRETS).collect()
    }

    /// The secrets that sign now, current first.
    pub(crate) fn open(&self, stored: &[String], now: Timestamp) -> Result<Vec<SigningSecret>, Fault> {
        let malformed = || Fault::new("opening a webhook secret", "it is malformed");
        let mut secrets = Vec::new();
        for text in stored {
            let (expiry, sealed) = split(text).ok_or_else(malformed)?;
            if expiry.is_some_and(|expiry| expiry <= now) {
                continue;
            }
            let clear = sealed::open(self.vault, &self.place, sealed)?;
            secrets.push(
                SigningSecret::parse(&clear)
                    .map_err(|error| Fault::new("opening a webhook secret", error))?,
            );
        }
        Ok(secrets)
    }
}

fn split(text: &str) -> Option<(Option<Timestamp>, &str)> {
    let (expiry, sealed) = text.split_once('|')?;
    match expiry {
        CURRENT => Some((None, sealed)),
        millis => Some((Some(Timestamp::from_millis(millis.parse().ok()?)), sealed)),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::id::{Bucket, Mint};
    use lockstep_vault::MasterKeyring;

    use super::*;

    fn hours(hours: i64) -> Timestamp {
        Timestamp::from_millis(1_772_413_200_000 + hours * 3_600_000)
    }

    #[test]
    fn the_secret_before_signs_along_for_a_day_and_nothing_lies_in_clear() {
        let vault = Vault::new(MasterKeyring::generate().unwrap());
        let mut mint = Mint::new(Bucket::of_tenant("t"), hours(0), [1; 16]);
        let (tenant, endpoint) = (TenantId::mint(&mut mint), EndpointId::mint(&mut mint));
        let secrets = EndpointSecrets::new(&vault, tenant, endpoint);
        let (first, stored) = secrets.generate().unwrap();
        assert!(!stored.contains(first.trim_start_matches("whsec_")));
        let texts = |stored: &[String], now| -> Vec<_> {
            secrets.open(stored, now).unwrap().iter().map(SigningSecret::to_text).collect()
        };
        let one = vec![stored];
        assert_eq!(texts(&one, hours(9999)), std::slice::from_ref(&first));
        let (second, stored) = secrets.generate().unwrap();
        let two = EndpointSecrets::rotated(stored, &one, hours(0));
        assert_eq!(texts(&two, hours(23)), [second.clone(), first.clone()]);
        assert_eq!(texts(&two, hours(24)), std::slice::from_ref(&second));
        let (third, stored) = secrets.generate().unwrap();
        let three = EndpointSecrets::rotated(stored, &two, hours(12));
        assert_eq!(texts(&three, hours(13)), [third.clone(), second.clone(), first], "each for its own day");
        assert_eq!(texts(&three, hours(25)), [third, second]);
        let other = EndpointSecrets::new(&vault, tenant, EndpointId::mint(&mut mint));
        assert!(other.open(&three, hours(13)).is_err(), "another endpoint's secret doesn't open");
    }
}
