//! How a Kafka is reached. Every client of this program (producers, consumers, admin) is made from
//! [`Brokers::client`] and from nothing else, so that whatever a broker asks of its clients, TLS or a
//! password, is said once. It knows no topic's meaning, nor where the options come from.

mod snapshot;
mod topic;

use std::fmt;

use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::BaseProducer;
use rdkafka::{ClientConfig, ClientContext};
use secrecy::{ExposeSecret, SecretString};

pub use snapshot::{PartitionSnapshot, TopicSnapshot};
pub use topic::TopicError;

/// The name by which brokers see us in their logs and quotas.
const CLIENT_ID: &str = "reward-ledger";

/// The brokers of one Kafka, and how they let us in. Nothing of it but the addresses is ever shown.
#[derive(Clone)]
pub struct Brokers {
    /// `host:port`, several with commas.
    pub addresses: String,
    options: Vec<(&'static str, SecretString)>,
}

impl Brokers {
    /// Brokers that ask nothing of their clients.
    pub fn at(addresses: impl Into<String>) -> Self {
        Self { addresses: addresses.into(), options: vec![] }
    }

    /// The same with an option of librdkafka, such as `security.protocol`.
    #[must_use]
    pub fn with(mut self, option: &'static str, value: SecretString) -> Self {
        self.options.push((option, value));
        self
    }

    /// What every client starts from; each adds what it is for. Do not print it: it has the password.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.addresses).set("client.id", CLIENT_ID);
        for (option, value) in &self.options {
            config.set(*option, value.expose_secret());
        }
        config
    }

    /// Whether librdkafka takes the options: files that are not there, methods it was not built with.
    /// It waits for no broker.
    ///
    /// # Errors
    /// What librdkafka says about them.
    pub fn check(&self) -> Result<(), KafkaError> {
        if self.options.is_empty() {
            return Ok(());
        }
        self.client().create::<BaseProducer>().map(drop)
    }
}

impl fmt::Debug for Brokers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options: Vec<_> = self.options.iter().map(|(option, _)| *option).collect();
        f.debug_struct("Brokers").field("addresses", &self.addresses).field("options", &options).finish()
    }
}

/// What a consumer that reads to the end and goes is told besides messages. That a partition has ended is no error.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadToEnd;

impl ClientContext for ReadToEnd {
    fn error(&self, error: KafkaError, reason: &str) {
        match error {
            KafkaError::PartitionEOF(_) | KafkaError::Global(RDKafkaErrorCode::PartitionEOF) => {}
            error => tracing::warn!(%error, reason, "Kafka consumer reported an error"),
        }
    }
}

impl ConsumerContext for ReadToEnd {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_secrets_reach_librdkafka_and_nobody_else() {
        let brokers = Brokers::at("kafka:9092").with("sasl.password", "tops3cret".into());
        assert_eq!(brokers.client().get("sasl.password"), Some("tops3cret"));
        assert_eq!(brokers.client().get("bootstrap.servers"), Some("kafka:9092"));
        let shown = format!("{brokers:?}");
        assert!(shown.contains("sasl.password") && !shown.contains("tops3cret"), "{shown}");
    }

    #[test]
    fn an_option_that_librdkafka_does_not_take_is_told_before_anything_starts() {
        let wrong = Brokers::at("kafka:9092").with("security.protocol", "magic".into());
        assert!(wrong.check().unwrap_err().to_string().contains("magic"));
        let right = Brokers::at("kafka:9092").with("security.protocol", "plaintext".into());
        assert!(right.check().is_ok());
    }
}
