//! Rewards: created by each of their routes, refused with the field named, and listed without gap or repetition.

use serde_json::{Value, json};
use tests::support::{
    Stage,
    programme::{anybody, event, id, reward, with},
};

#[tokio::test]
async fn a_new_reward_shows_its_stock() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    let answer = operator.post("/rewards", &json!({"eventId": campaign, "name": "Mug"})).await;
    let made = answer.created()["reward"].clone();
    for (field, value) in [
        ("eventId", json!(campaign)),
        ("type", json!("POINT")),
        ("amount", json!(1)),
        ("quantity", Value::Null),
        ("remaining", Value::Null),
        ("held", json!(0)),
        ("granted", json!(0)),
        ("isLimited", json!(false)),
    ] {
        assert_eq!(made[field], value, "{field} in {made}");
    }
    let read = operator.get_at(&format!("/rewards/{}", made["id"].as_str().unwrap()), answer.position()).await;
    assert_eq!(read.ok()["reward"], made, "read as it was answered");

    let sold_out = operator.post(&format!("/events/{campaign}/rewards"), &json!({"name": "Cup", "quantity": 0})).await;
    assert_eq!(sold_out.created()["reward"]["remaining"], 0);
    let coupon = operator.post("/rewards/coupon", &json!({"eventId": campaign, "name": "C", "isLimited": true})).await;
    assert_eq!(coupon.created()["reward"]["type"], "COUPON");
    assert_eq!(coupon.json["reward"]["perMemberLimit"], 1);
    operator.post("/rewards/coupon", &json!({"eventId": campaign, "name": "C", "type": "ITEM"})).await.invalid("type");
}

#[tokio::test]
async fn a_reward_that_breaks_a_rule_names_the_field() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    for (field, value) in [
        ("eventId", json!("nonsense")),
        ("name", json!("")),
        ("type", json!("GOLD")),
        ("amount", json!(0)),
        ("amount", json!(1_000_000_001)),
        ("quantity", json!(-1)),
        ("quantity", json!("ten")),
        ("perMemberLimit", json!(0)),
        ("isLimited", json!("yes")),
        ("price", json!(5)),
    ] {
        operator.post("/rewards", &with(reward(&campaign, Some(1)), json!({ field: value }))).await.invalid(field);
    }
    let contradiction = json!({"isLimited": true, "perMemberLimit": 2});
    operator.post("/rewards", &with(reward(&campaign, None), contradiction)).await.invalid("isLimited");
    operator.post("/rewards", &reward(&id(), None)).await.expect(404);
}

#[tokio::test]
async fn a_list_is_walked_newest_first_without_gap_or_repetition() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.insert(0, operator.create_reward(&reward(&campaign, None)).await);
    }
    let last = operator.post("/rewards", &reward(&campaign, None)).await;
    made.insert(0, last.text("/reward/id"));
    let path = format!("/events/{campaign}/rewards?limit=2");
    let first = operator.get_at(&path, last.position()).await;
    assert_eq!(first.list("/rewards").len(), 2);
    operator.create_reward(&reward(&campaign, None)).await; // written while the list is walked
    let cursor = first.text("/nextCursor");
    let rest = operator.walk(&path, "rewards", &cursor).await;
    let seen: Vec<&str> = first.list("/rewards").iter().chain(&rest).map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(seen, made);

    operator.get("/events?limit=0").await.invalid("query.limit");
    operator.get("/events?limit=201").await.invalid("query.limit");
    operator.get("/events?limit=many").await.invalid("query.limit");
    for garbage in ["garbage", "%00", "", &"A".repeat(2_000)] {
        operator.get(&format!("/events?cursor={garbage}")).await.problem(400, "invalid_cursor");
    }
    operator.get(&format!("/events?cursor={cursor}")).await.problem(400, "invalid_cursor");
    operator.get("/events?status=gone").await.invalid("query.status");
    operator.get(&format!("/events/{}", id())).await.problem(404, "not_found");
    operator.get(&format!("/rewards/{}", id())).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_type_in_the_path_is_read_in_any_letter_case() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    for (path, shown) in [("point", "POINT"), ("Item", "ITEM"), ("COUPON", "COUPON")] {
        let made = operator.post(&format!("/rewards/{path}"), &json!({"eventId": campaign, "name": "R"})).await;
        assert_eq!(made.created()["reward"]["type"], shown);
        let same = json!({"eventId": campaign, "name": "R", "type": shown});
        operator.post(&format!("/rewards/{path}"), &same).await.created();
    }
    operator.post("/rewards/gold", &json!({"eventId": campaign, "name": "R"})).await.problem(404, "not_found");
}

