//! Reads the stored log without trusting it: a row that cannot be read is reported and does not fail the page.

use sqlx::postgres::PgRow;
use sqlx::{Column as _, FromRow as _, PgConnection, Row as _};

use crate::log::Entry;

/// How many positions are read at once.
pub(super) const PAGE_POSITIONS: i64 = 5_000;

/// A stored row that cannot be read as an event.
#[derive(Debug)]
pub(crate) struct UnreadableRow {
    pub(crate) position: Option<i64>,
    pub(crate) reason: String,
}

/// The columns of an entry in the order in which they are read. An infinite timestamp is read as null, so that it can
/// be reported.
macro_rules! suspected_columns {
    () => {
        "position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
         payload::text as payload, metadata::text as metadata, subject,
         case when isfinite(occurred_at) then occurred_at end as occurred_at,
         case when isfinite(recorded_at) then recorded_at end as recorded_at,
         command_id, opens_command, actor, correlation_id, causation_id, epoch, previous_hash, hash"
    };
}

/// The rows after one position, up to another, of some stream types; of all if none is named.
pub(super) async fn read(
    conn: &mut PgConnection,
    after: i64,
    through: i64,
    streams: &[&str],
) -> sqlx::Result<Vec<Result<Entry, UnreadableRow>>> {
    let rows = sqlx::query(concat!(
        "select ",
        suspected_columns!(),
        " from events
        where position > $1
          and position <= $2
          and (cardinality($3::text[]) = 0 or aggregate_type = any($3))
        order by position"
    ))
    .bind(after)
    .bind(through)
    .bind(streams)
    .persistent(false)
    .fetch_all(conn)
    .await?;
    Ok(rows.iter().map(entry).collect())
}

/// The next rows of some stream types that concern one subject, after one position and up to another: a page of them.
pub(super) async fn read_of(
    conn: &mut PgConnection,
    subject: &str,
    after: i64,
    through: i64,
    streams: &[&str],
) -> sqlx::Result<Vec<Result<Entry, UnreadableRow>>> {
    let rows = sqlx::query(concat!(
        "select ",
        suspected_columns!(),
        " from events
        where subject = $1
          and position > $2
          and position <= $3
          and aggregate_type = any($4)
        order by position
        limit $5"
    ))
    .bind(subject)
    .bind(after)
    .bind(through)
    .bind(streams)
    .bind(PAGE_POSITIONS)
    .persistent(false)
    .fetch_all(conn)
    .await?;
    Ok(rows.iter().map(entry).collect())
}

/// The rows at some positions; a position without a row is left out.
pub(crate) async fn stored(
    conn: &mut PgConnection,
    positions: &[i64],
) -> sqlx::Result<Vec<(i64, Result<Entry, UnreadableRow>)>> {
    let rows = sqlx::query(concat!("select ", suspected_columns!(), " from events where position = any($1)"))
        .bind(positions)
        .persistent(false)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok((row.try_get("position")?, entry(row)))).collect()
}

fn entry(row: &PgRow) -> Result<Entry, UnreadableRow> {
    Entry::from_row(row).map_err(|error| UnreadableRow {
        position: row.try_get("position").ok(),
        reason: by_name(row, error).to_string(),
    })
}

/// Replaces the index of a column, by which an entry is read, by its name.
fn by_name(row: &PgRow, error: sqlx::Error) -> sqlx::Error {
    match error {
        sqlx::Error::ColumnDecode { index, source } => {
            let column = index.parse().ok().and_then(|place: usize| row.columns().get(place));
            sqlx::Error::ColumnDecode { index: column.map_or(index, |column| format!("{:?}", column.name())), source }
        }
        other => other,
    }
}
