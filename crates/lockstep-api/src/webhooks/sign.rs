//! Signing and verifying messages: Standard Webhooks 1.0.0, `v1` (HMAC-SHA256).

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use lockstep_core::time::Timestamp;
use lockstep_vault::{Vault, VaultError};
use sha2::Sha256;
use zeroize::Zeroizing;

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1";
const NEW_SECRET_BYTES: usize = 32;
/// How far a message's time may lie from the receiver's, both ways.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);
/// Secrets come with padding and without.
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A signing secret: 24 to 64 bytes, written `whsec_` and base64.
#[derive(Clone)]
pub struct SigningSecret(Zeroizing<Vec<u8>>);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(…)")
    }
}

/// The text is no signing secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not base64.
    #[error("a signing secret is whsec_ followed by base64")]
    NotBase64,
    /// Too short or too long.
    #[error("a signing secret has 24 to 64 bytes")]
    Length,
}

impl SigningSecret {
    /// A new random secret.
    ///
    /// # Errors
    /// When the operating system gives no random bytes.
    pub fn generate(vault: &Vault) -> Result<Self, VaultError> {
        vault.random_bytes(NEW_SECRET_BYTES).map(Self)
    }

    /// Reads a secret; the prefix may be left out.
    ///
    /// # Errors
    /// When it is not base64 of 24 to 64 bytes.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let text = text.strip_prefix(PREFIX).unwrap_or(text);
        let bytes = Zeroizing::new(ANY_PADDING.decode(text).map_err(|_| SecretError::NotBase64)?);
        if (24..=64).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(SecretError::Length) }
    }

    /// As it is shown once.
    pub fn to_text(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&*self.0))
    }

    fn mac(&self, id: &str, timestamp_s: i64, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes a key of any length");
        mac.update(format!("{id}.{timestamp_s}.").as_bytes());
        mac.update(body);
        mac
    }
}

/// The header `webhook-signature`: one signature per secret, separated by spaces.
pub fn sign(secrets: &[SigningSecret], id: &str, timestamp_s: i64, body: &[u8]) -> String {
    let one = |secret: &SigningSecret| {
        let signature = secret.mac(id, timestamp_s, body).finalize().into_bytes();
        format!("{VERSION},{}", STANDARD.encode(signature))
    };
    secrets.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The receiver's own secret can't be used.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// `webhook-id`, `webhook-timestamp` or `webhook-signature` is missing or empty.
    #[error("webhook-id, webhook-timestamp or webhook-signature is missing")]
    MissingHeader,
    /// The time is not a number of seconds.
    #[error("webhook-timestamp is not a number of seconds")]
    BadTimestamp,
    /// Older than five minutes.
    #[error("the message is too old")]
    TooOld,
    /// More than five minutes ahead.
    #[error("the message is from the future; check the clock")]
    TooNew,
    /// No signature fits.
    #[error("no signature fits")]
    NoMatch,
}

