//! The topic that the log is published to: what it must be like, and what a message on it is. Who sends the messages,
//! and when, is the relay's affair; whether it is the log, `audit::topic` finds out.

pub(crate) mod made;
pub mod message;

use crate::kafka::brokers::Brokers;

/// A topic, and what its messages say of where they come from.
#[derive(Debug, Clone)]
pub struct Topic {
    /// Where.
    pub brokers: Brokers,
    /// Its name.
    pub name: String,
    /// The CloudEvents source of all messages.
    pub ce_source: String,
}
