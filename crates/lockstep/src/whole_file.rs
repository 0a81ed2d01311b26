//! Files that a reader never sees half of.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes beside the file and renames, so that a kill in the middle leaves the old file whole.
///
/// # Errors
/// When the file can't be written; the old one is untouched then.
pub fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let mut file = File::create(&part)?;
    write(&mut file)?;
    file.flush()?;
    file.sync_all()?;
    fs::rename(&part, path)
}
