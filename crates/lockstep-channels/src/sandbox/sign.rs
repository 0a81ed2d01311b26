//! Signatures: HMAC-SHA256 over what a message is about, when it was made and what it carries.
//!
//! A request, its reply and a notice each begin with a different word and name the channel in their path, so
//! none can be passed off as another. A reply is bound to the nonce of the request it answers.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use lockstep_core::channel::ChannelId;
use lockstep_core::time::Timestamp;
use reqwest::header::HeaderMap;
use sha2::{Digest, Sha256};

use crate::config::ChannelKey;

/// Milliseconds since 1970, decimal.
pub const TIMESTAMP: &str = "x-lockstep-timestamp";
/// Sixteen random bytes, hex.
pub const NONCE: &str = "x-lockstep-nonce";
/// HMAC-SHA256, hex.
pub const SIGNATURE: &str = "x-lockstep-signature";
/// How far apart two clocks may be, either way.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// The three headers of a signed message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHeaders {
    /// When it was made, as sent.
    pub timestamp: String,
    /// Its nonce, as sent.
    pub nonce: String,
    /// Its signature, as sent.
    pub signature: String,
}

impl SignedHeaders {
    /// Names and values.
    pub fn pairs(&self) -> [(&'static str, &str); 3] {
        [(TIMESTAMP, &self.timestamp), (NONCE, &self.nonce), (SIGNATURE, &self.signature)]
    }

    /// Reads them. Each must be there once.
    pub fn read(headers: &HeaderMap) -> Result<Self, SignError> {
        Ok(Self {
            timestamp: single(headers, TIMESTAMP)?,
            nonce: single(headers, NONCE)?,
            signature: single(headers, SIGNATURE)?,
        })
    }
}

fn single(headers: &HeaderMap, name: &'static str) -> Result<String, SignError> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or(SignError::Missing(name))?;
    if values.next().is_some() {
        return Err(SignError::Repeated(name));
    }
    value.to_str().map(str::to_owned).map_err(|_| SignError::Unreadable(name))
}

/// Why a signature is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// A header is not there.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A header is there more than once.
    #[error("the header {0} is there more than once")]
    Repeated(&'static str),
    /// A header has the wrong shape.
    #[error("the header {0} can't be read")]
    Unreadable(&'static str),
    /// Made too long ago.
    #[error("the message was signed more than 5 minutes ago")]
    TooOld,
    /// Made in the future.
    #[error("the message was signed more than 5 minutes in the future")]
    FromFuture,
    /// Not signed with this key, or changed since.
    #[error("the signature does not match")]
    Mismatch,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role<'a> {
    /// A request to this path.
    Request(&'a str),
    /// The reply to a request to this path.
    Reply(&'a str),
    /// A notice of this channel.
    Notice(&'a ChannelId),
}

impl Role<'_> {
    fn head(self) -> (&'static str, String) {
        match self {
            Self::Request(path) => ("POST", path.to_owned()),
            Self::Reply(path) => ("REPLY", path.to_owned()),
            Self::Notice(channel) => ("NOTICE", format!("/channels/{channel}/notices")),
        }
    }
}

/// Signs a message.
pub fn sign(key: &ChannelKey, role: Role<'_>, now: Timestamp, nonce: &str, body: &[u8]) -> SignedHeaders {
    let timestamp = now.as_millis().to_string();
    let mac = mac(key, role, &timestamp, nonce, body);
    let signature = hex(&mac.finalize().into_bytes());
    SignedHeaders { timestamp, nonce: nonce.to_owned(), signature }
}

/// Checks a message that came by itself: signature and time.
pub fn verify(
    key: &ChannelKey,
    role: Role<'_>,
    headers: &SignedHeaders,
    body: &[u8],
    now: Timestamp,
) -> Result<(), SignError> {
    let made_at = moment(&headers.timestamp)?;
    if !is_nonce(&headers.nonce) {
        return Err(SignError::Unreadable(NONCE));
    }
    check(key, role, headers, body)?;
    // Only what is really signed deserves to be told that its clock is wrong.
    if now.since(made_at) > TOLERANCE {
        return Err(SignError::TooOld);
    }
    if made_at.since(now) > TOLERANCE {
        return Err(SignError::FromFuture);
    }
    Ok(())
}

/// Checks a reply: its signature, and that it answers the request with this nonce.
pub fn verify_reply(
    key: &ChannelKey,
    path: &str,
    nonce: &str,
    headers: &SignedHeaders,
    body: &[u8],
) -> Result<(), SignError> {
    if headers.nonce != nonce {
        return Err(SignError::Mismatch);
    }
    check(key, Role::Reply(path), headers, body)
}

fn check(key: &ChannelKey, role: Role<'_>, headers: &SignedHeaders, body: &[u8]) -> Result<(), SignError> {
    let signature = unhex(&headers.signature).ok_or(SignError::Unreadable(SIGNATURE))?;
    let mac = mac(key, role, &headers.timestamp, &headers.nonce, body);
    // Takes the same time wherever the first difference is.
    mac.verify_slice(&signature).map_err(|_| SignError::Mismatch)
}

fn mac(key: &ChannelKey, role: Role<'_>, timestamp: &str, nonce: &str, body: &[u8]) -> Hmac<Sha256> {
    let (method, path) = role.head();
    let text = format!("{method}\n{path}\n{timestamp}\n{nonce}\n{}", hex(&Sha256::digest(body)));
    let mut mac = match Hmac::<Sha256>::new_from_slice(key.bytes()) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    mac.update(text.as_bytes());
    mac
}

fn moment(text: &str) -> Result<Timestamp, SignError> {
    let plain = (1..=15).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let millis = text.parse().ok().filter(|_| plain).ok_or(SignError::Unreadable(TIMESTAMP))?;
    Ok(Timestamp::from_millis(millis))
}

fn is_nonce(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// A nonce from random bytes.
pub fn nonce(random: &[u8; 16]) -> String {
    hex(random)
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: [u8; 64] = text.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (slot, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *slot = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ChannelKey {
        ChannelKey::new("0123456789abcdef0123456789abcdef".to_owned())
    }

    fn nonce_of(byte: u8) -> String {
        nonce(&[byte; 16])
    }

    /// Fixed for ever: computed with Python's `hmac` and `hashlib`. A channel's own code is checked against it.
    #[test]
    fn a_published_vector() {
        let now = Timestamp::from_millis(1_772_413_200_123);
        let signed = sign(&key(), Role::Request("/channels/unionpay/pay"), now, &nonce_of(7), br#"{"a":1}"#);
        assert_eq!(signed.signature, "13e28f9fbbc3c73f0365befae8564cb34544efe06ce95dd32d90330333dca587");
    }

    #[test]
    fn a_message_is_accepted_only_as_what_it_is() {
        let now = Timestamp::from_millis(1_772_413_200_123);
        let (unionpay, path) = (ChannelId::try_from("unionpay").unwrap(), "/channels/unionpay/pay");
        let request = sign(&key(), Role::Request(path), now, &nonce_of(7), b"{}");
        assert_eq!(verify(&key(), Role::Request(path), &request, b"{}", now), Ok(()));
        for role in
            [Role::Reply(path), Role::Notice(&unionpay), Role::Request("/channels/unionpay/pay_query")]
        {
            assert_eq!(verify(&key(), role, &request, b"{}", now), Err(SignError::Mismatch), "{role:?}");
        }
    }

    #[test]
    fn a_reply_answers_one_request_only() {
        let now = Timestamp::from_millis(1);
        let reply = sign(&key(), Role::Reply("/p"), now, &nonce_of(7), b"{}");
        assert_eq!(verify_reply(&key(), "/p", &nonce_of(7), &reply, b"{}"), Ok(()));
        assert_eq!(verify_reply(&key(), "/p", &nonce_of(8), &reply, b"{}"), Err(SignError::Mismatch));
        let moved = SignedHeaders { nonce: nonce_of(8), ..reply };
        assert_eq!(verify_reply(&key(), "/p", &nonce_of(8), &moved, b"{}"), Err(SignError::Mismatch));
    }
}
