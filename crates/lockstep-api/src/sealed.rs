//! Short texts sealed at rest: webhook secrets, and answers that show a secret once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lockstep_engine::port::Fault;
use lockstep_vault::{ItemContext, Vault, VaultError, WrappedDataKey};
use zeroize::Zeroizing;

/// Which text it is; a sealed text opens in no other place.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) tenant: String,
    pub(crate) owner: String,
    pub(crate) item: String,
}

/// Names the format, and tells sealed texts from others.
const PREFIX: &str = "sealed1|";
const FIELD: &str = "text";

impl Place {
    fn context(&self) -> ItemContext<'_> {
        ItemContext { tenant: &self.tenant, borrower: &self.owner, item: &self.item, field: FIELD }
    }
}

/// Whether a text is a sealed one.
pub(crate) fn is_sealed(text: &str) -> bool {
    text.starts_with(PREFIX)
}

/// `sealed1|<wrapped data key>|<base64url>`: every text has a data key of its own.
pub(crate) fn seal(vault: &Vault, place: &Place, clear: &str) -> Result<String, VaultError> {
    let key = vault.new_borrower_key(&place.tenant, &place.owner)?;
    let bytes = vault.seal_secret(&key, &place.context(), clear.as_bytes())?;
    Ok(format!("{PREFIX}{key}|{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// Opens what [`seal`] made for the same place.
pub(crate) fn open(vault: &Vault, place: &Place, sealed: &str) -> Result<Zeroizing<String>, Fault> {
    let fault = |error: VaultError| Fault::new("opening a sealed text", error);
    let malformed = || Fault::new("opening a sealed text", "it is malformed");
    let rest = sealed.strip_prefix(PREFIX).ok_or_else(malformed)?;
    let (key, bytes) = rest.rsplit_once('|').ok_or_else(malformed)?;
    let key: WrappedDataKey = key.parse().map_err(fault)?;
    let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| malformed())?;
    let clear = vault.open_secret(&key, &place.context(), &bytes).map_err(fault)?;
    std::str::from_utf8(&clear).map(|text| Zeroizing::new(text.to_owned())).map_err(|_| malformed())
}
