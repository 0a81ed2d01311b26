//! How a channel is configured.

use lockstep_core::channel::Capability;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

/// Fewest characters of a key. 32 characters of base 64 carry 192 bits.
const SHORTEST_KEY: usize = 32;

/// The secret that both sides of a channel sign with. Shows nothing of itself.
#[derive(Clone)]
pub struct ChannelKey(SecretString);

impl ChannelKey {
    /// Wraps a key.
    pub fn new(text: String) -> Self {
        Self(SecretString::from(text))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

impl std::fmt::Debug for ChannelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChannelKey(…)")
    }
}

impl<'de> Deserialize<'de> for ChannelKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Which protocol a channel speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adapter {
    /// The sandbox's JSON with signed headers.
    Sandbox,
}

/// One configured channel.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// Which protocol it speaks.
    pub adapter: Adapter,
    /// Where it is, e.g. `https://pay.bank.example/gateway`.
    pub base_url: String,
    /// The secret shared with it.
    pub key: ChannelKey,
    /// What it can do.
    pub capability: Capability,
}

impl ChannelConfig {
    /// Wrong or dangerous configuration, each as one sentence naming the field.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = self.capability.problems();
        let id = &self.capability.id;
        if self.key.bytes().len() < SHORTEST_KEY {
            problems.push(format!("channel {id}: key needs at least {SHORTEST_KEY} characters"));
        }
        match reqwest::Url::parse(&self.base_url) {
            Ok(url) => {
                problems.extend(address_problem(&url).map(|text| format!("channel {id}: base_url {text}")))
            }
            Err(_) => {
                problems.push(format!("channel {id}: base_url is not a URL such as https://bank.example/pay"))
            }
        }
        problems
    }
}

/// Card numbers travel to this address, so it has to be encrypted unless it never leaves the machine.
fn address_problem(url: &reqwest::Url) -> Option<&'static str> {
    let local = url.host_str().is_some_and(|host| matches!(host, "localhost" | "127.0.0.1" | "[::1]"));
    let has_login = !url.username().is_empty() || url.password().is_some();
    match url.scheme() {
        _ if has_login => Some("must not carry a user name or password"),
        _ if url.query().is_some() || url.fragment().is_some() => Some("must not carry a query or fragment"),
        "https" => None,
        "http" if local => None,
        "http" => Some("must begin with https:// unless it is on this machine"),
        _ => Some("must begin with https://"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_must_be_encrypted_unless_local() {
        for (url, fine) in [
            ("https://bank.example/pay", true),
            ("http://127.0.0.1:9000", true),
            ("http://localhost:9000/x", true),
            ("http://bank.example", false),
            ("http://127.0.0.1.bank.example", false),
            ("ftp://bank.example", false),
            ("https://user:word@bank.example", false),
            ("https://bank.example/?a=b", false),
        ] {
            assert_eq!(address_problem(&reqwest::Url::parse(url).unwrap()).is_none(), fine, "{url}");
        }
    }

    #[test]
    fn a_key_shows_nothing() {
        assert_eq!(format!("{:?}", ChannelKey::new("very secret".to_owned())), "ChannelKey(…)");
    }
}
