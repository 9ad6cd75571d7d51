//! A broker inside the test, and a relay that publishes the log to it. It folds nothing.

use projections::kafka::relay::{self, Relay, RelayConfig};
use projections::kafka::topic::Topic;
use projections::{Brokers, Followers, Freshness, start_followers};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::TestLog;

pub(crate) const TOPIC: &str = "events";

pub(crate) type Broker = MockCluster<'static, DefaultProducerContext>;

pub(crate) fn broker(partitions: i32) -> Broker {
    let broker = MockCluster::new(1).unwrap();
    broker.create_topic(TOPIC, partitions, 1).unwrap();
    broker
}

/// What publishes the log and knows how far everybody is.
pub(crate) struct Publishing {
    pub(crate) freshness: Freshness,
    followers: Followers,
    shutdown: CancellationToken,
}

pub(crate) fn publish(log: &TestLog, broker: &Broker, start_over: bool) -> Publishing {
    publish_to(log, &broker.bootstrap_servers(), TOPIC, start_over)
}

/// The same to a topic of any broker.
pub(crate) fn publish_to(log: &TestLog, brokers: &str, topic: &str, start_over: bool) -> Publishing {
    let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
    let followers = start_followers(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
    let config = RelayConfig {
        topic: Topic { brokers: Brokers::at(brokers), name: topic.to_owned(), ce_source: "/test".to_owned() },
        start_over,
    };
    followers.follow(Relay::new(config, followers.lease(relay::NAME), shutdown.clone()));
    Publishing { freshness, followers, shutdown }
}

impl Publishing {
    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.followers.stopped().await;
    }
}
