//! The topic that the log is published to: its settings and its messages. The relay sends them; `audit::topic` verifies
//! that the topic equals the log.

pub(crate) mod made;
pub mod message;

use crate::kafka::brokers::Brokers;

/// A topic and the CloudEvents source of its messages.
#[derive(Debug, Clone)]
pub struct Topic {
    /// The brokers of its cluster.
    pub brokers: Brokers,
    /// The name of the topic.
    pub name: String,
    /// The CloudEvents source of all messages.
    pub ce_source: String,
}
