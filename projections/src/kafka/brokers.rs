//! How to connect to Kafka. Every client of this program (producers, consumers, admin) is made by [`Brokers::client`],
//! so that TLS and credentials are configured in one place. It does not know what topics mean, or where the options
//! come from.

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

/// Our client id, which brokers use in logs and quotas.
const CLIENT_ID: &str = "reward-ledger";

/// The brokers of one Kafka cluster and the options to connect to them. Debug output shows the addresses only, because
/// the options may hold a password.
#[derive(Clone)]
pub struct Brokers {
    /// `host:port`, separated by commas.
    pub addresses: String,
    options: Vec<(&'static str, SecretString)>,
}

impl Brokers {
    /// Brokers that need no further option.
    pub fn at(addresses: impl Into<String>) -> Self {
        Self { addresses: addresses.into(), options: vec![] }
    }

    /// The same brokers with one more option of librdkafka, such as `security.protocol`.
    #[must_use]
    pub fn with(mut self, option: &'static str, value: SecretString) -> Self {
        self.options.push((option, value));
        self
    }

    /// The configuration that every client starts from and adds its own options to. Never print it: it may hold a
    /// password.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.addresses).set("client.id", CLIENT_ID);
        for (option, value) in &self.options {
            config.set(*option, value.expose_secret());
        }
        config
    }

    /// Checks that librdkafka accepts the options: that files exist, and that it was built with the methods. It
    /// contacts no broker.
    ///
    /// # Errors
    /// The message of librdkafka.
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

/// The context of a consumer that reads to the end and stops: reaching the end of a partition is no error.
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
