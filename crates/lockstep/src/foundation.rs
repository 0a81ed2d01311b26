//! What every command stands on: the database, the vault, and the rooms between them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_engine::port::{Clock, Fault, Fleet};
use lockstep_store::transfer::{MOVED, TransferError};
use lockstep_store::{Database, OpenError, PostgresStore, SqliteStore, Upkeep};
use lockstep_vault::key_file::{self, KeyFileProblem};
use lockstep_vault::{KeyTextError, MasterKeyring, TransientSecrets, Vault};

use crate::cli::Place;
use crate::config::{self, Config, ConfigProblem};
use crate::secrets::OpenSecrets;

/// Environment variable that holds the keys instead of a file.
pub const KEY_VARIABLE: &str = "LOCKSTEP_MASTER_KEY";
/// Under this name the database remembers which index key its blind indexes were made with.
const INDEX_KEY_ID: &str = "index_key_id";
/// Codes waiting in memory at once.
const CODES: usize = 100_000;

/// Database and vault.
#[derive(Clone)]
pub struct Foundation {
    /// The database.
    pub store: Arc<dyn Database>,
    /// The nodes that share it, where it can be shared.
    pub fleet: Option<Arc<dyn Fleet>>,
    /// The vault.
    pub vault: Vault,
    /// Where entered codes wait.
    pub codes: Arc<TransientSecrets>,
}

/// Why a command can't start. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartProblem {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigProblem),
    /// Channels that can't be used as configured.
    #[error("the configuration can't be used:\n  {}", .0.join("\n  "))]
    Channels(Vec<String>),
    /// A folder.
    #[error("can't make the folder {path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileProblem),
    /// The keys in the environment.
    #[error("the keys in {KEY_VARIABLE} can't be used: {0}")]
    KeyText(#[from] KeyTextError),
    /// The database was made with other keys.
    #[error(
        "the database was made with another index key ({was}) than the one given ({given}). Cards would not be found \
         again. Give the key file that belongs to this database"
    )]
    OtherKeys {
        /// The database's.
        was: String,
        /// The one given.
        given: String,
    },
    /// The embedded database is one file.
    #[error("the embedded database is one file and can't be distributed; name a PostgreSQL by --database")]
    NothingToDistribute,
    /// Carrying a database over.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The machinery.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The database was carried over to a server.
    #[error(
        "the database in {folder} was moved to a server and serves no more, so that nobody collects twice. Name the server \
         with --database or LOCKSTEP_DATABASE"
    )]
    Moved {
        /// Where it was.
        folder: PathBuf,
    },
    /// Another process has started under the name of this one.
    #[error(
        "another process has joined the nodes of this database as {node}, so this one has stopped. Give each node a name of \
         its own with --node"
    )]
    Replaced {
        /// The name.
        node: String,
    },
    /// The disk.
    #[error(
        "the disk has refused to keep a write, so this process has stopped: what was not answered was not done. Look at the \
         machine's log for errors of the disk; a start reads what there is and goes on"
    )]
    LostWrite,
    /// An address.
    #[error(
        "can't listen on {address}: {source}. Is another Lockstep running? Choose another address with --listen"
    )]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the user.
    #[error("{path}: {problem}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Something the user typed.
    #[error("{0}")]
    Usage(String),
}

/// How the database is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By a process that does the work. An embedded database has one at a time; on a server it is one of several nodes.
    Served,
    /// By a command about the installation. On a database server it works beside the process that serves; an embedded
    /// database belongs to one process at a time.
    Beside,
}

/// Reads the configuration that a command's flags name.
///
/// # Errors
/// [`StartProblem`] naming file, line and field.
pub fn configuration(place: &Place) -> Result<Config, StartProblem> {
    let mut config = config::load(place.config.as_deref())?;
    place.override_in(&mut config);
    let mut problems: Vec<_> =
        config.channels.iter().flat_map(lockstep_channels::ChannelConfig::problems).collect();
    problems.extend(config.health.problems());
    if problems.is_empty() { Ok(config) } else { Err(StartProblem::Channels(problems)) }
}

