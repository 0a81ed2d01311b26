//! The rejects file, and writing files so that a reader never sees half of one.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lockstep_evidence::replay::Reject;

const COLUMNS: [&str; 5] = ["row", "column", "code", "problem_en", "problem_zh"];

/// Rejected rows, written as they come; no file is made where there are none.
pub(super) struct Rejects {
    path: PathBuf,
    part: PathBuf,
    writer: Option<csv::Writer<File>>,
}

impl Rejects {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), part: part_of(path), writer: None }
    }

    pub(super) fn write(&mut self, reject: &Reject) -> io::Result<()> {
        let mut writer = match self.writer.take() {
            Some(writer) => writer,
            None => {
                let mut writer = csv::Writer::from_writer(File::create(&self.part)?);
                writer.write_record(COLUMNS)?;
                writer
            }
        };
        let line = reject.line.to_string();
        let message = &reject.wrong.message;
        writer.write_record(
            [line.as_str(), &reject.column, reject.wrong.code, &message.en, &message.zh].map(harmless),
        )?;
        self.writer = Some(writer);
        Ok(())
    }

    /// Whether there is a file now. One of an earlier run is removed where nothing was rejected.
    pub(super) fn finish(self) -> io::Result<bool> {
        let Some(mut writer) = self.writer else {
            match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => return Ok(false),
            }
        };
        writer.flush()?;
        drop(writer);
        fs::rename(&self.part, &self.path)?;
        Ok(true)
    }
}

/// Writes beside the file and renames.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let part = part_of(path);
    let mut file = File::create(&part)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&part, path)
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

/// A cell that a spreadsheet would run as a formula is kept from being one.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
