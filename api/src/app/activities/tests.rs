use chrono::{DateTime, NaiveDate};
use domain::Moment;
use serde_json::{Value, json};

use super::*;

fn moment(text: &str) -> Moment {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn now() -> Moment {
    moment("2026-11-21T12:00:00Z")
}

fn with(changes: Value) -> Value {
    let mut report = json!({
        "source": "shop", "id": "7", "memberId": "5ade140e-9678-82cf-ba37-59edc50c8a1a", "kind": "purchase",
        "occurredAt": "2026-11-20T18:30:00Z",
    });
    report.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    report
}

fn measures(count: usize) -> Value {
    (0..count).map(|number| (format!("measure{number}"), json!(number))).collect::<serde_json::Map<_, _>>().into()
}

#[track_caller]
fn breaks(changes: Value, field: &str, rule: &str) {
    let report = with(changes);
    let problems = match RawActivity::from_value(report.clone()) {
        Ok(raw) => check(&raw, None, now()).unwrap_err(),
        Err(problems) => problems,
    };
    let found: Vec<_> = problems.iter().map(|problem| (problem.field(), problem.rule())).collect();
    assert_eq!(found, [(field, rule)], "{report}");
}

#[track_caller]
fn counts_on(changes: Value, zone: &str, date: &str) {
    let raw = RawActivity::from_value(with(changes)).unwrap();
    let report = check(&raw, "Asia/Seoul".parse().ok(), now()).unwrap();
    assert_eq!((report.time_zone.to_string().as_str(), report.local_date), (zone, date.parse::<NaiveDate>().unwrap()));
}

#[test]
fn a_fact_counts_where_it_says_else_where_its_clock_stood_else_where_the_member_lives() {
    counts_on(json!({"timeZone": "America/New_York"}), "America/New_York", "2026-11-20");
    counts_on(json!({"occurredAt": "2026-11-20T18:30:00+10:30"}), "+10:30", "2026-11-20");
    counts_on(json!({"occurredAt": "2026-11-20T18:30:00+00:00"}), "+00:00", "2026-11-20");
    counts_on(json!({"timeZone": "Asia/Seoul", "occurredAt": "2026-11-20T18:30:00+00:00"}), "Asia/Seoul", "2026-11-21");
    for nowhere in ["2026-11-20T18:30:00Z", "2026-11-20T18:30:00-00:00"] {
        counts_on(json!({"occurredAt": nowhere}), "Asia/Seoul", "2026-11-21");
    }
}

#[test]
fn a_part_that_breaks_a_rule_is_named() {
    for (changes, field, rule) in [
        (json!({"source": " "}), "source", "required"),
        (json!({"source": "x".repeat(65)}), "source", "length"),
        (json!({"source": "a\u{7}"}), "source", "characters"),
        (json!({"id": "x".repeat(129)}), "id", "length"),
        (json!({"id": 7}), "id", "type"),
        (json!({"memberId": "nonsense"}), "memberId", "uuid"),
        (json!({"memberId": "5ade140e967882cfba3759edc50c8a1a"}), "memberId", "uuid"),
        (json!({"kind": "Login"}), "kind", "format"),
        (json!({"kind": ""}), "kind", "required"),
        (json!({"occurredAt": "2026-06-10T12:00:00"}), "occurredAt", "instant"),
        (json!({"occurredAt": "1969-12-31T23:59:59.999Z"}), "occurredAt", "range"),
        (json!({"occurredAt": "2026-11-21T12:05:00.001Z"}), "occurredAt", "range"),
        (json!({"timeZone": "Mars/Olympus"}), "timeZone", "time_zone"),
        (json!({"measures": [1]}), "measures", "type"),
        (json!({"measures": {"minutes": 1.5}}), "measures.minutes", "type"),
        (json!({"measures": {"minutes": 9_007_199_254_740_993_i64}}), "measures.minutes", "range"),
        (json!({"measures": {"Minutes": 1}}), "measures.Minutes", "format"),
        (json!({"measures": measures(51)}), "measures", "length"),
        (json!({"colour": "red"}), "colour", "unknown_field"),
    ] {
        breaks(changes, field, rule);
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let problems = check(&RawActivity::default(), None, now()).unwrap_err();
    let fields: Vec<_> = problems.iter().map(|problem| problem.field()).collect();
    assert_eq!(fields, ["source", "id", "memberId", "kind", "occurredAt"]);
}

#[test]
fn the_edges_are_taken() {
    for changes in [
        json!({"source": "x".repeat(64), "id": "x".repeat(128)}),
        json!({"occurredAt": "1970-01-01T00:00:00Z"}),
        json!({"occurredAt": "2026-11-21T12:05:00Z"}),
        json!({"measures": {"a": 9_007_199_254_740_992_i64, "b": -9_007_199_254_740_992_i64}}),
        json!({"measures": measures(50)}),
        json!({"timeZone": null}),
    ] {
        let raw = RawActivity::from_value(with(changes)).unwrap();
        assert_eq!(check(&raw, None, now()).map(|_| ()), Ok(()));
    }
}

#[test]
fn texts_are_trimmed_and_normalised() {
    let raw = RawActivity::from_value(with(json!({"source": " shop ", "id": "e\u{301}"}))).unwrap();
    let report = check(&raw, None, now()).unwrap();
    assert_eq!((report.source.as_str(), report.external_id.as_str()), ("shop", "\u{e9}"));
}

#[test]
fn a_sixty_first_second_is_the_last_moment_before() {
    let raw = RawActivity::from_value(with(json!({"occurredAt": "2016-12-31T23:59:60Z"}))).unwrap();
    assert_eq!(check(&raw, None, now()).unwrap().occurred_at, moment("2016-12-31T23:59:59.999Z"));
}

#[test]
fn what_is_not_one_object_with_each_key_once_is_refused() {
    for text in
        [r#"{"id": "1", "id": "2"}"#, r#"{"measures": {"a": 1, "a": 1}}"#, "{} {}", "[]", "", "{\"id\": \"\u{1}\"}"]
    {
        assert!(RawActivity::from_json(text.as_bytes()).is_err(), "{text}");
    }
}
