//! Reads the log: entries in their one order, and where it ends. It appends nothing and does not
//! know what becomes of an entry.

mod ahead;
pub mod blocking;
pub(crate) mod packed;
pub mod partition;
pub mod pg_copy;
mod piece;
mod scan;
pub mod tail;

use chrono::{DateTime, Utc};
use domain::chain::{Chained, Hash, Sealed};
use domain::event::DecodeError;
use domain::{Event, Moment};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{FromRow, Postgres, QueryBuilder, Row as _};
use uuid::Uuid;

pub(crate) use ahead::read_ahead;
pub use pg_copy::Row;
pub use piece::{Column, ScanRange};
pub use scan::Scan;

/// One event as it is stored: every column, payload and metadata as the very text that was hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the columns of the log, explained in its migration")]
pub struct Entry {
    pub position: i64,
    pub event_id: Uuid,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub metadata: String,
    pub subject: String,
    pub occurred_at: Moment,
    pub recorded_at: Moment,
    pub command_id: Uuid,
    pub opens_command: bool,
    pub actor: String,
    pub correlation_id: Uuid,
    pub causation_id: Option<Uuid>,
    pub epoch: i64,
    pub previous_hash: Hash,
    pub hash: Hash,
}

/// Where an event stands: all that a fold may look at beside the event itself, so that the rows of a projection are
/// the same whether it is fed from the log or from the topic. Who did something, and by which command, is metadata,
/// which is not on the topic; a fold that wanted it would not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are columns of the log, explained in its migration")]
pub struct EventHeader {
    pub position: i64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_type: String,
    pub recorded_at: Moment,
}

/// An event and where it stands: what a fold is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Where it stands.
    pub entry: EventHeader,
    /// As read back.
    pub event: Event,
}

/// A stored event that cannot be read back.
#[derive(Debug)]
pub(crate) struct UndecodableEvent {
    /// Where it stands.
    pub(crate) entry: EventHeader,
    /// Why not.
    pub(crate) error: DecodeError,
}

/// An event as it is read for a fold.
pub(crate) type DecodedEvent = Result<Recorded, Box<UndecodableEvent>>;

impl EventHeader {
    /// The event of this place, as far as it could be read back.
    pub(crate) fn with(self, event: Result<Event, DecodeError>) -> DecodedEvent {
        match event {
            Ok(event) => Ok(Recorded { entry: self, event }),
            Err(error) => Err(Box::new(UndecodableEvent { entry: self, error })),
        }
    }
}

/// Where the log ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last position; 0 before the first event.
    pub position: i64,
    /// Which life of the log this is.
    pub epoch: i64,
    /// The hash of the last event.
    pub hash: Hash,
    /// When the last event was recorded.
    pub recorded_at: Moment,
}

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
}

impl EntryFilter {
    /// Whether every entry passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { event_type, subject, stream_type, stream_id, actor } = self;
        [event_type, subject, stream_type, stream_id, actor].into_iter().all(Option::is_none)
    }
}

/// The next entries that pass a filter after one position and up to another, in order, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn read_filtered(
    conn: &mut PgConnection,
    filter: &EntryFilter,
    after: i64,
    through: i64,
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
    ] {
        if let Some(value) = value {
            query.push(condition).push_bind(value);
        }
    }
    query.push(" order by position limit ").push_bind(limit);
    query.build_query_as().persistent(false).fetch_all(conn).await
}

/// Where the log ends now.
///
/// # Errors
/// The database's.
pub async fn head(conn: &mut PgConnection) -> sqlx::Result<Head> {
    sqlx::query_as("select position, epoch, hash, recorded_at from log_head").fetch_one(conn).await
}

/// The position of the last event; 0 before the first. For whoever asks all the time: `log_head` has a version for each
/// append, and an old snapshot keeps all of them.
///
/// # Errors
/// The database's.
pub(crate) async fn last_position(conn: &mut PgConnection) -> sqlx::Result<i64> {
    sqlx::query_scalar("select coalesce((select position from events order by position desc limit 1), 0)")
        .fetch_one(conn)
        .await
}

/// When the event at a position was recorded; `None` where there is none.
///
/// # Errors
/// The database's.
pub async fn recorded_at(conn: &mut PgConnection, position: i64) -> sqlx::Result<Option<Moment>> {
    let recorded_at: Option<DateTime<Utc>> = sqlx::query_scalar("select recorded_at from events where position = $1")
        .bind(position)
        .fetch_optional(conn)
        .await?;
    Ok(recorded_at.map(Moment::from))
}

