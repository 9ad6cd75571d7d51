//! Reads a message of the topic back as the event that was published. It reports why a message is not one; the worker
//! decides what follows from that.

use chrono::DateTime;
use domain::Moment;
use rdkafka::Timestamp;
use rdkafka::message::{BorrowedMessage, Headers, Message};

use crate::kafka::published::Published;

/// The prefix of `ce_type`.
const TYPE_PREFIX: &str = "reward-ledger.";

/// Why a message is not an event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InvalidMessage {
    /// Another producer wrote it, or it is damaged.
    Foreign(String),
    /// The topic replaces timestamps (`message.timestamp.type=LogAppendTime`).
    OtherTime,
}

/// Reads the published event.
pub(super) fn published(message: &BorrowedMessage<'_>) -> Result<Published, InvalidMessage> {
    let event = header(message, "ce_type")?;
    let (event_type, event_version) = event
        .strip_prefix(TYPE_PREFIX)
        .and_then(|event| event.rsplit_once(".v"))
        .ok_or_else(|| foreign("ce_type", event))?;
    Ok(Published {
        position: number(message, "ce_position")?,
        epoch: number(message, "ce_epoch")?,
        aggregate_type: header(message, "ce_streamtype")?.to_owned(),
        aggregate_id: header(message, "ce_streamid")?.to_owned(),
        sequence: number(message, "ce_sequence")?,
        event_type: event_type.to_owned(),
        event_version: event_version.to_owned(),
        payload: text("the value", message.payload())?.to_owned(),
        subject: text("the key", message.key())?.to_owned(),
        occurred_at: occurred_at(header(message, "ce_time")?)?,
        recorded_at: recorded_at(message.timestamp())?,
        hash: hash(header(message, "ce_hash")?)?,
    })
}

fn occurred_at(time: &str) -> Result<Moment, InvalidMessage> {
    DateTime::parse_from_rfc3339(time).map(Moment::from).map_err(|_| foreign("ce_time", time))
}

/// The relay sets the timestamp of a message to when the log recorded the event.
fn recorded_at(timestamp: Timestamp) -> Result<Moment, InvalidMessage> {
    match timestamp {
        Timestamp::CreateTime(millis) => DateTime::from_timestamp_millis(millis)
            .map(Moment::from)
            .ok_or_else(|| foreign("the time", &millis.to_string())),
        Timestamp::LogAppendTime(_) => Err(InvalidMessage::OtherTime),
        Timestamp::NotAvailable => Err(foreign("the time", "missing")),
    }
}

fn hash(hex: &str) -> Result<[u8; 32], InvalidMessage> {
    let mut hash = [0; 32];
    hex::decode_to_slice(hex, &mut hash).map_err(|_| foreign("ce_hash", hex))?;
    Ok(hash)
}

fn number(message: &BorrowedMessage<'_>, name: &'static str) -> Result<i64, InvalidMessage> {
    let value = header(message, name)?;
    value.parse().map_err(|_| foreign(name, value))
}

fn header<'a>(message: &'a BorrowedMessage<'_>, name: &'static str) -> Result<&'a str, InvalidMessage> {
    let headers = message.headers();
    let found = headers.and_then(|headers| headers.iter().find(|header| header.key == name));
    text(name, found.and_then(|header| header.value))
}

fn text<'a>(what: &'static str, bytes: Option<&'a [u8]>) -> Result<&'a str, InvalidMessage> {
    let bytes = bytes.ok_or_else(|| foreign(what, "missing"))?;
    str::from_utf8(bytes).map_err(|_| foreign(what, "no text"))
}

/// Describes a header without its value, which in a foreign message may be anything.
fn foreign(what: &str, value: &str) -> InvalidMessage {
    InvalidMessage::Foreign(format!("{what} cannot be read ({} bytes)", value.len()))
}
