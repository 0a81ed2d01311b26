//! Pages of lists: newest first, each beginning after the last row of the page before (keyset), so rows that are added
//! meanwhile move nothing and no page costs more than the first.

use deadpool_postgres::Object;
use lockstep_core::time::Timestamp;
use lockstep_engine::port::{Cursor, Listed, OwnedBy, Page};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::failure::Failure;
use super::row;

/// Most rows of one page.
const MOST: usize = 200;

/// A list being put together. Conditions are fixed texts that end before their value; values are bound.
pub(super) struct List {
    sql: String,
    at: &'static str,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl List {
    /// `select` ends before `WHERE`; `at` is the column of the time of creation. `id` and `at` come first in the select.
    pub(super) fn of(select: &'static str, at: &'static str) -> Self {
        Self { sql: format!("{select} WHERE TRUE"), at, values: Vec::new() }
    }

    /// Only rows for which the condition holds with the value: `only("status =", "open")`.
    #[must_use]
    pub(super) fn only(mut self, condition: &'static str, value: impl ToSql + Sync + Send + 'static) -> Self {
        self.values.push(Box::new(value));
        self.sql.push_str(&format!(" AND {condition} ${}", self.values.len()));
        self
    }

    /// Only rows for which the condition holds, if there is a value.
    #[must_use]
    pub(super) fn only_if(
        self,
        condition: &'static str,
        value: Option<impl ToSql + Sync + Send + 'static>,
    ) -> Self {
        match value {
            Some(value) => self.only(condition, value),
            None => self,
        }
    }

    /// Only rows of an owner. A borrower's rows are found by its bucket.
    #[must_use]
    pub(super) fn of_owner(self, owner: &OwnedBy) -> Self {
        let list = self.only("tenant =", owner.tenant.to_string());
        match owner.borrower {
            Some(borrower) => list
                .only("bucket =", row::bucket(borrower.bucket()))
                .only("borrower_id =", borrower.to_string()),
            None => list,
        }
    }

    /// One page.
    pub(super) async fn page<T>(
        mut self,
        client: &Object,
        page: &Page,
        read: impl Fn(&Row) -> Result<T, Failure>,
    ) -> Result<Listed<T>, Failure> {
        let (at, limit) = (self.at, page.limit.clamp(1, MOST));
        if let Some(after) = &page.after {
            self.values.push(Box::new(after.at.as_millis()));
            self.values.push(Box::new(after.id.clone()));
            let last = self.values.len();
            self.sql.push_str(&format!(" AND ({at}, id) < (${}, ${last})", last - 1));
        }
        self.sql.push_str(&format!(" ORDER BY {at} DESC, id DESC LIMIT {}", limit + 1));
        let statement = client.prepare_cached(&self.sql).await?;
        let values: Vec<&(dyn ToSql + Sync)> =
            self.values.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect();
        let found = client.query(&statement, &values).await?;
        let shown = &found[..found.len().min(limit)];
        let next = match (found.len() > limit, shown.last()) {
            (true, Some(last)) => {
                Some(Cursor { id: row::get(last, 0)?, at: Timestamp::from_millis(row::get(last, 1)?) })
            }
            _ => None,
        };
        Ok(Listed { rows: row::all(shown, read)?, next })
    }
}
