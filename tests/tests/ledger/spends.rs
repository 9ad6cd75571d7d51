//! Payments: a service takes points of members, at once or held for later, and gives them back. What is asked for twice is done
//! once, what another service asked for is not there, and nobody pays what they have not.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::{anybody, event, id, reward, unique, with},
};

/// A member with so many points, which never end.
async fn member_with(stage: &Stage, amount: i64) -> String {
    let operator = stage.operator().await;
    let campaign = operator.create_event(&event(anybody())).await;
    let prize = operator.create_reward(&with(reward(&campaign, None), json!({"amount": amount}))).await;
    let member = stage.newcomer().await;
    stage.reporter().await.claim_for(&prize, &member).await.created();
    member
}

fn order(member: &str, amount: i64) -> Value {
    json!({"reference": format!("order-{}", unique()), "memberId": member, "amount": amount})
}

fn held(member: &str, amount: i64) -> Value {
    with(order(member, amount), json!({"hold": true}))
}

async fn spend(shop: &Client, body: &Value) -> Answer {
    shop.post("/spends", body).await
}

fn path(spend: &Answer) -> String {
    format!("/spends/{}", spend.text("/spend/id"))
}

/// How much of the member's points can be used: what a payment of far too much is told.
async fn available(shop: &Client, member: &str) -> i64 {
    let tried = shop.post("/spends?dryRun=true", &order(member, 1_000_000_000)).await;
    tried.problem(409, "insufficient_points");
    assert_eq!((&tried.json["unit"], &tried.json["need"]), (&json!("points"), &json!(1_000_000_000)));
    tried.number("/have")
}

/// Status, amount, captured, refunded.
fn standing(answer: &Answer) -> (String, i64, i64, i64) {
    let number = |name: &str| answer.number(&format!("/spend/{name}"));
    (answer.text("/spend/status"), number("amount"), number("captured"), number("refunded"))
}

fn stands(status: &str, amount: i64, captured: i64, refunded: i64) -> (String, i64, i64, i64) {
    (status.to_owned(), amount, captured, refunded)
}

#[tokio::test]
async fn points_are_held_captured_and_refunded() {
    let stage = Stage::shared().await;
    let (shop, member) = (stage.shop().await, member_with(stage, 500).await);
    let body = held(&member, 300);
    let made = spend(&shop, &body).await;
    made.created();
    assert_eq!(standing(&made), stands("held", 300, 0, 0));
    assert_eq!(
        (&made.json["spend"]["reference"], &made.json["spend"]["memberId"]),
        (&body["reference"], &body["memberId"])
    );
    assert_eq!((made.text("/spend/unit"), made.number("/spend/lots/0/amount")), ("points".to_owned(), 300));
    assert!(made.number("/spend/lotsPosition") < made.position() && made.number("/spend/position") == made.position());
    assert!(made.json["spend"]["expiresAt"].is_string() && made.json.get("duplicate").is_none(), "{made}");
    assert_eq!(available(&shop, &member).await, 200);

    let path = path(&made);
    shop.post(&format!("{path}/capture"), &json!({"amount": 301})).await.problem(409, "amount_exceeds_hold");
    let captured = shop.post(&format!("{path}/capture"), &json!({"amount": 200})).await;
    captured.ok();
    assert_eq!(standing(&captured), stands("captured", 300, 200, 0));
    assert_eq!(available(&shop, &member).await, 300, "100 are back");
    let again = shop.post(&format!("{path}/capture"), &json!({"amount": 200})).await;
    assert_eq!((again.ok()["duplicate"].clone(), standing(&again)), (json!(true), standing(&captured)));
    assert_eq!(again.header("ledger-position"), None, "nothing was written");
    let other = shop.post(&format!("{path}/capture"), &json!({"amount": 100})).await;
    assert_eq!(other.problem(409, "step_not_allowed")["from"], "captured");
    shop.post(&format!("{path}/release"), &json!({})).await.problem(409, "step_not_allowed");

    let back = shop.post(&format!("{path}/refunds"), &json!({"reference": "back-1", "amount": 50})).await;
    assert_eq!(back.created()["refund"], json!({"reference": "back-1", "amount": 50}));
    assert_eq!(standing(&back), stands("captured", 300, 200, 50));
    assert_eq!(available(&shop, &member).await, 350);
    let again = shop.post(&format!("{path}/refunds"), &json!({"reference": "back-1", "amount": 50})).await;
    assert_eq!((&again.ok()["duplicate"], &again.json["refund"]), (&json!(true), &back.json["refund"]));
    let other = json!({"reference": "back-1", "amount": 51});
    shop.post(&format!("{path}/refunds"), &other).await.problem(409, "reference_conflict");
    let more = shop.post(&format!("{path}/refunds"), &json!({"reference": "back-2", "amount": 151})).await;
    assert_eq!(more.problem(409, "refund_exceeds_spend")["refundable"], 150);
    let rest = shop.post(&format!("{path}/refunds"), &json!({"reference": "back-2"})).await;
    assert_eq!((rest.created()["refund"]["amount"].clone(), available(&shop, &member).await), (json!(150), 500));
    let none = shop.post(&format!("{path}/refunds"), &json!({"reference": "back-3"})).await;
    assert_eq!(none.problem(409, "refund_exceeds_spend")["refundable"], 0);

    let read = shop.get_at(&path, rest.position()).await;
    assert_eq!((read.ok()["spend"].clone(), read.header("etag")), (rest.json["spend"].clone(), rest.header("etag")));
}

