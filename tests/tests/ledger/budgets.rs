//! Budgets over the API: an event's and the programme's, who is refused and what they are told, what is told of budgets as events,
//! and what a back-test says of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::support::{
    Client, Stage,
    programme::{anybody, event, reward, with, without},
};

fn of_points(amount: i64, per: &str) -> Value {
    json!({"unit": "points", "amount": amount, "per": per})
}

/// An event with these budgets whose reward is a hundred points.
async fn limited(operator: &Client, budgets: Value) -> (String, String) {
    let event = operator.create_event(&with(event(anybody()), json!({ "budgets": budgets }))).await;
    let reward = operator.create_reward(&reward(&event, None)).await;
    (event, reward)
}

#[tokio::test]
async fn an_event_shows_its_budgets_and_changes_them_as_a_whole() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let sent = json!([of_points(10_000, "day"), {"unit": "KRW", "amount": 5, "per": "total", "alertAt": [50]}]);
    let shown = json!([
        {"unit": "points", "amount": 10_000, "per": "day", "alertAt": [80, 100]},
        {"unit": "KRW", "amount": 5, "per": "total", "alertAt": [50]},
    ]);
    let made = operator.post("/events", &with(event(anybody()), json!({ "budgets": sent }))).await;
    assert_eq!(made.created()["budgets"], shown);
    let path = format!("/events/{}", made.text("/id"));
    assert_eq!(operator.get_at(&path, made.position()).await.ok()["budgets"], shown);
    let renamed = operator.patch(&path, &json!({"description": "More to come"})).await;
    assert_eq!(renamed.ok()["budgets"], shown, "what is not named stays");
    let emptied = operator.patch(&path, &json!({"budgets": []})).await;
    assert_eq!(emptied.ok()["budgets"], json!([]));
    assert_eq!(operator.get_at(&path, emptied.position()).await.ok()["budgets"], json!([]));

    for (budgets, field) in [
        (json!([{"unit": "nothing", "amount": 1, "per": "day"}]), "budgets[0].unit"),
        (json!([{"unit": "grants", "amount": 1, "per": "day"}]), "budgets[0].unit"),
        (json!([of_points(0, "day")]), "budgets[0].amount"),
        (json!([of_points(1_000_000_001, "day")]), "budgets[0].amount"),
        (json!([of_points(1, "day"), of_points(1, "year")]), "budgets[1].per"),
        (json!([of_points(1, "day"), of_points(2, "day")]), "budgets"),
        (json!([with(of_points(1, "day"), json!({"alertAt": [100, 80]}))]), "budgets"),
        (json!(vec![of_points(1, "day"); 21]), "budgets"),
        (json!(null), "budgets"),
    ] {
        operator.patch(&path, &json!({ "budgets": budgets })).await.invalid(field);
    }
}

#[tokio::test]
async fn who_finds_a_budget_spent_is_told_which_and_room_comes_back() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let (_, prize) = limited(&operator, json!([of_points(250, "total"), of_points(1_000, "month")])).await;
    let members = [operator.sign_up().await, operator.sign_up().await, operator.sign_up().await];
    let first = members[0].client.claim(&prize).await;
    first.created();
    members[1].client.claim(&prize).await.created();
    let budget = json!({"scope": "event", "unit": "points", "per": "total", "period": "total",
        "amount": 250, "committed": 200, "need": 100});
    let dry = members[2].client.post(&format!("/claims/{prize}/claim?dryRun=true"), &json!({})).await;
    dry.problem(409, "budget_exhausted");
    assert_eq!(dry.json["budget"], budget);
    let refused = members[2].client.claim(&prize).await;
    refused.problem(409, "budget_exhausted");
    assert_eq!(refused.json["budget"], budget);
    let explained = format!("/claims/{}/explanation", refused.text("/claimId"));
    let explained = members[2].client.get_at(&explained, refused.position()).await;
    assert!(explained.ok()["summary"].as_str().unwrap().contains("250"), "{}", explained.json);

    let path = format!("/reward-requests/{}", first.text("/claim/id"));
    operator.patch(&path, &json!({"status": "REVERSED", "note": "A mistake"})).await.ok();
    members[2].client.claim(&prize).await.created();
    stage.log().await.assert_sound().await;
}

#[tokio::test]
async fn a_limit_of_grants_is_a_budget_of_grants() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let event = operator.create_event(&with(event(anybody()), json!({"maxRewardCount": 1}))).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    operator.sign_up().await.client.claim(&prize).await.created();
    let refused = operator.sign_up().await.client.claim(&prize).await;
    refused.problem(409, "budget_exhausted");
    let budget = json!({"scope": "event", "unit": "grants", "per": "total", "period": "total",
        "amount": 1, "committed": 1, "need": 1});
    assert_eq!(refused.json["budget"], budget);
}

