//! Who asked for what, when, and because of what: built once at the edge, stored with every event.
//! No personal data, no secret and no token belongs here.

use std::collections::HashMap;

use domain::Moment;
use domain::id::MemberId;
use domain::role::Role;
use domain::zone::rules;
use serde::Serialize;
use uuid::Uuid;

/// What is stored beside every event of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Who asked: a member id, [`Metadata::SYSTEM`] or [`Metadata::KAFKA`].
    pub actor: String,
    /// In which role.
    pub role: String,
    /// The command: it takes effect once, however often it is sent.
    pub command_id: Uuid,
    /// The conversation the command belongs to: the request id of the edge.
    pub correlation_id: Uuid,
    /// The event that this command follows from, for reactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<Uuid>,
    /// The release of the time zone rules by which the events got their local dates, where they have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone_rules: Option<&'static str>,
    /// The moment of asking; stored as `occurred_at` where the event has no clock of its own.
    #[serde(skip)]
    pub requested_at: Moment,
}

impl Metadata {
    /// The actor of what nobody asked for: reactions, the clock, imports.
    pub const SYSTEM: &'static str = "system";
    /// The actor of facts that other services put on Kafka: the broker let them in, the ledger knows
    /// no more of them than the source they name.
    pub const KAFKA: &'static str = "kafka";

    /// A new command of a member.
    #[must_use]
    pub fn of(actor: MemberId, role: Role, requested_at: Moment) -> Self {
        Self::new(actor.to_string(), role.name().to_owned(), requested_at)
    }

    /// A new command of the ledger itself.
    #[must_use]
    pub fn system(requested_at: Moment) -> Self {
        Self::new(Self::SYSTEM.to_owned(), "SYSTEM".to_owned(), requested_at)
    }

    /// A new command that arrived on Kafka.
    #[must_use]
    pub fn from_kafka(requested_at: Moment) -> Self {
        Self::new(Self::KAFKA.to_owned(), "SYSTEM".to_owned(), requested_at)
    }

    fn new(actor: String, role: String, requested_at: Moment) -> Self {
        let command_id = Uuid::now_v7();
        Self {
            actor,
            role,
            command_id,
            correlation_id: command_id,
            causation_id: None,
            time_zone_rules: None,
            requested_at,
        }
    }

    /// The same asker's next command in the same conversation.
    #[must_use]
    pub fn next_command(&self) -> Self {
        Self { command_id: Uuid::now_v7(), ..self.clone() }
    }

    /// Links the command to the request it came with.
    #[must_use]
    pub fn correlated(self, correlation_id: Uuid) -> Self {
        Self { correlation_id, ..self }
    }

    /// Links the command to the event it follows from.
    #[must_use]
    pub fn caused_by(self, causation_id: Uuid) -> Self {
        Self { causation_id: Some(causation_id), ..self }
    }

    /// A local date was taken for the events.
    #[must_use]
    pub fn dated(self) -> Self {
        Self { time_zone_rules: Some(rules::in_force().version()), ..self }
    }

    /// At least as many bytes as it takes in the log: a letter of a name may become six, the rest are ids and keys.
    pub(crate) fn most_bytes(&self) -> usize {
        const IDS_AND_KEYS: usize = 256;
        6 * (self.actor.len() + self.role.len()) + IDS_AND_KEYS + 6 * self.time_zone_rules.map_or(0, str::len)
    }

    /// Reads what `cqrs-es` hands to a store; whatever is missing is the system's.
    #[must_use]
    pub fn from_map(map: &HashMap<String, String>, now: Moment) -> Self {
        let id = |key: &str| map.get(key).and_then(|text| text.parse().ok());
        let system = Self::system(now);
        let command_id = id("commandId").unwrap_or(system.command_id);
        Self {
            actor: map.get("actor").cloned().unwrap_or(system.actor),
            role: map.get("role").cloned().unwrap_or(system.role),
            command_id,
            correlation_id: id("correlationId").unwrap_or(command_id),
            causation_id: id("causationId"),
            time_zone_rules: None,
            requested_at: now,
        }
    }
}