#[tokio::test]
async fn a_payment_at_once_is_captured_and_a_hold_can_be_released() {
    let stage = Stage::shared().await;
    let (shop, member) = (stage.shop().await, member_with(stage, 100).await);
    let made = spend(&shop, &with(order(&member, 30), json!({"hold": false, "unit": "points"}))).await;
    assert_eq!((made.status, standing(&made)), (201, stands("captured", 30, 30, 0)));
    assert_eq!(made.json["spend"]["expiresAt"], Value::Null);
    let path = path(&made);
    for step in ["capture", "release"] {
        let refused = shop.post(&format!("{path}/{step}"), &json!({})).await;
        assert_eq!(refused.problem(409, "step_not_allowed")["from"], "captured");
    }
    let made = spend(&shop, &held(&member, 70)).await;
    assert_eq!(available(&shop, &member).await, 0);
    let path = format!("/spends/{}", made.text("/spend/id"));
    let released = shop.post(&format!("{path}/release"), &json!({})).await;
    released.ok();
    assert_eq!(standing(&released), stands("released", 70, 0, 0));
    assert_eq!(shop.post(&format!("{path}/release"), &json!({})).await.ok()["duplicate"], true);
    shop.post(&format!("{path}/refunds"), &json!({"reference": "back"})).await.problem(409, "step_not_allowed");
    assert_eq!(available(&shop, &member).await, 70);
}

#[tokio::test]
async fn a_reference_stands_for_one_payment_of_its_service() {
    let stage = Stage::shared().await;
    let (shop, other, member) = (stage.shop().await, stage.shop().await, member_with(stage, 100).await);
    let body = held(&member, 10);
    let made = spend(&shop, &body).await;
    made.created();
    let again = spend(&shop, &body).await;
    assert_eq!(again.ok()["duplicate"], true);
    assert_eq!((&again.json["spend"], again.header("ledger-position")), (&made.json["spend"], None));
    for change in [
        json!({"amount": 11}),
        json!({"hold": false}),
        json!({"expiresAfter": "16m"}),
        json!({"memberId": stage.newcomer().await}),
    ] {
        spend(&shop, &with(body.clone(), change)).await.problem(409, "reference_conflict");
    }
    assert_eq!(spend(&shop, &with(body.clone(), json!({"expiresAfter": "15m"}))).await.ok()["duplicate"], true);
    let of_other = spend(&other, &body).await;
    of_other.created();
    assert_ne!(of_other.text("/spend/id"), made.text("/spend/id"));
    assert_eq!(available(&shop, &member).await, 80);
}

