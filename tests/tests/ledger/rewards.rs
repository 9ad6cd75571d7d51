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
    let contradiction = with(reward(&campaign, None), json!({"isLimited": true, "perMemberLimit": 2}));
    operator.post("/rewards", &contradiction).await.problem(400, "validation_failed");
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
