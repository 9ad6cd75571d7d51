//! The broker that is published to and that facts come from: the one that is named, or one inside this process.

use anyhow::{Context, bail};
use projections::Brokers;
use projections::topic::PARTITIONS;

use super::Only;
use crate::config::Config;
use crate::embedded::EmbeddedBroker;
use crate::inbound;
use crate::inbound::dead_letters::topic_of;

/// The broker.
pub(super) struct Broker {
    pub(super) brokers: Brokers,
    pub(super) description: String,
    /// Lives as long as we do.
    pub(super) embedded: Option<EmbeddedBroker>,
}

impl Broker {
    /// The one that is named; none where this process has nothing to do with one. The one inside is for a process that
    /// does everything: no other one would find it.
    pub(super) fn of(config: &Config, does: impl Fn(Only) -> bool) -> anyhow::Result<Option<Self>> {
        let (relays, follows, answers) = (does(Only::Relay), does(Only::Follow), does(Only::Api));
        if !relays && !follows {
            return Ok(None);
        }
        if let Some(brokers) = config.kafka() {
            brokers.check().context("Kafka cannot be reached this way")?;
            let description = format!("Kafka at {}", brokers.addresses);
            return Ok(Some(Self { brokers, description, embedded: None }));
        }
        if relays && follows && answers {
            return Self::inside(config).map(Some);
        }
        if relays {
            bail!("KAFKA_BROKERS is not set: a relay alone needs a Kafka that others find; set it to that one");
        }
        Ok(None)
    }

    fn inside(config: &Config) -> anyhow::Result<Self> {
        let embedded = EmbeddedBroker::start()?;
        embedded.create_topic(&config.kafka_topic, PARTITIONS)?;
        embedded.create_topic(&config.kafka_activities_topic, inbound::PARTITIONS)?;
        embedded.create_topic(&topic_of(&config.kafka_activities_topic), inbound::dead_letters::PARTITIONS)?;
        Ok(Self {
            brokers: Brokers::at(embedded.bootstrap_servers()),
            description: embedded.describe(),
            embedded: Some(embedded),
        })
    }
}
