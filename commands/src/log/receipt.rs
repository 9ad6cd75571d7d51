//! What comes back of a command: the state, and where the log has it.

use std::sync::Arc;

use domain::Moment;

use super::append::Appended;
use super::streams::Loaded;

/// What a command did.
#[derive(Debug, Clone)]
pub struct Receipt<A> {
    /// The aggregate after it.
    pub state: A,
    /// The id of its stream.
    pub stream_id: Arc<str>,
    /// The number of the stream's last event.
    pub sequence: i64,
    /// The position of the stream's last event in the log; within a [`Unit`](crate::Unit) it is not known yet.
    pub position: i64,
    /// How many events the command added; 0 when what was asked is so already.
    pub appended: usize,
    /// When the log took the stream's first event.
    pub created_at: Option<Moment>,
    /// When the log took the stream's last event.
    pub updated_at: Option<Moment>,
}

impl<A> Receipt<A> {
    pub(crate) fn of(loaded: Loaded<A>, appended: usize) -> Self {
        Self {
            state: loaded.state,
            stream_id: loaded.stream.stream_id,
            sequence: loaded.sequence,
            position: loaded.position,
            appended,
            created_at: loaded.created_at,
            updated_at: loaded.updated_at,
        }
    }
}

impl<A: Clone> Receipt<A> {
    /// The same with its events at their places in the log.
    pub(crate) fn placed(&self, appended: &Appended) -> Self {
        Self {
            position: appended.last_position,
            created_at: self.created_at.or(Some(appended.recorded_at)),
            updated_at: Some(appended.recorded_at),
            ..self.clone()
        }
    }
}
