//! A Kafka broker inside the process: librdkafka's mock cluster, one broker on 127.0.0.1 at a port
//! the system chose. Any client can talk to it (`kcat -b … -C -t …`).
//!
//! It serves a first look. It keeps the last 5 MiB of a partition, in memory only, and forgets
//! everything when the process ends; transactions do nothing. Whatever is claimed about order,
//! durability or recovery is tested on a real Kafka, never here.

use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, Producer};

/// Why the broker inside the process could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedBrokerError {
    /// The mock cluster did not come up.
    #[error("the embedded Kafka broker did not start: {0}. Set KAFKA_BROKERS to use a real one")]
    Start(#[source] KafkaError),
    /// librdkafka was built without the mock cluster.
    #[error("this build has no embedded Kafka broker; set KAFKA_BROKERS to the host:port of a broker")]
    Missing,
    /// A topic could not be made; it may exist already.
    #[error("the embedded Kafka broker cannot create the topic {topic}: {source}")]
    Topic {
        /// The name of the topic.
        topic: String,
        /// What librdkafka answered.
        #[source]
        source: KafkaError,
    },
}

/// A running broker; it ends with this value.
///
/// The cluster hangs on a producer that never sends: this way round the handle may cross threads,
/// which `MockCluster` itself may not.
pub struct EmbeddedBroker {
    owner: BaseProducer,
    bootstrap_servers: String,
}

impl EmbeddedBroker {
    /// Starts one broker on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When librdkafka cannot open the port.
    pub fn start() -> Result<Self, EmbeddedBrokerError> {
        let owner: BaseProducer =
            ClientConfig::new().set("test.mock.num.brokers", "1").create().map_err(EmbeddedBrokerError::Start)?;
        let bootstrap_servers = owner.client().mock_cluster().ok_or(EmbeddedBrokerError::Missing)?.bootstrap_servers();
        Ok(Self { owner, bootstrap_servers })
    }

    /// The address clients start from, `127.0.0.1:port`.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Makes a topic. The broker answers no admin requests, so this is the only way to choose the
    /// number of partitions: a topic made by a first write gets librdkafka's default of four.
    ///
    /// # Errors
    /// When the topic exists or its name is not one Kafka allows.
    pub fn create_topic(&self, name: &str, partitions: i32) -> Result<(), EmbeddedBrokerError> {
        self.owner
            .client()
            .mock_cluster()
            .ok_or(EmbeddedBrokerError::Missing)?
            .create_topic(name, partitions, 1)
            .map_err(|source| EmbeddedBrokerError::Topic { topic: name.to_owned(), source })
    }

    /// The words for the start-up line.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("embedded Kafka broker at {} (in memory)", self.bootstrap_servers)
    }
}

#[cfg(test)]
mod tests {
    use super::EmbeddedBroker;
    use rdkafka::ClientConfig;
    use rdkafka::consumer::{BaseConsumer, Consumer};
    use rdkafka::message::Message;
    use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
    use rdkafka::{Offset, TopicPartitionList};
    use std::time::Duration;

    fn client(broker: &EmbeddedBroker) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", broker.bootstrap_servers())
            .set("group.id", "test")
            .set("message.timeout.ms", "10000");
        config
    }

    #[test]
    fn another_client_reads_what_was_sent_to_a_topic_with_the_partitions_asked_for() {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("events", 12).unwrap();
        let producer: BaseProducer = client(&broker).create().unwrap();
        producer.send(BaseRecord::to("events").partition(11).key("member").payload("granted")).unwrap();
        producer.flush(Duration::from_secs(10)).unwrap();

        let consumer: BaseConsumer = client(&broker).create().unwrap();
        let metadata = consumer.fetch_metadata(Some("events"), Duration::from_secs(10)).unwrap();
        assert_eq!(metadata.topics()[0].partitions().len(), 12);
        let mut from_start = TopicPartitionList::new();
        from_start.add_partition_offset("events", 11, Offset::Beginning).unwrap();
        consumer.assign(&from_start).unwrap();
        let message = consumer.poll(Duration::from_secs(10)).unwrap().unwrap();
        assert_eq!(message.payload(), Some(b"granted".as_slice()));
    }

    #[test]
    fn a_topic_is_made_once() {
        let broker = EmbeddedBroker::start().unwrap();
        broker.create_topic("events", 3).unwrap();
        let refused = broker.create_topic("events", 3).unwrap_err();
        assert!(refused.to_string().contains("topic events"), "{refused}");
    }

    #[test]
    fn it_listens_on_the_one_address_of_the_loopback_that_it_names() {
        let broker = EmbeddedBroker::start().unwrap();
        let address: std::net::SocketAddr = broker.bootstrap_servers().parse().unwrap();
        assert!(address.ip().is_loopback(), "{address}");
        std::net::TcpStream::connect(address).unwrap();
        // who listens on all addresses has this one too
        let another = std::net::SocketAddr::from(([127, 0, 0, 2], address.port()));
        assert!(std::net::TcpStream::connect_timeout(&another, Duration::from_secs(5)).is_err());
    }

    #[test]
    fn two_brokers_stand_side_by_side() {
        let (one, two) = (EmbeddedBroker::start().unwrap(), EmbeddedBroker::start().unwrap());
        assert_ne!(one.bootstrap_servers(), two.bootstrap_servers());
    }
}
