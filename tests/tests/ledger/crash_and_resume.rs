//! Power cuts, polite ends and a database that goes away: what was acknowledged is there once, whatever happens next.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::json;
use tests::support::{
    Client, Cluster, Log, Setup, Stage,
    programme::{anybody, crowd, event, reward, with},
    swarm::{Outcome, claim_for_all, tally},
};

const STOCK: i64 = 250;
/// How many members claim at the same time …
const WIDTH: usize = 16;
/// … and how many while the database is away, where each waits until the service gives up.
const WIDTH_WHILE_AWAY: usize = 96;

/// A running service, a crowd of 400, and a reward that 250 of them can get.
async fn scene() -> (Arc<Stage>, Vec<String>, String) {
    let stage = Arc::new(Stage::own().await);
    let (members, facts) = crowd(400);
    stage.service.import(&facts);
    let (_, prize) = stage.operator().await.create_open_event(Some(STOCK)).await;
    (stage, members, prize)
}

/// Lets a stampede begin and waits until the log holds forty more grants.
async fn stampede(
    reporter: &Client,
    prize: &str,
    members: &[String],
    log: &Log,
    width: usize,
) -> tokio::task::JoinHandle<Vec<Outcome>> {
    let before = log.count("claim.granted").await;
    let (reporter, prize, members) = (reporter.clone(), prize.to_owned(), members.to_vec());
    let running = tokio::spawn(async move { claim_for_all(&reporter, &prize, &members, width).await });
    while log.count("claim.granted").await < before + 40 && !running.is_finished() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    running
}

/// Each acknowledged claim was granted exactly once.
async fn each_is_there_once(log: &Log, acknowledged: &BTreeMap<String, String>) {
    let granted = log.streams_with("claim.granted").await;
    for (member, claim) in acknowledged {
        assert_eq!(granted.get(claim), Some(&1), "the claim of {member}");
    }
    log.assert_sound().await;
}

