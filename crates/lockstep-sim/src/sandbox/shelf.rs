//! Keyed records that know which of them changed, so that a caller can keep them in a table.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a removed record is stored as.
const GONE: &str = "null";

pub(super) struct Shelf<T> {
    name: &'static str,
    rows: BTreeMap<String, T>,
    dirty: BTreeSet<String>,
}

impl<T: Serialize + DeserializeOwned> Shelf<T> {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, rows: BTreeMap::new(), dirty: BTreeSet::new() }
    }

    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.rows.get(key)
    }

    pub(super) fn put(&mut self, key: String, row: T) {
        self.dirty.insert(key.clone());
        self.rows.insert(key, row);
    }

    /// Changes a record; it counts as changed whether or not it differs afterwards.
    pub(super) fn edit<R>(&mut self, key: &str, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let row = self.rows.get_mut(key)?;
        self.dirty.insert(key.to_owned());
        Some(change(row))
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<T> {
        let row = self.rows.remove(key)?;
        self.dirty.insert(key.to_owned());
        Some(row)
    }

    pub(super) fn clear(&mut self) {
        let keys: Vec<_> = self.rows.keys().cloned().collect();
        for key in keys {
            self.remove(&key);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &T)> {
        self.rows.iter()
    }

    /// Moves what changed since the last time to `out`, as `(shelf/key, JSON)`.
    pub(super) fn take_dirty(&mut self, out: &mut Vec<(String, String)>) {
        for key in std::mem::take(&mut self.dirty) {
            let json = self.rows.get(&key).and_then(|row| serde_json::to_string(row).ok());
            out.push((format!("{}/{key}", self.name), json.unwrap_or_else(|| GONE.to_owned())));
        }
    }

    /// Takes a stored record back if it belongs here.
    pub(super) fn restore(&mut self, full_key: &str, json: &str) -> Result<bool, serde_json::Error> {
        let Some(key) = full_key.strip_prefix(self.name).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(false);
        };
        if json == GONE {
            self.rows.remove(key);
        } else {
            self.rows.insert(key.to_owned(), serde_json::from_str(json)?);
        }
        Ok(true)
    }
}
