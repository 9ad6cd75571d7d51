//! Transfers: members send points to each other as often in a day as the unit allows, and what arrives ends when it would have
//! ended. What is asked for twice is sent once.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Database, Log, Stage,
    client::{Member, PASSWORD},
    programme::{id, unique},
};

use crate::two_instances::{administrator_on, pair};

/// A new unit that may be sent so often in a day.
async fn unit(admin: &Client, per_day: i64) -> String {
    let code = format!("unit-{}", unique());
    let body = json!({"code": code, "name": "Stars", "transfersPerDay": per_day, "expiry": {"days": 30}});
    admin.post("/units", &body).await.created();
    code
}

async fn give(staff: &Client, member: &str, unit: &str, amount: i64) -> Answer {
    let body = json!({"unit": unit, "amount": amount, "note": "A gift."});
    let given = staff.post(&format!("/wallets/{member}/adjustments"), &body).await;
    given.created();
    given
}

fn gift(to: &str, unit: &str, amount: i64) -> Value {
    json!({"toMemberId": to, "unit": unit, "amount": amount, "reference": unique()})
}

async fn send(member: &Client, body: &Value) -> Answer {
    member.post("/wallets/transfers", body).await
}

async fn available(shop: &Client, member: &str, unit: &str) -> i64 {
    let order = json!({"reference": unique(), "memberId": member, "unit": unit, "amount": 1_000_000_000});
    let tried = shop.post("/spends?dryRun=true", &order).await;
    tried.problem(409, "insufficient_points");
    tried.number("/have")
}

#[tokio::test]
async fn what_is_sent_arrives_and_ends_when_it_would_have_ended() {
    let stage = Stage::shared().await;
    let (admin, shop) = (stage.service.demo("admin").await, stage.shop().await);
    let [mina, noah]: [Member; 2] = [stage.nobody().sign_up().await, stage.nobody().sign_up().await];
    let unit = unit(&admin, 10).await;
    let given = give(&admin, &mina.id, &unit, 100).await;
    let body = gift(&noah.id, &unit, 60);
    let sent = send(&mina.client, &body).await;
    let told = &sent.created()["transfer"];
    assert_eq!((&told["memberId"], &told["toMemberId"]), (&json!(mina.id), &json!(noah.id)));
    assert_eq!(
        (&told["amount"], &told["reference"], &told["position"]),
        (&json!(60), &body["reference"], &json!(sent.position()))
    );
    let has = async |member: &Member| available(&shop, &member.id, &unit).await;
    assert_eq!((has(&mina).await, has(&noah).await), (40, 60));

    let stream = format!("/audit/streams/transfer/{}", sent.text("/transfer/id"));
    let state = stage.auditor().await.get(&stream).await.ok()["state"]["about"].clone();
    assert_eq!((&state["toMemberId"], &state["amount"]), (&json!(noah.id), &json!(60)));

    let again = send(&mina.client, &body).await;
    assert_eq!((&again.ok()["duplicate"], &again.json["transfer"]), (&json!(true), told));
    assert!(again.header("ledger-position").is_none(), "nothing was written");
    let mut other = body.clone();
    other["amount"] = json!(61);
    send(&mina.client, &other).await.problem(409, "reference_conflict");

    let statement = async |member: &Member| {
        let path = format!("/wallets/me/statement?unit={unit}&limit=1");
        let read = member.client.get_at(&path, sent.position()).await;
        read.ok()["entries"][0].clone()
    };
    let (out, arrived) = (statement(&mina).await, statement(&noah).await);
    assert_eq!((&out["kind"], &out["amount"], &out["balanceAfter"]), (&json!("sent"), &json!(-60), &json!(40)));
    assert_eq!((&arrived["kind"], &arrived["amount"]), (&json!("received"), &json!(60)));
    let about =
        json!({"type": "transfer", "transferId": told["id"], "memberId": mina.id, "reference": body["reference"]});
    assert_eq!(arrived["about"], about);

    let events = stage.log().await.events().await;
    let of_mina = events.iter().filter(|event| event.payload.contains(&mina.id));
    let [left, arrived] = [("transfer.sent", &mina.id), ("transfer.received", &noah.id)].map(|(kind, subject)| {
        let found: Vec<_> = of_mina.clone().filter(|event| event.kind == kind).collect();
        assert_eq!((found.len(), &found[0].subject), (1, subject), "each half concerns one of them");
        serde_json::from_str::<Value>(&found[0].payload).unwrap()
    });
    assert_eq!((&left["number"], &left["lots"][0]["amount"]), (&json!(1), &json!(60)));
    assert_eq!(arrived["lots"][0]["expiresAt"], given.json["adjustment"]["expiresAt"]);
}

