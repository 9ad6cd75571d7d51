//! `samples/` holds one stored payload of every version of every event there ever was. What was
//! written once is read for ever, and what is written today is written the same way tomorrow.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cqrs_es::DomainEvent;
use domain::Event;
use domain::event::{DecodeError, types};
use domain::value::ValueEvent;
use serde_json::Value;

/// The fields of an account that must never enter the log, compared without case and punctuation.
const PERSONAL: [&str; 26] = [
    "email",
    "emailaddress",
    "mail",
    "password",
    "passwordhash",
    "nickname",
    "username",
    "login",
    "firstname",
    "lastname",
    "fullname",
    "realname",
    "displayname",
    "birthdate",
    "dateofbirth",
    "birthyear",
    "year",
    "bio",
    "profileimageurl",
    "avatar",
    "phone",
    "address",
    "ip",
    "ipaddress",
    "useragent",
    "invitecode",
];

/// (event type, version) → payload.
type Samples = BTreeMap<(String, String), String>;

fn samples() -> Samples {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let read = |file: std::fs::DirEntry| {
        let name = file.file_name().into_string().unwrap();
        let (event_type, version) = name
            .strip_suffix(".json")
            .and_then(|name| name.rsplit_once(".v"))
            .unwrap_or_else(|| panic!("{name} is not called <event type>.v<version>.json"));
        let payload = std::fs::read_to_string(file.path()).unwrap();
        ((event_type.to_owned(), version.to_owned()), payload)
    };
    std::fs::read_dir(folder).unwrap().map(|file| read(file.unwrap())).collect()
}

/// The version that events of a type are written in today.
fn current_version(event_type: &str) -> usize {
    types().find(|one| one.name == event_type).unwrap().version
}

/// What the aggregate's own event type would store: (event type, version, payload).
fn stored(event: &Event) -> (String, String, String) {
    fn of<E: DomainEvent>(event: &E) -> (String, String, String) {
        (event.event_type(), event.event_version(), serde_json::to_string(event).unwrap())
    }
    match event {
        Event::Member(event) => of(event),
        Event::Activity(event) => of(event),
        Event::Campaign(event) => of(event),
        Event::Referral(event) => of(event),
        Event::Claim(event) => of(event),
        Event::Value(ValueEvent::Unit(event)) => of(event),
        Event::Value(ValueEvent::Wallet(event)) => of(event),
        Event::Value(ValueEvent::Spend(event)) => of(event),
        Event::Value(ValueEvent::Adjustment(event)) => of(event),
        Event::Value(ValueEvent::Transfer(event)) => of(event),
        Event::Value(ValueEvent::Coupon(event)) => of(event),
        Event::Value(ValueEvent::Codes(event)) => of(event),
        Event::Value(ValueEvent::Budget(event)) => of(event),
        Event::Value(ValueEvent::Programme(event)) => of(event),
    }
}

#[test]
fn every_version_of_every_event_has_a_sample_and_no_sample_is_without_its_event() {
    let expected: BTreeSet<_> = types()
        .flat_map(|one| (1..=one.version).map(move |version| (one.name.to_owned(), version.to_string())))
        .collect();
    let found: BTreeSet<_> = samples().into_keys().collect();
    assert_eq!(found, expected);
    assert_eq!(types().count(), 64);
}

#[test]
fn every_sample_is_still_read() {
    for ((event_type, version), payload) in samples() {
        let event = Event::decode(&event_type, &version, &payload);
        assert!(event.is_ok(), "{event_type} version {version}: {}", event.unwrap_err());
    }
}

#[test]
fn what_is_written_today_is_byte_for_byte_the_sample() {
    let is_current = |event_type: &str, version: &str| version == current_version(event_type).to_string();
    for ((event_type, version), payload) in
        samples().into_iter().filter(|((name, version), _)| is_current(name, version))
    {
        let event = Event::decode(&event_type, &version, &payload).unwrap();
        assert_eq!((event.name(), event.version().to_string().as_str()), (&*event_type, &*version));
        assert_eq!(serde_json::to_string(&event).unwrap(), payload);
        assert_eq!(stored(&event), (event_type, version, payload));
    }
}

#[test]
fn what_an_older_version_can_say_is_still_written_in_it_for_programs_of_before() {
    let is_older = |event_type: &str, version: &str| version != current_version(event_type).to_string();
    let older: Vec<_> = samples().into_iter().filter(|((name, version), _)| is_older(name, version)).collect();
    assert!(!older.is_empty());
    for ((event_type, version), payload) in older {
        let event = Event::decode(&event_type, &version, &payload).unwrap();
        assert_eq!(stored(&event), (event_type, version, payload));
    }
}

#[test]
fn a_payload_repeats_the_name_it_is_stored_under() {
    for ((event_type, _), payload) in samples() {
        let payload: Value = serde_json::from_str(&payload).unwrap();
        assert_eq!(payload["type"], event_type);
    }
}

#[track_caller]
fn check_unknown(event_type: &str, version: &str, payload: &str) {
    let decoded = Event::decode(event_type, version, payload);
    let Err(DecodeError::Unknown { event_type: named, version: of }) = decoded else {
        panic!("{event_type:?} version {version:?} was read as {decoded:?}")
    };
    assert_eq!((named.as_str(), of.as_str()), (event_type, version));
}

#[test]
fn a_version_or_a_name_that_was_never_written_is_an_error() {
    for ((event_type, _), payload) in samples() {
        for version in ["0", "01", "+1", "1.0", "v1", ""] {
            check_unknown(&event_type, version, &payload);
        }
        let current = current_version(&event_type);
        let decoded = Event::decode(&event_type, &(current + 1).to_string(), &payload);
        assert!(matches!(decoded, Err(DecodeError::Newer { known, .. }) if known == current), "{decoded:?}");
        for name in [
            format!("{event_type}s"),
            format!("{event_type}.v1"),
            format!(".{event_type}"),
            event_type.to_uppercase(),
            event_type.replace('.', "_"),
        ] {
            check_unknown(&name, "1", &payload);
        }
    }
    for name in ["", ".", "claim", "claim.", "claim.opened", "member.granted", "wallet.opened", "*"] {
        check_unknown(name, "1", "{}");
    }
}

#[test]
fn a_payload_that_is_no_event_of_its_name_is_an_error() {
    let samples = samples();
    for (event_type, version) in samples.keys() {
        for broken in ["", "null", "[]", "7", "{", "\"type\"", "{\"type\":7}"] {
            assert!(
                matches!(Event::decode(event_type, version, broken), Err(DecodeError::Shape { .. })),
                "{event_type} was read from {broken:?}"
            );
        }
        for ((other, _), payload) in samples.iter().filter(|((other, _), _)| other != event_type) {
            assert!(
                matches!(Event::decode(event_type, version, payload), Err(DecodeError::Shape { .. })),
                "{event_type} was read from a stored {other}"
            );
        }
    }
}

#[test]
fn no_payload_holds_personal_data() {
    fn look(place: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    let plain: String =
                        key.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
                    assert!(!PERSONAL.contains(&plain.as_str()), "{place} has a field {key}");
                    look(&format!("{place}.{key}"), value);
                }
            }
            Value::Array(entries) => entries.iter().for_each(|entry| look(place, entry)),
            Value::String(text) => assert!(!text.contains('@'), "{place} looks like an address: {text}"),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    for ((event_type, _), payload) in samples() {
        look(&event_type, &serde_json::from_str(&payload).unwrap());
    }
}
