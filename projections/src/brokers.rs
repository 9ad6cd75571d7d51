//! How a Kafka is reached: the one place where a client of it is configured, so that whatever a broker
//! asks of its clients is said once. It knows no topic.

use rdkafka::ClientConfig;

/// The brokers of one Kafka.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brokers {
    /// `host:port`, several with commas.
    pub addresses: String,
}

impl Brokers {
    /// Brokers that ask nothing of their clients.
    pub fn at(addresses: impl Into<String>) -> Self {
        Self { addresses: addresses.into() }
    }

    /// What every client of them begins with.
    #[must_use]
    pub fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", &self.addresses);
        client
    }
}
