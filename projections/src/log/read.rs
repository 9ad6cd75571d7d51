//! The queries for entries of the log.

use sqlx::postgres::PgConnection;
use sqlx::{Postgres, QueryBuilder};

use super::entry::Entry;

/// The columns of [`Entry`] in their order, for every select that reads entries.
macro_rules! entry_columns {
    () => {
        "position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version,
         payload::text, metadata::text, subject, occurred_at, recorded_at, command_id, opens_command,
         actor, correlation_id, causation_id, epoch, previous_hash, hash"
    };
}

/// The next entries after a position, in order, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn read_after(conn: &mut PgConnection, after: i64, limit: i64) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as(concat!(
        "select ",
        entry_columns!(),
        " from events
        where position > $1
        order by position
        limit $2"
    ))
    .bind(after)
    .bind(limit)
    // planned each time: a plan made while the log was empty would read all of it ever after
    .persistent(false)
    .fetch_all(conn)
    .await
}

/// The entries of some stream types (none named: of all) after one position and up to another.
///
/// # Errors
/// The database's.
pub async fn read_between(
    conn: &mut PgConnection,
    after: i64,
    through: i64,
    streams: &[&str],
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as(concat!(
        "select ",
        entry_columns!(),
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
    .await
}

/// The entries after one position and up to another, on a connection whose plans are kept and use the index.
///
/// # Errors
/// The database's.
pub(crate) async fn read_next(conn: &mut PgConnection, after: i64, through: i64) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as(concat!(
        "select ",
        entry_columns!(),
        " from events
        where position > $1
          and position <= $2
        order by position"
    ))
    .bind(after)
    .bind(through)
    .fetch_all(conn)
    .await
}

/// All entries of one stream, in order.
///
/// # Errors
/// The database's.
pub async fn read_stream(conn: &mut PgConnection, stream_type: &str, stream_id: &str) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as(concat!(
        "select ",
        entry_columns!(),
        " from events
        where aggregate_type = $1
          and aggregate_id = $2
        order by aggregate_type, aggregate_id, sequence"
    ))
    .bind(stream_type)
    .bind(stream_id)
    .persistent(false)
    .fetch_all(conn)
    .await
}

/// Which entries. What is left out does not filter.
#[derive(Debug, Clone, Default)]
pub struct EntryFilter {
    /// Of this type, such as `claim.granted`.
    pub event_type: Option<String>,
    /// Concerning this member or campaign.
    pub subject: Option<String>,
    /// In streams of this type.
    pub stream_type: Option<String>,
    /// In the stream of this id.
    pub stream_id: Option<String>,
    /// Caused by this account, or by `system` or `kafka`.
    pub actor: Option<String>,
    /// Caused by an actor with this role, or by `SYSTEM`.
    pub role: Option<String>,
}

/// The direction of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

impl EntryFilter {
    /// Whether every entry passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { event_type, subject, stream_type, stream_id, actor, role } = self;
        [event_type, subject, stream_type, stream_id, actor, role].into_iter().all(Option::is_none)
    }
}

/// The first entries in this order that match the filter, after one position and up to another, at most `limit`.
///
/// # Errors
/// The database's.
pub async fn read_filtered(
    conn: &mut PgConnection,
    filter: &EntryFilter,
    after: i64,
    through: i64,
    order: Order,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    let mut query =
        QueryBuilder::<Postgres>::new(concat!("select ", entry_columns!(), " from events where position > "));
    query.push_bind(after).push(" and position <= ").push_bind(through);
    for (condition, value) in [
        (" and event_type = ", &filter.event_type),
        (" and subject = ", &filter.subject),
        (" and aggregate_type = ", &filter.stream_type),
        (" and aggregate_id = ", &filter.stream_id),
        (" and actor = ", &filter.actor),
        (" and metadata ->> 'role' = ", &filter.role),
    ] {
        if let Some(value) = value {
            query.push(condition).push_bind(value);
        }
    }
    query.push(match order {
        Order::Ascending => " order by position limit ",
        Order::Descending => " order by position desc limit ",
    });
    query.push_bind(limit);
    query.build_query_as().persistent(false).fetch_all(conn).await
}
