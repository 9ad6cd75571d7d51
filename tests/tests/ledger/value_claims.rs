//! What claims move beside stock: points that a grant credits, with their days, and prices that are held, paid, released
//! and refunded.

use std::time::Duration;

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeZone as _, Utc};
use domain::zone::Tz;
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    programme::{id, instant, unique, with},
};

use super::claims::campaign;

/// A reward of an event: points by default.
fn reward(event: &str, changes: Value) -> Value {
    with(json!({"eventId": event, "name": "A reward"}), changes)
}

/// So many points for a member.
async fn give(stage: &Stage, member: &str, amount: i64) -> Answer {
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let event = campaign(&operator, json!({})).await;
    let points = operator.create_reward(&reward(&event, json!({"amount": amount}))).await;
    let granted = reporter.claim_for(&points, member).await;
    granted.created();
    granted
}

/// An event and a reward of it that costs so many points.
async fn priced(operator: &Client, terms: Value, price: i64) -> (String, String) {
    let event = campaign(operator, terms).await;
    let item = json!({"type": "ITEM", "quantity": 100, "price": {"amount": price}});
    let prize = operator.create_reward(&reward(&event, item)).await;
    (event, prize)
}

/// How many points a member can use, as the progress in an event with a price tells.
async fn have(reporter: &Client, event: &str, member: &str) -> Value {
    let progress = reporter.get(&format!("/events/{event}/progress?memberId={member}")).await;
    progress.ok()["rewards"][0]["price"]["have"].clone()
}

async fn decide(operator: &Client, claim: &str, status: &str) -> Answer {
    operator.patch(&format!("/reward-requests/{claim}"), &json!({"status": status})).await
}

fn seoul() -> Tz {
    "Asia/Seoul".parse().unwrap()
}

/// The first instant of a day in Seoul.
fn midnight(day: NaiveDate) -> String {
    instant(seoul().from_local_datetime(&day.and_time(NaiveTime::MIN)).unwrap().to_utc())
}

/// The date in Seoul of the moment at which a claim was decided.
fn day_of(claim: &Value) -> NaiveDate {
    let at: DateTime<Utc> = claim["evaluatedAt"].as_str().unwrap().parse().unwrap();
    at.with_timezone(&seoul()).date_naive()
}

#[tokio::test]
async fn a_grant_of_points_is_credited_in_whole_days_of_the_members_zone() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let mina = stage.nobody().sign_up_with(json!({"timeZone": "Asia/Seoul"})).await;
    let after = |day: NaiveDate, days: u64| day + Days::new(days);
    let month_after = |day: NaiveDate| day.with_day(1).unwrap() + Months::new(1);
    type End = fn(NaiveDate, &dyn Fn(NaiveDate, u64) -> NaiveDate) -> Option<NaiveDate>;
    let cases: [(Value, u64, End); 5] = [
        (json!({}), 0, |_, _| None),
        (json!({"expiry": "never"}), 0, |_, _| None),
        (json!({"expiry": {"days": 30}}), 0, |first, after| Some(after(first, 31))),
        (json!({"expiry": {"days": 30}, "availableAfterDays": 7}), 7, |first, after| Some(after(first, 31))),
        (json!({"expiry": {"date": "2030-12-31"}}), 0, |_, _| NaiveDate::from_ymd_opt(2031, 1, 1)),
    ];
    for (terms, later, end) in cases {
        let event = campaign(&operator, json!({})).await;
        let points = operator.create_reward(&reward(&event, with(json!({"amount": 500}), terms.clone()))).await;
        let granted = mina.client.claim(&points).await;
        let claim = granted.created()["claim"].clone();
        let first = after(day_of(&claim), later);
        let credit = json!({
            "unit": "points", "amount": 500, "availableFrom": midnight(first),
            "expiresAt": end(first, &after).map(midnight),
        });
        assert_eq!((&claim["credit"], &claim["paid"]), (&credit, &Value::Null), "{terms}");
    }

    // as the walk has it: to the end of the month in which the thirtieth day lies
    let event = campaign(&operator, json!({})).await;
    let month = json!({"amount": 500, "expiry": {"days": 30, "endOf": "month"}});
    let points = operator.create_reward(&reward(&event, month)).await;
    let granted = mina.client.claim(&points).await;
    let claim = granted.created()["claim"].clone();
    let over = midnight(month_after(after(day_of(&claim), 30)));
    assert_eq!(claim["credit"]["expiresAt"], over);
    let walk = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    assert_eq!(midnight(month_after(after(walk, 30))), "2026-12-31T15:00:00.000Z");

    // the same wherever the claim is shown
    let path = format!("/claims/{}", granted.text("/claim/id"));
    assert_eq!(mina.client.get_at(&path, granted.position()).await.ok()["claim"]["credit"], claim["credit"]);
    for list in ["/claims/me", "/reward-requests"] {
        let listed = mina.client.get_at(list, granted.position()).await;
        assert_eq!(listed.ok()["claims"][0]["credit"], claim["credit"], "{list}");
    }
    let all = operator.get_at(&format!("/claims?userId={}", mina.id), granted.position()).await;
    assert_eq!(all.ok()["claims"][0]["credit"], claim["credit"]);
    assert_eq!(all.json["claims"][0]["reward"]["unit"], "points");
}

