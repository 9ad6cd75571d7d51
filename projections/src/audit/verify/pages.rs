//! The log as it is stored, for whoever suspects it: a row that cannot even be read is told about, and
//! does not take the others with it.

use chrono::{DateTime, Utc};
use domain::Moment;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::log::Entry;

/// How many positions are read at once.
pub(super) const PAGE_POSITIONS: i64 = 5_000;

/// A stored row that no event can be.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) position: Option<i64>,
    pub(crate) reason: String,
}

/// The columns of an entry; an instant that no clock shows is none, so that it can be told.
macro_rules! suspected_columns {
    () => {
        "position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
         payload::text as payload, metadata::text as metadata, subject,
         case when isfinite(occurred_at) then occurred_at end as occurred_at,
         case when isfinite(recorded_at) then recorded_at end as recorded_at,
         command_id, opens_command, actor, correlation_id, causation_id, epoch, previous_hash, hash"
    };
}

/// The rows after one position and up to another, of some stream types (none named: of all).
pub(super) async fn read(
    conn: &mut PgConnection,
    after: i64,
    through: i64,
    streams: &[&str],
) -> sqlx::Result<Vec<Result<Entry, Unreadable>>> {
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

/// The rows at some positions, as far as there are any.
pub(crate) async fn stored(
    conn: &mut PgConnection,
    positions: &[i64],
) -> sqlx::Result<Vec<(i64, Result<Entry, Unreadable>)>> {
    let rows = sqlx::query(concat!("select ", suspected_columns!(), " from events where position = any($1)"))
        .bind(positions)
        .persistent(false)
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok((row.try_get("position")?, entry(row)))).collect()
}

fn entry(row: &PgRow) -> Result<Entry, Unreadable> {
    read_entry(row).map_err(|error| Unreadable { position: row.try_get("position").ok(), reason: error.to_string() })
}

fn read_entry(row: &PgRow) -> sqlx::Result<Entry> {
    let moment = |column: &str| row.try_get::<DateTime<Utc>, _>(column).map(Moment::from);
    let hash = |column: &str| {
        let bytes: &[u8] = row.try_get(column)?;
        bytes
            .try_into()
            .map_err(|source| sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(source) })
    };
    Ok(Entry {
        position: row.try_get("position")?,
        event_id: row.try_get("event_id")?,
        aggregate_type: row.try_get("aggregate_type")?,
        aggregate_id: row.try_get("aggregate_id")?,
        sequence: row.try_get("sequence")?,
        event_type: row.try_get("event_type")?,
        event_version: row.try_get("event_version")?,
        payload: row.try_get("payload")?,
        metadata: row.try_get("metadata")?,
        subject: row.try_get("subject")?,
        occurred_at: moment("occurred_at")?,
        recorded_at: moment("recorded_at")?,
        command_id: row.try_get("command_id")?,
        opens_command: row.try_get("opens_command")?,
        actor: row.try_get("actor")?,
        correlation_id: row.try_get("correlation_id")?,
        causation_id: row.try_get("causation_id")?,
        epoch: row.try_get("epoch")?,
        previous_hash: hash("previous_hash")?,
        hash: hash("hash")?,
    })
}
