//! Many new rows for a table of a projection at once: COPY in PostgreSQL's binary format, which costs it a fraction of
//! an insert. It does not know what the rows mean; none of them may be there already.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::engine::projection::REBUILD_SUFFIX;
use crate::log::pg_copy::format::{END, EPOCH_DAYS, EPOCH_MICROS, HEADER, NULL};

/// How much is sent at once, in bytes.
const PIECE: usize = 256 * 1024;
/// From so many new rows on it is worth its round trips.
const WORTH_IT: usize = 256;

/// Whether so many new rows are better copied than inserted.
pub(crate) fn is_worth_it(rows: usize) -> bool {
    rows >= WORTH_IT
}

/// Rows that are still to be written, field by field in the order of the columns.
#[derive(Debug)]
pub(crate) struct CopyIn {
    columns: i16,
    bytes: Vec<u8>,
}

impl CopyIn {
    /// Rows of so many columns.
    pub(crate) fn new(columns: i16) -> Self {
        Self { columns, bytes: HEADER.to_vec() }
    }

    /// Begins a row.
    pub(crate) fn row(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
        self
    }

    pub(crate) fn id(&mut self, id: Uuid) -> &mut Self {
        self.field(id.as_bytes())
    }

    pub(crate) fn number(&mut self, number: i64) -> &mut Self {
        self.field(&number.to_be_bytes())
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.field(text.as_bytes())
    }

    pub(crate) fn maybe_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// For a column of `jsonb`.
    pub(crate) fn jsonb(&mut self, text: &str) -> &mut Self {
        self.length(text.len() + 1);
        self.bytes.push(1);
        self.bytes.extend_from_slice(text.as_bytes());
        self
    }

    pub(crate) fn moment(&mut self, moment: DateTime<Utc>) -> &mut Self {
        self.number(moment.timestamp_micros() - EPOCH_MICROS)
    }

    pub(crate) fn maybe_moment(&mut self, moment: Option<DateTime<Utc>>) -> &mut Self {
        match moment {
            Some(moment) => self.moment(moment),
            None => self.null(),
        }
    }

    pub(crate) fn date(&mut self, date: NaiveDate) -> &mut Self {
        self.field(&(date.to_epoch_days() - EPOCH_DAYS).to_be_bytes())
    }

    fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&NULL.to_be_bytes());
        self
    }

    fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// A field beyond 2 GiB is none that an event can bring; PostgreSQL would refuse it.
    fn length(&mut self, length: usize) {
        self.bytes.extend_from_slice(&i32::try_from(length).unwrap_or(i32::MAX).to_be_bytes());
    }

    /// Writes the rows. While a rebuild fills the table beside, its connection has a view of the table's name, and
    /// COPY takes no view.
    pub(crate) async fn into(mut self, tx: &mut PgConnection, table: &str, columns: &str) -> sqlx::Result<()> {
        let is_view: Option<bool> =
            sqlx::query_scalar("select relkind = 'v' from pg_class where oid = to_regclass($1)")
                .bind(table)
                .fetch_optional(&mut *tx)
                .await?;
        let suffix = if is_view == Some(true) { REBUILD_SUFFIX } else { "" };
        self.bytes.extend_from_slice(&END.to_be_bytes());
        let mut copy = tx.copy_in_raw(&format!("copy {table}{suffix} ({columns}) from stdin (format binary)")).await?;
        for piece in self.bytes.chunks(PIECE) {
            copy.send(piece).await?;
        }
        copy.finish().await?;
        Ok(())
    }
}
