//! The Kafka broker that events are published to and activities are read from: the configured one, or one embedded in
//! this process.

use anyhow::{Context, bail};
use projections::Brokers;
use projections::log::partition::PARTITIONS;

use super::Only;
use crate::config::{Config, KafkaUse};
use crate::embedded::EmbeddedBroker;
use crate::jobs::kafka_intake;
use crate::jobs::kafka_intake::dead_letters::topic_of;

/// The broker.
pub(super) struct Broker {
    pub(super) brokers: Brokers,
    pub(super) description: String,
    /// Whether activities are read from it.
    pub(super) has_facts: bool,
    /// The embedded broker, which runs until this is dropped.
    pub(super) embedded: Option<EmbeddedBroker>,
}

impl Broker {
    /// The broker of this process; `None` if it needs none. Only a process that serves everything embeds one, because
    /// no other process could reach it.
    pub(super) fn of(config: &Config, does: impl Fn(Only) -> bool) -> anyhow::Result<Option<Self>> {
        let (relays, follows, answers) = (does(Only::Relay), does(Only::Follow), does(Only::Api));
        if !relays && !follows {
            return Ok(None);
        }
        if config.kafka == KafkaUse::Off {
            if relays && !follows {
                bail!("KAFKA is off, so a relay has nothing to publish to; set KAFKA=on and KAFKA_BROKERS");
            }
            return Ok(None);
        }
        if let Some(brokers) = config.kafka() {
            brokers.check().context("Kafka cannot be reached with these settings")?;
            let description = format!("Kafka at {}", brokers.addresses);
            return Ok(Some(Self { brokers, description, has_facts: true, embedded: None }));
        }
        if relays && follows && answers {
            return Self::inside(config).map(Some);
        }
        if relays {
            bail!("KAFKA_BROKERS is not set; --only relay needs a broker that other processes can reach");
        }
        Ok(None)
    }

    /// Activities are read from the embedded broker in demo mode only, because everybody on the machine can write to it
    /// without authentication.
    fn inside(config: &Config) -> anyhow::Result<Self> {
        let embedded = EmbeddedBroker::start()?;
        embedded.create_topic(&config.kafka_topic, PARTITIONS)?;
        let mut description = embedded.describe();
        if config.demo {
            embedded.create_topic(&config.kafka_activities_topic, kafka_intake::PARTITIONS)?;
            embedded.create_topic(&topic_of(&config.kafka_activities_topic), kafka_intake::dead_letters::PARTITIONS)?;
        } else {
            description.push_str("; no facts are read from it, for that name a Kafka in KAFKA_BROKERS");
        }
        Ok(Self {
            brokers: Brokers::at(embedded.bootstrap_servers()),
            description,
            has_facts: config.demo,
            embedded: Some(embedded),
        })
    }
}
