//! What is published of an entry, and all that a fold may look at: so the rows of a projection are the
//! same whether it is fed from the log or from the topic. Who did something, and by which command, is
//! metadata, which is not on the topic; a fold that wanted it would not compile.

use domain::chain::Hash;
use domain::event::DecodeError;
use domain::{Event, Moment};

use crate::log::Entry;

/// An entry without its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are columns of the log, explained in its migration")]
pub struct Published {
    pub position: i64,
    pub epoch: i64,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub sequence: i64,
    pub event_type: String,
    pub event_version: String,
    pub payload: String,
    pub subject: String,
    pub occurred_at: Moment,
    pub recorded_at: Moment,
    pub hash: Hash,
}

impl Published {
    /// The event it holds.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn event(&self) -> Result<Event, DecodeError> {
        Event::decode(&self.event_type, &self.event_version, &self.payload)
    }
}

impl From<Entry> for Published {
    fn from(entry: Entry) -> Self {
        Self {
            position: entry.position,
            epoch: entry.epoch,
            aggregate_type: entry.aggregate_type,
            aggregate_id: entry.aggregate_id,
            sequence: entry.sequence,
            event_type: entry.event_type,
            event_version: entry.event_version,
            payload: entry.payload,
            subject: entry.subject,
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            hash: entry.hash,
        }
    }
}

impl From<&Entry> for Published {
    fn from(entry: &Entry) -> Self {
        Self {
            position: entry.position,
            epoch: entry.epoch,
            aggregate_type: entry.aggregate_type.clone(),
            aggregate_id: entry.aggregate_id.clone(),
            sequence: entry.sequence,
            event_type: entry.event_type.clone(),
            event_version: entry.event_version.clone(),
            payload: entry.payload.clone(),
            subject: entry.subject.clone(),
            occurred_at: entry.occurred_at,
            recorded_at: entry.recorded_at,
            hash: entry.hash,
        }
    }
}
