//! The database of a server that is filled.

use std::pin::Pin;

use deadpool_postgres::{Object, Pool, Transaction};
use futures::TryStreamExt;
use tokio_postgres::Row;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use super::cell::{Cell, Column, Digest, Kind};
use super::{SMALL, TransferError, failed};
use crate::postgres::ready_to_fill;
use crate::{OpenError, TABLES};

const WRITING: &str = "write to the server";
const READING_BACK: &str = "read back from the server";

pub(super) struct Target {
    /// Keeps the connection's manager alive.
    _pool: Pool,
    client: Object,
}

impl Target {
    pub(super) async fn open(url: &str) -> Result<Self, OpenError> {
        let (pool, client) = ready_to_fill(url).await?;
        Ok(Self { _pool: pool, client })
    }

    /// Begins, if there is nothing yet.
    pub(super) async fn begin(&mut self) -> Result<Filling<'_>, TransferError> {
        let transaction = self.client.transaction().await.map_err(failed(WRITING))?;
        let filling = Filling(transaction);
        for table in TABLES.into_iter().chain(SMALL) {
            let sql = format!("SELECT count(*) FROM {table}");
            let count: i64 = filling.0.query_one(&sql, &[]).await.map_err(failed(READING_BACK))?.get(0);
            if count > 0 {
                return Err(TransferError::NotEmpty { table, rows: u64::try_from(count).unwrap_or(0) });
            }
        }
        Ok(filling)
    }
}

/// A transaction that fills the tables. Nothing is kept until [`commit`](Self::commit).
pub(super) struct Filling<'a>(Transaction<'a>);

impl Filling<'_> {
    pub(super) async fn columns(&self, table: &str) -> Result<Vec<Column>, TransferError> {
        let sql = "SELECT column_name::text, data_type::text FROM information_schema.columns
                   WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position";
        let found = self.0.query(sql, &[&table]).await.map_err(failed(READING_BACK))?;
        let column = |row: &Row| {
            let kind = match row.get::<_, &str>(1) {
                "boolean" => Kind::Truth,
                "integer" => Kind::Small,
                "bigint" => Kind::Large,
                "bytea" => Kind::Bytes,
                _ => Kind::Text,
            };
            Column { name: row.get(0), kind }
        };
        Ok(found.iter().map(column).collect())
    }

    pub(super) async fn writer(&self, table: &str, columns: &[Column]) -> Result<Writer, TransferError> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let sql = format!("COPY {table} ({}) FROM STDIN BINARY", names.join(", "));
        let sink = self.0.copy_in(&sql).await.map_err(failed(WRITING))?;
        let types: Vec<Type> = columns.iter().map(|column| type_of(column.kind)).collect();
        let kinds = columns.iter().map(|column| column.kind).collect();
        Ok(Writer { rows: Box::pin(BinaryCopyInWriter::new(sink, &types)), kinds })
    }

    /// How many rows there are now, and their digest.
    pub(super) async fn digest(
        &self,
        table: &str,
        columns: &[Column],
    ) -> Result<(u64, Digest), TransferError> {
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let sql = format!("SELECT {} FROM {table}", names.join(", "));
        let nothing: [&(dyn ToSql + Sync); 0] = [];
        let rows = self.0.query_raw(&sql, nothing).await.map_err(failed(READING_BACK))?;
        let mut rows = Box::pin(rows);
        let (mut count, mut digest) = (0, Digest::default());
        while let Some(row) = rows.try_next().await.map_err(failed(READING_BACK))? {
            let cells: Result<Vec<Cell>, _> =
                columns.iter().enumerate().map(|(place, column)| cell(&row, place, column.kind)).collect();
            digest.add(&cells.map_err(failed(READING_BACK))?);
            count += 1;
        }
        Ok((count, digest))
    }

    pub(super) async fn commit(self) -> Result<(), TransferError> {
        self.0.commit().await.map_err(failed("commit on the server; look there whether it was kept"))
    }
}

/// Rows on their way into one table.
pub(super) struct Writer {
    rows: Pin<Box<BinaryCopyInWriter>>,
    kinds: Vec<Kind>,
}

impl Writer {
    pub(super) async fn write(&mut self, row: &[Cell]) -> Result<(), TransferError> {
        let values: Vec<Box<dyn ToSql + Sync + Send>> =
            row.iter().zip(&self.kinds).map(|(cell, kind)| value(cell, *kind)).collect();
        let values: Vec<&(dyn ToSql + Sync)> =
            values.iter().map(|value| value.as_ref() as &(dyn ToSql + Sync)).collect();
        self.rows.as_mut().write(&values).await.map_err(failed(WRITING))
    }

    pub(super) async fn finish(mut self) -> Result<(), TransferError> {
        self.rows.as_mut().finish().await.map(drop).map_err(failed(WRITING))
    }
}

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Truth => Type::BOOL,
        Kind::Small => Type::INT4,
        Kind::Large => Type::INT8,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
    }
}

fn value(cell: &Cell, kind: Kind) -> Box<dyn ToSql + Sync + Send> {
    match (cell, kind) {
        (Cell::Number(number), Kind::Truth) => Box::new(*number != 0),
        (Cell::Number(number), Kind::Small) => Box::new(i32::try_from(*number).ok()),
        (Cell::Number(number), _) => Box::new(*number),
        (Cell::Text(text), _) => Box::new(text.clone()),
        (Cell::Bytes(bytes), _) => Box::new(bytes.clone()),
        (Cell::Nothing, Kind::Truth) => Box::new(None::<bool>),
        (Cell::Nothing, Kind::Small) => Box::new(None::<i32>),
        (Cell::Nothing, Kind::Large) => Box::new(None::<i64>),
        (Cell::Nothing, Kind::Text) => Box::new(None::<String>),
        (Cell::Nothing, Kind::Bytes) => Box::new(None::<Vec<u8>>),
    }
}

fn cell(row: &Row, place: usize, kind: Kind) -> Result<Cell, tokio_postgres::Error> {
    Ok(match kind {
        Kind::Truth => row.try_get::<_, Option<bool>>(place)?.map(|truth| Cell::Number(i64::from(truth))),
        Kind::Small => row.try_get::<_, Option<i32>>(place)?.map(|number| Cell::Number(i64::from(number))),
        Kind::Large => row.try_get::<_, Option<i64>>(place)?.map(Cell::Number),
        Kind::Text => row.try_get::<_, Option<String>>(place)?.map(Cell::Text),
        Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(place)?.map(Cell::Bytes),
    }
    .unwrap_or(Cell::Nothing))
}
