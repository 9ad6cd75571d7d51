//! Who and what is the same: one mailbox is one account however its address is spelled, and a name that looks like
//! another is that other.

use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Database, Setup, Stage,
    client::PASSWORD,
    programme::{activity, anybody, event, reward, unique, with},
};

fn account(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "birthDate": "1995-01-01"})
}

async fn log_in(nobody: &Client, email: &str) -> Answer {
    nobody.post("/auth/login", &json!({"email": email, "password": PASSWORD})).await
}

#[track_caller]
fn invisible(answer: &Answer, field: &str) {
    answer.invalid(field);
    assert_eq!(answer.json["errors"][0]["rule"], "invisible_characters", "{answer}");
}

#[tokio::test]
async fn one_mailbox_is_one_account_however_it_is_spelled() {
    let stage = Stage::shared().await;
    let (nobody, operator) = (stage.nobody(), stage.operator().await);
    let mark = unique();
    let first = format!("Ann.{mark}@b\u{fc}cher-{mark}.example");
    let id = nobody.post("/auth/signup", &account(&first)).await;
    assert_eq!(id.created()["email"], first, "it is shown as it was typed");
    let punycode = idna(&format!("bücher-{mark}.example"));
    for same in [
        format!("ann.{mark}@{punycode}"),
        format!("ANN.{mark}@{}", punycode.to_uppercase()),
        format!("ann.{mark}@bu\u{308}cher-{mark}.example"),
        format!("ann.{mark}@BÜCHER-{mark}.example"),
        format!("ann.{mark}@ｂücher-{mark}.ｅxample"),
        format!("ann.{mark}@bücher-{mark}。example"),
    ] {
        nobody.post("/auth/signup", &account(&same)).await.problem(409, "email_taken");
        log_in(&nobody, &same).await.ok();
        let found = operator.get(&format!("/auth/users/email?email={}", urlencoded(&same))).await;
        assert_eq!(found.ok()["user"]["id"], id.json["id"], "{same}");
    }
    for hidden in ["\u{200b}", "\u{200d}", "\u{ad}", "\u{2060}", "\u{feff}b"] {
        let email = format!("ann.{mark}@bücher{hidden}-{mark}.example");
        invisible(&nobody.post("/auth/signup", &account(&email)).await, "email");
    }
}

#[tokio::test]
async fn a_nickname_that_looks_like_another_is_taken_and_what_nobody_sees_is_refused() {
    let nobody = Stage::shared().await.nobody();
    let mark = unique();
    let named = |nickname: String| with(account(&tests::support::programme::email()), json!({"nickname": nickname}));
    nobody.post("/auth/signup", &named(format!("paypal {mark}"))).await.created();
    let member = nobody.sign_up().await;
    for alike in ["PayPal", "pаypаl", "ｐａｙｐａｌ", "ρaypal"] {
        nobody.post("/auth/signup", &named(format!("{alike} {mark}"))).await.problem(409, "nickname_taken");
        let change = json!({"nickname": format!("{alike}  {mark}")});
        member.client.patch("/auth/profile", &change).await.problem(409, "nickname_taken");
    }
    for hidden in
        ["pay\u{200b}pal", "\u{202e}lapyap", "\u{3164}\u{3164}", "pay\u{ad}pal", "\u{2800}\u{2800}", "a\u{200d}b"]
    {
        invisible(&nobody.post("/auth/signup", &named(format!("{hidden} {mark}"))).await, "nickname");
        invisible(&member.client.patch("/auth/profile", &json!({"nickname": hidden})).await, "nickname");
    }
    for shown in ["👩\u{200d}🚀", "می\u{200c}خواهم", "김민수"] {
        nobody.post("/auth/signup", &named(format!("{shown} {mark}"))).await.created();
    }
}

#[tokio::test]
async fn an_event_and_what_facts_are_known_by_hold_nothing_hidden_and_look_alikes_are_taken() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let mark = unique();
    let named = |name: &str| with(event(anybody()), json!({"name": format!("{name} {mark}")}));
    let campaign = operator.create_event(&named("Autumn gift")).await;
    for alike in ["AUTUMN GIFT", "Аutumn gift", "Autumn\u{a0}gift", "Ａutumn gift"] {
        operator.post("/events", &named(alike)).await.problem(409, "event_name_taken");
    }
    // its own name stays its own, also in another dress
    let path = format!("/events/{campaign}");
    operator.patch(&path, &json!({"name": format!("AUTUMN gift {mark}")})).await.ok();
    let other = operator.create_event(&named("Winter gift")).await;
    let taken = json!({"name": format!("Autumn gіft {mark}")});
    operator.patch(&format!("/events/{other}"), &taken).await.problem(409, "event_name_taken");
    operator.patch(&path, &json!({"name": format!("Spring gift {mark}")})).await.ok();
    operator.patch(&format!("/events/{other}"), &taken).await.ok();

    for hidden in ["Autumn\u{200b} gift", "\u{202e}tfig", "\u{3164}"] {
        invisible(&operator.post("/events", &named(hidden)).await, "name");
        invisible(&operator.patch(&path, &json!({"name": hidden})).await, "name");
        let prize = with(reward(&campaign, None), json!({"name": hidden}));
        invisible(&operator.post("/rewards", &prize).await, "name");
    }
    let member = stage.nobody().sign_up().await;
    for field in ["source", "id"] {
        let fact = with(activity(&member.id, "visit"), json!({ field: format!("shop\u{200b}{mark}") }));
        invisible(&reporter.report_activity(&fact).await, field);
    }
    let posing = with(activity(&member.id, "visit"), json!({"source": "ｌedger"}));
    reporter.report_activity(&posing).await.problem(403, "source_reserved");
    stage.log().await.assert_sound().await;
}

