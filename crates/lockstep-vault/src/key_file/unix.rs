//! The key file on Unix: who may read it, and how it is written so that a crash can't lose it.

use super::problem::{KeyFileProblem, ProblemKind};
use crate::{MasterKeyring, VaultError};
use rustix::fs::OFlags;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Room for all keys a ring may have, with a comment each.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// What stands at the head of a file we write.
const HEAD: &str = "\
# Lockstep master keys: whoever reads this file can open every borrower's data.
# Back it up apart from the database. The first master key wraps; the others only unwrap.
";

/// The keys, and everything wrong with the file. With a fatal problem of the file itself its content isn't
/// read.
pub(super) fn examine(path: &Path) -> (Option<MasterKeyring>, Vec<KeyFileProblem>) {
    let mut problems = directory_problem(path).into_iter().collect::<Vec<_>>();
    let mut file = match open(path) {
        Ok(file) => file,
        Err(problem) => {
            problems.push(problem);
            return (None, problems);
        }
    };
    // Asked of the open file, not of the path, so that nobody can swap the file after the check.
    match file.metadata() {
        Ok(metadata) => {
            let us = rustix::process::geteuid().as_raw();
            problems
                .extend(file_problems(&metadata, us).into_iter().map(|kind| KeyFileProblem::new(path, kind)));
        }
        Err(error) => problems.push(KeyFileProblem::io(path, "reading its permissions", error)),
    }
    if problems.iter().any(KeyFileProblem::is_fatal) {
        return (None, problems);
    }
    match read(path, &mut file) {
        Ok(ring) => (Some(ring), problems),
        Err(problem) => {
            problems.push(problem);
            (None, problems)
        }
    }
}

fn open(path: &Path) -> Result<File, KeyFileProblem> {
    // A pipe in place of the file must not block us, and a link must not lead us elsewhere.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
    opened.map_err(|error| match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_symlink() => KeyFileProblem::new(path, ProblemKind::Symlink),
        Err(missing) if missing.kind() == ErrorKind::NotFound => {
            KeyFileProblem::new(path, ProblemKind::Missing)
        }
        Ok(_) | Err(_) => KeyFileProblem::io(path, "opening it", error),
    })
}

fn file_problems(metadata: &Metadata, us: u32) -> Vec<ProblemKind> {
    if !metadata.is_file() {
        return vec![ProblemKind::NotAFile];
    }
    let (owner, mode) = (metadata.uid(), metadata.mode() & 0o7777);
    [
        (owner != us).then_some(ProblemKind::OwnedByAnother { owner, us }),
        (mode & 0o077 != 0).then_some(ProblemKind::OpenToOthers { mode }),
        (metadata.len() > MAX_FILE_BYTES).then_some(ProblemKind::TooLarge),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn directory_problem(path: &Path) -> Option<KeyFileProblem> {
    let directory = parent(path);
    let mode = fs::metadata(&directory).ok()?.mode() & 0o7777;
    // The sticky bit lets only a file's owner replace it, so a shared temporary directory is safe enough.
    let is_writable = mode & 0o022 != 0 && mode & 0o1000 == 0;
    is_writable.then(|| KeyFileProblem::new(path, ProblemKind::DirectoryWritable { directory, mode }))
}

fn read(path: &Path, file: &mut File) -> Result<MasterKeyring, KeyFileProblem> {
    // One buffer of the largest size, so that reading never reallocates and leaves a copy of the keys behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_BYTES as usize + 1));
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| KeyFileProblem::io(path, "reading it", error))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(KeyFileProblem::new(path, ProblemKind::TooLarge));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| KeyFileProblem::io(path, "reading it", "it isn't text in UTF-8"))?;
    MasterKeyring::parse(text).map_err(|error| KeyFileProblem::new(path, ProblemKind::Content(error)))
}

/// Makes the file with fresh keys. That another process made it meanwhile is a success.
pub(super) fn create(path: &Path) -> Result<(), KeyFileProblem> {
    let directory = parent(path);
    let made = missing_directories(&directory);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .map_err(|error| KeyFileProblem::io(path, "making its directory", error))?;
    for directory in made {
        sync_directory(path, &parent(&directory))?;
    }
    let ring = MasterKeyring::generate().map_err(|error| randomness(path, &error))?;
    let unfinished = beside(path, &format!(".{}.first", unique(path)?));
    let whole = NewFile::write(path, unfinished, &ring)?;
    // A link appears with its whole content or not at all, and never over an existing file.
    match fs::hard_link(&whole.path, path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(KeyFileProblem::io(path, "creating it", error));
        }
        Ok(()) | Err(_) => drop(whole),
    }
    sync_directory(path, &directory)
}

pub(super) fn rotate(path: &Path) -> Result<MasterKeyring, KeyFileProblem> {
    // The new file is also the lock: while it exists no second rotation starts, so none loses the other's
    // key.
    super::load(path)?;
    let unfinished = beside(path, ".rotating");
    let claim = NewFile::claim(path, unfinished)?;
    let ring = super::load(path)?.rotated().map_err(|error| randomness(path, &error))?;
    let mut whole = claim.fill(path, &ring)?;
    fs::rename(&whole.path, path).map_err(|error| KeyFileProblem::io(path, "replacing it", error))?;
    whole.is_kept = true;
    sync_directory(path, &parent(path))?;
    Ok(ring)
}

/// A file being written under a temporary name; removed unless it was kept.
struct NewFile {
    path: PathBuf,
    file: File,
    is_kept: bool,
}

impl NewFile {
    fn write(target: &Path, path: PathBuf, ring: &MasterKeyring) -> Result<Self, KeyFileProblem> {
        Self::claim(target, path)?.fill(target, ring)
    }

    fn claim(target: &Path, path: PathBuf) -> Result<Self, KeyFileProblem> {
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(file) => Ok(Self { path, file, is_kept: false }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                Err(KeyFileProblem::new(target, ProblemKind::RotationUnfinished { unfinished: path }))
            }
            Err(error) => Err(KeyFileProblem::io(target, "writing beside it", error)),
        }
    }

    fn fill(mut self, target: &Path, ring: &MasterKeyring) -> Result<Self, KeyFileProblem> {
        let mut write = || -> io::Result<()> {
            self.file.write_all(HEAD.as_bytes())?;
            self.file.write_all(ring.to_text().as_bytes())?;
            self.file.sync_all()
        };
        write().map_err(|error| KeyFileProblem::io(target, "writing it", error))?;
        Ok(self)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_kept {
            // What can't be removed is reported by the next rotation.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map(OsString::from).unwrap_or_default();
    name.push(ending);
    path.with_file_name(name)
}

fn unique(path: &Path) -> Result<String, KeyFileProblem> {
    let mut bytes = [0; 8];
    crate::secret::fill_random(&mut bytes).map_err(|error| randomness(path, &error))?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}

fn missing_directories(directory: &Path) -> Vec<PathBuf> {
    let is_missing = |directory: &&Path| *directory != Path::new("") && !directory.exists();
    directory.ancestors().take_while(is_missing).map(Path::to_owned).collect()
}

/// A new name survives a power cut only once its directory is on the disk too.
fn sync_directory(path: &Path, directory: &Path) -> Result<(), KeyFileProblem> {
    File::open(directory)
        .and_then(|directory| directory.sync_all())
        .map_err(|error| KeyFileProblem::io(path, "writing its directory to the disk", error))
}

fn randomness(path: &Path, error: &VaultError) -> KeyFileProblem {
    KeyFileProblem::io(path, "making a key", error)
}
