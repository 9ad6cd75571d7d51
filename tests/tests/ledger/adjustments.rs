//! Adjustments: staff give to wallets and take from them, with a reason. Nobody changes a wallet of their own, and beyond a limit
//! for the day somebody else has to agree; two at once on two instances do not get around it.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Database, Log, Stage,
    programme::{id, unique},
};

use crate::two_instances::{administrator_on, pair};

/// A new unit.
async fn unit(admin: &Client, more: Value) -> String {
    let code = format!("unit-{}", unique());
    let mut body = json!({"code": code, "name": "Stars"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    admin.post("/units", &body).await.created();
    code
}

fn of(unit: &str, amount: i64) -> Value {
    json!({"unit": unit, "amount": amount, "note": "Lost in the move."})
}

async fn adjust(staff: &Client, member: &str, body: &Value) -> Answer {
    staff.post(&format!("/wallets/{member}/adjustments"), body).await
}

async fn decide(staff: &Client, asked: &Answer, status: &str) -> Answer {
    let path = format!("/adjustments/{}", asked.text("/adjustment/id"));
    staff.patch(&path, &json!({"status": status, "note": "Checked."})).await
}

/// How much can be used: what a payment of far too much is told.
async fn available(shop: &Client, member: &str, unit: &str) -> i64 {
    let order = json!({"reference": unique(), "memberId": member, "unit": unit, "amount": 1_000_000_000});
    let tried = shop.post("/spends?dryRun=true", &order).await;
    tried.problem(409, "insufficient_points");
    tried.number("/have")
}

async fn id_of(caller: &Client) -> String {
    caller.get("/auth/me").await.text("/user/id")
}

#[tokio::test]
async fn what_is_given_can_be_used_at_once_and_no_more_is_taken() {
    let stage = Stage::shared().await;
    let (admin, shop) = (stage.service.demo("admin").await, stage.shop().await);
    let (operator, member) = (stage.operator().await, stage.newcomer().await);
    let unit = unit(&admin, json!({"expiry": {"days": 30}, "availableAfterDays": 7})).await;
    let given = adjust(&operator, &member, &of(&unit, 500)).await;
    given.created();
    assert_eq!((given.text("/adjustment/status"), given.number("/adjustment/amount")), ("posted".to_owned(), 500));
    assert_eq!((given.text("/adjustment/memberId"), given.text("/adjustment/unit")), (member.clone(), unit.clone()));
    assert_eq!(given.text("/adjustment/operatorId"), id_of(&operator).await);
    assert_eq!(given.number("/adjustment/position"), given.position());
    assert!(given.json["adjustment"]["expiresAt"].is_string(), "it ends as the unit has it: {given}");
    assert_eq!(available(&shop, &member, &unit).await, 500);

    let mut for_ever = of(&unit, 40);
    for_ever["expiry"] = Value::Null;
    let for_ever = adjust(&operator, &member, &for_ever).await;
    assert!(for_ever.created()["adjustment"]["expiresAt"].is_null());

    let taken = adjust(&operator, &member, &of(&unit, -500)).await;
    taken.created();
    assert_eq!(available(&shop, &member, &unit).await, 40);
    let refused = adjust(&operator, &member, &of(&unit, -41)).await;
    let said = refused.problem(409, "insufficient_points");
    assert_eq!((&said["unit"], &said["need"], &said["have"]), (&json!(unit), &json!(41), &json!(40)));

    let path = format!("/adjustments/{}", taken.text("/adjustment/id"));
    let read = stage.auditor().await.get(&path).await;
    assert_eq!((read.ok(), read.header("etag")), (taken.created(), taken.header("etag")));
    shop.get(&path).await.problem(403, "forbidden");
}

#[tokio::test]
async fn what_cannot_be_an_adjustment_is_named() {
    let stage = Stage::shared().await;
    let (operator, member) = (stage.operator().await, stage.newcomer().await);
    for (field, value) in [
        ("amount", json!(0)),
        ("amount", json!(1.5)),
        ("amount", json!(1_000_000_001)),
        ("note", json!("")),
        ("unit", json!("KRW")),
        ("expiry.date", json!({"date": "9999-01-01"})),
    ] {
        let mut body = of("points", 5);
        body[field.split('.').next().unwrap()] = value;
        adjust(&operator, &member, &body).await.invalid(field);
    }
    adjust(&operator, &member, &of("no-such-unit", 5)).await.problem(404, "unit_unknown");
    let admin = stage.service.demo("admin").await;
    let service = admin.get("/auth/users/email?email=service%40example.com").await.text("/user/id");
    for nobody in [id(), service] {
        adjust(&operator, &nobody, &of("points", 5)).await.problem(404, "member_unknown");
    }
    let own = adjust(&operator, &id_of(&operator).await, &of("points", 5)).await;
    own.problem(403, "own_wallet");
    operator.patch(&format!("/adjustments/{}", id()), &json!({"status": "APPROVED"})).await.problem(404, "not_found");
    operator.patch(&format!("/adjustments/{}", id()), &json!({"status": "POSTED"})).await.invalid("status");
}

#[tokio::test]
async fn beyond_the_limit_of_a_day_somebody_else_has_to_agree() {
    let stage = Stage::shared().await;
    let (admin, shop) = (stage.service.demo("admin").await, stage.shop().await);
    let (operator, member) = (stage.operator().await, stage.newcomer().await);
    let unit = unit(&admin, json!({"fourEyesAbove": 100})).await;
    adjust(&operator, &member, &of(&unit, 60)).await.created();
    adjust(&operator, &member, &of(&unit, -40)).await.created();
    let asked = adjust(&operator, &member, &of(&unit, 1)).await;
    assert_eq!(asked.expect(202)["adjustment"]["status"], "pending", "what was given and taken counts alike");
    assert_eq!(available(&shop, &member, &unit).await, 20, "it changes nothing yet");
    adjust(&admin, &member, &of(&unit, 100)).await.created();

    decide(&operator, &asked, "APPROVED").await.problem(403, "own_adjustment");
    let auditor = stage.auditor().await;
    let stream = format!("/audit/streams/adjustment/{}", asked.text("/adjustment/id"));
    let state = auditor.get(&stream).await.ok()["state"].clone();
    assert_eq!((&state["status"], &state["about"]["amount"]), (&json!("pending"), &json!(1)));
    let approved = decide(&admin, &asked, "APPROVED").await;
    let state = auditor.get(&format!("{stream}?sincePosition={}", asked.position())).await.ok().clone();
    assert_eq!(
        (&state["state"]["status"], &state["state"]["decision"]["note"]),
        (&json!("posted"), &json!("Checked."))
    );
    assert!(state["difference"]["changed"].as_array().unwrap().iter().any(|part| part["path"] == "status"), "{state}");
    let of_unit = auditor.get(&format!("/audit/streams/unit/{unit}")).await;
    assert_eq!((&of_unit.ok()["state"]["code"], &of_unit.json["state"]["fourEyesAbove"]), (&json!(unit), &json!(100)));
    let body = &approved.ok()["adjustment"];
    assert_eq!((&body["status"], &body["decisionNote"]), (&json!("posted"), &json!("Checked.")));
    assert_eq!(body["decidedBy"], json!(id_of(&admin).await));
    assert_eq!(available(&shop, &member, &unit).await, 121);
    assert_eq!(decide(&admin, &asked, "REJECTED").await.problem(409, "step_not_allowed")["from"], "posted");

    let other = adjust(&operator, &member, &of(&unit, -5)).await;
    other.expect(202);
    let path = format!("/adjustments/{}", other.text("/adjustment/id"));
    let stale = admin.patch_if(&path, &json!({"status": "REJECTED"}), "\"7\"").await;
    stale.problem(412, "changed_meanwhile");
    assert_eq!(decide(&admin, &other, "REJECTED").await.ok()["adjustment"]["status"], "rejected");
    assert_eq!(available(&shop, &member, &unit).await, 121);
}

#[tokio::test]
async fn staff_list_what_waits_newest_first() {
    let stage = Stage::shared().await;
    let (admin, auditor) = (stage.service.demo("admin").await, stage.auditor().await);
    let (operator, member) = (stage.operator().await, stage.newcomer().await);
    let unit = unit(&admin, json!({"fourEyesAbove": 0})).await;
    let mut asked = Vec::new();
    for amount in 1..=5 {
        asked.push(adjust(&operator, &member, &of(&unit, amount)).await);
    }
    let last = decide(&admin, &asked[1], "REJECTED").await;
    last.ok();
    let pending = format!("/adjustments?memberId={member}&status=pending&limit=2");
    let first = auditor.get_at(&pending, last.position()).await;
    assert_eq!(first.ok()["adjustments"][0]["id"], asked[4].json["adjustment"]["id"]);
    assert_eq!(first.list("/adjustments").len(), 2);
    let rest = auditor.walk(&pending, "adjustments", &first.text("/nextCursor")).await;
    let amounts: Vec<_> = rest.iter().map(|one| one["amount"].as_i64().unwrap()).collect();
    assert_eq!(amounts, [3, 1]);
    let all = auditor.get(&format!("/adjustments?memberId={member}")).await;
    assert_eq!((all.list("/adjustments").len(), &all.json["adjustments"][3]["status"]), (5, &json!("rejected")));
    assert_eq!(all.json["adjustments"][3]["version"], 2);
    let anybody = auditor.get("/adjustments?status=pending&limit=1").await;
    assert_eq!((anybody.list("/adjustments").len(), anybody.json["nextCursor"].is_string()), (1, true));
    auditor.get("/adjustments?status=open").await.invalid("query.status");
    adjust(&auditor, &member, &of(&unit, 1)).await.problem(403, "forbidden");
    stage.reporter().await.get("/adjustments").await.problem(403, "forbidden");
}

#[tokio::test]
async fn an_adjustment_under_a_key_is_made_once() {
    let stage = Stage::shared().await;
    let (operator, shop) = (stage.operator().await, stage.shop().await);
    let (member, key) = (stage.newcomer().await, unique());
    let path = format!("/wallets/{member}/adjustments");
    let first = operator.post_once(&path, &of("points", 5), &key).await;
    let again = operator.post_once(&path, &of("points", 5), &key).await;
    assert_eq!((again.created(), again.header("idempotency-replayed")), (first.created(), Some("true")));
    assert_eq!(available(&shop, &member, "points").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_two_instances_at_once_nobody_posts_more_alone_than_the_limit() {
    let database = Database::fresh().await;
    let [left, right] = pair(&database).await;
    let [here, there] = administrator_on([&left, &right]).await;
    let unit = unit(&here, json!({"fourEyesAbove": 1000})).await;
    let members = join_all((0..24).map(async |_| left.client().sign_up().await.id)).await;
    let answers = join_all(members.iter().enumerate().map(async |(number, member)| {
        adjust(if number % 2 == 0 { &here } else { &there }, member, &of(&unit, 200)).await
    }))
    .await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(202)), (5, 19), "{answers:?}");
    let log = Log::of(&database).await;
    let posted = log.events().await.into_iter().filter(|event| event.kind == "adjustment.posted");
    let numbers: Vec<Value> =
        posted.map(|event| serde_json::from_str::<Value>(&event.payload).unwrap()["number"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    log.assert_sound().await;
}
