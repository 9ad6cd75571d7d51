//! Coupons and their codes: the n-th grant has the n-th code and its member alone is told it, a coupon is used as often as it
//! says, and a code is written down nowhere but sealed.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Database, Log, Service, Setup, Stage,
    auditor::Superuser,
    programme::{anybody, event, reward, unique, with},
    swarm::claim_for_all,
};

/// A reward that hands out coupons, in an open event.
async fn coupons(operator: &Client, more: Value) -> String {
    let campaign = operator.create_event(&event(anybody())).await;
    let coupon = json!({"name": "A coupon", "type": "COUPON", "amount": 1, "codes": true});
    operator.create_reward(&with(reward(&campaign, None), with(coupon, more))).await
}

/// Codes that nobody else has, in order.
fn codes(count: usize) -> Vec<String> {
    let batch = unique().to_uppercase();
    (1..=count).map(|number| format!("{batch}-{number:04}")).collect()
}

async fn upload(operator: &Client, prize: &str, media: &str, text: &str) -> Answer {
    let (path, headers) = (format!("/rewards/{prize}/codes"), [("content-type", media)]);
    operator.send(Method::POST, &path, &headers, text.as_bytes().to_vec()).await.expect("an answer")
}

async fn add(operator: &Client, prize: &str, codes: &[String]) {
    upload(operator, prize, "text/csv", &codes.join("\n")).await.created();
}

fn order(code: &str) -> Value {
    json!({"code": code, "reference": format!("order-{}", unique())})
}

async fn redeem(shop: &Client, body: &Value) -> Answer {
    shop.post("/coupons/redeem", body).await
}

/// What a shop is told of a code: whether it is good, and if not why.
async fn verdict(shop: &Client, code: &str) -> (bool, Value) {
    let told = shop.post("/coupons/validate", &json!({"code": code})).await;
    (told.ok()["valid"] == true, told.json["reason"].clone())
}

/// Quantity, granted, remaining.
async fn stock(operator: &Client, prize: &str, position: i64) -> [Value; 3] {
    let read = operator.get_at(&format!("/rewards/{prize}"), position).await;
    ["quantity", "granted", "remaining"].map(|name| read.ok()["reward"][name].clone())
}

