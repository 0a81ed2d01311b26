//! `Idempotency-Key`: a string in quotes, as the IETF draft says; without quotes it is understood, too.

use axum::http::HeaderMap;
use lockstep_core::id::TenantId;
use lockstep_engine::port::IdempotencyKey;
use utoipa::IntoParams;

use crate::problem::{Kind, Problem};

const NAME: &str = "idempotency-key";

/// A caller's key with a fingerprint of the request it came with.
#[derive(Debug, Clone)]
pub(crate) struct RequestKey {
    pub(crate) key: String,
    pub(crate) fingerprint: String,
}

impl RequestKey {
    /// As it is stored: a key means something only together with its lender.
    pub(crate) fn of(&self, tenant: TenantId) -> IdempotencyKey {
        IdempotencyKey { tenant, key: self.key.clone(), fingerprint: self.fingerprint.clone() }
    }
}

/// The header, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the header in the document")]
pub(crate) struct IdempotencyHeader {
    /// A string in quotes, of 1 to 255 visible ASCII characters, new for every new request. A repeat with the
    /// same key and body gets the same answer for as long as answers are kept, marked `Idempotency-Replayed:
    /// true`.
    #[param(
        rename = "Idempotency-Key",
        pattern = "^(\"([!#-\\[\\]-~]|\\\\[\"\\\\]){1,255}\"|[!#-~][!-~]{0,254})$",
        example = "\"8e03978e-40d5-43e8-bc93-6894a57f9324\""
    )]
    idempotency_key: String,
}

/// The key in the headers.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(NAME).iter();
    let value = values.next().ok_or_else(|| Problem::new(Kind::KeyMissing))?;
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    text.and_then(read).ok_or_else(|| Problem::new(Kind::KeyInvalid))
}

fn read(text: &str) -> Option<String> {
    let text = text.trim_matches(' ');
    let key = match text.strip_prefix('"') {
        Some(rest) => unescape(rest.strip_suffix('"')?)?,
        None => text.to_owned(),
    };
    let visible = |byte: u8| byte.is_ascii_graphic();
    ((1..=255).contains(&key.len()) && key.bytes().all(visible)).then_some(key)
}

/// RFC 9651 strings: a backslash may only stand before a quotation mark or a backslash.
fn unescape(text: &str) -> Option<String> {
    let mut key = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => key.push(chars.next().filter(|next| matches!(next, '"' | '\\'))?),
            _ => key.push(c),
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn quoted_and_bare_keys_are_read_and_others_refused() {
        let long = "k".repeat(255);
        for (text, key) in [
            ("\"abc\"", Some("abc")),
            ("abc", Some("abc")),
            ("  \"abc\" ", Some("abc")),
            (r#""a\"b\\c""#, Some(r#"a"b\c"#)),
            (&format!("\"{long}\""), Some(long.as_str())),
            (&format!("\"{long}k\""), None),
            ("", None),
            ("\"\"", None),
            ("\"abc", None),
            ("\"a\\x\"", None),
            ("\"a\"b\"", None),
            ("\"abc\";p=1", None),
            ("a b", None),
            ("a\tb", None),
        ] {
            assert_eq!(read(text).as_deref(), key, "{text}");
        }
    }
}
