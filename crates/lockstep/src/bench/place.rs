//! Where a run keeps its data, and which database is opened there.

use std::path::{Path, PathBuf};

use crate::bench::args::{BenchArgs, StoreKind};
use crate::config::{Config, DataConfig, ServerConfig};
use crate::foundation::{self, Foundation, Mode, StartProblem};

/// Calls per second and key: far above what any machine does, because one key makes all the load.
const NO_LIMIT: u32 = 10_000_000;

/// A folder; a temporary one goes with this value.
pub struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// The folder that was named, or a temporary one.
    pub fn of(args: &BenchArgs) -> Self {
        match &args.data {
            Some(path) => Self { path: path.clone(), temporary: false },
            None => {
                let name = format!("lockstep-bench-{}", std::process::id());
                Self { path: std::env::temp_dir().join(name), temporary: true }
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A configuration with everything in this folder.
    pub fn config(&self) -> Config {
        Config {
            data: DataConfig { dir: self.path.clone(), ..DataConfig::default() },
            server: ServerConfig { calls_per_second: NO_LIMIT, ..ServerConfig::default() },
            ..Config::default()
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary {
            // What can't be removed is left to the system, which empties its temporary folder.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Opens the database of the chosen kind, as `serve` does.
///
/// # Errors
/// [`StartProblem`] that says what is wrong and what to do.
pub async fn open(args: &BenchArgs, config: &mut Config) -> Result<Foundation, StartProblem> {
    config.data.database = match (args.store, &args.database) {
        (StoreKind::Sqlite, _) => None,
        (StoreKind::Postgres, Some(server)) => Some(server.clone()),
        (StoreKind::Postgres, None) => {
            let words = "name the server with --database or LOCKSTEP_DATABASE; a test server: scripts/postgres.sh serve";
            return Err(StartProblem::Usage(words.to_owned()));
        }
    };
    foundation::open(config, Mode::Served).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_with_its_run() {
        let path = std::env::temp_dir().join(format!("lockstep-bench-test-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        drop(Folder { path: path.clone(), temporary: false });
        assert!(path.exists(), "a folder that was named is kept");
        drop(Folder { path: path.clone(), temporary: true });
        assert!(!path.exists());
    }
}
