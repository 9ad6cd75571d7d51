//! A request under a key is done once and answered as often as it is asked, whoever dies in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, future::join_all, stream};
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Database, Log, Setup, Stage,
    contract::{self, Operation},
    programme::{activity, anybody, crowd, email, event, id, login_streak, reward, unique, with},
};

use super::claims::campaign;
use super::conventions::Callers;

#[track_caller]
fn is_replayed(again: &Answer, first: &Answer) {
    assert_eq!(again.header("idempotency-replayed"), Some("true"), "{again}");
    assert_eq!(first.header("idempotency-replayed"), None, "{first}");
    assert_eq!(again.status, first.status);
    assert_eq!(again.bytes, first.bytes, "byte for byte: {again} and {first}");
    for name in ["ledger-position", "content-type", "etag", "location"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

/// Asks twice under one key, and answers what was answered.
async fn twice(caller: &Client, path: &str, body: &Value) -> Answer {
    let key = unique();
    let first = caller.post_once(path, body, &key).await;
    let again = caller.post_once(path, body, &key).await;
    is_replayed(&again, &first);
    first
}

/// How many events somebody asked for: the clock opens campaigns by itself.
async fn asked_for(log: &Log) -> usize {
    log.events().await.iter().filter(|event| event.kind != "campaign.opened").count()
}

#[tokio::test]
async fn the_same_again_is_answered_again_and_not_done_again() {
    let stage = Stage::own().await;
    let (operator, reporter, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let before = asked_for(&log).await;
    let made = twice(&operator, "/events", &event(anybody())).await;
    made.created();
    let prize = twice(&operator, "/rewards", &reward(&made.text("/id"), Some(1))).await;
    prize.created();
    assert_eq!(asked_for(&log).await, before + 2);

    let member = stage.newcomer().await;
    let before = asked_for(&log).await;
    let claim = format!("/claims/{}/claim", prize.text("/reward/id"));
    twice(&reporter, &claim, &json!({"memberId": member})).await.created();
    assert_eq!(asked_for(&log).await, before + 1);
    twice(&reporter, "/activities", &activity(&member, "visit")).await.created();
    let batch: Vec<_> = (0..3).map(|_| activity(&member, "visit")).collect();
    let batch = twice(&reporter, "/activities/batch", &json!({"activities": batch})).await;
    assert_eq!(batch.ok()["results"].as_array().unwrap().len(), 3);
    assert_eq!(batch.position(), log.events().await.last().unwrap().position);
    assert_eq!(asked_for(&log).await, before + 5);
}

#[tokio::test]
async fn an_answer_stands_in_the_transaction_of_what_it_tells_of() {
    let stage = Stage::shared().await;
    let (reporter, member) = (stage.reporter().await, stage.newcomer().await);
    let (_, prize) = stage.operator().await.create_open_event(None).await;
    let key = unique();
    let claim = format!("/claims/{prize}/claim");
    let granted = reporter.post_once(&claim, &json!({"memberId": member}), &key).await;
    let pool = stage.database.pool().await;
    let one: bool = sqlx::query_scalar(
        "select e.xmin = a.xmin from events e, stored_answers a where e.position = $1 and a.key = $2",
    )
    .bind(granted.position())
    .bind(&key)
    .fetch_one(&pool)
    .await
    .unwrap();
    assert!(one, "one transaction wrote both");
}

#[tokio::test]
async fn what_appended_nothing_is_repeated_too() {
    let stage = Stage::shared().await;
    let (reporter, member) = (stage.reporter().await, stage.newcomer().await);
    let fact = activity(&member, "visit");
    reporter.report_activity(&fact).await.created();
    let duplicate = twice(&reporter, "/activities", &fact).await;
    assert_eq!(duplicate.ok()["duplicate"], true);
    twice(&reporter, "/activities/batch", &json!({"activities": []})).await.ok();
}

#[tokio::test]
async fn a_recorded_refusal_is_repeated_and_any_other_frees_the_key() {
    let stage = Stage::shared().await;
    let (operator, reporter) = (stage.operator().await, stage.reporter().await);
    let member = stage.newcomer().await;
    let strict = campaign(&operator, json!({"condition": login_streak(7)})).await;
    let prize = operator.create_reward(&reward(&strict, None)).await;
    let (claim, wish) = (format!("/claims/{prize}/claim"), json!({"memberId": member}));
    let denied = twice(&reporter, &claim, &wish).await;
    denied.problem(422, "condition_unmet");
    let repeated = twice(&reporter, &claim, &wish).await; // recorded before, under another key
    repeated.problem(422, "condition_unmet");
    assert_eq!(repeated.position(), denied.position());

    let key = unique();
    let early = reporter.post_once(&format!("/claims/{}/claim", id()), &wish, &key).await;
    early.problem(404, "reward_unknown");
    reporter.post_once(&claim, &json!({"memberId": 7}), &key).await.invalid("memberId");
    let (_, open) = operator.create_open_event(None).await;
    let open = format!("/claims/{open}/claim");
    reporter.post_once(&open, &wish, &key).await.created(); // the key was free
    let key = unique();
    for _ in 0..2 {
        let refused = reporter.post_once(&open, &wish, &key).await;
        refused.problem(409, "already_claimed");
        assert_eq!(refused.header("idempotency-replayed"), None, "it is not recorded, and so not stored");
    }
}

#[tokio::test]
async fn another_request_under_the_key_is_refused() {
    let stage = Stage::shared().await;
    let (operator, key) = (stage.operator().await, unique());
    let body = event(anybody());
    let made = operator.post_once("/events", &body, &key).await;
    made.created();
    let other = with(body.clone(), json!({"name": unique()}));
    operator.post_once("/events", &other, &key).await.problem(422, "idempotency_key_reused");
    operator.post_once("/rewards", &body, &key).await.problem(422, "idempotency_key_reused");
    let spaced = body.to_string() + " ";
    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
    let spaced = operator.send(Method::POST, "/events", &headers, spaced.into_bytes()).await.unwrap();
    spaced.problem(422, "idempotency_key_reused");
    is_replayed(&operator.post_once("/events", &body, &key).await, &made);
}

#[tokio::test]
async fn a_key_belongs_to_its_caller() {
    let stage = Stage::shared().await;
    let (member, admin) = (stage.service.demo("member").await, stage.service.demo("admin").await);
    let (_, prize) = stage.operator().await.create_open_event(None).await;
    let (claim, key) = (format!("/claims/{prize}/claim"), unique());
    let first = member.post_once(&claim, &json!({}), &key).await;
    let second = admin.post_once(&claim, &json!({}), &key).await;
    first.created();
    second.created();
    assert_eq!(second.header("idempotency-replayed"), None);
    assert_ne!(first.json["claim"]["id"], second.json["claim"]["id"]);
    is_replayed(&member.post_once(&claim, &json!({}), &key).await, &first);
}

#[tokio::test]
async fn strangers_who_chose_the_same_key_never_meet() {
    let stage = Stage::shared().await;
    let (nobody, key) = (stage.nobody(), unique());
    let person =
        |email: String| json!({"email": email, "password": "correct horse battery", "birthDate": "1995-01-01"});
    let (first, second) = (person(email()), person(email()));
    let one = nobody.post_once("/auth/signup", &first, &key).await;
    let other = nobody.post_once("/auth/signup", &second, &key).await;
    assert_ne!(one.created()["id"], other.created()["id"]);
    is_replayed(&nobody.post_once("/auth/signup", &first, &key).await, &one);
    is_replayed(&nobody.post_once("/auth/signup", &second, &key).await, &other);
    let guess = with(first, json!({"password": "another horse battery"}));
    nobody.post_once("/auth/signup", &guess, &key).await.problem(409, "email_taken");
}

#[tokio::test]
async fn authorisation_comes_before_the_key() {
    let stage = Stage::shared().await;
    let (operator, member, key) = (stage.operator().await, stage.service.demo("member").await, unique());
    let body = event(anybody());
    operator.post_once("/events", &body, &key).await.created();
    stage.nobody().post_once("/events", &body, &key).await.problem(401, "unauthenticated");
    member.post_once("/events", &body, &key).await.problem(403, "forbidden");
    member.post_once("/events", &body, &"k".repeat(256)).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_key_has_a_form() {
    let stage = Stage::shared().await;
    let operator = stage.operator().await;
    let body = || event(anybody()).to_string().into_bytes();
    let long = "k".repeat(256);
    let json = ("content-type", "application/json");
    for keys in [vec![""], vec![&long], vec!["schlüssel"], vec!["a\tb"], vec!["one", "two"], vec!["one", "one"]] {
        let mut headers = vec![json];
        headers.extend(keys.iter().map(|key| ("idempotency-key", *key)));
        let refused = operator.send(Method::POST, "/events", &headers, body()).await.unwrap();
        let problem = refused.problem(400, "idempotency_key_invalid");
        assert_eq!(problem["errors"][0]["field"], "header.Idempotency-Key", "{keys:?}: {refused}");
    }
    for key in ["k".repeat(255), " ~ {\"a\"}".to_owned() + &unique(), "!".to_owned()] {
        operator.post_once("/events", &event(anybody()), &key).await.created();
    }
}

/// Every POST and PATCH but those under `/auth`, and signing up.
fn takes_a_key(operation: &Operation) -> bool {
    let signs_up = ["/auth/signup", "/auth/users"].contains(&operation.path.as_str());
    ["post", "patch"].contains(&operation.method.as_str()) && (signs_up || !operation.path.starts_with("/auth/"))
}

#[tokio::test]
async fn every_write_takes_a_key_and_says_so_in_the_document() {
    let callers = Callers::of(Stage::shared().await).await;
    let document = contract::document();
    let (writes, others): (Vec<_>, Vec<_>) =
        contract::operations().iter().partition(|operation| takes_a_key(operation));
    let describes_it = |operation: &Operation| {
        let parameters = document["paths"][&operation.path][&operation.method]["parameters"].as_array();
        parameters.into_iter().flatten().any(|parameter| parameter["name"] == "Idempotency-Key")
    };
    assert_eq!(
        others.iter().filter(|operation| describes_it(operation)).collect::<Vec<_>>(),
        Vec::<&&Operation>::new()
    );
    for operation in &writes {
        assert!(describes_it(operation), "{operation:?} does not describe the header");
        let parts = operation.path.split('/').map(|part| if part.starts_with('{') { id() } else { part.to_owned() });
        let path = parts.collect::<Vec<_>>().join("/");
        let headers = [("content-type", "application/json"), ("idempotency-key", "schlüssel")];
        let method = operation.method.to_uppercase().parse().unwrap();
        let refused = callers.may(operation).send(method, &path, &headers, b"{}".to_vec()).await.unwrap();
        let problem = refused.problem(400, "idempotency_key_invalid");
        assert_eq!(problem["errors"][0]["field"], "header.Idempotency-Key", "{operation:?}: {refused}");
    }
    assert!(writes.len() > 20, "{writes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_under_one_key_are_one() {
    let stage = Stage::shared().await;
    let (reporter, log) = (stage.reporter().await, stage.log().await);
    let (_, prize) = stage.operator().await.create_open_event(None).await;
    for _ in 0..10 {
        let (member, key) = (stage.newcomer().await, unique());
        let (claim, wish) = (format!("/claims/{prize}/claim"), json!({"memberId": member}));
        let answers = join_all((0..20).map(|_| reporter.post_once(&claim, &wish, &key))).await;
        let (given, waiting): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 201);
        waiting.iter().for_each(|answer| _ = answer.problem(409, "idempotency_key_in_progress"));
        let new: Vec<_> = given.iter().filter(|answer| answer.header("idempotency-replayed").is_none()).collect();
        assert_eq!(new.len(), 1, "one of them did it");
        assert!(given.iter().all(|answer| answer.bytes == new[0].bytes));
        let events = log.events().await;
        assert_eq!(events.iter().filter(|event| event.subject == member && event.kind == "claim.granted").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_under_one_key_give_one_answer() {
    let database = Database::fresh().await;
    let [left, right] = [Setup::on(&database).start().await, Setup::on(&database).start().await];
    let (operator, log) = (left.demo("operator").await, Log::of(&database).await);
    let (members, facts) = crowd(40);
    left.import(&facts);
    let (_, prize) = operator.create_open_event(None).await;
    let claim = format!("/claims/{prize}/claim");
    let both = [left.demo("service").await, right.demo("service").await];
    let mut events = 0;
    for member in &members {
        let (key, wish) = (unique(), json!({"memberId": member}));
        let (one, other) =
            futures::join!(both[0].post_once(&claim, &wish, &key), both[1].post_once(&claim, &wish, &key));
        one.created();
        other.created();
        assert_eq!(one.bytes, other.bytes, "the loser of the race gives the winner's answer");
        events += i64::from(one.header("idempotency-replayed").is_none());
        events += i64::from(other.header("idempotency-replayed").is_none());
    }
    assert_eq!((events, log.count("claim.granted").await), (40, 40), "each was done once");

    // also where the name alone would tell the second one apart
    for _ in 0..10 {
        let (key, body) = (unique(), event(anybody()));
        let operators = [&operator, &right.demo("operator").await];
        let (one, other) = futures::join!(
            operators[0].post_once("/events", &body, &key),
            operators[1].post_once("/events", &body, &key)
        );
        assert_eq!(one.created(), other.created());
    }
    log.assert_sound().await;
}

#[tokio::test]
async fn an_answer_is_found_for_a_day_and_then_taken_away() {
    let stage = Stage::own().await;
    let (operator, log) = (stage.operator().await, stage.log().await);
    let (old, young) = (unique(), unique());
    let bodies = [event(anybody()), event(anybody())];
    operator.post_once("/events", &bodies[0], &old).await.created();
    let kept = operator.post_once("/events", &bodies[1], &young).await;
    for (key, age) in [(&old, "24 hours 1 minute"), (&young, "23 hours 59 minutes")] {
        let aged = format!("update stored_answers set stored_at = now() - interval '{age}' where key = '{key}'");
        assert_eq!(log.run(&aged).await.unwrap(), 1);
    }
    // enough of them for several rounds
    let crowd = "insert into stored_answers (caller, key, fingerprint, answer, stored_at)
                 select 'x', n::text, sha256('x'), 'x', now() - interval '3 days' from generate_series(1, 2500) n";
    log.run(crowd).await.unwrap();
    stage.service.restart().await;
    let operator = stage.operator().await;
    for _ in 0..100 {
        if log.run("delete from stored_answers where false").await.is_ok() && left(&stage).await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(left(&stage).await, 1);
    is_replayed(&operator.post_once("/events", &bodies[1], &young).await, &kept);
    operator.post_once("/events", &bodies[0], &old).await.problem(409, "event_name_taken");
}

async fn left(stage: &Stage) -> i64 {
    sqlx::query_scalar("select count(*) from stored_answers").fetch_one(&stage.database.pool().await).await.unwrap()
}

/// The answer to each member's wish under the member's own key; none when the connection broke.
async fn ask_all(reporter: &Client, prize: &str, members: &[String]) -> BTreeMap<String, Option<Answer>> {
    let asking = members.iter().cloned().map(|member| {
        let (reporter, path) = (reporter.clone(), format!("/claims/{prize}/claim"));
        async move {
            let body = json!({"memberId": member}).to_string().into_bytes();
            let headers = [("content-type", "application/json"), ("idempotency-key", member.as_str())];
            let answer = reporter.send(Method::POST, &path, &headers, body).await;
            (member, answer)
        }
    });
    stream::iter(asking).buffer_unordered(32).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_power_cut_every_key_gives_what_the_log_has() {
    let stage = Arc::new(Stage::own().await);
    let (members, facts) = crowd(1_200);
    stage.service.import(&facts);
    let log = stage.log().await;
    let mut recovered = 0;
    for (round, members) in members.chunks(300).enumerate() {
        let (reporter, stock) = (stage.reporter().await, 250);
        let (_, prize) = stage.operator().await.create_open_event(Some(stock)).await;
        let before = log.head().await;
        let running = {
            let (reporter, prize, members) = (reporter.clone(), prize.clone(), members.to_vec());
            tokio::spawn(async move { ask_all(&reporter, &prize, &members).await })
        };
        let wanted = before + 30 * (i64::try_from(round).unwrap() + 1);
        while log.head().await < wanted && !running.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stage.service.kill_9();
        let first = running.await.unwrap();
        let standing: BTreeMap<String, i64> = log
            .events()
            .await
            .into_iter()
            .filter(|event| event.position > before && event.kind.starts_with("claim."))
            .map(|event| (event.subject, event.position))
            .collect();

        stage.service.restart().await;
        let again = ask_all(&stage.reporter().await, &prize, members).await;
        for (member, answer) in &again {
            let answer = answer.as_ref().expect("nothing breaks now");
            assert!(answer.status == 201 || answer.json["code"] == "out_of_stock", "{answer}");
            let replayed = answer.header("idempotency-replayed").is_some();
            assert_eq!(replayed, standing.contains_key(member), "what stands in the log is repeated: {answer}");
            if let Some(position) = standing.get(member) {
                assert_eq!(answer.position(), *position);
            }
            match first.get(member).and_then(Option::as_ref) {
                Some(told) => assert_eq!(told.bytes, answer.bytes, "what was told is told again"),
                None => recovered += usize::from(replayed),
            }
        }
        let mut seen = BTreeMap::<String, usize>::new();
        for event in log.events().await.into_iter().filter(|event| event.position > before) {
            if event.kind.starts_with("claim.") {
                *seen.entry(event.subject).or_default() += 1;
            }
        }
        assert!(seen.len() == members.len() && seen.values().all(|events| *events == 1), "one event a key");
        assert_eq!(log.stock(&prize).await, (Some(stock), 0, stock));
    }
    println!("{recovered} answers were committed and not told before a power cut, and told after it");
    log.assert_sound().await;
}