#[tokio::test]
async fn a_member_gets_a_code_and_a_shop_redeems_it_once() {
    let stage = Stage::shared().await;
    let (operator, shop) = (stage.operator().await, stage.cashier().await);
    let prize = coupons(&operator, json!({"expiry": {"days": 30}})).await;
    let member = stage.nobody().sign_up().await;
    member.client.claim(&prize).await.problem(409, "out_of_stock");
    let made = operator.post(&format!("/rewards/{prize}/codes/generate"), &json!({"count": 2})).await;
    assert_eq!([&made.created()["from"], &made.json["count"], &made.json["remaining"]], [1, 2, 2]);
    assert_eq!(made.text("/root").len(), 64);

    let granted = member.client.claim(&prize).await;
    granted.created();
    let (coupon, code) = (granted.text("/claim/coupon/id"), granted.text("/claim/coupon/code"));
    assert_eq!(coupon, granted.text("/claim/id"));
    assert_eq!(code.len(), 13, "twelve characters and the one that checks them");
    assert_eq!(stock(&operator, &prize, granted.position()).await, [json!(2), json!(1), json!(1)]);

    assert_eq!(verdict(&shop, &code).await, (true, Value::Null));
    let body = order(&code);
    let used = redeem(&shop, &body).await;
    assert_eq!(
        (used.created()["redemption"]["status"].clone(), used.text("/redemption/couponId")),
        (json!("captured"), coupon.clone())
    );
    let again = redeem(&shop, &body).await;
    assert_eq!(again.ok()["duplicate"], true);
    assert_eq!(again.header("ledger-position"), None, "nothing was written");
    redeem(&shop, &order(&code.to_lowercase())).await.problem(409, "coupon_used");
    assert_eq!(verdict(&shop, &code).await, (false, json!("coupon_used")));
    let held = with(body.clone(), json!({"hold": true}));
    redeem(&shop, &held).await.problem(409, "reference_conflict");

    let path = format!("/redemptions/{}", used.text("/redemption/id"));
    let other_shop = stage.cashier().await;
    other_shop.post(&format!("{path}/rollback"), &json!({})).await.problem(404, "not_found");
    assert_eq!(
        shop.post(&format!("{path}/capture"), &json!({})).await.problem(409, "step_not_allowed")["from"],
        "captured"
    );
    let back = shop.post(&format!("{path}/rollback"), &json!({})).await;
    assert_eq!(back.ok()["redemption"]["status"], "rolled_back");
    assert_eq!(shop.post(&format!("{path}/rollback"), &json!({})).await.ok()["duplicate"], true);
    redeem(&shop, &order(&code)).await.created();

    let own = member.client.get(&format!("/coupons/{coupon}")).await;
    assert_eq!((own.ok()["coupon"]["code"].clone(), own.text("/coupon/status")), (json!(code), "used".to_owned()));
    let seen = operator.get(&format!("/coupons/{coupon}")).await;
    assert_eq!((seen.ok()["coupon"].get("code"), seen.text("/coupon/memberId")), (None, member.id.clone()));
    let stranger = stage.nobody().sign_up().await;
    stranger.client.get(&format!("/coupons/{coupon}")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_use_is_held_and_ends_once() {
    let stage = Stage::shared().await;
    let (operator, shop) = (stage.operator().await, stage.cashier().await);
    let prize = coupons(&operator, json!({"maxUses": 2})).await;
    let given = codes(1);
    add(&operator, &prize, &given).await;
    stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await.created();
    let hold = |time: &str| with(order(&given[0]), json!({"hold": true, "expiresAfter": time}));

    let first = redeem(&shop, &hold("15m")).await;
    assert_eq!(
        (first.created()["redemption"]["status"].clone(), first.json["redemption"]["expiresAt"].is_string()),
        (json!("held"), true)
    );
    let second = redeem(&shop, &hold("1s")).await;
    second.created();
    redeem(&shop, &order(&given[0])).await.problem(409, "coupon_used");
    let path = |answer: &Answer| format!("/redemptions/{}", answer.text("/redemption/id"));
    let captured = shop.post(&format!("{}/capture", path(&first)), &json!({})).await;
    assert_eq!(captured.ok()["redemption"]["status"], "captured");
    assert_eq!(shop.post(&format!("{}/capture", path(&first)), &json!({})).await.ok()["duplicate"], true);
    shop.post(&format!("{}/release", path(&first)), &json!({})).await.problem(409, "step_not_allowed");

    let log = stage.log().await;
    let coupon = first.text("/redemption/couponId");
    let ended =
        async || log.events().await.iter().any(|one| one.kind == "coupon.hold_expired" && one.stream_id == coupon);
    let waited = async {
        while !ended().await {
            tokio::time::sleep(Duration::from_millis(20)).await
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.expect("the clock ends what nobody ended");
    let late = shop.post(&format!("{}/capture", path(&second)), &json!({})).await;
    assert!(late.problem(409, "hold_expired")["at"].is_string());
    let third = redeem(&shop, &hold("15m")).await;
    shop.post(&format!("{}/release", path(&third)), &json!({})).await.ok();
    redeem(&shop, &order(&given[0])).await.created();
}

#[tokio::test]
async fn codes_are_added_whole_or_not_at_all_and_the_last_ones_withdrawn() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let prize = coupons(&operator, json!({})).await;
    let given = codes(5);

    let bad = upload(&operator, &prize, "text/csv", &format!("code\n{}\nbad code\n{}\n", given[0], given[0])).await;
    let lines: Vec<&str> = bad.problem(400, "validation_failed")["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["field"].as_str().unwrap())
        .collect();
    assert_eq!(lines, ["line.3", "line.4"]);
    assert!(!String::from_utf8_lossy(&bad.bytes).contains(&given[0]), "a code is never shown");
    upload(&operator, &prize, "application/json", "{}").await.problem(415, "unsupported_media_type");

    let lines: String = given[..3].iter().map(|code| format!("{}\n", json!({"code": code}))).collect();
    let elsewhere = coupons(&operator, json!({})).await;
    let added = upload(&operator, &prize, "application/x-ndjson", &lines).await;
    assert_eq!([&added.created()["from"], &added.json["count"], &added.json["remaining"]], [1, 3, 3]);
    let taken = upload(&operator, &elsewhere, "text/csv", &format!("{}\n{}", given[3], given[1].to_lowercase())).await;
    taken.invalid("line.2");
    assert_eq!(stock(&operator, &elsewhere, added.position()).await[0], json!(0), "all or nothing");

    stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await.created();
    let withdraw = format!("/rewards/{prize}/codes/withdraw");
    assert_eq!(operator.post(&withdraw, &json!({"count": 3})).await.problem(409, "below_committed")["committed"], 1);
    let back = operator.post(&withdraw, &json!({"count": 2})).await;
    assert_eq!([&back.ok()["from"], &back.json["count"], &back.json["remaining"]], [2, 2, 0]);
    stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await.problem(409, "out_of_stock");
    add(&operator, &elsewhere, &given[1..]).await; // what was withdrawn may be given elsewhere
    let (_, points) = operator.create_open_event(None).await;
    upload(&operator, &points, "text/csv", &codes(1)[0]).await.problem(409, "reward_has_no_codes");
}

#[tokio::test]
async fn codes_that_could_be_guessed_are_not_generated() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let prize = coupons(&operator, json!({})).await;
    let generate = format!("/rewards/{prize}/codes/generate");
    for (body, field) in [
        (json!({"count": 100, "length": 7}), "length"),
        (json!({"count": 1, "alphabet": "01", "length": 60}), "checkCharacter"),
        (json!({"count": 1, "alphabet": "AAB"}), "alphabet"),
        (json!({"count": 1, "prefix": "a"}), "prefix"),
        (json!({"count": 100_001}), "count"),
        (json!({}), "count"),
    ] {
        operator.post(&generate, &body).await.invalid(field);
    }
    let campaign = operator.create_event(&event(anybody())).await;
    let wish = |more: Value| with(reward(&campaign, None), more);
    for (body, field) in [
        (json!({"type": "POINT", "codes": true}), "codes"),
        (json!({"type": "COUPON", "codes": true, "amount": 1, "quantity": 5}), "quantity"),
        (json!({"type": "COUPON", "amount": 1, "maxUses": 2}), "maxUses"),
        (json!({"type": "COUPON", "amount": 1, "bound": true}), "bound"),
    ] {
        operator.post("/rewards", &wish(body)).await.invalid(field);
    }
}

#[tokio::test]
async fn a_code_is_written_nowhere_and_a_repeated_answer_has_it_all_the_same() {
    let stage = Stage::own().await;
    let (operator, shop, reporter) = (stage.operator().await, stage.cashier().await, stage.reporter().await);
    let prize = coupons(&operator, json!({})).await;
    let given = codes(2);
    add(&operator, &prize, &given).await;
    let (member, key) = (stage.nobody().sign_up().await, unique());
    let claim = format!("/claims/{prize}/claim");
    let first = member.client.post_once(&claim, &json!({}), &key).await;
    assert_eq!(first.created()["claim"]["coupon"]["code"], given[0]);
    let again = member.client.post_once(&claim, &json!({}), &key).await;
    assert_eq!((again.header("idempotency-replayed"), &again.bytes), (Some("true"), &first.bytes));
    let asked_by_a_service = reporter.claim_for(&prize, &stage.newcomer().await).await;
    let coupon = &asked_by_a_service.created()["claim"]["coupon"];
    assert!(coupon["id"].is_string() && coupon.get("code").is_none(), "{coupon}");
    let body = order(&given[0]);
    let used = shop.post_once("/coupons/redeem", &body, &key).await;
    used.created();
    let again = shop.post_once("/coupons/redeem", &body, &key).await;
    assert_eq!((again.header("idempotency-replayed"), &again.bytes), (Some("true"), &used.bytes));

    let pool = stage.database.pool().await;
    let sql = "select string_agg(txt, '')
               from (select payload::text || metadata::text as txt from events
                     union all select convert_from(answer, 'UTF8') from stored_answers
                     union all select encode(encrypted, 'escape') from coupon_codes) as everything";
    let everything: String = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
    for code in &given {
        assert!(!everything.contains(code.as_str()), "{code}");
    }
}

#[tokio::test]
async fn a_bound_coupon_is_redeemed_by_its_member_alone_and_a_voided_one_by_nobody() {
    let stage = Stage::shared().await;
    let (operator, shop) = (stage.operator().await, stage.cashier().await);
    let prize = coupons(&operator, json!({"bound": true})).await;
    let given = codes(2);
    add(&operator, &prize, &given).await;
    let [member, other] = [stage.newcomer().await, stage.newcomer().await];
    let claimed = stage.reporter().await.claim_for(&prize, &member).await;
    claimed.created();
    redeem(&shop, &order(&given[0])).await.problem(404, "coupon_unknown");
    redeem(&shop, &with(order(&given[0]), json!({"memberId": other}))).await.problem(404, "coupon_unknown");
    redeem(&shop, &order(&given[1])).await.problem(404, "coupon_unknown"); // nobody has it yet
    let good = shop.post("/coupons/validate", &json!({"code": given[0], "memberId": member})).await;
    assert_eq!(good.ok()["valid"], true);
    assert_eq!(good.json["coupon"].get("memberId"), None, "a shop is not told whose it is");

    let path = format!("/coupons/{}/void", claimed.text("/claim/id"));
    operator.post(&path, &json!({})).await.invalid("note");
    let voided = operator.post(&path, &json!({"note": "Printed twice."})).await;
    assert_eq!(voided.ok()["coupon"]["status"], "voided");
    assert_eq!(operator.post(&path, &json!({"note": "Again."})).await.ok()["coupon"]["status"], "voided");
    redeem(&shop, &with(order(&given[0]), json!({"memberId": member}))).await.problem(409, "coupon_voided");
}

#[tokio::test]
async fn a_reversal_voids_the_coupon_and_its_code_returns_to_nobody() {
    let stage = Stage::shared().await;
    let (operator, shop, reporter) = (stage.operator().await, stage.cashier().await, stage.reporter().await);
    let prize = coupons(&operator, json!({})).await;
    let given = codes(2);
    add(&operator, &prize, &given).await;
    let claimed = reporter.claim_for(&prize, &stage.newcomer().await).await;
    claimed.created();
    let reversed = operator
        .patch(
            &format!("/reward-requests/{}", claimed.text("/claim/id")),
            &json!({"status": "REVERSED", "note": "A mistake."}),
        )
        .await;
    reversed.ok();
    redeem(&shop, &order(&given[0])).await.problem(409, "coupon_voided");
    assert_eq!(stock(&operator, &prize, reversed.position()).await, [json!(2), json!(1), json!(1)]);
    reporter.claim_for(&prize, &stage.newcomer().await).await.created();
    assert_eq!(verdict(&shop, &given[1]).await, (true, Value::Null), "the next grant has the next code");
    reporter.claim_for(&prize, &stage.newcomer().await).await.problem(409, "out_of_stock");
    stage.log().await.assert_sound().await;
}

#[tokio::test]
async fn that_few_codes_are_left_is_told_once_until_codes_are_added() {
    let stage = Stage::shared().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = coupons(&operator, json!({})).await;
    add(&operator, &prize, &codes(20)).await;
    let told = async || {
        let events = log.events().await;
        let of_prize = events.iter().filter(|event| event.kind == "codes.running_low" && event.stream_id == prize);
        of_prize
            .map(|event| serde_json::from_str::<Value>(&event.payload).unwrap()["remaining"].clone())
            .collect::<Vec<_>>()
    };
    let is_told = async |times: usize| {
        let waited = async {
            while told().await.len() < times {
                tokio::time::sleep(Duration::from_millis(20)).await
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waited).await.expect("it is told");
    };
    let claim = async || reporter.claim_for(&prize, &stage.newcomer().await).await.created().clone();
    for _ in 0..18 {
        claim().await;
    }
    claim().await; // one is left: that are 5 %
    is_told(1).await;
    claim().await;
    add(&operator, &prize, &codes(2)).await;
    claim().await;
    is_told(2).await;
    assert_eq!(told().await.len(), 2, "and not for each grant");
}

/// Which coupon each code stands for.
async fn holders(shop: &Client, codes: &[String]) -> Vec<String> {
    join_all(codes.iter().map(async |code| {
        let told = shop.post("/coupons/validate", &json!({"code": code})).await;
        told.ok();
        told.text("/coupon/id")
    }))
    .await
}

/// The coupons of a reward in the order in which the log has their grants.
async fn granted_in_order(log: &Log, prize: &str) -> Vec<String> {
    let events = log.events().await;
    let of_prize = events.iter().filter(|event| event.kind == "claim.granted" && event.payload.contains(prize));
    of_prize.map(|event| event.stream_id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_on_ten_codes_get_each_code_once_in_the_order_of_the_log() {
    let stage = Stage::shared().await;
    let (operator, shop, reporter) = (stage.operator().await, stage.cashier().await, stage.reporter().await);
    let prize = coupons(&operator, json!({})).await;
    let given = codes(10);
    add(&operator, &prize, &given).await;
    let mut members = vec![];
    for _ in 0..64 {
        members.push(stage.newcomer().await);
    }
    let outcomes = claim_for_all(&reporter, &prize, &members, 64).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.granted().is_some()).count(), 10);
    let log = stage.log().await;
    assert_eq!(holders(&shop, &given).await, granted_in_order(&log, &prize).await, "the n-th grant has the n-th code");
    log.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_that_were_swapped_are_found_also_where_their_digests_were_not() {
    let stage = Stage::own().await;
    let operator = stage.operator().await;
    let prize = coupons(&operator, json!({})).await;
    add(&operator, &prize, &codes(3)).await;
    let claimed = stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await;
    for path in ["/dashboard", "/claims", "/spends"] {
        operator.get_at(path, claimed.position()).await.ok(); // nobody is behind
    }
    let verify = || {
        let done = stage.service.command(&["audit", "verify", "--json"], "");
        let told: Value = serde_json::from_slice(&done.stdout).unwrap();
        let failed = |check: &&Value| check["ok"] == false;
        told["checks"].as_array().unwrap().iter().filter(failed).map(|check| check["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(verify(), Vec::<Value>::new());
    let swap = "update coupon_codes as one set encrypted = other.encrypted
                from coupon_codes as other
                where one.number + other.number = 3";
    Superuser::of(&stage.database).await.run(swap).await;
    assert_eq!(verify(), ["coupon_codes"]);
}

async fn administrator(service: &Service) -> Client {
    let chief = tests::support::programme::email();
    let made = service.command(&["admin", "create", "--email", &chief], "a long enough password\n");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    service.client().login(&chief, "a long enough password").await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_one_of_which_is_killed_give_each_code_once() {
    let database = Database::fresh().await;
    let keys = tests::support::folder::fresh("codes").join("codes.keys");
    std::fs::write(&keys, "0123456789abcdef0123456789abcdef\n").unwrap();
    let keys = keys.display().to_string();
    let setup = || Setup::on(&database).env("CODES_KEY_FILE", &keys);
    let [left, right] = [setup().start().await, setup().start().await];
    let chief = administrator(&left).await;
    let prize = coupons(&chief, json!({})).await;
    let given = codes(100);
    add(&chief, &prize, &given).await;
    let (members, facts) = tests::support::programme::crowd(200);
    left.import(&facts);
    let [here, there] = [left.demo("service").await, right.demo("service").await];
    let half = members.len() / 2;
    let stampede = async {
        tokio::join!(
            claim_for_all(&here, &prize, &members[..half], 32),
            claim_for_all(&there, &prize, &members[half..], 32)
        )
    };
    let killed = async {
        let log = Log::of(&database).await;
        while log.count("claim.granted").await < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        left.kill_9();
    };
    tokio::join!(stampede, killed);
    claim_for_all(&there, &prize, &members, 32).await;
    let log = Log::of(&database).await;
    assert_eq!(log.stock(&prize).await, (Some(100), 0, 100));
    assert_eq!(holders(&there, &given).await, granted_in_order(&log, &prize).await);
    log.assert_sound().await;
}

#[tokio::test]
async fn who_tries_codes_out_is_slowed_down_and_nobody_else_is() {
    let stage = Stage::limited().await;
    let (operator, shop) = (stage.operator().await, stage.cashier().await);
    let prize = coupons(&operator, json!({})).await;
    let given = codes(1);
    add(&operator, &prize, &given).await;
    stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await.created();
    let mut tried = 0;
    let slow = loop {
        let answer = redeem(&shop, &order("NOBODY-HAS-THIS")).await;
        if answer.status == 429 {
            break answer;
        }
        answer.problem(404, "coupon_unknown");
        tried += 1;
        assert!(tried < 200, "one may be tried each second beyond the first sixty");
    };
    slow.problem(429, "rate_limited");
    assert!(slow.header("retry-after").is_some() && tried >= 60, "{tried}");
    assert_eq!(verdict(&stage.cashier().await, &given[0]).await, (true, Value::Null));
}

#[tokio::test]
async fn codes_are_imported_from_a_file_beside_a_running_service() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let prize = coupons(&operator, json!({})).await;
    let given = codes(3);
    let done = stage.service.command(&["codes", "import", &prize, "-"], &format!("code\n{}\n", given.join("\n")));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(String::from_utf8_lossy(&done.stdout).starts_with("3 codes added from number 1 on"));
    let bad = stage.service.command(&["codes", "import", &prize, "-"], &format!("NEW1-{}\n{}\n", unique(), given[0]));
    let said = String::from_utf8_lossy(&bad.stderr).into_owned();
    assert!(!bad.status.success() && said.contains("line.2: is a code that is there already"), "{said}");
    assert!(!said.contains(&given[0]), "a code is never shown");
    stage.reporter().await.claim_for(&prize, &stage.newcomer().await).await.created();
    assert_eq!(verdict(&stage.cashier().await, &given[0]).await, (true, Value::Null));
}

/// How many rows a table has.
async fn rows(database: &Database, table: &str) -> i64 {
    sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(&database.pool().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_whose_service_died_before_the_append_are_nobodys_and_can_be_added_again() {
    let database = Database::fresh().await;
    let keys = key_file(&[OLD_KEY]);
    let setup = || Setup::on(&database).env("CODES_KEY_FILE", &keys.display().to_string());
    let first = setup().start().await;
    let chief = administrator(&first).await;
    let (prize, other) = (coupons(&chief, json!({})).await, coupons(&chief, json!({})).await);
    let given = codes(500);

    let pool = database.pool().await;
    let mut held = pool.begin().await.unwrap();
    sqlx::query("select from log_head for update").execute(&mut *held).await.unwrap();
    let dying = async {
        let (path, headers) = (format!("/rewards/{prize}/codes"), [("content-type", "text/csv")]);
        chief.send(Method::POST, &path, &headers, given.join("\n").into_bytes()).await.is_none()
    };
    let killed = async {
        while rows(&database, "coupon_codes").await < 500 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        first.kill_9();
    };
    assert!(tokio::join!(dying, killed).0, "nobody answered");
    held.rollback().await.unwrap();

    let second = setup().start().await;
    let chief = administrator(&second).await;
    assert_eq!(stock(&chief, &prize, 0).await[0], json!(0));
    let reporter = second.demo("service").await;
    reporter.claim_for(&prize, &second.client().sign_up().await.id).await.problem(409, "out_of_stock");
    add(&chief, &other, &given).await;
    let member = second.client().sign_up().await;
    let granted = member.client.claim(&other).await;
    assert_eq!(granted.created()["claim"]["coupon"]["code"], json!(given[0]));
    assert_eq!((rows(&database, "coupon_codes").await, rows(&database, "staged_codes").await), (500, 0));
    Log::of(&database).await.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stampede_goes_on_while_a_hundred_thousand_codes_are_added_to_the_same_reward() {
    let stage = Stage::own().await;
    let (operator, shop, reporter) = (stage.operator().await, stage.cashier().await, stage.reporter().await);
    let prize = coupons(&operator, json!({})).await;
    let given = codes(40);
    add(&operator, &prize, &given).await;
    let mut members = vec![];
    for _ in 0..64 {
        members.push(stage.newcomer().await);
    }
    let (path, many) = (format!("/rewards/{prize}/codes/generate"), json!({"count": 100_000}));
    let (outcomes, added) = tokio::join!(claim_for_all(&reporter, &prize, &members, 16), operator.post(&path, &many));
    assert_eq!(added.created()["from"], 41);
    let early = outcomes.iter().filter(|outcome| outcome.granted().is_some()).count();
    assert!(early >= 40, "{early}");
    let rest = claim_for_all(&reporter, &prize, &members, 16).await;
    let late = rest.iter().filter(|outcome| outcome.granted().is_some()).count();
    assert_eq!(early + late, 64, "each member gets one");
    let log = stage.log().await;
    assert_eq!(log.stock(&prize).await, (Some(100_040), 0, 64));
    let in_order = granted_in_order(&log, &prize).await;
    assert_eq!(holders(&shop, &given).await, in_order[..40], "the n-th grant has the n-th code");
    log.assert_sound().await;
    for path in ["/dashboard", "/claims", "/spends"] {
        operator.get_at(path, log.head().await).await.ok(); // nobody is behind
    }
    let verified = stage.service.command(&["audit", "verify", "--json"], "");
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}

const OLD_KEY: &str = "an old key of thirty-two letters";
const NEW_KEY: &str = "a new key of thirty-two letters!";

fn key_file(lines: &[&str]) -> std::path::PathBuf {
    let path = tests::support::folder::fresh("codes").join("codes.keys");
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_and_the_codes_of_a_key_that_is_gone_are_missed_at_start() {
    let database = Database::fresh().await;
    let keys = key_file(&[OLD_KEY]);
    let write = |lines: &[&str]| std::fs::write(&keys, lines.join("\n")).unwrap();
    let service = Setup::on(&database).env("CODES_KEY_FILE", &keys.display().to_string()).start().await;
    let (chief, shop) = (administrator(&service).await, service.demo("service").await);
    let prize = coupons(&chief, json!({})).await;
    let given = codes(2);
    add(&chief, &prize, &given[..1]).await;
    let member = service.client().sign_up().await;
    let granted = member.client.claim(&prize).await;
    let path = format!("/coupons/{}", granted.text("/claim/coupon/id"));
    let sealed_by = async |number: i64| -> Vec<u8> {
        let sql = "select substr(encrypted, 2, 4) from coupon_codes where number = $1";
        sqlx::query_scalar(sql).bind(number).fetch_one(&database.pool().await).await.unwrap()
    };

    write(&[NEW_KEY, OLD_KEY]);
    service.restart().await;
    assert_eq!(member.client.get(&path).await.ok()["coupon"]["code"], json!(given[0]));
    let twice = upload(&chief, &prize, "text/csv", &given[0].to_lowercase()).await;
    twice.invalid("line.1"); // found under the key that sealed it
    add(&chief, &prize, &given[1..]).await;
    assert_ne!(sealed_by(1).await, sealed_by(2).await, "the first key of the file seals");
    assert_eq!(verdict(&shop, &given[0]).await, (true, Value::Null));
    redeem(&shop, &order(&given[0])).await.created();
    let other = service.client().sign_up().await;
    assert_eq!(other.client.claim(&prize).await.text("/claim/coupon/code"), given[1]);
    assert!(!service.log().contains("CODES_KEY_FILE"), "no key is missed");

    write(&[NEW_KEY]);
    service.restart().await;
    let told = service.log();
    let missed = told.lines().find(|line| line.contains("CODES_KEY_FILE does not have"));
    assert!(missed.is_some_and(|line| line.contains("ERROR")), "{told}");
    assert!(!told.contains(OLD_KEY) && !told.contains(NEW_KEY));
    member.client.get(&path).await.problem(500, "internal");
    assert_eq!(verdict(&shop, &given[1]).await, (true, Value::Null));
}

#[tokio::test]
async fn a_coupon_is_seen_as_it_was() {
    let stage = Stage::shared().await;
    let (operator, shop) = (stage.operator().await, stage.cashier().await);
    let prize = coupons(&operator, json!({})).await;
    let given = codes(1);
    add(&operator, &prize, &given).await;
    let member = stage.nobody().sign_up().await;
    let granted = member.client.claim(&prize).await.position();
    let used = redeem(&shop, &order(&given[0])).await;
    let path = format!("/coupons/{}", used.text("/redemption/couponId"));
    let back =
        shop.post(&format!("/redemptions/{}/rollback", used.text("/redemption/id")), &json!({})).await.position();
    let voided = operator.post(&format!("{path}/void"), &json!({"note": "By mistake."})).await.position();

    for (position, status, uses) in
        [(granted, "active", 0), (used.position(), "used", 1), (back, "active", 0), (voided, "voided", 0)]
    {
        let then = member.client.get(&format!("{path}?atPosition={position}")).await;
        let coupon = then.ok()["coupon"].clone();
        assert_eq!((&coupon["status"], &coupon["uses"], then.position()), (&json!(status), &json!(uses), position));
        assert_eq!(coupon["code"], json!(given[0]));
        let list = member.client.get(&format!("/coupons/me?atPosition={position}")).await;
        assert_eq!((list.ok()["coupons"].clone(), list.position()), (json!([coupon]), position));
        let seen = operator.get(&format!("{path}?atPosition={position}")).await;
        assert_eq!((&seen.ok()["coupon"]["status"], seen.json["coupon"].get("code")), (&json!(status), None));
    }
    let early = granted - 1;
    member.client.get(&format!("{path}?atPosition={early}")).await.problem(404, "not_found");
    let none = member.client.get(&format!("/coupons/me?atPosition={early}")).await;
    assert_eq!(none.ok()["coupons"], json!([]));
    let stranger = stage.nobody().sign_up().await;
    stranger.client.get(&format!("{path}?atPosition={granted}")).await.problem(404, "not_found");
    let now = member.client.get(&path).await;
    let of_time = format!("{path}?atTime=2020-01-01T00:00:00Z");
    member.client.get(&of_time).await.problem(404, "not_found");
    assert_eq!(now.ok()["coupon"]["status"], "voided");
}