#[tokio::test]
async fn each_reason_against_a_transfer_is_named() {
    let stage = Stage::shared().await;
    let admin = stage.service.demo("admin").await;
    let [mina, noah] = [stage.nobody().sign_up().await, stage.nobody().sign_up().await];
    let unit = unit(&admin, 2).await;
    give(&admin, &mina.id, &unit, 100).await;
    send(&mina.client, &gift(&mina.id, &unit, 1)).await.invalid("toMemberId");
    for amount in [json!(0), json!(-1), json!(1.5), json!("1")] {
        let mut body = gift(&noah.id, &unit, 1);
        body["amount"] = amount;
        send(&mina.client, &body).await.invalid("amount");
    }
    send(&mina.client, &gift(&noah.id, "points", 1)).await.problem(403, "transfers_off");
    send(&mina.client, &gift(&noah.id, "no-such-unit", 1)).await.problem(404, "unit_unknown");
    let service = admin.get("/auth/users/email?email=service%40example.com").await.text("/user/id");
    for nobody in [id(), service] {
        send(&mina.client, &gift(&nobody, &unit, 1)).await.problem(404, "member_unknown");
    }
    let short = send(&mina.client, &gift(&noah.id, &unit, 101)).await;
    let said = short.problem(409, "insufficient_points");
    assert_eq!((&said["unit"], &said["need"], &said["have"]), (&json!(unit), &json!(101), &json!(100)));
    for _ in 0..2 {
        send(&mina.client, &gift(&noah.id, &unit, 1)).await.created();
    }
    assert_eq!(send(&mina.client, &gift(&noah.id, &unit, 1)).await.problem(409, "limit_reached")["limit"], 2);
    send(&noah.client, &gift(&mina.id, &unit, 1)).await.created();
    admin.post(&format!("/auth/users/{}/block", noah.id), &json!({"note": "why"})).await.ok();
    send(&noah.client, &gift(&mina.id, &unit, 1)).await.problem(403, "member_blocked");
    send(&stage.operator().await, &gift(&mina.id, &unit, 1)).await.problem(403, "forbidden");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_two_instances_at_once_nobody_sends_more_often_than_the_limit() {
    let database = Database::fresh().await;
    let [left, right] = pair(&database).await;
    let [admin] = administrator_on([&left]).await;
    let (unit, noah) = (unit(&admin, 3).await, left.client().sign_up().await);
    let mina = left.client().sign_up().await;
    let there = right.client().login(&mina.email, PASSWORD).await;
    give(&admin, &mina.id, &unit, 1000).await;
    let bodies: Vec<_> = (0..16).map(|_| gift(&noah.id, &unit, 10)).collect();
    let answers = join_all(
        bodies
            .iter()
            .enumerate()
            .map(async |(number, body)| send(if number % 2 == 0 { &mina.client } else { &there }, body).await),
    )
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.problem(409, "limit_reached");
    }
    let log = Log::of(&database).await;
    assert_eq!((log.count("transfer.sent").await, log.count("transfer.received").await), (3, 3));
    log.assert_sound().await;
}
