//! Evidence: every leaf, always, by its path, with the true number; and the local day a fact counts for.

use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{activity, event, id, reward, with},
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