/// Opens database and vault; makes both on the first run.
///
/// # Errors
/// [`StartProblem`] that says what is wrong and what to do.
pub async fn open(config: &Config, mode: Mode) -> Result<Foundation, StartProblem> {
    private_folder(&config.data.dir)?;
    let (store, fleet) = shared_database(config, mode).await?;
    let ring = keys(config, store.as_ref()).await?;
    if store.meta(INDEX_KEY_ID).await?.is_none() {
        store.set_meta(INDEX_KEY_ID, ring.index_key().key_id()).await?;
    }
    Ok(Foundation { fleet, ..with(store, ring) })
}

/// As [`open`], on the embedded database and the caller's thread, for virtual time. Whoever runs it flushes the store.
///
/// # Errors
/// As [`open`].
pub async fn open_inline(config: &Config) -> Result<(Foundation, Arc<SqliteStore>), StartProblem> {
    private_folder(&config.data.dir)?;
    let store = Arc::new(SqliteStore::open_inline(config.data.file())?);
    let ring = keys(config, store.as_ref()).await?;
    if store.meta(INDEX_KEY_ID).await?.is_none() {
        settle(&store, store.set_meta(INDEX_KEY_ID, ring.index_key().key_id())).await?;
    }
    Ok((with(store.clone(), ring), store))
}

fn with(store: Arc<dyn Database>, ring: MasterKeyring) -> Foundation {
    Foundation { store, fleet: None, vault: Vault::new(ring), codes: Arc::new(TransientSecrets::new(CODES)) }
}

/// The database that the configuration names.
///
/// # Errors
/// [`StartProblem::Open`].
pub async fn database(config: &Config, mode: Mode) -> Result<Arc<dyn Database>, StartProblem> {
    shared_database(config, mode).await.map(|(store, _)| store)
}

/// A database, and the nodes that share it.
type Shared = (Arc<dyn Database>, Option<Arc<dyn Fleet>>);

async fn shared_database(config: &Config, mode: Mode) -> Result<Shared, StartProblem> {
    Ok(match (&config.data.database, mode) {
        (Some(url), Mode::Served) => {
            let (name, address) = (config.server.node_name(), config.server.node_address());
            let (store, fleet) = PostgresStore::join(url.expose(), &name, &address).await?;
            (Arc::new(store), Some(Arc::new(fleet)))
        }
        (Some(url), Mode::Beside) => (Arc::new(PostgresStore::open_beside(url.expose()).await?), None),
        (None, _) => (Arc::new(SqliteStore::open(config.data.file())?), None),
    })
}

/// Waits for a write; with an inline store somebody has to flush it.
pub async fn settle<T>(store: &SqliteStore, write: impl Future<Output = T>) -> T {
    let mut write = Box::pin(write);
    std::future::poll_fn(|context| {
        let polled = write.as_mut().poll(context);
        if polled.is_ready() {
            return polled;
        }
        store.flush();
        write.as_mut().poll(context)
    })
    .await
}

/// The keys that belong to a database.
async fn keys(config: &Config, store: &dyn Database) -> Result<MasterKeyring, StartProblem> {
    if store.meta(MOVED).await?.is_some() {
        return Err(StartProblem::Moved { folder: config.data.dir.clone() });
    }
    let was = store.meta(INDEX_KEY_ID).await?;
    let ring = match (std::env::var(KEY_VARIABLE), &was) {
        (Ok(text), _) => MasterKeyring::parse(&text)?,
        (Err(_), None) => key_file::load_or_create(&config.data.key_file())?,
        // Where data exists, a missing key file is a loss to be told, not a reason to make another key.
        (Err(_), Some(_)) => key_file::load(&config.data.key_file())?,
    };
    let given = ring.index_key().key_id().to_owned();
    match was {
        Some(was) if was != given => Err(StartProblem::OtherKeys { was, given }),
        _ => Ok(ring),
    }
}

/// Makes a folder that only its owner can enter.
///
/// # Errors
/// [`StartProblem::Folder`].
pub fn private_folder(path: &Path) -> Result<(), StartProblem> {
    let problem = |source| StartProblem::Folder { path: path.to_owned(), source };
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path).map_err(problem)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(problem)?;
    }
    Ok(())
}

impl Foundation {
    /// What adapters may ask the vault for.
    pub fn secrets(&self, clock: Arc<dyn Clock>) -> Arc<OpenSecrets> {
        let (shelf, vault, codes) = (self.store.clone(), self.vault.clone(), self.codes.clone());
        Arc::new(OpenSecrets { shelf, vault, codes, clock })
    }
}
