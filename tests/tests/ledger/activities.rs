//! Activities: reported twice they count once, a batch is judged in order, and what cannot be a fact is refused.

use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{activity, event, id, instant, reward, with, without},
};

#[tokio::test]
async fn a_fact_reported_twice_counts_once_and_another_under_its_id_is_refused() {
    let stage = Stage::shared().await;
    let reporter = stage.reporter().await;
    let member = stage.nobody().register_with(json!({"timeZone": "Asia/Seoul"})).await;
    let at = json!({"occurredAt": "2026-06-10T12:00:00Z", "timeZone": "Asia/Seoul", "measures": {"minutes": 25}});
    let fact = with(activity(&member.id, "timer"), at);
    let first = reporter.report_activity(&fact).await;
    first.created();
    assert_eq!(first.number("/position"), first.position());
    let again = reporter.report_activity(&fact).await;
    assert_eq!(again.ok()["duplicate"], true);
    assert_eq!(again.json["id"], first.json["id"]);
    let other_words = with(fact.clone(), json!({"occurredAt": "2026-06-10T21:00:00+09:00"}));
    assert_eq!(reporter.report_activity(&other_words).await.ok()["duplicate"], true, "the same instant, date and zone");
    for change in [
        json!({"kind": "session"}),
        json!({"occurredAt": "2026-06-10T12:00:01Z"}),
        json!({"timeZone": "Asia/Tokyo"}),
        json!({"measures": {"minutes": 26}}),
        json!({"measures": {}}),
    ] {
        reporter.report_activity(&with(fact.clone(), change)).await.problem(409, "activity_conflict");
    }
    let elsewhere = with(fact.clone(), json!({"source": "survey"}));
    reporter.report_activity(&elsewhere).await.created();
}

#[tokio::test]
async fn who_is_not_known_has_no_facts() {
    let stage = Stage::shared().await;
    stage.reporter().await.report_activity(&activity(&id(), "visit")).await.problem(404, "member_unknown");
}

#[tokio::test]
async fn a_batch_is_judged_in_order() {
    let stage = Stage::shared().await;
    let reporter = stage.reporter().await;
    let member = stage.nobody().register_with(json!({})).await;
    let fact = activity(&member.id, "visit");
    let batch = json!({"activities": [
        fact,
        fact,
        with(fact.clone(), json!({"kind": "purchase"})),
        activity(&id(), "visit"),
        with(activity(&member.id, "visit"), json!({"kind": "NOT A KIND"})),
        with(activity(&member.id, "visit"), json!({"source": "ledger"})),
        activity(&member.id, "visit"),
    ]});
    let answer = reporter.post("/activities/batch", &batch).await;
    answer.ok();
    let results = answer.list("/results");
    for (index, (status, code)) in [
        (201, Value::Null),
        (200, Value::Null),
        (409, json!("activity_conflict")),
        (404, json!("member_unknown")),
        (400, json!("validation_failed")),
        (403, json!("source_reserved")),
        (201, Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!((&results[index]["index"], &results[index]["status"]), (&json!(index), &json!(status)), "{answer}");
        assert_eq!(results[index]["code"], code, "{index}: {answer}");
    }
    assert!(results[4]["errors"].as_array().is_some_and(|errors| !errors.is_empty()), "{answer}");
    let again = reporter.post("/activities/batch", &batch).await;
    let statuses: Vec<i64> = again.list("/results").iter().map(|result| result["status"].as_i64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 409, 404, 400, 403, 200], "judged again, nothing is new");
}

#[tokio::test]
async fn a_batch_has_a_bound() {
    let stage = Stage::shared().await;
    let reporter = stage.reporter().await;
    let fact = activity(&id(), "visit");
    let crowded = json!({"activities": vec![fact.clone(); 1001]});
    reporter.post("/activities/batch", &crowded).await.invalid("activities");
    let full = reporter.post("/activities/batch", &json!({"activities": vec![fact; 1000]})).await;
    full.ok();
    assert_eq!(full.list("/results").len(), 1000);
    reporter.post("/activities/batch", &json!({})).await.invalid("activities");
    reporter.post("/activities/batch", &json!({"activities": [], "atomic": true})).await.invalid("atomic");
}

