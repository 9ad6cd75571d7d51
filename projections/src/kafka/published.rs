//! An event as it is published: everything that the log has but its metadata.

use domain::chain::Hash;
use domain::event::DecodeError;
use domain::{Event, Moment};

use crate::log::{DecodedEvent, Entry, EventHeader};

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

    /// As it is read for a fold.
    pub(crate) fn read(self) -> DecodedEvent {
        let event = self.event();
        let place = EventHeader {
            position: self.position,
            aggregate_type: self.aggregate_type,
            aggregate_id: self.aggregate_id,
            sequence: self.sequence,
            event_type: self.event_type,
            recorded_at: self.recorded_at,
        };
        place.with(event)
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