#[tokio::test]
async fn what_another_service_asked_for_is_not_there() {
    let stage = Stage::shared().await;
    let (shop, other, member) = (stage.shop().await, stage.shop().await, member_with(stage, 100).await);
    let made = spend(&shop, &held(&member, 10)).await;
    let path = path(&made);
    for (step, body) in
        [("capture", json!({})), ("release", json!({})), ("refunds", json!({"reference": "back", "amount": 1}))]
    {
        other.post(&format!("{path}/{step}"), &body).await.problem(404, "not_found");
        other.post(&format!("/spends/{}/{step}", id()), &body).await.problem(404, "not_found");
    }
    other.get(&path).await.problem(404, "not_found");
    shop.get(&path).await.ok();
    stage.auditor().await.get(&path).await.ok();
    assert_eq!(available(&shop, &member).await, 90);
}

#[tokio::test]
async fn a_service_needs_the_right() {
    let stage = Stage::shared().await;
    let run = |arguments: &[&str]| stage.service.command(arguments, "");
    let key = |arguments: &[&str]| String::from_utf8(run(arguments).stdout).unwrap().trim_end().to_owned();
    let member = member_with(stage, 100).await;
    let (reports, redeems) = (format!("shop-{}", unique()), format!("shop-{}", unique()));
    let without = [
        stage.nobody().with_token(&key(&["service", "create", &reports, "--sources", "shop"])),
        stage.nobody().with_token(&key(&["service", "create", &redeems, "--sources", "shop", "--may", "redeem"])),
    ];
    let made = spend(&stage.shop().await, &held(&member, 10)).await;
    for caller in &without {
        assert_eq!(spend(caller, &order(&member, 10)).await.problem(403, "right_missing")["right"], "spend");
        caller.post(&format!("{}/capture", path(&made)), &json!({})).await.problem(403, "right_missing");
        caller.get(&path(&made)).await.problem(403, "right_missing");
        caller.get("/spends").await.problem(403, "forbidden");
    }
    stage.service.demo("member").await.post("/spends", &order(&member, 10)).await.problem(403, "forbidden");
    stage.operator().await.post("/spends", &order(&member, 10)).await.problem(403, "forbidden");

    let listed = String::from_utf8(run(&["service", "list"]).stdout).unwrap();
    let line = listed.lines().find(|line| line.starts_with(&redeems)).unwrap();
    assert!(line.contains("\tmay redeem\t"), "{line}");
    let admin = stage.service.demo("admin").await;
    let services = admin.get("/auth/users?role=SERVICE&limit=200").await;
    let rights = |name: &str| {
        let user = services.list("/users").iter().find(|user| user["nickname"] == name);
        user.expect("it is listed")["rights"].clone()
    };
    assert_eq!((rights(&reports), rights(&redeems)), (json!([]), json!(["redeem"])));
    for (arguments, word) in [
        (vec!["service", "create", "shop", "--may", "everything"], "everything"),
        (vec!["service", "create", "shop"], "--sources"),
    ] {
        let refused = run(&arguments);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains(word), "{said}");
    }
}

#[tokio::test]
async fn who_has_too_little_or_is_blocked_or_nobody_does_not_pay() {
    let stage = Stage::shared().await;
    let (shop, member) = (stage.shop().await, member_with(stage, 100).await);
    let refused = spend(&shop, &order(&member, 101)).await;
    let body = refused.problem(409, "insufficient_points");
    assert_eq!((&body["unit"], &body["need"], &body["have"]), (&json!("points"), &json!(101), &json!(100)));
    spend(&shop, &order(&id(), 1)).await.problem(404, "member_unknown");
    spend(&shop, &with(order(&member, 1), json!({"unit": "nothing"}))).await.problem(404, "unit_unknown");

    let person = stage.nobody().sign_up().await;
    let (_, prize) = stage.operator().await.create_open_event(None).await;
    person.client.claim(&prize).await.created();
    let open = spend(&shop, &held(&person.id, 40)).await;
    open.created();
    let block = format!("/auth/users/{}/block", person.id);
    stage.operator().await.post(&block, &json!({"note": "asked to"})).await.ok();
    spend(&shop, &order(&person.id, 1)).await.problem(403, "member_blocked");
    shop.post(&format!("{}/capture", path(&open)), &json!({})).await.ok();

    for (field, change) in [
        ("amount", json!({"amount": 0})),
        ("amount", json!({"amount": -1})),
        ("amount", json!({"amount": 1.5})),
        ("amount", json!({"amount": "1"})),
        ("amount", json!({"amount": 1_000_000_001})),
        ("reference", json!({"reference": ""})),
        ("reference", json!({"reference": "r".repeat(129)})),
        ("reference", json!({"reference": "a\nb"})),
        ("memberId", json!({"memberId": "me"})),
        ("unit", json!({"unit": "KRW"})),
        ("hold", json!({"hold": "true"})),
        ("expiresAfter", json!({"expiresAfter": "31d"})),
        ("expiresAfter", json!({"expiresAfter": "15"})),
        ("currency", json!({"currency": "KRW"})),
    ] {
        spend(&shop, &with(order(&member, 1), change)).await.invalid(field);
    }
    shop.post("/spends?dryrun=1", &order(&member, 1)).await.invalid("query.dryrun");
    assert_eq!(available(&shop, &member).await, 100);
}

