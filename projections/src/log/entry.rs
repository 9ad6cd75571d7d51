//! An entry of the log as it is stored, and the event that it holds. It reads nothing by itself.

use chrono::{DateTime, Utc};
use domain::chain::{Chained, Hash, Sealed};
use domain::event::DecodeError;
use domain::{Event, Moment};
use sqlx::postgres::PgRow;
use sqlx::{FromRow, Row as _};
use uuid::Uuid;

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

pub(super) fn moment(row: &PgRow, column: usize) -> sqlx::Result<Moment> {
    row.try_get::<DateTime<Utc>, _>(column).map(Moment::from)
}

pub(super) fn hash(row: &PgRow, column: usize) -> sqlx::Result<Hash> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|source| sqlx::Error::ColumnDecode { index: column.to_string(), source: Box::new(source) })
}
