//! How Kafka is reached. Every client of this program (producers, consumers, admin) is made from
//! [`KafkaConnection::client`] and from nothing else, so that a broker that asks for TLS or a password
//! is asked by all of them alike. It knows no topic's meaning; where the options come from is not known
//! here either.

mod topic;

use std::fmt;

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::BaseProducer;
use secrecy::{ExposeSecret, SecretString};

pub use topic::TopicError;

/// The name by which brokers see us in their logs and quotas.
const CLIENT_ID: &str = "reward-ledger";

/// Where the brokers are and how they let us in. Nothing of it but the addresses is ever shown.
#[derive(Clone)]
pub struct KafkaConnection {
    brokers: String,
    options: Vec<(&'static str, SecretString)>,
}

impl KafkaConnection {
    /// Brokers that let everybody in: `host:port`, several with commas.
    #[must_use]
    pub fn open(brokers: impl Into<String>) -> Self {
        Self { brokers: brokers.into(), options: vec![] }
    }

    /// The same with an option of librdkafka, such as `security.protocol`.
    #[must_use]
    pub fn with(mut self, option: &'static str, value: SecretString) -> Self {
        self.options.push((option, value));
        self
    }

    /// Where the brokers are.
    #[must_use]
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// What every client starts from; each adds what it is for. Do not print it: it has the password.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.brokers).set("client.id", CLIENT_ID);
        for (option, value) in &self.options {
            config.set(*option, value.expose_secret());
        }
        config
    }

    /// Whether librdkafka takes the options: files that are not there, methods it was not built with.
    /// Nobody is asked over the network.
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

impl fmt::Debug for KafkaConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options: Vec<_> = self.options.iter().map(|(option, _)| *option).collect();
        f.debug_struct("KafkaConnection").field("brokers", &self.brokers).field("options", &options).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_secrets_reach_librdkafka_and_nobody_else() {
        let connection = KafkaConnection::open("kafka:9092").with("sasl.password", "tops3cret".into());
        assert_eq!(connection.client().get("sasl.password"), Some("tops3cret"));
        assert_eq!(connection.client().get("bootstrap.servers"), Some("kafka:9092"));
        let shown = format!("{connection:?}");
        assert!(shown.contains("sasl.password") && !shown.contains("tops3cret"), "{shown}");
    }

    #[test]
    fn an_option_that_librdkafka_does_not_take_is_told_before_anything_starts() {
        let wrong = KafkaConnection::open("kafka:9092").with("security.protocol", "magic".into());
        assert!(wrong.check().unwrap_err().to_string().contains("magic"));
        let right = KafkaConnection::open("kafka:9092").with("security.protocol", "plaintext".into());
        assert!(right.check().is_ok());
    }
}