#[tokio::test]
async fn a_reward_tells_what_a_claim_of_it_moves() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let event = campaign(&operator, json!({})).await;
    let nothing = json!({"unit": null, "expiry": null, "availableAfterDays": null, "price": null, "cost": null});
    let price = json!({"unit": "points", "amount": 100});
    for (sent, shown) in [
        (json!({"type": "ITEM"}), json!({})),
        (json!({}), json!({"unit": "points"})),
        (json!({"unit": null, "expiry": null, "availableAfterDays": null}), json!({"unit": "points"})),
        (
            json!({"unit": "points", "expiry": {"days": 30, "endOf": "month"}, "availableAfterDays": 0}),
            json!({"unit": "points", "expiry": {"days": 30, "endOf": "month"}, "availableAfterDays": 0}),
        ),
        (json!({"expiry": "never"}), json!({"unit": "points", "expiry": "never"})),
        (json!({"type": "COUPON", "price": {"amount": 100}}), json!({ "price": price })),
        (
            json!({"type": "ITEM", "price": price, "cost": {"currency": "KRW", "amount": 4_500}}),
            json!({"price": price, "cost": {"currency": "KRW", "amount": 4_500}}),
        ),
    ] {
        let made = operator.post("/rewards", &reward(&event, sent.clone())).await;
        let body = made.created()["reward"].clone();
        for (field, value) in with(nothing.clone(), shown).as_object().unwrap() {
            assert_eq!(&body[field], value, "{field} of {sent}");
        }
        let path = format!("/rewards/{}", made.text("/reward/id"));
        assert_eq!(operator.get_at(&path, made.position()).await.ok()["reward"], body, "read as it was answered");
        let renamed = operator.patch(&path, &json!({"name": unique()})).await;
        assert_eq!(renamed.ok()["reward"]["price"], body["price"], "what it costs stays");
    }
}

