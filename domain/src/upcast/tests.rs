//! An aggregate that exists here alone: one of its events has had three versions, the other only one.

#![expect(unreachable_pub, reason = "what is declared like an aggregate's events is public")]

use cqrs_es::DomainEvent as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::{DecodeError, events};
use crate::schemas::file_name;
use crate::upcast::Upcaster;

events! {
    /// What happens to a water meter.
    MeterEvent as MeterEventType {
        /// It was read. Version 2 may say who read it, version 3 has litres where there were cubic metres.
        Read(Reading) = "meter.read" upcast [Upcaster::Unchanged, Upcaster::By(litres)],
        /// It was sealed.
        Sealed(Sealed) = "meter.sealed",
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    litres: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reader: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sealed {
    seal: String,
}

fn litres(payload: &mut Map<String, Value>) {
    if let Some(cubic_metres) = payload.remove("cubicMetres").and_then(|value| value.as_i64()) {
        payload.insert("litres".to_owned(), (cubic_metres * 1_000).into());
    }
}

/// One stored payload of every version there ever was.
const SAMPLES: [(&str, &str); 4] = [
    ("1", r#"{"type":"meter.read","cubicMetres":7}"#),
    ("2", r#"{"type":"meter.read","cubicMetres":7}"#),
    ("2", r#"{"type":"meter.read","cubicMetres":7,"reader":"Mina"}"#),
    ("3", r#"{"type":"meter.read","litres":7000,"reader":"Mina"}"#),
];

fn reading(reader: Option<&str>) -> MeterEvent {
    MeterEvent::Read(Reading { litres: 7_000, reader: reader.map(str::to_owned) })
}

#[test]
fn every_version_is_read_as_the_current_one() {
    let read: Vec<_> = SAMPLES
        .into_iter()
        .map(|(version, payload)| MeterEvent::decode("meter.read", version, payload).unwrap())
        .collect();
    assert_eq!(read, [reading(None), reading(None), reading(Some("Mina")), reading(Some("Mina"))]);
}

#[test]
fn a_type_is_written_in_its_own_version_and_the_others_stay_in_theirs() {
    let (read, sealed) = (reading(Some("Mina")), MeterEvent::Sealed(Sealed { seal: "a1".to_owned() }));
    assert_eq!((read.event_version(), sealed.event_version()), ("3".to_owned(), "1".to_owned()));
    assert_eq!(serde_json::to_string(&read).unwrap(), SAMPLES[3].1);
    let decoded = MeterEvent::decode("meter.sealed", "1", r#"{"type":"meter.sealed","seal":"a1"}"#);
    assert_eq!(decoded.unwrap(), sealed);
    let described: Vec<_> = MeterEvent::types()
        .map(|one| {
            let file = file_name(one.name, one.version);
            assert_eq!((one.schema)(one.name, one.version).get("$id").unwrap(), &format!("/schemas/{file}"));
            file
        })
        .collect();
    assert_eq!(described, ["meter.read.v3.json", "meter.sealed.v1.json"]);
}

#[test]
fn a_version_newer_than_this_program_is_refused_as_such() {
    let refused = |event_type, version| MeterEvent::decode(event_type, version, SAMPLES[3].1).unwrap_err();
    for (event_type, version, known) in [("meter.read", "4", 3), ("meter.sealed", "2", 1), ("meter.sealed", "3", 1)] {
        let error = refused(event_type, version);
        assert!(matches!(error, DecodeError::Newer { known: latest, .. } if latest == known), "{error}");
        let said =
            format!("{event_type} version {version} is newer than this program, which reads it up to version {known}");
        assert_eq!(error.to_string(), said);
    }
    for version in ["0", "03", "+3", "-1", "3.0", "v3", "", "99999999999999999999999"] {
        let error = refused("meter.read", version);
        assert!(matches!(error, DecodeError::Unknown { .. }), "{version:?}: {error}");
    }
}

#[test]
fn an_older_payload_without_its_shape_is_refused() {
    for broken in ["", "7", "[]", "{", r#"{"type":"meter.read"}"#, r#"{"type":"meter.sealed","cubicMetres":7}"#] {
        for version in ["1", "2", "3"] {
            let refused = MeterEvent::decode("meter.read", version, broken);
            assert!(matches!(refused, Err(DecodeError::Shape { .. })), "version {version} of {broken:?}: {refused:?}");
        }
    }
}
