//! What a member has, lot by lot and step by step: theirs alone, staff's and the shops' to see, now and as it was, and what it
//! comes to over all members.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    client::Member,
    programme::{anybody, event, id, instant, reward, with},
};

/// A reward of so many points, in an event of its own.
async fn points(operator: &Client, amount: i64) -> String {
    let event = operator.create_event(&event(anybody())).await;
    operator.create_reward(&with(reward(&event, None), json!({"amount": amount}))).await
}

fn wallet(answer: &Answer) -> Value {
    answer.ok()["wallets"][0].clone()
}

/// What somebody has who can use all of it, for ever.
fn all_free(amount: i64) -> Value {
    json!({"unit": "points", "scale": 0, "balance": amount, "available": amount, "pending": 0, "held": 0, "receivable": 0,
        "expiring": [], "maturing": []})
}

async fn granted(member: &Member, reward: &str) -> Answer {
    let answer = member.client.claim(reward).await;
    answer.created();
    answer
}

#[tokio::test]
async fn who_has_nothing_has_no_points_and_a_grant_is_in_the_wallet_at_once() {
    let stage = Stage::shared().await;
    let mina = stage.nobody().sign_up().await;
    let before = stage.log().await.head().await;
    let nothing = mina.client.get_at("/wallets/me", before).await;
    assert_eq!(wallet(&nothing), all_free(0));
    assert_eq!(nothing.list("/wallets").len(), 1);
    assert!(nothing.number("/asOf/position") >= before);

    let prize = points(&stage.operator().await, 500).await;
    let claimed = granted(&mina, &prize).await;
    let own = mina.client.get_at("/wallets/me", claimed.position()).await;
    assert_eq!(wallet(&own), all_free(500));

    let lots = mina.client.get_at("/wallets/me/lots", claimed.position()).await;
    let lot = &lots.list("/lots")[0];
    assert_eq!((lots.list("/lots").len(), &lots.json["unit"]), (1, &json!("points")));
    assert_eq!(lot["id"], claimed.json["claim"]["id"], "a grant gives a lot of its claim's id");
    let told = ["amount", "free", "held", "used", "expired"].map(|field| lot[field].as_i64().unwrap());
    assert_eq!((told, &lot["status"]), ([500, 500, 0, 0, 0], &json!("available")));
    assert_eq!((&lot["expiresAt"], lot["position"].as_i64()), (&Value::Null, Some(claimed.position())));

    let statement = mina.client.get_at("/wallets/me/statement", claimed.position()).await;
    let entry = &statement.list("/entries")[0];
    assert_eq!((statement.list("/entries").len(), &entry["kind"]), (1, &json!("credited")));
    assert_eq!((entry["amount"].as_i64(), entry["balanceAfter"].as_i64()), (Some(500), Some(500)));
    assert_eq!(entry["position"].as_i64(), Some(claimed.position()));
    let moved = json!([{"lotId": lot["id"], "amount": 500, "from": "issued", "to": "wallet"}]);
    assert_eq!(entry["lots"], moved);
    let claim = &claimed.json["claim"];
    let about = json!({"type": "claim", "claimId": claim["id"], "rewardId": prize, "eventId": claim["eventId"]});
    assert_eq!(entry["about"], about);
}

#[tokio::test]
async fn a_wallet_is_shown_as_it_was_at_a_position_or_a_time() {
    let stage = Stage::shared().await;
    let (operator, auditor) = (stage.operator().await, stage.auditor().await);
    let mina = stage.nobody().sign_up().await;
    let first = granted(&mina, &points(&operator, 300).await).await.position();
    let second = granted(&mina, &points(&operator, 50).await).await.position();
    let path = format!("/wallets/{}", mina.id);
    for (position, amount) in [(first - 1, 0), (first, 300), (second - 1, 300), (second, 350)] {
        let then = auditor.get(&format!("{path}?atPosition={position}")).await;
        assert_eq!(wallet(&then), all_free(amount), "at {position}");
        assert_eq!((then.number("/asOf/position"), then.position()), (position, position));
        let time = then.text("/asOf/recordedAt");
        let by_time = auditor.get(&format!("{path}?atTime={time}")).await;
        assert!(by_time.number("/asOf/position") >= position, "others may have written in the same millisecond");

        let lots = auditor.get(&format!("{path}/lots?atPosition={position}")).await;
        let sum: i64 = lots.ok()["lots"].as_array().unwrap().iter().map(|lot| lot["free"].as_i64().unwrap()).sum();
        assert_eq!(sum, amount);
        let statement = auditor.get(&format!("{path}/statement?atPosition={position}")).await;
        let balance = statement.ok()["entries"][0]["balanceAfter"].as_i64();
        assert_eq!(balance.unwrap_or(0), amount, "{statement}");
    }
    auditor.get(&format!("{path}?atPosition=1&atTime=2026-11-21T00:00:00Z")).await.invalid("query.atTime");
    auditor.get(&format!("{path}?atPosition=999999999")).await.invalid("query.atPosition");
    let tomorrow = instant(Utc::now() + chrono::TimeDelta::days(1));
    auditor.get(&format!("{path}?atTime={tomorrow}")).await.invalid("query.atTime");
    auditor.get(&format!("{path}?at=1")).await.invalid("query.at");
}