#[tokio::test]
async fn terms_that_are_wrong_or_contradict_each_other_name_their_field() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let event = campaign(&operator, json!({})).await;
    for (field, terms) in [
        ("unit", json!({"unit": "Points"})),
        ("unit", json!({"unit": "grants"})),
        ("unit", json!({"unit": "of.nobody"})),
        ("unit", json!({"unit": "points", "type": "ITEM"})),
        ("expiry", json!({"expiry": 30})),
        ("expiry", json!({"expiry": "always"})),
        ("expiry.days", json!({"expiry": {}})),
        ("expiry.days", json!({"expiry": {"days": 0}})),
        ("expiry.days", json!({"expiry": {"days": 3_661}})),
        ("expiry.endOf", json!({"expiry": {"days": 1, "endOf": "week"}})),
        ("expiry.date", json!({"expiry": {"days": 1, "date": "2030-01-01"}})),
        ("expiry.date", json!({"expiry": {"date": "9999-12-31"}})),
        ("expiry.hours", json!({"expiry": {"days": 1, "hours": 1}})),
        ("expiry", json!({"expiry": {"days": 1}, "type": "ITEM"})),
        ("availableAfterDays", json!({"availableAfterDays": -1})),
        ("availableAfterDays", json!({"availableAfterDays": 1, "type": "COUPON"})),
        ("price", json!({"price": 5})),
        ("price.amount", json!({"type": "ITEM", "price": {"amount": 0}})),
        ("price.amount", json!({"type": "ITEM", "price": {"amount": 1.5}})),
        ("price.amount", json!({"type": "ITEM", "price": {"amount": "1"}})),
        ("price.amount", json!({"type": "ITEM", "price": {"amount": 1_000_000_001}})),
        ("price.amount", json!({"type": "ITEM", "price": {}})),
        ("price.unit", json!({"type": "ITEM", "price": {"unit": "of.nobody", "amount": 1}})),
        ("price.unit", json!({"price": {"amount": 1}})),
        ("price.currency", json!({"type": "ITEM", "price": {"amount": 1, "currency": "KRW"}})),
        ("cost.currency", json!({"cost": {"amount": 1}})),
        ("cost.currency", json!({"cost": {"amount": 1, "currency": "krw"}})),
        ("cost.amount", json!({"cost": {"amount": -1, "currency": "KRW"}})),
        ("maxUses", json!({"type": "COUPON", "maxUses": 1})),
        ("bound", json!({"type": "COUPON", "bound": false})),
    ] {
        operator.post("/rewards", &reward(&event, terms)).await.invalid(field);
    }
    let (_, prize) = priced(&operator, json!({}), 5).await;
    operator.patch(&format!("/rewards/{prize}"), &json!({"price": {"amount": 1}})).await.invalid("price");
}

#[tokio::test]
async fn a_price_is_paid_from_the_lots_that_end_first() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    let event = campaign(&operator, json!({})).await;
    let lasting = operator.create_reward(&reward(&event, json!({"amount": 60}))).await;
    let ending = operator.create_reward(&reward(&event, json!({"amount": 60, "expiry": {"days": 30}}))).await;
    let lasting = reporter.claim_for(&lasting, &member).await.text("/claim/id");
    let ending = reporter.claim_for(&ending, &member).await.text("/claim/id");
    let (event, prize) = priced(&operator, json!({}), 100).await;

    let dry = reporter.post(&format!("/claims/{prize}/claim?dryRun=true"), &json!({"memberId": member})).await;
    let lots = json!([{"lotId": ending, "amount": 60}, {"lotId": lasting, "amount": 40}]);
    let paid = json!({"unit": "points", "amount": 100, "lots": lots});
    assert_eq!((&dry.created()["claim"]["paid"], &dry.json["dryRun"]), (&paid, &json!(true)));
    assert_eq!(have(&reporter, &event, &member).await, 120, "a dry run takes nothing");

    let key = id();
    let headers = [("idempotency-key", key.as_str()), ("content-type", "application/json")];
    let path = format!("/claims/{prize}/claim");
    let ask = async || {
        let body = json!({"memberId": member}).to_string().into_bytes();
        reporter.send(Method::POST, &path, &headers, body).await.unwrap()
    };
    let granted = ask().await;
    assert_eq!((&granted.created()["claim"]["paid"], &granted.json["claim"]["credit"]), (&paid, &Value::Null));
    assert_eq!(have(&reporter, &event, &member).await, 20);
    assert_eq!(ask().await.json, granted.json, "asked for again it is answered, not paid again");
    assert_eq!(have(&reporter, &event, &member).await, 20);

    let single = operator.get_at(&format!("/claims/{}", granted.text("/claim/id")), granted.position()).await;
    assert_eq!(single.ok()["claim"]["paid"], paid);
    let listed = operator.get_at(&format!("/claims?userId={member}"), granted.position()).await;
    assert_eq!(listed.ok()["claims"][0]["paid"], json!({"unit": "points", "amount": 100}), "a list leaves lots out");
}

