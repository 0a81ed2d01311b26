//! Which URLs a webhook may have.

use std::net::IpAddr;

use lockstep_core::text::Sentence;
use reqwest::Url;

use super::address::is_public;

const MAX_BYTES: usize = 2048;
/// Names that mean this machine or this network, whatever they resolve to.
const LOCAL_NAMES: [&str; 9] =
    ["localhost", "local", "localdomain", "internal", "intranet", "lan", "home.arpa", "corp", "private"];

/// Why a URL may not be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForbiddenTarget {
    /// Not a URL, or too long.
    #[error("not a URL of at most 2048 characters")]
    NotAUrl,
    /// Another scheme than https.
    #[error("not https")]
    Scheme,
    /// It carries a user name or password.
    #[error("it carries a user name or password")]
    Credentials,
    /// It carries a fragment, which is never sent.
    #[error("it carries a fragment")]
    Fragment,
    /// Its host is, or names, a place outside of the public internet.
    #[error("its host is not on the public internet")]
    NotPublic,
}

impl ForbiddenTarget {
    /// Stable code for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotAUrl => "url",
            Self::Scheme => "url_scheme",
            Self::Credentials => "url_credentials",
            Self::Fragment => "url_fragment",
            Self::NotPublic => "url_not_public",
        }
    }

    /// What to say.
    pub fn sentence(self) -> Sentence {
        let (zh, en) = match self {
            Self::NotAUrl => {
                ("应为不超过 2048 个字符的网址。", "It must be a URL of at most 2048 characters.")
            }
            Self::Scheme => ("网址必须以 https:// 开头。", "The URL must begin with https://."),
            Self::Credentials => {
                ("网址中不能含用户名或密码。", "The URL may carry no user name or password.")
            }
            Self::Fragment => ("网址中不能含 # 片段。", "The URL may carry no fragment."),
            Self::NotPublic => (
                "网址的主机必须在公网上，不能是内网、本机或保留地址。",
                "The URL's host must be on the public internet, not a private, local or reserved address.",
            ),
        };
        Sentence::new(zh, en)
    }
}

/// Checks what can be checked without asking the name's addresses; those are checked at every call.
///
/// # Errors
/// Why the URL may not be called.
pub fn check_url(text: &str, allow_private: bool) -> Result<Url, ForbiddenTarget> {
    let printable = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if text.len() > MAX_BYTES || !printable {
        return Err(ForbiddenTarget::NotAUrl);
    }
    let https = text.starts_with("https://");
    if !(https || allow_private && text.starts_with("http://")) {
        return Err(ForbiddenTarget::Scheme);
    }
    let url = Url::parse(text).map_err(|_| ForbiddenTarget::NotAUrl)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ForbiddenTarget::Credentials);
    }
    if url.fragment().is_some() {
        return Err(ForbiddenTarget::Fragment);
    }
    let host = url.host_str().ok_or(ForbiddenTarget::NotAUrl)?;
    if url.port() == Some(0) || !(allow_private || public_host(host)) {
        return Err(ForbiddenTarget::NotPublic);
    }
    Ok(url)
}

/// The URL parser has turned octal, hexadecimal and decimal forms of an address into the ordinary one.
fn public_host(host: &str) -> bool {
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = literal.parse::<IpAddr>() {
        return is_public(address);
    }
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    let within = |local: &&str| name == **local || name.ends_with(&format!(".{local}"));
    name.contains('.') && !LOCAL_NAMES.iter().any(within)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = include_str!("../../tests/data/forbidden_urls.txt");
    const ACCEPTED: &str = include_str!("../../tests/data/public_urls.txt");

    fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().filter(|line| !line.is_empty() && !line.starts_with("# "))
    }

    #[test]
    fn urls_outside_of_the_public_internet_are_refused() {
        assert!(lines(REFUSED).count() >= 100, "{}", lines(REFUSED).count());
        for url in lines(REFUSED) {
            assert!(check_url(url, false).is_err(), "{url}");
        }
    }

    #[test]
    fn public_urls_are_accepted() {
        for url in lines(ACCEPTED) {
            assert!(check_url(url, false).is_ok(), "{url} {:?}", check_url(url, false));
        }
    }

    #[test]
    fn a_demo_may_call_its_own_machine() {
        assert!(check_url("http://127.0.0.1:8080/hook", true).is_ok());
        assert!(check_url("http://localhost:8080/hook", true).is_ok());
        assert_eq!(check_url("ftp://127.0.0.1/", true), Err(ForbiddenTarget::Scheme));
        assert_eq!(check_url("http://a:b@localhost/", true), Err(ForbiddenTarget::Credentials));
    }
}
