//! Events: created, changed, listed and read, and every way an operator's mistake is named.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{anybody, event, id, instant, login_streak, reward, unique, with, without},
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

#[tokio::test]
async fn a_change_changes_what_it_names_and_nothing_else() {
    let operator = Stage::shared().await.operator().await;
    let body = with(
        event(anybody()),
        json!({"description": "Once upon a time", "maxRewardCount": 9, "timeZone": "Asia/Seoul"}),
    );
    let made = operator.post("/events", &body).await.created().clone();
    let path = format!("/events/{}", made["id"].as_str().unwrap());
    let name = format!("Another {}", unique());
    for (change, shown) in [
        (json!({"name": name}), json!({"name": name})),
        (json!({"description": null}), json!({"description": null})),
        (json!({"endDate": "2036-01-01"}), json!({"endDate": "2035-12-31T15:00:00.000Z"})),
        (json!({"maxRewardCount": null, "perMemberLimit": 3}), json!({"maxRewardCount": null, "perMemberLimit": 3})),
        (
            json!({"approval": "manual", "pendingExpiresAfter": "5h"}),
            json!({"approval": "manual", "pendingExpiresAfter": "5h"}),
        ),
        (json!({"frequency": "weekly", "timeZone": "UTC"}), json!({"frequency": "weekly", "timeZone": "UTC"})),
    ] {
        let before = operator.patch(&path, &json!({"approval": "automatic"})).await.ok().clone();
        let changed = operator
            .patch(&path, &with(change.clone(), json!({"approval": shown["approval"].as_str().unwrap_or("automatic")})))
            .await;
        assert_eq!(*changed.ok(), with(before, shown), "after {change}");
        let read = operator.get_at(&path, changed.position()).await;
        assert_eq!(*read.ok(), changed.json, "read as it was answered");
    }
    let same = operator.patch(&path, &json!({"name": name})).await;
    same.ok();
    assert_eq!(same.header("ledger-position"), None, "nothing was written");
}

#[tokio::test]
async fn a_change_that_breaks_a_rule_names_the_field() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    let path = format!("/events/{campaign}");
    for (field, change) in [
        ("body", json!({})),
        ("colour", json!({"colour": "red"})),
        ("name", json!({"name": null})),
        ("name", json!({"name": ""})),
        ("frequency", json!({"frequency": null})),
        ("timeZone", json!({"timeZone": "Mars/Olympus"})),
        ("startDate", json!({"startDate": null})),
        ("endDate", json!({"endDate": "1999-01-01"})),
        ("startDate", json!({"startDate": "tomorrow"})),
        ("condition", json!({"condition": null})),
        ("condition.streak.days", json!({"condition": login_streak(0)})),
        ("maxRewardCount", json!({"maxRewardCount": 0})),
        ("status", json!({"status": "paused"})),
        ("id", json!({"id": campaign})),
    ] {
        operator.patch(&path, &change).await.invalid(field);
    }
    operator.patch(&format!("/events/{}", id()), &json!({"name": "Nobody"})).await.problem(404, "not_found");
    operator.patch("/events/me", &json!({"name": "Nobody"})).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_new_name_is_taken_and_the_old_one_is_free() {
    let operator = Stage::shared().await.operator().await;
    let mark = unique();
    let (first, second) = (format!("First {mark}"), format!("Second {mark}"));
    let campaign = operator.create_event(&with(event(anybody()), json!({"name": first}))).await;
    let other = operator.create_event(&with(event(anybody()), json!({"name": second}))).await;
    let (path, named) = (format!("/events/{campaign}"), |name: &str| json!({"name": name}));
    operator.patch(&path, &named(&second.to_uppercase())).await.problem(409, "event_name_taken");
    operator.patch(&path, &named(&first.to_uppercase())).await.ok();
    operator.patch(&path, &named(&format!("Third {mark}"))).await.ok();
    operator.patch(&format!("/events/{other}"), &named(&first)).await.ok();
    operator.patch(&path, &named(&second)).await.ok();
}

#[tokio::test]
async fn another_condition_is_a_new_version_and_never_touches_what_is_decided() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (campaign, prize) = operator.create_open_event(None).await;
    let (early, late) = (stage.newcomer().await, stage.newcomer().await);
    let granted = reporter.claim_for(&prize, &early).await;
    assert_eq!(granted.created()["claim"]["conditionVersion"], 1);

    let path = format!("/events/{campaign}");
    let same = operator.patch(&path, &json!({"condition": anybody()})).await;
    assert_eq!(same.ok()["conditionVersion"], 1);
    let other = operator.patch(&path, &json!({"condition": login_streak(7)})).await;
    assert_eq!(other.ok()["conditionVersion"], 2);
    assert_eq!(other.json["condition"], login_streak(7));
    let named = operator.patch(&path, &json!({"description": "as before"})).await;
    assert_eq!(named.ok()["conditionVersion"], 2);

    let kept = reporter.get_at(&format!("/claims/{}", granted.text("/claim/id")), other.position()).await;
    if kept.status == 200 {
        assert_eq!(kept.json["claim"]["status"], "granted");
    }
    reporter.claim_for(&prize, &early).await.problem(409, "already_claimed");
    reporter.claim_for(&prize, &late).await.problem(422, "condition_unmet");
}