#[tokio::test]
async fn the_programme_limits_all_events_in_its_own_zone() {
    let stage = Stage::own().await;
    let (admin, operator) = (stage.service.demo("admin").await, stage.operator().await);
    let read = admin.get("/budgets").await;
    assert_eq!((read.ok(), read.header("etag")), (&json!({"timeZone": "UTC", "budgets": []}), Some("\"0\"")));
    let change = json!({"timeZone": "Asia/Seoul", "budgets": [of_points(150, "month")]});
    let changed = admin.patch_if("/budgets", &change, "\"0\"").await;
    let shown = json!({"timeZone": "Asia/Seoul", "budgets": [
        {"unit": "points", "amount": 150, "per": "month", "alertAt": [80, 100]}]});
    assert_eq!((changed.ok(), changed.header("etag")), (&shown, Some("\"1\"")));
    assert_eq!(*admin.get_at("/budgets", changed.position()).await.ok(), shown);
    admin.patch_if("/budgets", &json!({"budgets": []}), "\"0\"").await.problem(412, "changed_meanwhile");
    admin.patch("/budgets", &json!({})).await.invalid("body");
    admin.patch("/budgets", &json!({"timeZone": "Mars"})).await.invalid("timeZone");
    operator.get("/budgets").await.problem(403, "forbidden");

    let (_, one) = limited(&operator, json!([])).await;
    let (_, other) = limited(&operator, json!([of_points(10_000, "day")])).await;
    let member = operator.sign_up().await;
    member.client.claim(&one).await.created();
    let refused = member.client.claim(&other).await;
    refused.problem(409, "budget_exhausted");
    assert_eq!(
        (&refused.json["budget"]["scope"], &refused.json["budget"]["committed"]),
        (&json!("programme"), &json!(100))
    );
    let raised = admin.patch("/budgets", &json!({"budgets": [of_points(200, "month")]})).await;
    raised.ok();
    member.client.claim(&other).await.created();
    stage.log().await.assert_sound().await;
}

#[tokio::test]
async fn what_a_budget_has_reached_is_told_once_as_an_event() {
    let stage = Stage::own().await;
    let (operator, auditor) = (stage.operator().await, stage.auditor().await);
    let budgets = json!([with(of_points(400, "total"), json!({"alertAt": [50, 75, 100]}))]);
    let (event, prize) = limited(&operator, budgets).await;
    let told = async || {
        let log = auditor.get("/audit/log?type=budget.threshold_reached").await;
        let mut told: Vec<_> = log.list("/events").iter().map(|event| event["payload"].clone()).collect();
        told.sort_by_key(|payload| payload["threshold"].as_i64());
        told
    };
    operator.sign_up().await.client.claim(&prize).await.created();
    for parts in [vec![50], vec![50, 75], vec![50, 75, 100]] {
        operator.sign_up().await.client.claim(&prize).await.created();
        let deadline = Instant::now() + Duration::from_secs(20);
        while told().await.len() < parts.len() {
            assert!(Instant::now() < deadline, "told so far: {:?}", told().await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let thresholds: Vec<_> = told().await.iter().map(|payload| payload["threshold"].clone()).collect();
        assert_eq!(json!(thresholds), json!(parts));
    }
    let last = told().await.remove(2);
    assert_eq!((&last["eventId"], &last["committed"], &last["amount"]), (&json!(event), &json!(400), &json!(400)));
    stage.log().await.assert_sound().await;
}

#[tokio::test]
async fn a_backtest_tells_points_and_cost_and_honours_budgets() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    for _ in 0..4 {
        operator.sign_up().await;
    }
    let order = |budgets: Value| {
        let draft = with(event(anybody()), json!({ "budgets": budgets }));
        let draft = without(draft, "name");
        let reward = json!({"type": "POINT", "amount": 100, "cost": {"currency": "KRW", "amount": 90}});
        json!({"event": draft, "reward": reward, "ask": "firstPossible"})
    };
    let all = operator.post("/events/backtest", &order(json!([]))).await;
    let granted = all.ok()["granted"].as_i64().unwrap();
    assert!(granted >= 4);
    assert_eq!(
        (&all.json["points"], &all.json["cost"]),
        (&json!({"points": 100 * granted}), &json!({"KRW": 90 * granted}))
    );
    let some = operator.post("/events/backtest", &order(json!([of_points(250, "total")]))).await;
    assert_eq!((&some.ok()["granted"], &some.json["points"]), (&json!(2), &json!({"points": 200})));
    assert_eq!(some.json["deniedBudgetExhausted"], json!(granted - 2));
    let other = json!([{"unit": "KRW", "amount": 90, "per": "total"}]);
    assert_eq!(operator.post("/events/backtest", &order(other)).await.ok()["granted"], json!(1));
}
