//! Evidence: every leaf, always, by its path, with the true number; and the local day a fact counts for.

use chrono::DateTime;
use serde_json::{Value, json};
use tests::support::{
    Answer, Stage,
    programme::{activity, event, id, reward, unique, with},
};

#[tokio::test]
async fn every_leaf_shows_what_it_needed_and_what_it_saw() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let condition = json!({"all": [
        {"count": {"kind": "purchase", "count": 2}},
        {"any": [{"referrals": {"count": 3}}, {"profileComplete": {}}]},
        {"not": {"total": {"kind": "purchase", "measure": "cents", "total": 1000}}},
    ]});
    let campaign = operator.create_event(&event(condition)).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.nobody().sign_up().await;
    for cents in [700, 800, 900] {
        let purchase = with(activity(&member.id, "purchase"), json!({"measures": {"cents": cents}}));
        reporter.report_activity(&purchase).await.created();
    }
    let refused = member.client.claim(&prize).await;
    refused.problem(422, "condition_unmet");
    for (path, leaf, need, have, met) in [
        ("all[0]", "count", json!(2), json!(3), true),
        ("all[1].any[0]", "referrals", json!(3), json!(0), false),
        ("all[1].any[1]", "profileComplete", json!(true), json!(false), false),
        ("all[2].not", "total", json!(1000), json!(2400), true),
    ] {
        let line = refused.list("/evidence").iter().find(|line| line["path"] == path).cloned().unwrap_or_default();
        assert_eq!(line["leaf"], leaf, "{path} in {refused}");
        assert_eq!((&line["need"], &line["have"]), (&need, &have), "{path}");
        assert_eq!(line["met"], met, "{path}: the leaf's own, whatever stands above it");
    }
    assert_eq!(refused.list("/evidence").len(), 4);
}

#[tokio::test]
async fn a_lone_leaf_has_an_empty_path() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let campaign = operator.create_event(&event(json!("COMPLETE_PROFILE"))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.nobody().sign_up().await;
    let refused = member.client.claim(&prize).await;
    let line = &refused.problem(422, "condition_unmet")["evidence"][0];
    assert_eq!(line["path"], "");
    assert_eq!((&line["leaf"], &line["need"], &line["have"]), (&json!("profileComplete"), &json!(true), &json!(false)));
}

/// Two facts an hour apart, around midnight in Seoul, on one day in UTC.
#[tokio::test]
async fn a_fact_counts_for_the_local_day_of_its_zone_its_offset_or_its_member() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let campaign = operator.create_event(&event(json!({"activeDays": {"kind": "visit", "days": 3}}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let utc = ["2026-06-10T14:30:00Z", "2026-06-10T15:30:00Z"];
    let seoul = ["2026-06-10T23:30:00+09:00", "2026-06-11T00:30:00+09:00"];
    for (home, instants, zone, days) in [
        ("UTC", utc, Value::Null, 1),
        ("Asia/Seoul", utc, Value::Null, 2),
        ("UTC", seoul, Value::Null, 2),
        ("UTC", utc, json!("Asia/Seoul"), 2),
        ("Asia/Seoul", seoul, json!("UTC"), 1),
    ] {
        let member = stage.nobody().register_with(json!({"timeZone": home})).await;
        for at in instants {
            let mut fact = with(activity(&member.id, "visit"), json!({"occurredAt": at}));
            if !zone.is_null() {
                fact["timeZone"] = zone.clone();
            }
            reporter.report_activity(&fact).await.created();
        }
        let refused = reporter.claim_for(&prize, &member.id).await;
        let have = &refused.problem(422, "condition_unmet")["evidence"][0]["have"];
        assert_eq!(*have, days, "a member of {home}, {instants:?}, zone {zone}");
    }
}

#[tokio::test]
async fn an_imported_member_asks_like_any_other() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let campaign = operator.create_event(&event(json!({"count": {"kind": "visit", "count": 2}}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = id();
    let facts = [activity(&member, "visit"), activity(&member, "visit")];
    stage.service.import(&facts);
    stage.service.import(&facts); // run again it changes nothing
    let granted = reporter.claim_for(&prize, &member).await;
    assert_eq!(granted.created()["claim"]["evidence"][0]["have"], 2);
}

/// A refusal says by what it was judged, as a grant does: whoever doubts it can judge it again.
#[tokio::test]
async fn a_refusal_says_by_which_condition_on_which_facts_when_and_where_it_was_judged() {
    let stage = Stage::shared().await;
    let (operator, reporter, auditor) = (stage.operator().await, stage.reporter().await, stage.auditor().await);
    let campaign = operator.create_event(&event(json!({"count": {"kind": "visit", "count": 2}}))).await;
    let prize = operator.create_reward(&reward(&campaign, None)).await;
    let member = stage.nobody().register_with(json!({"timeZone": "Asia/Seoul"})).await;
    let before = reporter.report_activity(&activity(&member.id, "visit")).await.position();
    let path = format!("/claims/{prize}/claim");
    let (wish, key) = (json!({"memberId": member.id}), unique());
    let judged = |answer: &Answer, version: i64| {
        let body = answer.problem(422, "condition_unmet");
        assert_eq!((&body["conditionVersion"], &body["timeZone"]), (&json!(version), &json!("Asia/Seoul")), "{answer}");
        assert_eq!(body["evidence"].as_array().unwrap().len(), 1, "{answer}");
        let evaluated_at = DateTime::parse_from_rfc3339(body["evaluatedAt"].as_str().unwrap()).unwrap();
        (body["factsPosition"].as_i64().unwrap(), evaluated_at)
    };

    let tried = reporter.post(&format!("{path}?dryRun=true"), &wish).await;
    assert!(judged(&tried, 1).0 >= before);
    let refused = reporter.post_once(&path, &wish, &key).await;
    let (facts, at) = judged(&refused, 1);
    assert!(facts >= before && facts < refused.position());

    // the same again: answered from its key, refused without a further event, and looked at without a trace
    let replayed = reporter.post_once(&path, &wish, &key).await;
    assert_eq!((&replayed.json, replayed.header("idempotency-replayed")), (&refused.json, Some("true")));
    for again in [reporter.post(&path, &wish).await, reporter.post_once(&path, &wish, &unique()).await] {
        assert_eq!(
            (judged(&again, 1), again.position()),
            ((facts, at), refused.position()),
            "the refusal that is recorded"
        );
    }
    assert_eq!(judged(&reporter.post(&format!("{path}?dryRun=true"), &wish).await, 1), (facts, at));

    // it is what the log says
    let claim = refused.text("/claimId");
    let shown = auditor.get_at(&format!("/audit/streams/claim/{claim}"), refused.position()).await;
    let decision = &shown.ok()["state"]["decision"];
    for name in ["conditionVersion", "factsPosition", "evaluatedAt", "timeZone", "evidence"] {
        assert_eq!(decision[name], refused.json[name], "{name}");
    }

    // another condition is another refusal
    let stricter = json!({"condition": {"count": {"kind": "visit", "count": 3}}});
    operator.patch(&format!("/events/{campaign}"), &stricter).await.ok();
    let (facts_then, then) = judged(&reporter.post(&path, &wish).await, 2);
    assert!(facts_then >= facts && then > at);
}