#[tokio::test]
async fn a_dry_run_is_answered_the_same_and_leaves_no_trace() {
    let stage = Stage::own().await;
    let (shop, member) = (stage.shop().await, member_with(&stage, 100).await);
    let before = stage.log().await.events().await.len();
    let (body, key) = (held(&member, 30), unique());
    let tried = shop.post_once("/spends?dryRun=true", &body, &key).await;
    tried.created();
    assert_eq!((standing(&tried), &tried.json["dryRun"]), (stands("held", 30, 0, 0), &json!(true)));
    assert_eq!((&tried.json["spend"]["position"], tried.header("ledger-position")), (&Value::Null, None));
    let refused = shop.post("/spends?dryRun=true", &held(&member, 101)).await;
    assert_eq!(refused.problem(409, "insufficient_points")["dryRun"], true);
    assert_eq!(stage.log().await.events().await.len(), before);
    let made = shop.post_once("/spends?dryRun=false", &body, &unique()).await;
    made.created();
    assert_eq!(made.json["spend"]["lots"], tried.json["spend"]["lots"]);
    let again = shop.post("/spends?dryRun=true", &body).await;
    assert_eq!((&again.ok()["duplicate"], &again.json["dryRun"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn a_hold_is_over_at_its_instant_and_the_points_are_back() {
    let stage = Stage::shared().await;
    let (shop, member) = (stage.shop().await, member_with(stage, 100).await);
    let auditor = stage.auditor().await;
    let made = spend(&shop, &with(held(&member, 60), json!({"expiresAfter": "1s"}))).await;
    let (path, position) = (path(&made), made.position());
    let expires_at = made.text("/spend/expiresAt");
    let listed = async |status: &str| {
        let list = auditor.get_at(&format!("/spends?memberId={member}&status={status}"), position).await;
        list.ok();
        list.list("/spends").to_vec()
    };
    for _ in 0..200 {
        if shop.get(&path).await.json["spend"]["status"] == "expired" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let read = shop.get(&path).await;
    assert_eq!(standing(&read), stands("expired", 60, 0, 0), "{read}");
    assert_eq!(available(&shop, &member).await, 100);
    for step in ["capture", "release"] {
        let late = shop.post(&format!("{path}/{step}"), &json!({})).await;
        assert_eq!(late.problem(409, "hold_expired")["at"], expires_at);
    }
    let (expired, held) = (listed("expired").await, listed("held").await);
    assert_eq!((expired.len(), held.len()), (1, 0));
    assert_eq!((&expired[0]["id"], &expired[0]["status"]), (&made.json["spend"]["id"], &json!("expired")));
    // all of it can be used again, whether the end of the hold was recorded or not
    spend(&shop, &order(&member, 100)).await.created();
    assert_eq!(available(&shop, &member).await, 0);
}

#[tokio::test]
async fn a_payment_under_a_key_is_made_once_and_answered_as_often() {
    let stage = Stage::shared().await;
    let (shop, member) = (stage.shop().await, member_with(stage, 100).await);
    let (body, key) = (held(&member, 10), unique());
    let made = shop.post_once("/spends", &body, &key).await;
    made.created();
    let again = shop.post_once("/spends", &body, &key).await;
    assert_eq!((again.created(), again.header("idempotency-replayed")), (made.created(), Some("true")));
    assert_eq!((again.position(), again.header("etag")), (made.position(), made.header("etag")));
    shop.post_once("/spends", &held(&member, 10), &key).await.problem(422, "idempotency_key_reused");
    let (capture, key) = (format!("{}/capture", path(&made)), unique());
    let first = shop.post_once(&capture, &json!({}), &key).await;
    let again = shop.post_once(&capture, &json!({}), &key).await;
    assert_eq!((again.ok(), again.header("idempotency-replayed")), (first.ok(), Some("true")));
    assert_eq!(shop.post(&capture, &json!({})).await.ok()["duplicate"], true, "without the key it is a repetition");
}

#[tokio::test]
async fn staff_list_payments_newest_first() {
    let stage = Stage::shared().await;
    let (shop, member) = (stage.shop().await, member_with(stage, 100).await);
    let mut made = Vec::new();
    for amount in 1..=5 {
        made.push(spend(&shop, &held(&member, amount)).await);
    }
    let last = shop.post(&format!("{}/release", path(&made[1])), &json!({})).await;
    last.ok();
    let auditor = stage.auditor().await;
    let of_member = format!("/spends?memberId={member}&limit=2");
    let first = auditor.get_at(&of_member, last.position()).await;
    assert_eq!(
        (first.ok()["spends"][0]["id"].clone(), first.list("/spends").len()),
        (made[4].json["spend"]["id"].clone(), 2)
    );
    assert!(first.json["spends"][0].get("lots").is_none(), "which lots is said of one alone");
    let rest = auditor.walk(&of_member, "spends", &first.text("/nextCursor")).await;
    let rest: Vec<_> =
        rest.iter().map(|spend| (spend["amount"].as_i64().unwrap(), spend["status"].as_str().unwrap())).collect();
    assert_eq!(rest, [(3, "held"), (2, "released"), (1, "held")]);
    let all = auditor.get("/spends?status=held&limit=1").await;
    assert_eq!((all.ok()["spends"][0]["status"].clone(), all.json["nextCursor"].is_string()), (json!("held"), true));
    auditor.get("/spends?status=open").await.invalid("query.status");
    auditor
        .get(&format!("/spends?status=held&cursor={}", first.text("/nextCursor")))
        .await
        .problem(400, "invalid_cursor");
    shop.get("/spends").await.problem(403, "forbidden");
}

#[tokio::test]
async fn of_many_who_spend_at_once_exactly_those_are_paid_for_whom_there_is_enough() {
    let stage = Stage::shared().await;
    let (shop, member) = (stage.shop().await, member_with(stage, 500).await);
    let orders: Vec<_> = (0..64).map(|_| order(&member, 10)).collect();
    let answers = join_all(orders.iter().map(|body| spend(&shop, body))).await;
    let paid = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(paid, 50, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        let body = refused.problem(409, "insufficient_points");
        assert_eq!((&body["need"], &body["have"]), (&json!(10), &json!(0)), "each refusal is true");
    }
    assert_eq!(available(&shop, &member).await, 0);
}

#[tokio::test]
async fn a_hold_that_many_end_at_once_ends_once() {
    let stage = Stage::shared().await;
    let (shop, member) = (stage.shop().await, member_with(stage, 500).await);
    for _ in 0..4 {
        let made = spend(&shop, &held(&member, 100)).await;
        let before = available(&shop, &member).await;
        let (capture, release) = (format!("{}/capture", path(&made)), format!("{}/release", path(&made)));
        let body = json!({});
        let steps = (0..8).map(|number| if number % 2 == 0 { &capture } else { &release });
        let answers = join_all(steps.map(|step| shop.post(step, &body))).await;
        let done: Vec<_> = answers.iter().filter(|answer| answer.header("ledger-position").is_some()).collect();
        assert_eq!(done.iter().filter(|answer| answer.status == 200).count(), 1, "one of them ends it");
        for answer in &answers {
            let is_right = answer.status == 200 || answer.json["code"] == "step_not_allowed";
            assert!(is_right, "{answer}");
        }
        let ended = shop.get(&path(&made)).await.text("/spend/status");
        let back = if ended == "released" { 100 } else { 0 };
        assert_eq!(available(&shop, &member).await, before + back);
    }
}
