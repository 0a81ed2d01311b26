//! Pages of lists: newest first, each beginning after the last row of the page before (keyset), so rows that
//! are added meanwhile move nothing and no page costs more than the first.

use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Cursor, Listed, OwnedBy, Page};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::failure::Failure;

/// Most rows of one page.
const MOST: usize = 200;

/// A list being put together. Conditions are fixed texts with one `?` each; values are bound.
pub(super) struct List {
    sql: String,
    at: &'static str,
    values: Vec<Value>,
}

impl List {
    /// `select` ends before `WHERE`; `at` is the column of the time of creation. `id` and `at` come
    /// first in the select.
    pub(super) fn of(select: &'static str, at: &'static str) -> Self {
        Self { sql: format!("{select} WHERE 1"), at, values: Vec::new() }
    }

    /// Only rows for which the condition holds.
    #[must_use]
    pub(super) fn only(mut self, condition: &'static str, value: impl Into<Value>) -> Self {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.push(value.into());
        self
    }

    /// Only rows for which the condition holds, if there is a value.
    #[must_use]
    pub(super) fn only_if(self, condition: &'static str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.only(condition, value),
            None => self,
        }
    }

    /// Only rows of an owner. The `+` keeps SQLite from walking the whole tenant when a borrower is named.
    #[must_use]
    pub(super) fn of_owner(self, owner: &OwnedBy) -> Self {
        match owner.borrower {
            Some(borrower) => self
                .only("borrower_id = ?", borrower.to_string())
                .only("+tenant = ?", owner.tenant.to_string()),
            None => self.only("tenant = ?", owner.tenant.to_string()),
        }
    }

    /// One page.
    pub(super) fn page<T>(
        mut self,
        connection: &Connection,
        page: &Page,
        read: impl Fn(&Row<'_>) -> Result<T, Failure>,
    ) -> Result<Listed<T>, Failure> {
        let (at, limit) = (self.at, page.limit.clamp(1, MOST));
        if let Some(after) = &page.after {
            self.sql.push_str(&format!(" AND ({at}, id) < (?, ?)"));
            self.values.push(after.at.as_millis().into());
            self.values.push(after.id.clone().into());
        }
        self.sql.push_str(&format!(" ORDER BY {at} DESC, id DESC LIMIT {}", limit + 1));
        let mut statement = connection.prepare_cached(&self.sql)?;
        let mut found = statement.query(params_from_iter(self.values))?;
        let (mut rows, mut last, mut next) = (Vec::new(), None, None);
        while let Some(row) = found.next()? {
            if rows.len() == limit {
                next = last.take();
                break;
            }
            last = Some(Cursor { id: row.get(0)?, at: Timestamp::from_millis(row.get(1)?) });
            rows.push(read(row)?);
        }
        Ok(Listed { rows, next })
    }
}
