//! Events: created, listed and read, and every way an operator's mistake is named.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{anybody, event, instant, unique, with, without},
};

#[tokio::test]
async fn a_new_event_shows_its_defaults() {
    let operator = Stage::shared().await.operator().await;
    let body = event(anybody());
    let answer = operator.post("/events", &body).await;
    let made = answer.created().clone();
    for (field, value) in [
        ("name", body["name"].clone()),
        ("startDate", body["startDate"].clone()),
        ("endDate", body["endDate"].clone()),
        ("condition", body["condition"].clone()),
        ("conditionVersion", json!(1)),
        ("frequency", json!("once")),
        ("timeZone", json!("UTC")),
        ("approval", json!("automatic")),
        ("maxRewardCount", Value::Null),
        ("perMemberLimit", Value::Null),
        ("status", json!("active")),
    ] {
        assert_eq!(made[field], value, "{field} in {made}");
    }
    let read = operator.get_at(&format!("/events/{}", made["id"].as_str().unwrap()), answer.position()).await;
    assert_eq!(*read.ok(), made, "read as it was answered");
}

#[tokio::test]
async fn a_status_follows_the_clock() {
    let operator = Stage::shared().await.operator().await;
    let now = Utc::now();
    for (start, end, status) in [(-2, -1, "ended"), (-1, 1, "active"), (1, 2, "scheduled")] {
        let [start, end] = [start, end].map(|days| instant(now + TimeDelta::days(days)));
        let answer =
            operator.post("/events", &with(event(anybody()), json!({"startDate": start, "endDate": end}))).await;
        assert_eq!(answer.created()["status"], status);
        let listed = operator.get_at(&format!("/events?status={status}&limit=200"), answer.position()).await;
        listed.ok();
        assert!(listed.list("/events").iter().any(|event| event["id"] == answer.json["id"]), "{status}: {listed}");
        assert!(listed.list("/events").iter().all(|event| event["status"] == status));
    }
}

#[tokio::test]
async fn a_date_is_midnight_in_the_events_zone() {
    let operator = Stage::shared().await.operator().await;
    let dates = json!({"timeZone": "Asia/Seoul", "startDate": "2026-11-01", "endDate": "2026-12-01"});
    let answer = operator.post("/events", &with(event(anybody()), dates)).await;
    assert_eq!(answer.created()["startDate"], "2026-10-31T15:00:00.000Z");
    assert_eq!(answer.json["endDate"], "2026-11-30T15:00:00.000Z");
}

#[tokio::test]
async fn an_event_that_breaks_a_rule_names_the_field() {
    let operator = Stage::shared().await.operator().await;
    for (field, value) in [
        ("colour", json!("red")),
        ("name", json!(5)),
        ("name", json!("   ")),
        ("name", json!("x".repeat(121))),
        ("name", json!("line\nbreak")),
        ("description", json!("x".repeat(2001))),
        ("startDate", json!("2026-11-01T00:00:00")),
        ("startDate", json!("soon")),
        ("startDate", json!(1_700_000_000)),
        ("timeZone", json!("Mars/Olympus")),
        ("frequency", json!("hourly")),
        ("approval", json!("perhaps")),
        ("maxRewardCount", json!(0)),
        ("maxRewardCount", json!(1.5)),
        ("maxRewardCount", json!(1_000_000_001)),
        ("perMemberLimit", json!("one")),
        ("condition", Value::Null),
    ] {
        operator.post("/events", &with(event(anybody()), json!({ field: value }))).await.invalid(field);
    }
    for field in ["name", "startDate", "endDate", "condition"] {
        operator.post("/events", &without(event(anybody()), field)).await.invalid(field);
    }
    let backwards = with(event(anybody()), json!({"startDate": "2026-12-01", "endDate": "2026-12-01"}));
    operator.post("/events", &backwards).await.invalid("endDate");
    operator.post("/events?dryrun=1", &event(anybody())).await.invalid("query.dryrun");
}

#[tokio::test]
async fn an_event_name_is_taken_without_regard_to_case_or_composition() {
    let operator = Stage::shared().await.operator().await;
    let mark = unique();
    let named = |name: &str| with(event(anybody()), json!({"name": format!("{name} {mark}")}));
    operator.post("/events", &named("Café")).await.created();
    for same in ["Café", "CAFÉ", "cafe\u{301}", "  café"] {
        operator.post("/events", &named(same)).await.problem(409, "event_name_taken");
    }
}
