//! What can be wrong with a key file, and the command that mends it.

use crate::KeyTextError;
use std::fmt;
use std::path::{Path, PathBuf};

/// A problem with one key file. Reads as path, problem and fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFileProblem {
    /// The key file.
    pub path: PathBuf,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong with a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// There is no such file.
    Missing,
    /// It is a symbolic link, whose target someone else may choose.
    Symlink,
    /// It is a directory, a pipe or a device.
    NotAFile,
    /// Group or others may read, write or run it.
    OpenToOthers {
        /// Its permission bits.
        mode: u32,
    },
    /// It belongs to another user.
    OwnedByAnother {
        /// The owner's user id.
        owner: u32,
        /// The user id of this process.
        us: u32,
    },
    /// It is far larger than any keyring.
    TooLarge,
    /// Its text isn't a keyring.
    Content(KeyTextError),
    /// Others may replace the file because they may write to its directory.
    DirectoryWritable {
        /// The directory.
        directory: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A rotation is running, or one was cut off and left its new file behind.
    RotationUnfinished {
        /// The file left behind.
        unfinished: PathBuf,
    },
    /// The operating system refused.
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system answered.
        error: String,
    },
    /// Permissions can't be checked on this operating system.
    Unsupported,
}

impl KeyFileProblem {
    pub(crate) fn new(path: &Path, kind: ProblemKind) -> Self {
        Self { path: path.to_owned(), kind }
    }

    pub(crate) fn io(path: &Path, doing: &'static str, error: impl fmt::Display) -> Self {
        Self::new(path, ProblemKind::Io { doing, error: error.to_string() })
    }

    /// Whether the file is refused. The one problem that is only advice is a directory its own group may
    /// write to.
    pub fn is_fatal(&self) -> bool {
        match &self.kind {
            ProblemKind::DirectoryWritable { mode, .. } => mode & 0o002 != 0,
            ProblemKind::Missing
            | ProblemKind::Symlink
            | ProblemKind::NotAFile
            | ProblemKind::OpenToOthers { .. }
            | ProblemKind::OwnedByAnother { .. }
            | ProblemKind::TooLarge
            | ProblemKind::Content(_)
            | ProblemKind::RotationUnfinished { .. }
            | ProblemKind::Io { .. }
            | ProblemKind::Unsupported => true,
        }
    }

    /// What is wrong, in half a sentence.
    pub fn problem(&self) -> String {
        match &self.kind {
            ProblemKind::Missing => "it doesn't exist".to_owned(),
            ProblemKind::Symlink => "it is a symbolic link".to_owned(),
            ProblemKind::NotAFile => "it isn't a regular file".to_owned(),
            ProblemKind::OpenToOthers { mode } => format!("its mode {mode:04o} lets other users in"),
            ProblemKind::OwnedByAnother { owner, us } => {
                format!("it belongs to user {owner}, and this process runs as user {us}")
            }
            ProblemKind::TooLarge => "it is too large to be a key file".to_owned(),
            ProblemKind::Content(error) => error.to_string(),
            ProblemKind::DirectoryWritable { directory, mode } => {
                format!(
                    "its directory {} with mode {mode:04o} lets other users replace it",
                    directory.display()
                )
            }
            ProblemKind::RotationUnfinished { unfinished } => {
                format!("a rotation is running or was cut off: {} exists", unfinished.display())
            }
            ProblemKind::Io { doing, error } => format!("{doing} failed: {error}"),
            ProblemKind::Unsupported => "this system has no file permissions to check".to_owned(),
        }
    }

    /// What to do about it.
    pub fn fix(&self) -> String {
        let path = quoted(&self.path);
        match &self.kind {
            ProblemKind::Missing => {
                "restore it from its backup; only a new installation makes a new one".to_owned()
            }
            ProblemKind::Symlink => "give the path of the file itself".to_owned(),
            ProblemKind::NotAFile => "give the path of a key file".to_owned(),
            ProblemKind::OpenToOthers { .. } => format!("chmod 600 {path}"),
            ProblemKind::OwnedByAnother { us, .. } => format!("chown {us} {path}, or run as its owner"),
            ProblemKind::TooLarge => "check the path".to_owned(),
            ProblemKind::Content(_) => format!("restore {path} from its backup, or correct that line"),
            ProblemKind::DirectoryWritable { directory, .. } => format!("chmod go-w {}", quoted(directory)),
            ProblemKind::RotationUnfinished { unfinished } => {
                format!("if no rotation is running: rm {}", quoted(unfinished))
            }
            ProblemKind::Io { .. } => "check the path, its directories' permissions and the disk".to_owned(),
            ProblemKind::Unsupported => "give the keys in the environment instead".to_owned(),
        }
    }
}

impl fmt::Display for KeyFileProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key file {}: {}; to fix it: {}", self.path.display(), self.problem(), self.fix())
    }
}

impl std::error::Error for KeyFileProblem {}

/// The path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+@%:".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text;
    }
    let dashed = if text.starts_with('-') { "./" } else { "" };
    format!("'{dashed}{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fix_can_be_pasted_into_a_shell() {
        let fix = |path: &str| {
            KeyFileProblem::new(Path::new(path), ProblemKind::OpenToOthers { mode: 0o644 }).fix()
        };
        assert_eq!(fix("data/master.key"), "chmod 600 data/master.key");
        assert_eq!(fix("my data/it's.key"), "chmod 600 'my data/it'\\''s.key'");
        assert_eq!(fix("-R"), "chmod 600 './-R'");
        assert_eq!(fix("$(id)"), "chmod 600 '$(id)'");
    }
}