#[tokio::test]
async fn is_limited_is_another_word_for_one_a_member() {
    let operator = Stage::shared().await.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    for (said, limit, is_limited) in [
        (json!({"isLimited": true}), json!(1), true),
        (json!({"isLimited": true, "perMemberLimit": 1}), json!(1), true),
        (json!({"isLimited": true, "perMemberLimit": null}), json!(1), true),
        (json!({"isLimited": false}), Value::Null, false),
        (json!({"isLimited": false, "perMemberLimit": null}), Value::Null, false),
        (json!({"isLimited": false, "perMemberLimit": 1}), json!(1), true),
        (json!({"isLimited": false, "perMemberLimit": 3}), json!(3), false),
        (json!({"perMemberLimit": 1}), json!(1), true),
        (json!({"perMemberLimit": 2}), json!(2), false),
        (json!({}), Value::Null, false),
    ] {
        let made = operator.post("/rewards", &with(json!({"eventId": campaign, "name": "R"}), said.clone())).await;
        assert_eq!(made.created()["reward"]["perMemberLimit"], limit, "{said}");
        assert_eq!(made.json["reward"]["isLimited"], is_limited, "{said}");
    }
}

#[tokio::test]
async fn stock_is_added_and_taken_out_but_never_below_what_is_committed() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (_, prize) = operator.create_open_event(Some(2)).await;
    for _ in 0..2 {
        reporter.claim_for(&prize, &stage.newcomer().await).await.created();
    }
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(409, "out_of_stock");
    let path = format!("/rewards/{prize}");
    assert_eq!(
        operator.patch(&path, &json!({"quantityDelta": -1})).await.problem(409, "below_committed")["committed"],
        2
    );
    operator.patch(&path, &json!({"quantityDelta": -3})).await.problem(409, "below_committed");
    let more = operator.patch(&path, &json!({"quantityDelta": 3})).await;
    for (field, value) in [("quantity", 5), ("granted", 2), ("held", 0), ("remaining", 3)] {
        assert_eq!(more.ok()["reward"][field], value, "{field}");
    }
    let read = operator.get_at(&path, more.position()).await;
    assert_eq!(read.ok()["reward"], more.json["reward"], "read as it was answered");
    reporter.claim_for(&prize, &stage.newcomer().await).await.created();
    operator.patch(&path, &json!({"quantityDelta": -2})).await.ok();
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(409, "out_of_stock");
    assert_eq!(stage.log().await.stock(&prize).await, (Some(3), 0, 3));
}

#[tokio::test]
async fn a_change_of_a_reward_that_breaks_a_rule_names_the_field() {
    let operator = Stage::shared().await.operator().await;
    let (_, prize) = operator.create_open_event(Some(5)).await;
    let path = format!("/rewards/{prize}");
    for (field, change) in [
        ("body", json!({})),
        ("quantityDelta", json!({"quantityDelta": 0})),
        ("quantityDelta", json!({"quantityDelta": 1.5})),
        ("quantityDelta", json!({"quantityDelta": null})),
        ("quantityDelta", json!({"quantityDelta": 1_000_000_000})),
        ("quantityDelta", json!({"quantityDelta": 1_000_000_001})),
        ("name", json!({"name": null})),
        ("description", json!({"description": "x".repeat(2001)})),
        ("amount", json!({"amount": 5})),
        ("type", json!({"type": "ITEM"})),
        ("quantity", json!({"quantity": 9})),
        ("perMemberLimit", json!({"perMemberLimit": 1})),
    ] {
        operator.patch(&path, &change).await.invalid(field);
    }
    let (_, endless) = operator.create_open_event(None).await;
    let refused = operator.patch(&format!("/rewards/{endless}"), &json!({"quantityDelta": 1, "name": "Gold"})).await;
    refused.problem(409, "unlimited_stock");
    operator.patch(&format!("/rewards/{}", id()), &json!({"quantityDelta": 1})).await.problem(404, "not_found");
    let named = operator.patch(&path, &json!({"name": "Gold", "description": null, "quantityDelta": 1})).await;
    assert_eq!(named.ok()["reward"]["name"], "Gold");
    assert_eq!(named.json["reward"]["quantity"], 6);
}