#[tokio::test]
async fn periods_are_fixed_once_there_is_a_claim_denied_ones_too() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    for (condition, status) in [(anybody(), 201), (login_streak(7), 422)] {
        let campaign = operator.create_event(&event(condition)).await;
        let prize = operator.create_reward(&reward(&campaign, None)).await;
        let path = format!("/events/{campaign}");
        operator.patch(&path, &json!({"frequency": "daily"})).await.ok();
        reporter.claim_for(&prize, &stage.newcomer().await).await.expect(status);
        operator.patch(&path, &json!({"frequency": "weekly"})).await.problem(409, "event_in_use");
        operator.patch(&path, &json!({"timeZone": "Asia/Seoul", "name": unique()})).await.problem(409, "event_in_use");
        let same = json!({"frequency": "daily", "timeZone": "UTC", "description": "still daily"});
        operator.patch(&path, &same).await.ok();
        operator.patch(&path, &json!({"timeZone": "Etc/UTC"})).await.ok();
    }
}

#[tokio::test]
async fn a_first_claim_and_a_change_of_periods_at_once_never_both_see_the_event_as_it_was() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    for round in 0..12 {
        let (campaign, prize) = operator.create_open_event(None).await;
        let (path, member) = (format!("/events/{campaign}"), stage.newcomer().await);
        let weekly = json!({"frequency": "weekly"});
        let (changed, claimed) = tokio::join!(operator.patch(&path, &weekly), reporter.claim_for(&prize, &member));
        let period = claimed.created()["claim"]["period"].clone();
        match changed.status {
            200 => assert_ne!(period, "once", "round {round}: it was weekly already"),
            _ => {
                changed.problem(409, "event_in_use");
                assert_eq!(period, "once", "round {round}");
            }
        }
    }
}

#[tokio::test]
async fn a_limit_never_falls_below_what_is_committed() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (campaign, prize) = operator.create_open_event(None).await;
    let other_prize = operator.create_reward(&reward(&campaign, None)).await;
    let (greedy, modest) = (stage.newcomer().await, stage.newcomer().await);
    for (prize, member) in [(&prize, &greedy), (&other_prize, &greedy), (&prize, &modest)] {
        reporter.claim_for(prize, member).await.created();
    }
    let path = format!("/events/{campaign}");
    let below = operator.patch(&path, &json!({"maxRewardCount": 2})).await;
    assert_eq!(below.problem(409, "below_committed")["committed"], 3);
    let below = operator.patch(&path, &json!({"perMemberLimit": 1})).await;
    assert_eq!(below.problem(409, "below_committed")["committed"], 2);
    operator.patch(&path, &json!({"maxRewardCount": 3, "perMemberLimit": 2})).await.ok();
    reporter.claim_for(&other_prize, &modest).await.problem(409, "budget_exhausted");
    operator.patch(&path, &json!({"maxRewardCount": null})).await.ok();
    reporter.claim_for(&other_prize, &modest).await.created();
    let third = operator.create_reward(&reward(&campaign, None)).await;
    reporter.claim_for(&third, &modest).await.problem(409, "limit_reached");
}

#[tokio::test]
async fn steps_are_taken_in_the_order_of_an_events_life() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (campaign, prize) = operator.create_open_event(None).await;
    let step = async |name: &str| operator.post_if(&format!("/events/{campaign}/{name}"), "*").await;
    assert_eq!(step("resume").await.problem(409, "step_not_allowed")["from"], "active");
    let paused = step("pause").await;
    assert_eq!(paused.ok()["status"], "paused");
    assert!(paused.position() > 0);
    assert_eq!(step("pause").await.problem(409, "step_not_allowed")["from"], "paused");
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(409, "event_not_active");
    let listed = operator.get_at("/events?status=paused&limit=200", paused.position()).await;
    assert!(listed.list("/events").iter().any(|event| event["id"] == *campaign), "{listed}");
    assert_eq!(step("resume").await.ok()["status"], "active");
    reporter.claim_for(&prize, &stage.newcomer().await).await.created();
    let ended = step("end").await;
    assert_eq!(ended.ok()["status"], "ended");
    assert_eq!(*operator.get_at(&format!("/events/{campaign}"), ended.position()).await.ok(), ended.json);
    for name in ["pause", "resume", "end"] {
        assert_eq!(step(name).await.problem(409, "step_not_allowed")["from"], "ended");
    }
    let renamed = operator.patch(&format!("/events/{campaign}"), &json!({"name": unique()})).await;
    assert_eq!(renamed.problem(409, "step_not_allowed")["from"], "ended");
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(409, "event_not_active");
    operator.post_if(&format!("/events/{}/end", id()), "*").await.problem(404, "not_found");
    operator.post(&format!("/events/{campaign}/end"), &json!({"note": "over"})).await.invalid("note");
}