fn acknowledged(outcomes: &[Outcome]) -> BTreeMap<String, String> {
    outcomes.iter().filter_map(|outcome| Some((outcome.member.clone(), outcome.granted()?))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_in_a_stampede_loses_nothing_acknowledged() {
    let (stage, members, prize) = scene().await;
    let (reporter, log) = (stage.reporter().await, stage.log().await);
    let running = stampede(&reporter, &prize, &members, &log, WIDTH).await;
    stage.service.kill_9();
    let first = running.await.unwrap();
    let promised = acknowledged(&first);
    assert!(first.iter().any(|outcome| outcome.answer.is_none()), "it was cut in the middle: {:?}", tally(&first));
    each_is_there_once(&log, &promised).await;

    stage.service.restart().await;
    let reporter = stage.reporter().await;
    let second = claim_for_all(&reporter, &prize, &members, 32).await;
    for outcome in &second {
        if let Some(claim) = promised.get(&outcome.member) {
            let refused = outcome.answer.as_ref().unwrap();
            assert_eq!(refused.problem(409, "already_claimed")["claimId"], **claim);
        }
    }
    each_is_there_once(&log, &acknowledged(&second)).await;
    assert_eq!(
        log.stock(&prize).await,
        (Some(STOCK), 0, STOCK),
        "after both rounds the shelf is empty: {:?}",
        tally(&second)
    );
    let read = stage.operator().await.get_at(&format!("/rewards/{prize}"), log.head().await).await;
    assert_eq!(read.ok()["reward"]["granted"], STOCK, "the projections resumed without doubling");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_in_a_stampede_spends_no_budget_twice() {
    let (stage, members, _) = scene().await;
    let operator = stage.operator().await;
    // a hundred points each, for 250 of the 400
    let budget = json!([{"unit": "points", "amount": 100 * STOCK + 99, "per": "total"}]);
    let event = operator.create_event(&with(event(anybody()), json!({ "budgets": budget }))).await;
    let prize = operator.create_reward(&reward(&event, None)).await;
    let (reporter, log) = (stage.reporter().await, stage.log().await);
    let running = stampede(&reporter, &prize, &members, &log, WIDTH).await;
    stage.service.kill_9();
    let promised = acknowledged(&running.await.unwrap());
    each_is_there_once(&log, &promised).await;

    stage.service.restart().await;
    let reporter = stage.reporter().await;
    let second = claim_for_all(&reporter, &prize, &members, 32).await;
    for outcome in second.iter().filter(|outcome| !promised.contains_key(&outcome.member)) {
        let answer = outcome.answer.as_ref().unwrap();
        if answer.status == 409 && answer.json["code"] == "budget_exhausted" {
            assert_eq!(answer.json["budget"]["committed"], 100 * STOCK, "{answer}");
        }
    }
    assert_eq!(log.count("claim.granted").await, STOCK, "{:?}", tally(&second));
    log.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_polite_end_answers_what_it_has_begun() {
    let (stage, members, prize) = scene().await;
    let (reporter, log) = (stage.reporter().await, stage.log().await);
    let running = stampede(&reporter, &prize, &members, &log, WIDTH).await;
    let ending = stage.clone();
    let status = tokio::task::spawn_blocking(move || ending.service.terminate()).await.unwrap();
    assert_eq!(status.expect("it ends in time").code(), Some(0));
    let outcomes = running.await.unwrap();
    let promised = acknowledged(&outcomes);
    each_is_there_once(&log, &promised).await;
    let (_, _, granted) = log.stock(&prize).await;
    assert_eq!(usize::try_from(granted).unwrap(), promised.len(), "every grant was answered: {:?}", tally(&outcomes));
    stage.service.restart().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_is_told_as_503_and_nothing_else_goes_wrong() {
    let cluster = Cluster::launch().await;
    let stage = Arc::new(Stage::on(cluster.database().await).await);
    let (members, facts) = crowd(400);
    stage.service.import(&facts);
    let (reporter, log) = (stage.reporter().await, stage.log().await);
    let (_, prize) = stage.operator().await.create_open_event(None).await;
    let running = stampede(&reporter, &prize, &members, &log, WIDTH_WHILE_AWAY).await;
    cluster.crash();

    let away = reporter.claim_for(&prize, members.last().unwrap()).await; // whose turn has not come
    away.expect(503);
    assert!(away.header("retry-after").is_some(), "{away}");
    assert_eq!(reporter.get("/health/live").await.status, 200);
    let mut ready = reporter.get("/health/ready").await.status;
    for _ in 0..100 {
        if ready == 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        ready = reporter.get("/health/ready").await.status;
    }
    assert_eq!(ready, 503, "it says that it is not ready");
    let first = running.await.unwrap();
    let told = tally(&first);
    for outcome in first.iter().filter(|outcome| outcome.granted().is_none()) {
        outcome.answer.as_ref().expect("an answer, if only a 503").expect(503);
    }

    cluster.start().await;
    stage.service.ready().await; // by itself
    let second = claim_for_all(&reporter, &prize, &members, 32).await;
    let names = tally(&second);
    assert!(names.keys().all(|name| ["201", "already_claimed"].contains(&name.as_str())), "{told:?}, then {names:?}");
    let log = stage.log().await;
    let mut all = acknowledged(&first);
    all.extend(acknowledged(&second));
    each_is_there_once(&log, &all).await;
    assert_eq!(log.stock(&prize).await.2, 400, "one each");
    let read = stage.operator().await.get_at(&format!("/rewards/{prize}"), log.head().await).await;
    assert_eq!(read.ok()["reward"]["granted"], 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_its_own_database_it_survives_a_power_cut_too() {
    let service = Setup::embedded().start().await;
    let operator = service.demo("operator").await;
    let (_, prize) = operator.create_open_event(Some(5)).await;
    let member = service.client().sign_up().await;
    let granted = member.client.claim(&prize).await;
    granted.created();
    service.kill_9();
    service.restart().await;
    let again = member.client.claim(&prize).await; // a restart ends no session
    assert_eq!(again.problem(409, "already_claimed")["claimId"], granted.json["claim"]["id"]);
    let history = member.client.get_at("/claims/me", granted.position()).await;
    assert_eq!(history.list("/claims").len(), 1);
    assert_eq!(service.terminate().expect("it ends in time").code(), Some(0));
}
