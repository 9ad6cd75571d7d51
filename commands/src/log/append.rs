//! What the sequencer is asked to write, and what it answers. Nothing here knows SQL.

use std::sync::Arc;

use domain::{Event, Moment};
use futures::future::BoxFuture;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::guards::value::ValueChange;
use crate::guards::{Caps, GuardChange, GuardRefusal};
use crate::log::metadata::Metadata;
use crate::log::stored_answers::AnswerFromAppend;

/// The most bytes of one event in the log, payload and metadata together. Whatever follows the log can take an event
/// of this size: Kafka's default for a message is four times as much.
pub const MAX_EVENT_BYTES: usize = 256 * 1024;

/// The name of one stream of events.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamKey {
    /// The kind of aggregate.
    pub stream_type: &'static str,
    /// Its id.
    pub stream_id: Arc<str>,
}

/// One event that is not in the log yet.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// The stream it belongs to.
    pub stream: StreamKey,
    /// Its number in that stream, from 1.
    pub sequence: i64,
    /// Its stored name.
    pub event_type: String,
    /// Its stored version.
    pub event_version: String,
    /// Whom it concerns.
    pub subject: String,
    /// The bytes that are hashed, stored and published.
    pub payload: String,
    /// By the clock of its source; `None`: the moment of the command.
    pub occurred_at: Option<Moment>,
}

impl NewEvent {
    /// Makes the stored form of an event.
    ///
    /// # Errors
    /// The event cannot be written as JSON.
    pub fn of(stream: StreamKey, sequence: i64, event: &Event) -> Result<Self, serde_json::Error> {
        let subject = event.subject(&stream.stream_id);
        Ok(Self {
            stream,
            sequence,
            event_type: event.name().to_owned(),
            event_version: event.version().to_string(),
            subject,
            payload: serde_json::to_string(event)?,
            occurred_at: event.occurred_at(),
        })
    }
}

/// Rows that must stand or fall with the events of a command, such as the account of a new member.
/// Written in the append's transaction; a constraint that it violates refuses the whole command.
pub trait AlsoWrite: Send + Sync {
    /// Writes the rows.
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        appended: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>>;
}

/// Everything one command wants to write: all of it or nothing.
#[derive(Clone)]
pub struct Append {
    /// Who asked, and under which command id.
    pub metadata: Metadata,
    /// The events, in order; those of one stream with rising numbers.
    pub events: Vec<NewEvent>,
    /// Streams that were read for the decision and must still end at this number.
    pub expects: Vec<(StreamKey, i64)>,
    /// What the events change about limits that hold across aggregates.
    pub guards: Vec<GuardChange>,
    /// What the events change about the guard rows of value; the position of a lot is counted from the first event.
    pub value: Vec<ValueChange>,
    /// The budgets by which its grants are judged.
    pub caps: Vec<Arc<Caps>>,
    /// Rows outside the log that belong to the command.
    pub also: Option<Arc<dyn AlsoWrite>>,
    /// The answer to be found again, made when the positions are known.
    pub stored_answer: Option<AnswerFromAppend>,
}

impl Append {
    /// The stream that a command is decided anew on after others were faster.
    pub(crate) fn first_stream(&self) -> StreamKey {
        let first = self.events.first().map(|event| event.stream.clone());
        first.unwrap_or_else(|| StreamKey { stream_type: "", stream_id: "".into() })
    }

    /// The size of the first event that is larger than [`MAX_EVENT_BYTES`].
    pub(crate) fn oversized(&self) -> Option<usize> {
        let most = self.metadata.most_bytes();
        let longest = self.events.iter().map(|event| event.payload.len());
        longest.filter(|payload| payload + most > MAX_EVENT_BYTES).find_map(|payload| {
            // it is close, so that the exact size decides
            let metadata = serde_json::to_string(&self.metadata).map_or(most, |text| text.len());
            (payload + metadata > MAX_EVENT_BYTES).then_some(payload + metadata)
        })
    }
}

/// Where the events of a command stand in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The command.
    pub command_id: Uuid,
    /// The position of its first event.
    pub first_position: i64,
    /// The position of its last event.
    pub last_position: i64,
    /// When the log took them, by its own clock.
    pub recorded_at: Moment,
}

/// Why nothing of a command was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A stream went on since it was read: read it again and decide anew.
    #[error("the stream {}/{} has newer events", .0.stream_type, .0.stream_id)]
    Conflict(StreamKey),
    /// A limit that holds across aggregates leaves no room.
    #[error(transparent)]
    Guard(#[from] GuardRefusal),
    /// One of its events is larger than [`MAX_EVENT_BYTES`]; nothing was tried.
    #[error("an event of {bytes} bytes is larger than the {MAX_EVENT_BYTES} that an event may have")]
    TooLarge {
        /// How large it is.
        bytes: usize,
    },
    /// Too many commands wait already; nothing was tried.
    #[error("too many commands are waiting")]
    Overloaded,
    /// The database is out of reach and it is not known whether the command took effect.
    #[error("the database cannot be reached")]
    Unavailable,
    /// The database refused what should have been right: a defect.
    #[error("append rejected by the database: {0}")]
    Broken(String),
}
