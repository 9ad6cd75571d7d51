//! One line of an export: the event as `audit log` prints it. What the log keeps besides is in its metadata, under the same hash.

use std::borrow::Cow;

use domain::Moment;
use domain::chain::{Hash, Sealed};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

/// As it is written.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Fields<'a> {
    position: i64,
    epoch: i64,
    event_id: Uuid,
    #[serde(borrow)]
    stream_type: Cow<'a, str>,
    #[serde(borrow)]
    stream_id: Cow<'a, str>,
    sequence: i64,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    #[serde(borrow)]
    subject: Cow<'a, str>,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow)]
    metadata: &'a RawValue,
    occurred_at: Moment,
    recorded_at: Moment,
    #[serde(borrow)]
    previous_hash: Cow<'a, str>,
    #[serde(borrow)]
    hash: Cow<'a, str>,
}

/// What columns of the log repeat of the metadata.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    #[serde(borrow)]
    actor: Cow<'a, str>,
    command_id: Uuid,
    correlation_id: Uuid,
    causation_id: Option<Uuid>,
}

/// A line that could be read.
#[derive(Debug)]
pub(super) struct Line<'a> {
    fields: Fields<'a>,
    asked: Asked<'a>,
}

/// Why a line is no event.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoEvent {
    /// It breaks off, or is something else.
    #[error("it is no event as `audit log` prints it: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A hash is none.
    #[error("{0} is not the 64 hexadecimal digits of a hash")]
    NoHash(&'static str),
}

impl<'a> Line<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, NoEvent> {
        let fields: Fields<'a> = serde_json::from_slice(bytes)?;
        let asked = serde_json::from_str(fields.metadata.get())?;
        Ok(Self { fields, asked })
    }

    /// The event, and the hash that it names.
    pub(super) fn event(&self) -> Result<(Sealed<'_>, Hash), NoEvent> {
        let Self { fields, asked } = self;
        let sealed = Sealed {
            position: fields.position,
            epoch: fields.epoch,
            event_id: fields.event_id,
            stream_type: &fields.stream_type,
            stream_id: &fields.stream_id,
            sequence: fields.sequence,
            event_type: &fields.r#type,
            version: &fields.version,
            subject: &fields.subject,
            payload: fields.payload.get(),
            metadata: fields.metadata.get(),
            occurred_at: fields.occurred_at,
            recorded_at: fields.recorded_at,
            command_id: asked.command_id,
            actor: &asked.actor,
            correlation_id: asked.correlation_id,
            causation_id: asked.causation_id,
            previous_hash: hash_of(&fields.previous_hash).ok_or(NoEvent::NoHash("previousHash"))?,
        };
        Ok((sealed, hash_of(&fields.hash).ok_or(NoEvent::NoHash("hash"))?))
    }
}

fn hash_of(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    hex::decode_to_slice(text, &mut hash).ok()?;
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = include_str!("../../../../tests/tests/ledger/golden/log.v1.ndjson");

    #[test]
    fn every_line_of_the_golden_log_has_the_hash_that_it_names() {
        for text in LINE.lines() {
            let line = Line::read(text.as_bytes()).unwrap();
            let (event, hash) = line.event().unwrap();
            assert_eq!(event.hash(), hash, "{text}");
        }
    }

    #[test]
    fn what_is_no_line_says_why() {
        let first = LINE.lines().next().unwrap();
        for length in 0..first.len() {
            if first.is_char_boundary(length) {
                assert!(Line::read(&first.as_bytes()[..length]).is_err(), "{length}");
            }
        }
        let said = |text: String| match Line::read(text.as_bytes()).and_then(|line| line.event().map(drop)) {
            Ok(()) => panic!("{text} was taken"),
            Err(error) => error.to_string(),
        };
        assert!(said(first.replacen("\"epoch\":1", "\"epoch\":1,\"more\":2", 1)).contains("unknown field `more`"));
        assert!(said(first.replacen("\"epoch\":1", "\"epoch\":1,\"epoch\":1", 1)).contains("duplicate field `epoch`"));
        assert!(said(first.replacen("\"epoch\":1", "\"epoch\":1.5", 1)).contains("expected i64"));
        assert!(said(first.replacen("\"hash\":\"", "\"hash\":\"x", 1)).contains("hash is not the 64"));
        assert!(said(first.replacen("commandId", "command", 1)).contains("commandId"));
    }
}
