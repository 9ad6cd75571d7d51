//! The Kafka message of one entry, as the API contract fixes it: CloudEvents 1.0 in binary mode. The
//! same entry is the same message, however often it is sent. It knows no producer.

use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::FutureRecord;

use crate::log::Entry;

/// The headers of an entry's message.
#[must_use]
pub fn headers(entry: &Entry, ce_source: &str) -> OwnedHeaders {
    let (event, version) = (&entry.event_type, &entry.event_version);
    [
        ("ce_specversion", "1.0".to_owned()),
        ("ce_id", entry.event_id.to_string()),
        ("ce_source", ce_source.to_owned()),
        ("ce_type", format!("reward-ledger.{event}.v{version}")),
        ("ce_subject", entry.subject.clone()),
        ("ce_time", entry.occurred_at.to_text()),
        ("content-type", "application/json".to_owned()),
        ("ce_dataschema", format!("/schemas/{event}.v{version}.json")),
        ("ce_position", entry.position.to_string()),
        ("ce_sequence", entry.sequence.to_string()),
        ("ce_streamtype", entry.aggregate_type.clone()),
        ("ce_streamid", entry.aggregate_id.clone()),
        ("ce_epoch", entry.epoch.to_string()),
        ("ce_hash", hex::encode(entry.hash)),
    ]
    .into_iter()
    .fold(OwnedHeaders::new_with_capacity(14), |headers, (key, value)| {
        headers.insert(Header { key, value: Some(&value) })
    })
}

/// The message of an entry: its subject as the key, so that what concerns one subject stays in
/// order, and the stored payload as the value. Its time is that of the log, not that of sending.
#[must_use]
pub fn record<'a>(entry: &'a Entry, topic: &'a str, ce_source: &str) -> FutureRecord<'a, str, str> {
    FutureRecord::to(topic)
        .key(entry.subject.as_str())
        .payload(entry.payload.as_str())
        .timestamp(entry.recorded_at.utc().timestamp_millis())
        .headers(headers(entry, ce_source))
}
