//! The sandbox's banks with a memory of their own: what a bank has debited must survive a kill of this process as
//! it would at a real bank.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use lockstep_channels::{Adapter, ChannelConfig, ChannelKey};
use lockstep_core::channel::{ChannelId, Hours};
use lockstep_core::check::{CardKind, check_card};
use lockstep_core::sensitive::{CardNumber, HolderName, IdNumber, Mobile};
use lockstep_engine::port::{Clock, Seeds};
use lockstep_sim::capabilities;
use lockstep_sim::people::Person;
use lockstep_sim::port::SharedSandbox;
use lockstep_sim::sandbox::{Sandbox, World};
use lockstep_store::SqliteStore;

use crate::collect::input::NewCard;
use crate::drive::ReadsCodes;
use crate::foundation::{StartProblem, private_folder, settle};

/// Both sides of the sandbox sign with this. It protects nothing: the sandbox's money is invented.
const SANDBOX_KEY: &str = "the-sandbox-signs-with-this-public-key-it-guards-nothing";

/// The sandbox's channels as configuration.
pub fn channel_configs(base_url: &str) -> Vec<ChannelConfig> {
    let config = |capability: lockstep_core::channel::Capability| ChannelConfig {
        adapter: Adapter::Sandbox,
        base_url: base_url.trim_end_matches('/').to_owned(),
        key: ChannelKey::new(SANDBOX_KEY.to_owned()),
        capability,
    };
    capabilities().into_iter().map(config).collect()
}

/// The same for real time, in which they never close: see [`World::open_all_day`].
pub fn always_open(base_url: &str) -> Vec<ChannelConfig> {
    let mut configs = channel_configs(base_url);
    for config in &mut configs {
        config.capability.hours = Hours::always(config.capability.hours.zone.clone());
    }
    configs
}

fn keys() -> BTreeMap<ChannelId, ChannelKey> {
    let pairs =
        capabilities().into_iter().map(|capability| (capability.id, ChannelKey::new(SANDBOX_KEY.to_owned())));
    pairs.collect()
}

/// When the banks write down what they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Before they answer: for runs that may be killed and go on.
    BeforeAnswering,
    /// When told to, for runs that begin anew each time.
    AtTheEnd,
}

/// Writes down everything the banks have done since they last did.
///
/// # Errors
/// [`StartProblem`] when the file can't be written.
pub fn write_down(file: &Path, banks: &SharedSandbox) -> Result<(), StartProblem> {
    let memory = SqliteStore::open_inline(file)?;
    let rows = banks.with(Sandbox::take_dirty);
    Ok(futures::executor::block_on(settle(&memory, memory.kv_put(rows)))?)
}

/// Opens the banks' memory, or makes it.
///
/// # Errors
/// [`StartProblem`] when the file can't be used.
pub async fn open(
    file: &Path,
    world: World,
    keep: Keep,
    clock: Arc<dyn Clock>,
    seeds: Arc<dyn Seeds>,
) -> Result<Arc<SharedSandbox>, StartProblem> {
    if let Some(folder) = file.parent() {
        private_folder(folder)?;
    }
    let memory = SqliteStore::open_inline(file)?;
    let mut sandbox = Sandbox::new(world);
    let rows = memory.kv_all().await?.into_iter().filter(|(_, json)| json != "null");
    sandbox.restore(rows).map_err(|error| StartProblem::File {
        path: file.to_owned(),
        problem: format!(
            "the sandbox's memory can't be read ({error}). Remove the file to start with new banks"
        ),
    })?;
    let shared = SharedSandbox::new(sandbox, &keys(), clock, seeds);
    if keep == Keep::AtTheEnd {
        return Ok(Arc::new(shared));
    }
    let keeper = Box::new(move |rows: Vec<(String, String)>| {
        let written = futures::executor::block_on(settle(&memory, memory.kv_put(rows)));
        if let Err(fault) = written {
            // A bank that forgets would debit twice: better no bank at all.
            tracing::error!(%fault, "the sandbox's memory could not be written");
            std::process::abort();
        }
    });
    Ok(Arc::new(shared.kept_by(keeper)))
}

/// The sandbox's borrowers, who read what their phones get.
pub struct SandboxPhones(pub Arc<SharedSandbox>);

impl ReadsCodes for SandboxPhones {
    fn latest_code(&self, mobile: &Mobile, request_no: &str) -> Option<String> {
        self.0.with(|sandbox| {
            let texted = sandbox.messages(mobile.expose()).iter().rev();
            texted
                .into_iter()
                .find(|message| message.request_no == request_no)
                .map(|message| message.code.clone())
        })
    }
}

/// A made-up borrower's card, ready to be bound.
pub fn card(person: &Person) -> NewCard {
    let facts = check_card(&CardNumber::new(person.card_number.clone())).facts;
    NewCard {
        masked: facts.as_ref().map(|facts| facts.masked.clone()).unwrap_or_default(),
        issuer: facts.as_ref().and_then(|facts| facts.issuer.as_ref()).map(|issuer| issuer.code.to_owned()),
        credit: facts.is_some_and(|facts| matches!(facts.kind, CardKind::Credit | CardKind::SemiCredit)),
        number: CardNumber::new(person.card_number.clone()),
        holder_name: HolderName::new(person.holder_name.clone()),
        id_number: IdNumber::new(person.id_number.clone()),
        mobile: Mobile::new(person.mobile.clone()),
    }
}
