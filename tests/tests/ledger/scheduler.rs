//! What only the clock brings: events open and close, pending claims expire, without anybody asking; once each,
//! whoever runs and whatever was killed or stopped meanwhile.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tests::support::programme::{anybody, crowd, event, instant, reward, with};
use tests::support::{Client, Log, Service, Setup, Stage};

const SOON: Duration = Duration::from_secs(20);

/// Waits until the log holds so many events of a type.
#[track_caller]
fn holds<'a>(log: &'a Log, kind: &'a str, count: i64) -> impl Future<Output = ()> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        let started = Instant::now();
        loop {
            let found = log.count(kind).await;
            if found == count {
                return;
            }
            assert!(found < count, "{found} {kind} are more than {count}, at {caller}");
            assert!(started.elapsed() < SOON, "only {found} of {count} {kind}, at {caller}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

async fn window(operator: &Client, opens_in_ms: i64, closes_in_ms: i64) -> String {
    let now = Utc::now();
    let at = |in_ms| instant(now + TimeDelta::milliseconds(in_ms));
    operator
        .create_event(&with(event(anybody()), json!({"startDate": at(opens_in_ms), "endDate": at(closes_in_ms)})))
        .await
}

/// An event whose claims wait for an operator, for so long; answers its reward.
async fn manual(operator: &Client, expires_after: &str, stock: i64) -> String {
    let draft = with(event(anybody()), json!({"approval": "manual", "pendingExpiresAfter": expires_after}));
    let event = operator.create_event(&draft).await;
    operator.create_reward(&reward(&event, Some(stock))).await
}

async fn of_campaign(log: &Log, event: &str) -> Vec<(String, DateTime<Utc>)> {
    let kinds = ["campaign.opened", "campaign.closed"];
    let events = log.events().await.into_iter();
    events
        .filter(|one| one.stream_id == event && kinds.contains(&one.kind.as_str()))
        .map(|one| (one.kind, one.recorded_at))
        .collect()
}

/// Each of these streams saw this step exactly once.
async fn assert_once_each(log: &Log, kind: &str, count: usize) {
    let seen: BTreeMap<String, usize> = log.streams_with(kind).await;
    assert_eq!(seen.len(), count, "{kind}");
    assert!(seen.values().all(|times| *times == 1), "{kind} twice: {seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_opens_and_closes_by_the_clock_and_nobody_needs_to_look() {
    let stage = Stage::own().await;
    let (operator, log) = (stage.operator().await, stage.log().await);
    let (opened, closed) = (log.count("campaign.opened").await, log.count("campaign.closed").await);
    let (start, id) = (Utc::now(), window(&operator, 1_500, 2_500).await);
    holds(&log, "campaign.closed", closed + 1).await;
    assert_eq!(log.count("campaign.opened").await, opened + 1);
    let steps = of_campaign(&log, &id).await;
    assert_eq!(steps.iter().map(|step| step.0.as_str()).collect::<Vec<_>>(), ["campaign.opened", "campaign.closed"]);
    for ((kind, at), due_ms) in steps.iter().zip([1_500, 2_500]) {
        let late_ms = (*at - start).num_milliseconds() - due_ms;
        assert!((0..1_500).contains(&late_ms), "{kind} came {late_ms} ms late");
    }
    let shown = stage.auditor().await.get(&format!("/audit/log?type=campaign.closed&subject={id}")).await;
    assert_eq!(shown.list("/events")[0]["metadata"]["actor"], "system", "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pending_claim_expires_by_itself_and_gives_its_stock_back_once() {
    let stage = Stage::own().await;
    let (operator, service, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = manual(&operator, "1s", 1).await;
    let member = stage.newcomer().await;
    let pending = service.claim_for(&prize, &member).await;
    assert_eq!(pending.status, 202, "{pending}");
    assert_eq!(log.stock(&prize).await, (Some(1), 1, 0));
    holds(&log, "claim.expired", 1).await;
    assert_eq!(log.stock(&prize).await, (Some(1), 0, 0));
    let again = service.claim_for(&prize, &member).await;
    assert_eq!(again.status, 202, "the member may ask again: {again}");
    holds(&log, "claim.expired", 2).await;
    assert_eq!(log.stock(&prize).await, (Some(1), 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_put_off_opens_again_at_its_new_start() {
    let stage = Stage::own().await;
    let (operator, log) = (stage.operator().await, stage.log().await);
    let id = window(&operator, -60_000, 600_000).await;
    assert_eq!(of_campaign(&log, &id).await.len(), 1, "made in its window it opens at once");
    let later = instant(Utc::now() + TimeDelta::milliseconds(1_200));
    operator.patch(&format!("/events/{id}"), &json!({"startDate": later})).await.ok();
    let opened = log.count("campaign.opened").await;
    holds(&log, "campaign.opened", opened + 1).await;
    assert_eq!(of_campaign(&log, &id).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fell_due_while_nobody_ran_is_caught_up_with_once() {
    let stage = Stage::own().await;
    let (operator, service, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = manual(&operator, "1s", 50).await;
    let (closed, opened) = (log.count("campaign.closed").await, log.count("campaign.opened").await);
    for _ in 0..5 {
        window(&operator, 1_500, 2_000).await;
    }
    let (members, facts) = crowd(20);
    stage.service.import(&facts);
    let asked = members.iter().map(|member| service.claim_for(&prize, member));
    assert!(futures::future::join_all(asked).await.iter().all(|answer| answer.status == 202));
    stage.service.kill_9();
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    stage.service.restart().await;
    holds(&log, "claim.expired", 20).await;
    holds(&log, "campaign.closed", closed + 5).await;
    stage.service.restart().await;
    tokio::time::sleep(Duration::from_secs(4)).await; // longer than a lease lasts
    assert_once_each(&log, "claim.expired", 20).await;
    assert_eq!((log.count("campaign.opened").await, log.count("campaign.closed").await), (opened + 5, closed + 5));
    assert_eq!(log.stock(&prize).await, (Some(50), 0, 0));
    log.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_of_which_one_is_killed_in_the_middle_note_every_edge_once() {
    const CLAIMS: usize = 120;
    const WINDOWS: i64 = 12;
    let stage = Stage::own().await;
    let other = Setup::on(&stage.database).start().await;
    let (operator, service, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = manual(&operator, "3s", 500).await;
    let (opened, closed) = (log.count("campaign.opened").await, log.count("campaign.closed").await);
    for at in 0..WINDOWS {
        window(&operator, 3_000 + at * 150, 3_500 + at * 150).await;
    }
    let (members, facts) = crowd(CLAIMS);
    stage.service.import(&facts);
    for batch in members.chunks(10) {
        let asked = batch.iter().map(|member| service.claim_for(&prize, member));
        assert!(futures::future::join_all(asked).await.iter().all(|answer| answer.status == 202));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let holder: [&Service; 2] = [&stage.service, &other];
    while log.count("claim.expired").await == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    holder[0].kill_9(); // whether it held the lease or not: the other has it now, or takes it over
    holds(&log, "claim.expired", i64::try_from(CLAIMS).unwrap()).await;
    holds(&log, "campaign.closed", closed + WINDOWS).await;
    stage.service.restart().await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_once_each(&log, "claim.expired", CLAIMS).await;
    assert_eq!(log.count("campaign.opened").await, opened + WINDOWS);
    assert_eq!(log.count("campaign.closed").await, closed + WINDOWS);
    assert_eq!(log.stock(&prize).await, (Some(500), 0, 0));
    log.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_was_paused_and_wakes_up_repeats_nothing() {
    const CLAIMS: usize = 40;
    let stage = Stage::own().await;
    let other = Setup::on(&stage.database).start().await;
    let (operator, service, log) = (stage.operator().await, stage.reporter().await, stage.log().await);
    let prize = manual(&operator, "2s", 500).await;
    let (members, facts) = crowd(CLAIMS);
    stage.service.import(&facts);
    for member in &members {
        assert_eq!(service.claim_for(&prize, member).await.status, 202);
    }
    while log.count("claim.expired").await == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let pause = |signal| {
        let pid = i32::try_from(stage.service.pid().unwrap()).unwrap();
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal).unwrap();
    };
    pause(nix::sys::signal::Signal::SIGSTOP);
    tokio::time::sleep(Duration::from_secs(5)).await; // the other has the lease now, if it had not
    pause(nix::sys::signal::Signal::SIGCONT);
    holds(&log, "claim.expired", i64::try_from(CLAIMS).unwrap()).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_once_each(&log, "claim.expired", CLAIMS).await;
    assert_eq!(log.stock(&prize).await, (Some(500), 0, 0));
    drop(other);
}