/// Keys of a version that compared by case alone.
#[tokio::test]
async fn what_was_two_before_stays_two_and_stops_no_start() {
    let database = Database::fresh().await;
    let service = Setup::on(&database).start().await;
    let (nobody, operator) = (service.client(), service.demo("operator").await);
    for (email, nickname) in [("one@x.example", "Annan"), ("two@x.example", "Bertha"), ("three@x.example", "Carla")] {
        nobody.post("/auth/signup", &with(account(email), json!({"nickname": nickname}))).await.created();
    }
    for name in ["First", "Second"] {
        operator.create_event(&with(event(anybody()), json!({"name": name}))).await;
    }
    service.kill_9();
    let pool = database.pool().await;
    for sql in [
        // as they were made and kept then: a full-width domain, a Cyrillic letter
        "update accounts set email = 'one@ｙ.example', email_key = 'one@ｙ.example' where email = 'one@x.example'",
        "update accounts set email = 'one@y.example', email_key = 'one@y.example' where email = 'two@x.example'",
        "update accounts set nickname_key = lower(nickname)",
        "update accounts set nickname = 'аnnan', nickname_key = 'аnnan' where nickname = 'Carla'",
        "update accounts set key_version = 1",
        "update unique_names set name_key = 'event ' || row_number, key_version = 1
         from (select owner as numbered, row_number() over (order by owner) from unique_names) as rows
         where owner = numbered",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    service.restart().await;
    let ids = [
        (log_in(&nobody, "one@ｙ.example").await, "the spelling it was made with"),
        (log_in(&nobody, "ONE@y.example").await, "whoever has the plain one keeps it"),
        (log_in(&nobody, "three@x.example").await, "nobody else's"),
    ];
    let mut accounts = Vec::new();
    for (answer, why) in &ids {
        answer.ok();
        let me = nobody.with_token(&answer.text("/accessToken")).get("/auth/me").await;
        accounts.push((me.text("/user/id"), *why));
    }
    assert_ne!(accounts[0].0, accounts[1].0, "{accounts:?}");
    nobody.post("/auth/signup", &account("one@Y.example")).await.problem(409, "email_taken");
    let named = |nickname: &str| with(account(&tests::support::programme::email()), json!({"nickname": nickname}));
    for alike in ["ANNAN", "аnnаn", "bertha"] {
        nobody.post("/auth/signup", &named(alike)).await.problem(409, "nickname_taken");
    }
    let operator = service.demo("operator").await;
    operator.post("/events", &with(event(anybody()), json!({"name": "FIRST"}))).await.problem(409, "event_name_taken");
    let earlier: i64 = sqlx::query_scalar(
        "select (select count(*) from accounts where key_version = 1)
              + (select count(*) from unique_names where key_version = 1)",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(earlier, 0);
    let differences = commands::guards::compare::compare_with_log(&mut pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!(differences, Vec::<String>::new());
}

/// The domain as the domain name system has it; written out, so that the service is not asked about itself.
fn idna(domain: &str) -> String {
    let (label, rest) = domain.split_once('.').unwrap();
    let plain = label.replace('ü', "");
    format!("xn--{plain}-{}.{rest}", punycode_tail(label))
}

/// RFC 3492 for one `ü` behind the first letter.
fn punycode_tail(label: &str) -> String {
    let (base, tmin, tmax, initial_bias) = (36_u32, 1, 26, 72);
    let characters: Vec<char> = label.chars().collect();
    let basic = u32::try_from(characters.len() - 1).unwrap();
    let at = u32::try_from(characters.iter().position(|c| *c == 'ü').unwrap()).unwrap();
    let mut delta = (u32::from('ü') - 128) * (basic + 1) + at;
    let mut digits = String::new();
    let mut k = base;
    loop {
        let threshold = if k <= initial_bias {
            tmin
        } else if k >= initial_bias + tmax {
            tmax
        } else {
            k - initial_bias
        };
        if delta < threshold {
            digits.push(digit(delta));
            return digits;
        }
        digits.push(digit(threshold + (delta - threshold) % (base - threshold)));
        delta = (delta - threshold) / (base - threshold);
        k += base;
    }
}

fn digit(value: u32) -> char {
    char::from_u32(if value < 26 { 97 + value } else { 22 + value }).unwrap()
}

fn urlencoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn the_domain_of_the_tests_is_the_one_of_the_standard() {
    assert_eq!(idna("bücher.example"), "xn--bcher-kva.example");
}
