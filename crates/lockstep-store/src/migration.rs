//! Steps of a schema, the same for every database.

use sha2::{Digest, Sha256};

use crate::OpenError;

/// One step of a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// Its number, from 1.
    pub version: i64,
    /// What it is about.
    pub name: &'static str,
    /// What it does.
    pub sql: &'static str,
}

/// Those that have not been applied yet, in order.
///
/// # Errors
/// When the database is of a newer program, or an applied one is not the one of the same number here.
pub(crate) fn missing(known: &[Migration], applied: &[(i64, String)]) -> Result<Vec<Migration>, OpenError> {
    let newest = known.last().map_or(0, |migration| migration.version);
    if let Some((found, _)) = applied.last().filter(|(version, _)| *version > newest) {
        return Err(OpenError::NewerSchema { found: *found, known: newest });
    }
    let mut missing = Vec::new();
    for migration in known {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            Some((_, before)) if *before == checksum(migration.sql) => {}
            Some(_) => return Err(OpenError::OtherMigration { version: migration.version }),
            None => missing.push(*migration),
        }
    }
    Ok(missing)
}

/// Of the text without carriage returns, so that a checkout on another system is the same migration.
pub(crate) fn checksum(sql: &str) -> String {
    let digest = Sha256::digest(sql.replace('\r', ""));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
