//! The Kafka message of one event, as the API contract fixes it: CloudEvents 1.0 in binary mode. The same event always
//! gives the same message. It knows no producer.

use std::borrow::Cow;

use domain::schemas::file_name;
use rdkafka::message::{Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::FutureRecord;

use crate::log::Entry;

/// The headers of a message, in order.
#[must_use]
pub fn headers<'a>(entry: &'a Entry, ce_source: &'a str) -> [(&'static str, Cow<'a, str>); 14] {
    let (event, version) = (&entry.event_type, &entry.event_version);
    [
        ("ce_specversion", "1.0".into()),
        ("ce_id", entry.event_id.to_string().into()),
        ("ce_source", ce_source.into()),
        ("ce_type", format!("reward-ledger.{event}.v{version}").into()),
        ("ce_subject", entry.subject.as_str().into()),
        ("ce_time", entry.occurred_at.to_text().into()),
        ("content-type", "application/json".into()),
        ("ce_dataschema", format!("/schemas/{}", file_name(event, version)).into()),
        ("ce_position", entry.position.to_string().into()),
        ("ce_sequence", entry.sequence.to_string().into()),
        ("ce_streamtype", entry.aggregate_type.as_str().into()),
        ("ce_streamid", entry.aggregate_id.as_str().into()),
        ("ce_epoch", entry.epoch.to_string().into()),
        ("ce_hash", hex::encode(entry.hash).into()),
    ]
}

/// The message of an event. The key is its subject, so that events of one subject stay in order; the value is the
/// stored payload. Its timestamp is when the log recorded the event, not when it is sent.
#[must_use]
pub fn record<'a>(entry: &'a Entry, topic: &'a str, ce_source: &str) -> FutureRecord<'a, str, str> {
    let none = OwnedHeaders::new_with_capacity(14);
    let headers = headers(entry, ce_source)
        .iter()
        .fold(none, |headers, (key, value)| headers.insert(Header { key, value: Some(&**value) }));
    FutureRecord::to(topic)
        .key(entry.subject.as_str())
        .payload(entry.payload.as_str())
        .timestamp(entry.recorded_at.utc().timestamp_millis())
        .headers(headers)
}

/// The position in a message's headers.
pub(crate) fn position(message: &impl Message) -> Option<i64> {
    let headers = message.headers()?;
    let header = headers.iter().find(|header| header.key == "ce_position")?;
    std::str::from_utf8(header.value?).ok()?.parse().ok()
}

/// The first difference between a message and the event that it should be.
pub(crate) fn difference(message: &impl Message, entry: &Entry, ce_source: &str) -> Option<String> {
    if message.key() != Some(entry.subject.as_bytes()) {
        return Some("the key is not the subject".to_owned());
    }
    if message.payload() != Some(entry.payload.as_bytes()) {
        return Some("the value is not the stored payload".to_owned());
    }
    let wanted = headers(entry, ce_source);
    let found = message.headers();
    let count = found.map_or(0, Headers::count);
    for (index, (key, value)) in wanted.iter().enumerate() {
        let is_there = found
            .and_then(|found| found.try_get(index))
            .is_some_and(|header| header.key == *key && header.value == Some(value.as_bytes()));
        if !is_there {
            return Some(format!("the header {key} is not {value:?}"));
        }
    }
    (count != wanted.len()).then(|| format!("it has {count} headers, not {}", wanted.len()))
}
