//! The key file: made on the first run, kept to its owner, checked at every start.
//!
//! Each line is an entry of [`MasterKeyring::parse`]; the first master key is the current one. The file
//! belongs in a backup of its own, apart from the database's: together they are the clear text, and without
//! it the database can't be read by anyone.
//!
//! A missing file means a new key only on a new installation. Where there already is data, call [`load`], so
//! that a lost file or a wrong path is an error and not a second key.

#[cfg_attr(unix, path = "key_file/unix.rs")]
#[cfg_attr(not(unix), path = "key_file/elsewhere.rs")]
mod platform;
mod problem;

use crate::MasterKeyring;
pub use problem::{KeyFileProblem, ProblemKind};
use std::path::Path;

/// Reads the key file, or says what is wrong with it and what to do.
pub fn load(path: &Path) -> Result<MasterKeyring, KeyFileProblem> {
    let (ring, problems) = platform::examine(path);
    match problems.into_iter().find(KeyFileProblem::is_fatal) {
        Some(problem) => Err(problem),
        None => ring.ok_or_else(|| KeyFileProblem::new(path, ProblemKind::Missing)),
    }
}

/// Reads the key file, or makes it when there is none. Of several processes starting at once, one makes it
/// and all read the same keys; a crash on the way leaves either no key file or a whole one.
pub fn load_or_create(path: &Path) -> Result<MasterKeyring, KeyFileProblem> {
    match load(path) {
        Err(KeyFileProblem { kind: ProblemKind::Missing, .. }) => {
            platform::create(path)?;
            load(path)
        }
        loaded => loaded,
    }
}

/// Puts a fresh current master key in front of the others. Data keys still have to be rewrapped before an old
/// line may be deleted.
pub fn rotate(path: &Path) -> Result<MasterKeyring, KeyFileProblem> {
    platform::rotate(path)
}

/// Everything that is wrong or unwise about the key file, for `doctor`. Empty means fine.
pub fn inspect(path: &Path) -> Vec<KeyFileProblem> {
    platform::examine(path).1
}