#[tokio::test]
async fn lots_and_statements_are_walked_newest_first() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let mina = stage.nobody().sign_up().await;
    let mut positions = Vec::new();
    for amount in 1..=5 {
        positions.push(granted(&mina, &points(&operator, amount).await).await.position());
    }
    positions.reverse();
    let last = positions[0];
    for (path, name) in [("/wallets/me/lots", "lots"), ("/wallets/me/statement", "entries")] {
        let (mut walked, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = mina.client.get_at(&format!("{path}?limit=2{cursor}"), last).await;
            let shown = page.ok()[name].as_array().unwrap();
            assert!((1..=2).contains(&shown.len()), "{page}");
            walked.extend(shown.iter().map(|one| one["position"].as_i64().unwrap()));
            let Some(next) = page.json["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(walked, positions, "{path}");
        mina.client.get(&format!("{path}?limit=2&unit=points{cursor}")).await.problem(400, "invalid_cursor");
        mina.client.get(&format!("{path}?limit=201")).await.invalid("query.limit");
        mina.client.get(&format!("{path}?unit=stars")).await.problem(404, "unit_unknown");
        mina.client.get(&format!("{path}?unit=Stars")).await.invalid("query.unit");
    }
}

#[tokio::test]
async fn a_wallet_is_its_members_and_staffs_to_see() {
    let stage = Stage::shared().await;
    let (mina, other) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let paid = granted(&mina, &points(&stage.operator().await, 70).await).await.position();
    for path in ["", "/lots", "/statement"] {
        let path = format!("/wallets/{}{path}", mina.id);
        other.client.get(&path).await.problem(403, "forbidden");
        let seen = stage.operator().await.get_at(&path, paid).await;
        assert!(seen.ok().to_string().contains("70"), "{seen}");
        stage.auditor().await.get(&path.replace(&mina.id, &id())).await.problem(404, "member_unknown");
    }
}

/// The accounts of points, by name.
fn accounts(answer: &Answer) -> Value {
    let units = answer.ok()["units"].as_array().unwrap();
    units.iter().find(|unit| unit["unit"] == "points").unwrap()["accounts"].clone()
}

fn sum(accounts: &Value) -> i64 {
    accounts.as_object().unwrap().values().map(|amount| amount.as_i64().unwrap()).sum()
}

#[tokio::test]
async fn what_all_members_have_is_what_was_issued_and_every_account_together_is_nothing() {
    let stage = Stage::own().await;
    let (operator, auditor) = (stage.operator().await, stage.auditor().await);
    let before = stage.log().await.head().await;
    let prize = points(&operator, 400).await;
    let (mina, other) = (stage.nobody().sign_up().await, stage.nobody().sign_up().await);
    let first = granted(&mina, &prize).await;
    let second = granted(&other, &prize).await.position();
    let analytics =
        async |position: i64| auditor.get(&format!("/dashboard/value-analytics?atPosition={position}")).await;
    let liability = async |position: i64| auditor.get(&format!("/dashboard/liability?atPosition={position}")).await;
    for (position, amount) in [(before, 0), (first.position(), 400), (second, 800)] {
        let told = accounts(&analytics(position).await);
        assert_eq!((told["issued"].as_i64(), told["wallet"].as_i64()), (Some(-amount), Some(amount)), "at {position}");
        assert_eq!(sum(&told), 0);
        let owed = liability(position).await;
        let unit = &owed.ok()["units"][0];
        assert_eq!((&unit["unit"], unit["outstanding"].as_i64()), (&json!("points"), Some(amount)), "{owed}");
        let months = if amount == 0 {
            json!([])
        } else {
            json!([{"month": null, "wallet": amount, "held": 0, "outstanding": amount}])
        };
        assert_eq!((&unit["months"], &unit["worth"], &unit["due"]), (&months, &Value::Null, &json!(0)));
    }
    let claim = first.text("/claim/id");
    let reversed = operator.patch(&format!("/reward-requests/{claim}"), &json!({"status": "REVERSED"})).await;
    let now = auditor.get_at("/dashboard/value-analytics", reversed.position()).await;
    let told = accounts(&now);
    assert_eq!((&told["taken_back"], &told["wallet"], sum(&told)), (&json!(400), &json!(400), 0));
    let statement = mina.client.get_at("/wallets/me/statement", reversed.position()).await;
    let entry = &statement.ok()["entries"][0];
    assert_eq!(
        (&entry["kind"], &entry["amount"], &entry["balanceAfter"]),
        (&json!("taken_back"), &json!(-400), &json!(0))
    );
    stage.operator().await.get("/dashboard/liability?timeZone=Moon").await.invalid("query.timeZone");
    mina.client.get("/dashboard/liability").await.problem(403, "forbidden");
}

fn order(member: &Member, amount: i64) -> Value {
    json!({"reference": format!("order-{}", id()), "memberId": member.id, "amount": amount})
}

/// Balance, available, held.
fn figures(answer: &Answer) -> [i64; 3] {
    ["balance", "available", "held"].map(|field| wallet(answer)[field].as_i64().unwrap())
}

/// Kind, amount and the balance behind each entry, newest first.
fn steps(statement: &Answer) -> Vec<(String, i64, i64)> {
    let step = |entry: &Value| {
        let number = |field: &str| entry[field].as_i64().unwrap();
        (entry["kind"].as_str().unwrap().to_owned(), number("amount"), number("balanceAfter"))
    };
    statement.ok()["entries"].as_array().unwrap().iter().map(step).collect()
}

fn told(steps: &[(&str, i64, i64)]) -> Vec<(String, i64, i64)> {
    steps.iter().map(|(kind, amount, after)| ((*kind).to_owned(), *amount, *after)).collect()
}

#[tokio::test]
async fn payments_are_told_step_by_step_and_to_other_shops_without_a_name() {
    let stage = Stage::shared().await;
    let (shop, other) = (stage.shop().await, stage.shop().await);
    let mina = stage.nobody().sign_up().await;
    granted(&mina, &points(&stage.operator().await, 500).await).await;
    let order = with(order(&mina, 300), json!({"hold": true}));
    let held = shop.post("/spends", &order).await;
    held.created();
    let own = async |position: i64| mina.client.get_at("/wallets/me", position).await;
    assert_eq!(figures(&own(held.position()).await), [500, 200, 300]);
    let spend = held.text("/spend/id");
    let captured = shop.post(&format!("/spends/{spend}/capture"), &json!({"amount": 200})).await;
    assert_eq!(figures(&own(captured.position()).await), [300, 300, 0]);
    let refund = json!({"reference": "back-1", "amount": 50});
    let refunded = shop.post(&format!("/spends/{spend}/refunds"), &refund).await;
    assert_eq!(figures(&own(refunded.position()).await), [350, 350, 0]);

    let path = format!("/wallets/{}/statement", mina.id);
    let seen = shop.get_at(&path, refunded.position()).await;
    let expected = [("refunded", 50, 350), ("captured", -200, 300), ("held", 0, 500), ("credited", 500, 500)];
    assert_eq!(steps(&seen), told(&expected));
    let captured_lots: Vec<_> = seen.json["entries"][1]["lots"].as_array().unwrap().iter().collect();
    assert_eq!(captured_lots.len(), 2, "what was taken, and what is back: {captured_lots:?}");
    let about = json!({"type": "spend", "spendId": spend, "reference": order["reference"]});
    assert_eq!(seen.json["entries"][0]["about"], about);
    let stranger = other.get_at(&path, refunded.position()).await;
    let about = json!({"type": "spend", "spendId": null, "reference": null});
    assert_eq!((&stranger.ok()["entries"][0]["about"], steps(&stranger)), (&about, steps(&seen)));
    // as it was in between, whoever looks
    let then = stage.auditor().await.get(&format!("/wallets/{}?atPosition={}", mina.id, held.position())).await;
    assert_eq!(figures(&then), [500, 200, 300]);
    let lots = mina.client.get(&format!("/wallets/me/lots?atPosition={}", held.position())).await;
    let lot = &lots.ok()["lots"][0];
    assert_eq!((&lot["free"], &lot["held"], &lot["used"]), (&json!(200), &json!(300), &json!(0)));
}

/// A hold that nobody ended is over at its moment in every answer, whether its end was recorded or not.
#[tokio::test]
async fn a_hold_is_over_at_its_moment_in_every_answer() {
    let stage = Stage::shared().await;
    let (shop, mina) = (stage.shop().await, stage.nobody().sign_up().await);
    granted(&mina, &points(&stage.operator().await, 100).await).await;
    let held = shop.post("/spends", &with(order(&mina, 60), json!({"hold": true, "expiresAfter": "1s"}))).await;
    let ends: DateTime<Utc> = held.text("/spend/expiresAt").parse().unwrap();
    let path = format!("/wallets/{}", mina.id);
    let auditor = stage.auditor().await;
    let at_once = auditor.get(&format!("{path}?atPosition={}", held.position())).await;
    assert_eq!(figures(&at_once), [100, 40, 60]);
    let is_over = async || {
        while Utc::now() <= ends {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        mina.client.get_at("/wallets/me", held.position()).await
    };
    assert_eq!(figures(&is_over().await), [100, 100, 0]);
    let just_before = instant(ends - chrono::TimeDelta::milliseconds(1));
    let (before, then) = (auditor.get(&format!("{path}?atTime={just_before}")).await, instant(ends));
    assert_eq!(figures(&before), [100, 40, 60]);
    assert_eq!(figures(&auditor.get(&format!("{path}?atTime={then}")).await), [100, 100, 0]);
}
