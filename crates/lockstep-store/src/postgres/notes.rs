//! Facts about the installation, text by key.

use deadpool_postgres::Object;

use super::failure::Failure;
use super::row;

/// A fact about the installation.
pub(super) async fn meta(client: &Object, key: &str) -> Result<Option<String>, Failure> {
    let found = client.query_opt("SELECT value FROM meta WHERE key = $1", &[&key]).await?;
    found.map(|found| row::get(&found, 0)).transpose()
}

/// Writes a fact down, over the one before.
pub(super) async fn set_meta(client: &Object, key: &str, value: &str) -> Result<(), Failure> {
    let sql = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    client.execute(sql, &[&key, &value]).await?;
    Ok(())
}