#[tokio::test]
async fn too_few_points_are_the_last_reason_and_tell_what_is_missing() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let member = stage.newcomer().await;
    give(stage, &member, 70).await;
    let event = campaign(&operator, json!({})).await;
    let item = |quantity| reward(&event, json!({"type": "ITEM", "quantity": quantity, "price": {"amount": 100}}));
    let (none, some) = (operator.create_reward(&item(0)).await, operator.create_reward(&item(1)).await);
    reporter.claim_for(&none, &member).await.problem(409, "out_of_stock");

    let dry = reporter.post(&format!("/claims/{some}/claim?dryRun=true"), &json!({"memberId": member})).await;
    let denied = reporter.claim_for(&some, &member).await;
    for refused in [&dry, &denied] {
        let problem = refused.problem(409, "insufficient_points");
        let told = (&problem["unit"], &problem["need"], &problem["have"]);
        assert_eq!(told, (&json!("points"), &json!(100), &json!(70)), "{refused}");
    }
    let claim = denied.text("/claimId");
    assert_eq!(log.streams_with("claim.denied").await[&claim], 1);
    let again = reporter.claim_for(&some, &member).await;
    again.problem(409, "insufficient_points");
    assert_eq!((again.position(), log.streams_with("claim.denied").await[&claim]), (denied.position(), 1));
    give(stage, &member, 20).await;
    let nearer = reporter.claim_for(&some, &member).await;
    assert_eq!(nearer.problem(409, "insufficient_points")["have"], 90, "other numbers are another attempt");
    assert_eq!(log.streams_with("claim.denied").await[&claim], 2);

    let listed = operator.get_at(&format!("/claims?userId={member}&status=denied"), nearer.position()).await;
    let reasons: Vec<_> = listed.list("/claims").iter().map(|claim| claim["reason"].clone()).collect();
    assert_eq!(reasons, ["insufficient_points", "out_of_stock"]);
    let told = operator.get_at("/dashboard/reward-analytics", nearer.position()).await;
    let count = told.list("/denialReasons").iter().find(|one| one["reason"] == "insufficient_points").cloned();
    assert!(count.unwrap()["count"].as_i64().unwrap() >= 2, "{told}");

    for (language, summary) in [
        ("en", "It costs 100 points, and 90 could be used."),
        ("ko", "points 100이(가) 필요하지만 90만 사용할 수 있었습니다."),
    ] {
        let headers = [("accept-language", language)];
        let path = format!("/claims/{claim}/explanation");
        let told = operator.send(Method::GET, &path, &headers, Vec::new()).await.unwrap();
        assert_eq!(told.ok()["summary"], summary);
        assert_eq!(told.json["price"], json!({"unit": "points", "need": 100, "have": 90}));
        assert_eq!(
            (&told.json["credit"], &told.json["paid"], &told.json["value"]),
            (&Value::Null, &Value::Null, &json!([]))
        );
    }
    give(stage, &member, 10).await;
    assert_eq!(reporter.claim_for(&some, &member).await.created()["claim"]["id"], claim);
}

#[tokio::test]
async fn a_pending_price_is_held_and_then_captured_or_released() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let (event, prize) = priced(&operator, json!({"approval": "manual"}), 100).await;
    for (step, left, paid_after) in [("APPROVED", 50, true), ("REJECTED", 150, false)] {
        let member = stage.newcomer().await;
        give(stage, &member, 150).await;
        let asked = reporter.claim_for(&prize, &member).await;
        let held = asked.expect(202)["claim"].clone();
        assert_eq!((&held["paid"]["amount"], &held["credit"]), (&json!(100), &Value::Null));
        assert_eq!(have(&reporter, &event, &member).await, 50, "what is held cannot be used");
        let claim = asked.text("/claim/id");
        let waiting = operator.get_at(&format!("/reward-requests/{claim}"), asked.position()).await;
        assert_eq!(waiting.ok()["claim"]["paid"], json!({"unit": "points", "amount": 100}));

        let decided = decide(&operator, &claim, step).await;
        let paid = if paid_after { held["paid"].clone() } else { Value::Null };
        assert_eq!(decided.ok()["claim"]["paid"], paid, "{step}");
        assert_eq!(have(&reporter, &event, &member).await, left, "{step}");
        let told = operator.get_at(&format!("/claims/{claim}/explanation"), decided.position()).await;
        let sentence =
            if paid_after { "100 points were paid for it." } else { "Its price was given back: 100 points." };
        assert_eq!(told.ok()["value"], json!([sentence]));
        let before = operator.get(&format!("/claims/{claim}/explanation?atPosition={}", asked.position())).await;
        assert_eq!(before.ok()["value"], json!(["100 points are held for it until somebody decides."]));
    }
}

