//! What answers look like: ids, times, and a resource that is read as it was made.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{anybody, event, reward, with},
};

/// Every text under a name, however deep.
fn texts<'a>(value: &'a Value, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            // what was stored is shown as it was stored
            for (name, value) in fields.iter().filter(|(name, _)| *name != "payload" && *name != "metadata") {
                if wanted(name) {
                    found.extend(value.as_str());
                }
                texts(value, wanted, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| texts(item, wanted, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn ids_are_lower_case_uuids_and_times_are_utc_with_milliseconds() {
    let stage = Stage::shared().await;
    let (operator, auditor) = (stage.operator().await, stage.auditor().await);
    let member = stage.nobody().sign_up().await;
    let (campaign, prize) = operator.create_open_event(None).await;
    let granted = member.client.claim(&prize).await;
    let claim = granted.text("/claim/id");
    let answers = [
        granted.clone(),
        operator.get_at(&format!("/events/{campaign}"), granted.position()).await,
        operator.get_at(&format!("/rewards/{prize}"), granted.position()).await,
        operator.get_at(&format!("/claims/{claim}"), granted.position()).await,
        operator.get_at(&format!("/claims?userId={}", member.id), granted.position()).await,
        operator.get(&format!("/auth/users/{}", member.id)).await,
        operator.get_at("/dashboard", granted.position()).await,
        auditor.get(&format!("/audit/log?after={}", granted.position() - 1)).await,
    ];
    let (mut ids, mut times) = (Vec::new(), Vec::new());
    for answer in &answers {
        answer.expect(answer.status);
        texts(&answer.json, &|name| name == "id" || name.ends_with("Id"), &mut ids);
        texts(&answer.json, &|name| name.ends_with("At") || name.ends_with("Date") && name != "birthDate", &mut times);
    }
    assert!(ids.len() > 20 && times.len() > 15, "{ids:?} {times:?}");
    for id in ids {
        assert_eq!(uuid::Uuid::parse_str(id).unwrap().to_string(), id, "lower case, with hyphens");
    }
    for time in times {
        let read = DateTime::parse_from_rfc3339(time).unwrap().with_timezone(&Utc);
        assert_eq!(read.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), time);
    }
}

#[tokio::test]
async fn a_time_may_carry_any_offset_but_must_carry_one() {
    let operator = Stage::shared().await.operator().await;
    let started = |at: &str| with(event(anybody()), json!({"startDate": at}));
    for (sent, shown) in [
        ("2026-11-01T00:00:00+09:00", "2026-10-31T15:00:00.000Z"),
        ("2026-11-01T00:00:00.123456-11:30", "2026-11-01T11:30:00.123Z"),
        ("2026-11-01T00:00:00Z", "2026-11-01T00:00:00.000Z"),
        ("2026-11-01", "2026-11-01T00:00:00.000Z"),
    ] {
        assert_eq!(operator.post("/events", &started(sent)).await.created()["startDate"], shown, "{sent}");
    }
    for sent in ["2026-11-01T00:00:00", "2026-11-01T00:00", "2026-11-01T00:00:00+25:00", "2026-02-29", "1.11.2026", ""]
    {
        operator.post("/events", &started(sent)).await.invalid("startDate");
    }
}

#[tokio::test]
async fn a_single_resource_is_answered_as_its_post_answers_it() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let made = operator.post("/events", &event(anybody())).await;
    let path = format!("/events/{}", made.text("/id"));
    assert_eq!(*operator.get_at(&path, made.position()).await.ok(), made.json);
    let prize = operator.post("/rewards", &reward(&made.text("/id"), Some(3))).await;
    let read = operator.get_at(&format!("/rewards/{}", prize.text("/reward/id")), prize.position()).await;
    assert_eq!(read.ok()["reward"], prize.json["reward"]);
    let member = stage.nobody().sign_up().await;
    let granted = member.client.claim(&prize.text("/reward/id")).await;
    let read = member.client.get_at(&format!("/claims/{}", granted.text("/claim/id")), granted.position()).await;
    for (name, value) in granted.json["claim"].as_object().unwrap() {
        assert_eq!(&read.ok()["claim"][name], value, "{name}");
    }
}
