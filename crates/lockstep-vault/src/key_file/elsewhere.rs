//! Systems without Unix permissions: no key file, because nothing could say who else reads it.

use super::problem::{KeyFileProblem, ProblemKind};
use crate::MasterKeyring;
use std::path::Path;

pub(super) fn examine(path: &Path) -> (Option<MasterKeyring>, Vec<KeyFileProblem>) {
    (None, vec![unsupported(path)])
}

pub(super) fn create(path: &Path) -> Result<(), KeyFileProblem> {
    Err(unsupported(path))
}

pub(super) fn rotate(path: &Path) -> Result<MasterKeyring, KeyFileProblem> {
    Err(unsupported(path))
}

fn unsupported(path: &Path) -> KeyFileProblem {
    KeyFileProblem::new(path, ProblemKind::Unsupported)
}
