//! Values on their way, and a digest of rows that doesn't ask for their order.

use sha2::{Digest as _, Sha256};

/// One value of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Nothing,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// Type of a column on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Truth,
    Small,
    Large,
    Text,
    Bytes,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// The sum of the hashes of rows: the same whatever their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest(u128);

impl Digest {
    pub(super) fn add(&mut self, row: &[Cell]) {
        let mut hash = Sha256::new();
        for cell in row {
            match cell {
                Cell::Nothing => hash.update([0]),
                Cell::Number(number) => {
                    hash.update([1]);
                    hash.update(number.to_be_bytes());
                }
                Cell::Text(text) => sized(&mut hash, 2, text.as_bytes()),
                Cell::Bytes(bytes) => sized(&mut hash, 3, bytes),
            }
        }
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finalize()[..16]);
        self.0 = self.0.wrapping_add(u128::from_be_bytes(half));
    }
}

fn sized(hash: &mut Sha256, tag: u8, bytes: &[u8]) {
    hash.update([tag]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&[Cell]]) -> Digest {
        let mut digest = Digest::default();
        rows.iter().for_each(|row| digest.add(row));
        digest
    }

    #[test]
    fn order_is_nothing_and_everything_else_is_something() {
        let (one, two): ([Cell; 2], [Cell; 2]) =
            ([Cell::Number(1), Cell::Text("a".to_owned())], [Cell::Nothing, Cell::Bytes(vec![1])]);
        assert_eq!(of(&[&one, &two]), of(&[&two, &one]));
        assert_ne!(of(&[&one]), of(&[&one, &one]));
        assert_ne!(of(&[&one]), of(&[&[Cell::Text("a".to_owned()), Cell::Number(1)]]));
        assert_ne!(of(&[&[Cell::Text("1".to_owned())]]), of(&[&[Cell::Bytes(b"1".to_vec())]]));
    }
}