/// Verifies a message as its receiver does: the secret as it was shown, the three headers (empty for one that
/// is missing), and the body byte by byte as it came.
///
/// # Errors
/// Why it is not believed.
pub fn verify(
    secret: &str,
    id: &str,
    timestamp: &str,
    signatures: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<(), VerifyError> {
    let secret = SigningSecret::parse(secret)?;
    if [id, timestamp, signatures].iter().any(|header| header.is_empty()) {
        return Err(VerifyError::MissingHeader);
    }
    let timestamp_s: i64 = timestamp.parse().map_err(|_| VerifyError::BadTimestamp)?;
    let sent_at = Timestamp::from_millis(timestamp_s.checked_mul(1000).ok_or(VerifyError::BadTimestamp)?);
    if now > sent_at.plus(TOLERANCE) {
        return Err(VerifyError::TooOld);
    }
    if sent_at > now.plus(TOLERANCE) {
        return Err(VerifyError::TooNew);
    }
    let given = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,"));
    let mut given = given.filter_map(|text| STANDARD.decode(text).ok());
    // Compares in constant time; a signature of another length never fits.
    let fits = |signature: Vec<u8>| secret.mac(id, timestamp_s, body).verify_slice(&signature).is_ok();
    if given.any(fits) { Ok(()) } else { Err(VerifyError::NoMatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VECTORS: [(&str, &str, i64, &str, &str); 2] = [
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
        (
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            1_649_367_553,
            r#"{"email":"test@example.com","username":"test_user"}"#,
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        ),
    ];

    fn secret() -> SigningSecret {
        SigningSecret::parse(VECTORS[0].0).unwrap()
    }

    #[test]
    fn the_published_vectors() {
        for (secret, id, timestamp_s, body, signature) in VECTORS {
            let secret = SigningSecret::parse(secret).unwrap();
            assert_eq!(sign(&[secret], id, timestamp_s, body.as_bytes()), signature);
        }
    }

    /// What the receiver makes of headers, at `now_s`.
    fn check(id: &str, timestamp: &str, signature: &str, now_s: i64) -> Result<(), VerifyError> {
        let (secret, _, _, body, _) = VECTORS[0];
        verify(secret, id, timestamp, signature, body.as_bytes(), Timestamp::from_millis(now_s * 1000))
    }

    #[test]
    fn the_negative_tests_of_the_reference_libraries() {
        let (_, id, t, _, signature) = VECTORS[0];
        let time = t.to_string();
        assert_eq!(check(id, &time, signature, t), Ok(()));
        assert_eq!(check("", &time, signature, t), Err(VerifyError::MissingHeader));
        assert_eq!(check(id, "", signature, t), Err(VerifyError::MissingHeader));
        assert_eq!(check(id, &time, "", t), Err(VerifyError::MissingHeader));
        for bad in ["hello", "12.5", "99999999999999999999", " 1", "-"] {
            assert_eq!(check(id, bad, signature, t), Err(VerifyError::BadTimestamp), "{bad}");
        }
        assert_eq!(check(id, &time, signature, t + 300), Ok(()));
        assert_eq!(check(id, &time, signature, t + 301), Err(VerifyError::TooOld));
        assert_eq!(check(id, &time, signature, t - 300), Ok(()));
        assert_eq!(check(id, &time, signature, t - 301), Err(VerifyError::TooNew));
        let (cut, wrong) = (&signature[..8], signature.replace('g', "h"));
        for bad in
            [cut, &wrong, "v1,", "v1", ",", &signature[3..], &signature.replace("v1,", "v2,"), "v1a,AAAA"]
        {
            assert_eq!(check(id, &time, bad, t), Err(VerifyError::NoMatch), "{bad}");
        }
        let unset = verify("", id, &time, signature, b"{}", Timestamp::from_millis(t * 1000));
        assert_eq!(unset, Err(VerifyError::Secret(SecretError::Length)), "an empty secret verifies nothing");
        assert_eq!(check("msg_other", &time, signature, t), Err(VerifyError::NoMatch));
        assert_eq!(check(id, &(t + 1).to_string(), signature, t), Err(VerifyError::NoMatch));
        let several = format!("v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,x {signature} v1,aGVsbG8=");
        assert_eq!(check(id, &time, &several, t), Ok(()));
    }

    #[test]
    fn both_secrets_sign_during_a_rotation() {
        let (_, id, t, body, _) = VECTORS[0];
        let other = SigningSecret::parse(VECTORS[1].0).unwrap();
        let both = sign(&[other, secret()], id, t, body.as_bytes());
        assert_eq!(both.split(' ').count(), 2);
        assert_eq!(check(id, &t.to_string(), &both, t), Ok(()));
    }

    #[test]
    fn secrets_are_read_with_and_without_padding() {
        let padded = SigningSecret::parse(&format!("whsec_{}", STANDARD.encode([7; 32]))).unwrap();
        assert!(padded.to_text().ends_with('='));
        let bare = SigningSecret::parse(padded.to_text().trim_end_matches('=')).unwrap();
        assert_eq!(bare.to_text(), padded.to_text());
        assert_eq!(format!("{padded:?}"), "SigningSecret(…)");
        let parse = |text: &str| SigningSecret::parse(text).map(|_| ());
        assert_eq!(parse("whsec_"), Err(SecretError::Length));
        assert_eq!(parse(""), Err(SecretError::Length));
        assert_eq!(parse("whsec_!!!"), Err(SecretError::NotBase64));
        assert_eq!(parse(&STANDARD.encode([0; 23])), Err(SecretError::Length));
        assert_eq!(parse(&STANDARD.encode([0; 65])), Err(SecretError::Length));
    }
}
