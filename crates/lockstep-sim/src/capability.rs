//! What the three simulated channels can do, as data.

use std::sync::LazyLock;

use lockstep_core::channel::Capability;

static TEXTS: [&str; 3] = [
    include_str!("../channels/unionpay.toml"),
    include_str!("../channels/netsunion.toml"),
    include_str!("../channels/bankdirect.toml"),
];

static PARSED: LazyLock<Vec<Capability>> = LazyLock::new(|| {
    // The texts are part of this crate and a test parses each, so nothing is ever left out.
    TEXTS.iter().filter_map(|text| toml::from_str(text).ok()).collect()
});

/// The three channels: `unionpay`, `netsunion`, `bankdirect`.
pub fn capabilities() -> Vec<Capability> {
    PARSED.clone()
}

pub(crate) fn capability(id: &str) -> Option<&'static Capability> {
    PARSED.iter().find(|capability| capability.id.as_str() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_parses_and_has_no_problem() {
        for text in TEXTS {
            let capability: Capability = toml::from_str(text).unwrap();
            assert_eq!(capability.problems(), Vec::<String>::new());
        }
        assert_eq!(capabilities().len(), TEXTS.len());
    }
}