/// The last position that was recorded at a moment or before it; 0 when there is none.
///
/// # Errors
/// The database's.
pub async fn position_at(conn: &mut PgConnection, moment: Moment) -> sqlx::Result<i64> {
    sqlx::query_scalar("select first_position_since($1::timestamptz + interval '1 millisecond') - 1")
        .bind(moment.utc())
        .fetch_one(conn)
        .await
}

impl Entry {
    /// The event it holds.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn event(&self) -> Result<Event, DecodeError> {
        Event::decode(&self.event_type, &self.event_version, &self.payload)
    }

    /// The event and where it stands.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn recorded(&self) -> Result<Recorded, DecodeError> {
        Ok(Recorded { event: self.event()?, entry: self.place() })
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> EventHeader {
        EventHeader {
            position: self.position,
            aggregate_type: self.aggregate_type.clone(),
            aggregate_id: self.aggregate_id.clone(),
            sequence: self.sequence,
            event_type: self.event_type.clone(),
            recorded_at: self.recorded_at,
        }
    }

    /// As it is read for a fold.
    pub(crate) fn read(&self) -> DecodedEvent {
        self.place().with(self.event())
    }

    /// Whether the stored hash is the one that the stored content has.
    #[must_use]
    pub fn hash_is_right(&self) -> bool {
        self.sealed().hash() == self.hash
    }

    fn sealed(&self) -> Sealed<'_> {
        Sealed {
            position: self.position,
            epoch: self.epoch,
            event_id: self.event_id,
            stream_type: &self.aggregate_type,
            stream_id: &self.aggregate_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            version: &self.event_version,
            subject: &self.subject,
            payload: &self.payload,
            metadata: &self.metadata,
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            command_id: self.command_id,
            actor: &self.actor,
            correlation_id: self.correlation_id,
            causation_id: self.causation_id,
            previous_hash: self.previous_hash,
        }
    }
}

impl From<&Chained<'_>> for Entry {
    /// As it will be read.
    fn from(Chained { sealed, hash, opens_command }: &Chained<'_>) -> Self {
        Self {
            position: sealed.position,
            event_id: sealed.event_id,
            aggregate_type: sealed.stream_type.to_owned(),
            aggregate_id: sealed.stream_id.to_owned(),
            sequence: sealed.sequence,
            event_type: sealed.event_type.to_owned(),
            event_version: sealed.version.to_owned(),
            payload: sealed.payload.to_owned(),
            metadata: sealed.metadata.to_owned(),
            subject: sealed.subject.to_owned(),
            occurred_at: sealed.occurred_at,
            recorded_at: sealed.recorded_at,
            command_id: sealed.command_id,
            opens_command: *opens_command,
            actor: sealed.actor.to_owned(),
            correlation_id: sealed.correlation_id,
            causation_id: sealed.causation_id,
            epoch: sealed.epoch,
            previous_hash: sealed.previous_hash,
            hash: *hash,
        }
    }
}

impl FromRow<'_, PgRow> for Entry {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            position: row.try_get(0)?,
            event_id: row.try_get(1)?,
            aggregate_type: row.try_get(2)?,
            aggregate_id: row.try_get(3)?,
            sequence: row.try_get(4)?,
            event_type: row.try_get(5)?,
            event_version: row.try_get(6)?,
            payload: row.try_get(7)?,
            metadata: row.try_get(8)?,
            subject: row.try_get(9)?,
            occurred_at: moment(row, 10)?,
            recorded_at: moment(row, 11)?,
            command_id: row.try_get(12)?,
            opens_command: row.try_get(13)?,
            actor: row.try_get(14)?,
            correlation_id: row.try_get(15)?,
            causation_id: row.try_get(16)?,
            epoch: row.try_get(17)?,
            previous_hash: hash(row, 18)?,
            hash: hash(row, 19)?,
        })
    }
}

impl FromRow<'_, PgRow> for Head {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            position: row.try_get(0)?,
            epoch: row.try_get(1)?,
            hash: hash(row, 2)?,
            recorded_at: moment(row, 3)?,
        })
    }
}

fn moment(row: &PgRow, column: usize) -> sqlx::Result<Moment> {
    row.try_get::<DateTime<Utc>, _>(column).map(Moment::from)
}

fn hash(row: &PgRow, column: usize) -> sqlx::Result<Hash> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|source| sqlx::Error::ColumnDecode { index: column.to_string(), source: Box::new(source) })
}
