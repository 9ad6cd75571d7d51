//! An event in the hash chain: its neighbours, and the bytes that are hashed, so that a reader can compute the hash.
//! The domain defines these bytes (`domain::chain`).

use askama::Template;
use domain::Moment;
use domain::chain::Sealed;
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::client::Refused;
use super::text::Text;
use super::visit::Visit;

/// An event of the log, as the API shows it to auditors.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogEvent {
    pub(super) position: i64,
    pub(super) epoch: i64,
    pub(super) event_id: Uuid,
    pub(super) stream_type: String,
    pub(super) stream_id: String,
    pub(super) sequence: i64,
    #[serde(rename = "type")]
    pub(super) event_type: String,
    pub(super) version: String,
    pub(super) subject: String,
    pub(super) payload: Box<RawValue>,
    pub(super) metadata: Box<RawValue>,
    pub(super) occurred_at: Moment,
    pub(super) recorded_at: Moment,
    pub(super) previous_hash: String,
    pub(super) hash: String,
}

/// Who caused it, and in which request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Origin {
    pub(super) actor: String,
    #[serde(default)]
    pub(super) role: Option<String>,
    pub(super) command_id: Uuid,
    pub(super) correlation_id: Uuid,
    #[serde(default)]
    pub(super) causation_id: Option<Uuid>,
}

impl LogEvent {
    /// `None` if the metadata does not have the form that this program writes.
    pub(super) fn origin(&self) -> Option<Origin> {
        serde_json::from_str(self.metadata.get()).ok()
    }

    /// The bytes that are hashed, in hex.
    fn hashed_bytes(&self) -> Option<String> {
        let origin = self.origin()?;
        let mut previous_hash = [0; 32];
        hex::decode_to_slice(&self.previous_hash, &mut previous_hash).ok()?;
        let sealed = Sealed {
            position: self.position,
            epoch: self.epoch,
            event_id: self.event_id,
            stream_type: &self.stream_type,
            stream_id: &self.stream_id,
            sequence: self.sequence,
            event_type: &self.event_type,
            version: &self.version,
            subject: &self.subject,
            payload: self.payload.get(),
            metadata: self.metadata.get(),
            occurred_at: self.occurred_at,
            recorded_at: self.recorded_at,
            command_id: origin.command_id,
            actor: &origin.actor,
            correlation_id: origin.correlation_id,
            causation_id: origin.causation_id,
            previous_hash,
        };
        Some(hex::encode(sealed.input()))
    }

    /// The class of its colour: granted, waiting, refused, or none of these.
    pub(super) fn tone(&self) -> &'static str {
        match self.event_type.as_str() {
            "claim.granted" | "claim.approved" | "claim.fulfilled" | "referral.qualified" => "go",
            "claim.submitted" => "wait",
            "claim.denied"
            | "claim.rejected"
            | "claim.reversed"
            | "claim.fulfilment_failed"
            | "activity.voided"
            | "referral.voided" => "no",
            _ => "",
        }
    }
}

/// A hash in three parts, so that its ends can stand out.
pub(super) struct ShownHash<'a>(pub(super) &'a str, pub(super) &'a str, pub(super) &'a str);

/// Splits a hash into its first eight digits, its last eight, and those in between.
pub(super) fn shown(hash: &str) -> ShownHash<'_> {
    match (hash.get(..8), hash.get(8..56), hash.get(56..)) {
        (Some(start), Some(middle), Some(end)) => ShownHash(start, middle, end),
        _ => ShownHash("", hash, ""),
    }
}

/// An event between its neighbours: `{{ chain|safe }}`.
#[derive(Template)]
#[template(path = "proof/chain.html")]
pub(super) struct Chain {
    text: Text,
    events: Vec<LogEvent>,
    position: i64,
}

impl Chain {
    /// Reads the events around a position.
    ///
    /// # Errors
    /// The API's: only auditors see the log.
    pub(super) async fn around(visit: &Visit, position: i64) -> Result<Self, Refused> {
        let after = position.saturating_sub(2).max(0).to_string();
        let read: Log = visit.api.get("/audit/log", &[("after", &after), ("limit", "3")]).await?;
        let events = read.events.into_iter().filter(|event| event.position.abs_diff(position) <= 1).collect();
        Ok(Self { text: visit.text, events, position })
    }

    /// Leaves out the events after a position, which did not exist at that moment.
    pub(super) fn until(mut self, position: i64) -> Self {
        self.events.retain(|event| event.position <= position);
        self
    }

    /// The event itself; `None` beyond the end of the log.
    pub(super) fn event(&self) -> Option<&LogEvent> {
        self.events.iter().find(|event| event.position == self.position)
    }
}

#[derive(Deserialize)]
struct Log {
    events: Vec<LogEvent>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_stands_out_at_its_ends() {
        let hash = "0c78010d823bd43cc4728882f1cb3014c89dec5d37b6eab9824674e3865f79f9";
        let ShownHash(start, middle, end) = shown(hash);
        assert_eq!((start, end, middle.len()), ("0c78010d", "865f79f9", 48));
        assert_eq!(shown("short").1, "short");
    }
}