#[tokio::test]
async fn a_price_that_nobody_decides_about_is_free_again_at_its_instant() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let terms = json!({"approval": "manual", "pendingExpiresAfter": "1s"});
    let (event, prize) = priced(&operator, terms, 100).await;
    let member = stage.newcomer().await;
    give(stage, &member, 100).await;
    let asked = reporter.claim_for(&prize, &member).await;
    asked.expect(202);
    for _ in 0..100 {
        if have(&reporter, &event, &member).await == json!(100) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(have(&reporter, &event, &member).await, 100);
    let again = reporter.claim_for(&prize, &member).await;
    assert_eq!(again.expect(202)["claim"]["id"], asked.json["claim"]["id"], "and pays for another attempt");
    assert_eq!(log.streams_with("claim.expired").await[&asked.text("/claim/id")], 1, "the first hold ended once");
}

#[tokio::test]
async fn a_reversal_refunds_the_price_and_takes_back_what_was_credited() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    let credited = give(stage, &member, 100).await.text("/claim/id");
    let (event, prize) = priced(&operator, json!({}), 40).await;
    let bought = reporter.claim_for(&prize, &member).await.text("/claim/id");
    assert_eq!(have(&reporter, &event, &member).await, 60);

    let reversed = decide(&operator, &bought, "REVERSED").await;
    assert_eq!((&reversed.ok()["claim"]["paid"], &reversed.json["claim"]["credit"]), (&Value::Null, &Value::Null));
    assert_eq!(have(&reporter, &event, &member).await, 100, "the price is back");

    let (_, other) = priced(&operator, json!({}), 30).await;
    reporter.claim_for(&other, &member).await.created();
    let reversed = decide(&operator, &credited, "REVERSED").await;
    assert_eq!(reversed.ok()["claim"]["credit"], Value::Null);
    assert_eq!(have(&reporter, &event, &member).await, 0, "no more is taken than is there");
    let told = operator.get_at(&format!("/claims/{credited}/explanation"), reversed.position()).await;
    let sentence = "Of its credit, 70 points were taken back, 0 are owed and 30 were written off.";
    assert_eq!(told.ok()["value"], json!([sentence]));
    let listed = operator.get_at(&format!("/claims?userId={member}&status=reversed"), reversed.position()).await;
    for claim in listed.list("/claims") {
        assert_eq!((&claim["credit"], &claim["paid"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn members_claim_as_often_as_they_pay_and_name_each_claim() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    give(stage, &member, 100).await;
    let (event, prize) = priced(&operator, json!({"frequency": "each"}), 40).await;
    operator.post("/rewards", &reward(&event, json!({"type": "ITEM"}))).await.invalid("price");
    let ask = async |reference: Value| {
        let body = with(json!({"memberId": member}), reference);
        reporter.post(&format!("/claims/{prize}/claim"), &body).await
    };
    ask(json!({})).await.invalid("reference");
    for wrong in [json!(""), json!("x".repeat(129)), json!("a\u{7}b"), json!(7)] {
        ask(json!({ "reference": wrong })).await.invalid("reference");
    }
    let first = ask(json!({"reference": "mug-1"})).await;
    assert_eq!(first.created()["claim"]["period"], "ref:mug-1");
    assert_eq!(
        ask(json!({"reference": "mug-1"})).await.problem(409, "already_claimed")["claimId"],
        first.json["claim"]["id"]
    );
    assert_eq!(have(&reporter, &event, &member).await, 60, "asked for twice, paid once");
    ask(json!({"reference": "mug-2"})).await.created();
    let third = ask(json!({"reference": "mug-3"})).await;
    assert_eq!(third.problem(409, "insufficient_points")["have"], 20);

    let (_, once) = priced(&operator, json!({}), 1).await;
    let body = json!({"memberId": member, "reference": "mug-1"});
    reporter.post(&format!("/claims/{once}/claim"), &body).await.invalid("reference");
    let unpriced = campaign(&operator, json!({})).await;
    operator.create_reward(&reward(&unpriced, json!({}))).await;
    operator.patch(&format!("/events/{unpriced}"), &json!({"frequency": "each"})).await.invalid("price");
}
