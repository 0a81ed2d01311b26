//! Rows of several changes, column by column: as one statement takes them all through `unnest`.

use tokio_postgres::types::ToSql;

/// Columns that can be bound to a statement, in the order of its parameters.
pub(super) trait Columns: Send + Sync {
    fn is_empty(&self) -> bool;
    fn values(&self) -> Vec<&(dyn ToSql + Sync)>;
}

/// Declares a row and its columns.
macro_rules! columns {
    ($row:ident in $columns:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        pub(super) struct $row { $(pub(super) $field: $type),+ }

        #[derive(Default)]
        pub(super) struct $columns { $($field: Vec<$type>),+ }

        impl $columns {
            pub(super) fn push(&mut self, row: $row) {
                $(self.$field.push(row.$field);)+
            }
        }

        impl $crate::postgres::columns::Columns for $columns {
            fn is_empty(&self) -> bool {
                let lengths = [$(self.$field.len()),+];
                lengths[0] == 0
            }

            fn values(&self) -> Vec<&(dyn tokio_postgres::types::ToSql + Sync)> {
                vec![$(&self.$field),+]
            }
        }
    };
}

pub(super) use columns;

columns!(KeyRow in Keys { bucket: i32, id: String });
