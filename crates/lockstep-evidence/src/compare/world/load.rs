//! From a file or a name to a world: the file lies over the standard world.

use lockstep_core::channel::Capability;
use lockstep_core::time::Zone;
use toml::{Table, Value};

use super::{ChannelInWorld, Given, InstrumentInWorld, World, check};

/// Embedded worlds: the standard one, and overlays that change a few of its keys.
const EMBEDDED: [(&str, &str); 9] = [
    ("standard", include_str!("../../../worlds/standard.toml")),
    ("no_outages", include_str!("../../../worlds/no_outages.toml")),
    ("correlated_outage", include_str!("../../../worlds/correlated_outage.toml")),
    ("slow_drift", include_str!("../../../worlds/slow_drift.toml")),
    ("issuer_only_outage", include_str!("../../../worlds/issuer_only_outage.toml")),
    ("nsf_29", include_str!("../../../worlds/nsf_29.toml")),
    ("nsf_2_5", include_str!("../../../worlds/nsf_2_5.toml")),
    ("payday_shift", include_str!("../../../worlds/payday_shift.toml")),
    ("status_storm", include_str!("../../../worlds/status_storm.toml")),
];

/// Why a world can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorldProblem {
    /// No embedded world of this name.
    #[error("there is no world {0:?}. Named worlds: {list}; or give a file ending in .toml", list = name_list())]
    NoSuchWorld(String),
    /// Not TOML.
    #[error("line {line}: {message}")]
    Syntax {
        /// Where.
        line: usize,
        /// What.
        message: String,
    },
    /// A key that doesn't exist or has the wrong type.
    #[error("{0}")]
    Key(String),
    /// Values that can't be.
    #[error("{}", .0.join("\n"))]
    Values(Vec<String>),
}

fn name_list() -> String {
    EMBEDDED.map(|(name, _)| name).join(", ")
}

/// Names of the embedded worlds and what each is about.
pub fn names() -> Vec<(&'static str, String)> {
    let summary = |text: &str| {
        let table: Table = text.parse().unwrap_or_default();
        table.get("summary").and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    EMBEDDED.iter().map(|(name, text)| (*name, summary(text))).collect()
}

/// The text of an embedded world, to copy and edit.
///
/// # Errors
/// [`WorldProblem::NoSuchWorld`].
pub fn text_of(name: &str) -> Result<&'static str, WorldProblem> {
    let found = EMBEDDED.iter().find(|(known, _)| *known == name);
    found.map(|(_, text)| *text).ok_or_else(|| WorldProblem::NoSuchWorld(name.to_owned()))
}

/// An embedded world.
///
/// # Errors
/// [`WorldProblem::NoSuchWorld`].
pub fn named(name: &str) -> Result<World, WorldProblem> {
    World::parse(text_of(name)?)
}

impl World {
    /// Reads a world file. What it leaves out is taken from the standard world.
    ///
    /// # Errors
    /// [`WorldProblem`] that names the line or key and what it should be.
    pub fn parse(text: &str) -> Result<Self, WorldProblem> {
        let over = table(text)?;
        let mut whole = table(EMBEDDED[0].1)?;
        whole.entry("scripted").or_insert_with(|| Value::Array(Vec::new()));
        whole.entry("drift").or_insert_with(|| Value::Array(Vec::new()));
        lay_over(&mut whole, over);
        let given: Given = whole.try_into().map_err(|error: toml::de::Error| key_problem(&error))?;
        let world = resolve(given)?;
        let problems = check::problems(&world);
        if problems.is_empty() { Ok(world) } else { Err(WorldProblem::Values(problems)) }
    }
}

fn table(text: &str) -> Result<Table, WorldProblem> {
    text.parse().map_err(|error: toml::de::Error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        WorldProblem::Syntax { line, message: error.message().to_owned() }
    })
}

/// A serde message names the key in a second line (``in `funds.sigma` ``); people read one line.
fn key_problem(error: &toml::de::Error) -> WorldProblem {
    let shown = error.to_string();
    let mut lines = shown.lines().map(str::trim).filter(|line| !line.is_empty());
    let message = lines.next().unwrap_or_default().to_owned();
    let place = lines.find_map(|line| line.strip_prefix("in `")).map(|rest| rest.trim_end_matches('`'));
    WorldProblem::Key(match place {
        Some(place) => format!("{place}: {message}"),
        None => message,
    })
}

/// Tables are merged key by key; everything else is replaced. A map of shares is replaced as a whole, because its
/// values belong together.
fn lay_over(under: &mut Table, over: Table) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Table(below)), Value::Table(above)) if key != "share" => lay_over(below, above),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

fn resolve(given: Given) -> Result<World, WorldProblem> {
    let mut instruments: Vec<_> = given
        .instrument
        .iter()
        .map(|(name, given)| InstrumentInWorld { name: name.clone(), given: given.clone(), channels: 0 })
        .collect();
    let mut channels = Vec::new();
    for (name, channel) in &given.channel {
        let place = instruments.iter().position(|known| known.name == channel.instrument);
        let Some(instrument) = place else {
            let known: Vec<_> = instruments.iter().map(|known| known.name.as_str()).collect();
            return Err(WorldProblem::Key(format!(
                "channel.{name}.instrument: {:?} is none of the instruments: {}",
                channel.instrument,
                known.join(", ")
            )));
        };
        instruments[instrument].channels += 1;
        let capability = capability(name, &channel.capability)?;
        channels.push(ChannelInWorld { given: channel.clone(), capability, instrument });
    }
    channels.sort_by_key(|channel| channel.given.place);
    let issuers = given.issuers.share.iter().map(|(name, share)| (name.clone(), *share)).collect();
    Ok(World { given, channels, instruments, issuers })
}

/// The production's own description of the channel. Its hours are filled in for the days of a run.
fn capability(name: &str, written: &Table) -> Result<Capability, WorldProblem> {
    let mut table = written.clone();
    for key in ["id", "hours"] {
        if table.contains_key(key) {
            let words =
                format!("channel.{name}.capability.{key}: is made from the world's other keys; leave it out");
            return Err(WorldProblem::Key(words));
        }
    }
    table.insert("id".to_owned(), Value::String(name.to_owned()));
    let zone = Value::String(Zone::shanghai().name().to_owned());
    table.insert("hours".to_owned(), Value::Table(Table::from_iter([("zone".to_owned(), zone)])));
    table.try_into().map_err(|error: toml::de::Error| match key_problem(&error) {
        WorldProblem::Key(words) => WorldProblem::Key(format!("channel.{name}.capability: {words}")),
        other => other,
    })
}
