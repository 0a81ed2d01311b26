//! The configuration file, with a default for everything: without a file Lockstep starts on an embedded database
//! with the sandbox's banks.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use lockstep_channels::ChannelConfig;
use lockstep_core::health::HealthPolicy;
use lockstep_core::payment::{RefundPolicy, RetryPolicy};
use serde::Deserialize;

/// Where the API listens unless told otherwise.
pub const API_ADDRESS: &str = "127.0.0.1:7300";
/// Where the sandbox listens unless told otherwise.
pub const SANDBOX_ADDRESS: &str = "127.0.0.1:7311";

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The HTTP side.
    pub server: ServerConfig,
    /// Where things are kept.
    pub data: DataConfig,
    /// When and how often to try again.
    pub retry: RetryPolicy,
    /// How refunds are handled.
    pub refunds: RefundPolicy,
    /// Webhooks out.
    pub webhooks: WebhookConfig,
    /// How trouble of channels and issuers is found and how it heals.
    pub health: HealthPolicy,
    /// Real channels. None at all: the sandbox's.
    pub channels: Vec<ChannelConfig>,
}

/// The HTTP side.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// Calls per second and API key, sustained; four times as many in a burst.
    pub calls_per_second: u32,
    /// Connections served at once; more wait in the system's queue.
    pub max_connections: usize,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7300)),
            calls_per_second: 200,
            max_connections: 4096,
        }
    }
}

/// Where things are kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Folder of the embedded database and, unless named otherwise, the key file.
    pub dir: PathBuf,
    /// A PostgreSQL database instead of the embedded one: `postgres://user:password@host/database`.
    pub database: Option<DatabaseUrl>,
    /// The master key file. Keep it, and a copy of it, away from the database's backups.
    pub key_file: Option<PathBuf>,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { dir: PathBuf::from("lockstep-data"), database: None, key_file: None }
    }
}

impl DataConfig {
    /// The file of the embedded database.
    pub fn file(&self) -> PathBuf {
        self.dir.join("lockstep.db")
    }

    /// The sandbox's own memory.
    pub fn sandbox(&self) -> PathBuf {
        self.dir.join("sandbox.db")
    }

    /// The master key file.
    pub fn key_file(&self) -> PathBuf {
        self.key_file.clone().unwrap_or_else(|| self.dir.join("master.key"))
    }
}

/// The address of a database server. It may hold a password, so it can't be printed.
#[derive(Clone, Deserialize)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The address, to connect to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DatabaseUrl(…)")
    }
}

impl std::str::FromStr for DatabaseUrl {
    /// What is wrong with it is said when it is used: an error about an argument would repeat the argument.
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

/// Webhooks out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// Allow plain HTTP and private addresses: for tests on one machine only.
    pub allow_private: bool,
}

/// Why the configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigProblem {
    /// The file can't be read.
    #[error("can't read {path}: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file isn't what it has to be. The message names line and field, and never shows a value.
    #[error("{path}: {message}")]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Where and what.
        message: String,
    },
}

/// Reads a configuration file; `None` reads `lockstep.toml` if it is there.
///
/// # Errors
/// [`ConfigProblem`] naming the file, the line and the field.
pub fn load(path: Option<&Path>) -> Result<Config, ConfigProblem> {
    let default = Path::new("lockstep.toml");
    let path = match path {
        Some(path) => path,
        None if default.exists() => default,
        None => return Ok(Config::default()),
    };
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigProblem::Unreadable { path: path.to_owned(), source })?;
    let config: Config = toml::from_str(&text).map_err(|error| {
        let line =
            error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        ConfigProblem::Wrong { path: path.to_owned(), message: format!("line {line}: {}", error.message()) }
    })?;
    let problems =
        [config.refunds.problems(), config.retry.problems(), config.retry.route.problems()].concat();
    match problems.is_empty() {
        true => Ok(config),
        false => Err(ConfigProblem::Wrong { path: path.to_owned(), message: problems.join("; ") }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_file_is_the_default_and_a_typo_is_named() {
        let folder = std::env::temp_dir().join(format!("lockstep-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("lockstep.toml");
        std::fs::write(&file, "").unwrap();
        assert_eq!(load(Some(&file)).unwrap().server.listen.port(), 7300);
        std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:1\"\nlissen = 3\n").unwrap();
        let problem = load(Some(&file)).unwrap_err().to_string();
        assert!(problem.contains("line 3") && problem.contains("lissen"), "{problem}");
        std::fs::write(&file, "[retry.route]\nexplore_ppm = 1000001\n").unwrap();
        let problem = load(Some(&file)).unwrap_err().to_string();
        assert!(problem.contains("retry.route.explore_ppm"), "{problem}");
        std::fs::write(&file, "[retry]\nmax_attempts = 0\n[retry.no_funds]\nslots_minute = [120]\n").unwrap();
        let problem = load(Some(&file)).unwrap_err().to_string();
        assert!(
            problem.contains("retry.max_attempts") && problem.contains("retry.no_funds.slots_minute"),
            "{problem}"
        );
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