#[tokio::test]
async fn a_fact_that_breaks_a_rule_names_the_field() {
    let stage = Stage::shared().await;
    let reporter = stage.reporter().await;
    let member = stage.nobody().register_with(json!({})).await;
    let soon = |minutes: i64| json!(instant(Utc::now() + TimeDelta::minutes(minutes)));
    for (field, value) in [
        ("source", json!("")),
        ("source", json!("x".repeat(65))),
        ("id", json!("x".repeat(129))),
        ("id", json!(7)),
        ("memberId", json!("nonsense")),
        ("kind", json!("Login")),
        ("kind", json!("*")),
        ("kind", json!("x".repeat(65))),
        ("occurredAt", json!("2026-06-10T12:00:00")),
        ("occurredAt", json!("2026-06-10")),
        ("occurredAt", json!("1969-12-31T23:59:59Z")),
        ("occurredAt", soon(10)),
        ("timeZone", json!("Mars/Olympus")),
        ("measures", json!([1])),
        ("colour", json!("red")),
    ] {
        reporter.report_activity(&with(activity(&member.id, "visit"), json!({ field: value }))).await.invalid(field);
    }
    for (measure, value) in [
        ("minutes", json!(9_007_199_254_740_993_i64)),
        ("minutes", json!(1.5)),
        ("minutes", json!("25")),
        ("Minutes", json!(1)),
    ] {
        let fact = with(activity(&member.id, "timer"), json!({"measures": {measure: value}}));
        reporter.report_activity(&fact).await.invalid(&format!("measures.{measure}"));
    }
    for field in ["source", "id", "memberId", "kind", "occurredAt"] {
        reporter.report_activity(&without(activity(&member.id, "visit"), field)).await.invalid(field);
    }
    for at in [soon(3), json!("1970-01-01T00:00:00Z"), json!("2001-01-01T00:00:00-11:00")] {
        reporter.report_activity(&with(activity(&member.id, "visit"), json!({"occurredAt": at}))).await.created();
    }
}

#[tokio::test]
async fn our_own_source_is_not_for_others() {
    let stage = Stage::shared().await;
    let member = stage.nobody().register_with(json!({})).await;
    let ours = with(activity(&member.id, "login"), json!({"source": "ledger"}));
    for caller in [stage.reporter().await, stage.operator().await, stage.service.demo("admin").await] {
        caller.report_activity(&ours).await.problem(403, "source_reserved");
    }
    let theirs = with(ours, json!({"source": "app"}));
    stage.reporter().await.report_activity(&theirs).await.created();
}

#[tokio::test]
async fn a_fact_that_leaves_the_zone_to_us_is_still_the_same_when_the_member_has_moved() {
    let stage = Stage::shared().await;
    let reporter = stage.reporter().await;
    let member = stage.nobody().sign_up_with(json!({"timeZone": "Asia/Seoul"})).await;
    let at = json!({"occurredAt": "2026-06-10T18:00:00Z"});
    let fact = with(activity(&member.id, "visit"), at);
    reporter.report_activity(&fact).await.created();
    let moved = json!({"timeZone": "America/New_York"});
    member.client.patch("/auth/profile", &moved).await.ok();
    let again = reporter.report_activity(&fact).await;
    assert_eq!(again.ok()["duplicate"], true, "it was on 11 June in Seoul and stays there");
    let batch = json!({"activities": [fact, with(fact.clone(), json!({"kind": "purchase"}))]});
    let judged = reporter.post("/activities/batch", &batch).await;
    let statuses = judged.list("/results").iter().map(|result| &result["status"]);
    assert!(statuses.eq([&json!(200), &json!(409)]), "{judged}");
}

#[tokio::test]
async fn a_fact_that_was_taken_out_counts_no_more_and_does_not_come_back() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let campaign = operator.create_event(&event(json!({"count": {"kind": "review", "count": 1}}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.newcomer().await;
    let fact = activity(&member, "review");
    let recorded = reporter.report_activity(&fact).await;
    let withdrawal = json!({"source": fact["source"], "id": fact["id"], "note": "not a review"});
    let voided = reporter.post("/activities/void", &withdrawal).await;
    assert_eq!(voided.created()["id"], recorded.json["id"]);
    assert_eq!(voided.number("/position"), voided.position());
    let denied = reporter.claim_for(&prize, &member).await;
    assert_eq!(denied.problem(422, "condition_unmet")["evidence"][0]["have"], 0);

    let again = reporter.post("/activities/void", &withdrawal).await;
    assert_eq!(again.ok()["duplicate"], true);
    assert_eq!(again.json["position"], voided.json["position"]);
    let other = operator.post("/activities/void", &with(withdrawal, json!({"note": "fraud"}))).await;
    assert_eq!(other.problem(409, "step_not_allowed")["from"], "voided");
    assert_eq!(reporter.report_activity(&fact).await.ok()["duplicate"], true);
    reporter.claim_for(&prize, &member).await.problem(422, "condition_unmet");
    reporter.report_activity(&activity(&member, "review")).await.created();
    reporter.claim_for(&prize, &member).await.created();
}

#[tokio::test]
async fn only_what_was_reported_can_be_taken_out() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let withdrawal = json!({"source": "shop", "id": id(), "note": "a mistake"});
    operator.post("/activities/void", &withdrawal).await.problem(404, "not_found");
    let own = with(withdrawal.clone(), json!({"source": "ledger"}));
    operator.post("/activities/void", &own).await.problem(403, "source_reserved");
    for field in ["source", "id", "note"] {
        operator.post("/activities/void", &without(withdrawal.clone(), field)).await.invalid(field);
        operator.post("/activities/void", &with(withdrawal.clone(), json!({ field: " " }))).await.invalid(field);
    }
    operator.post("/activities/void", &with(withdrawal, json!({"memberId": id()}))).await.invalid("memberId");
}
