//! The database goes away under load: nothing acknowledged is lost, nothing is done twice.

use std::collections::BTreeSet;
use std::time::Duration;

use commands::{ClaimError, CommandError};
use domain::claim::{ClaimRefusal, ClaimStatus};
use domain::id::MemberId;
use sqlx::Row;
use tests::support::postgres::Cluster;

use super::support::{Limits, Programme, member, shared};

/// Claims for one member after another until told to stop; who was acknowledged, and who was not.
async fn claim_on(
    programme: &Programme,
    from: u128,
    stop: &std::sync::atomic::AtomicBool,
) -> (BTreeSet<MemberId>, usize) {
    let (mut acknowledged, mut unknown) = (BTreeSet::new(), 0);
    for number in from.. {
        if stop.load(std::sync::atomic::Ordering::Relaxed) {
            break;
        }
        match programme.claim(member(number)).await {
            Ok(receipt) if receipt.state.status() == Some(ClaimStatus::Granted) => {
                acknowledged.insert(member(number));
            }
            Err(ClaimError::Command(CommandError::Unavailable)) => unknown += 1,
            Err(ClaimError::Command(CommandError::Refused {
                refusal: ClaimRefusal::AlreadyClaimed { .. }, ..
            })) => {}
            other => panic!("{other:?}"),
        }
    }
    (acknowledged, unknown)
}

async fn granted(programme: &Programme) -> BTreeSet<MemberId> {
    let rows = sqlx::query("select subject from events where event_type = 'claim.granted'")
        .fetch_all(&programme.pool)
        .await
        .unwrap();
    rows.iter().map(|row| row.get::<String, _>(0).parse().unwrap()).collect()
}

async fn under_load(programme: Programme, trouble: impl AsyncFnOnce(&Programme)) -> usize {
    let programme = shared(programme);
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let claimants: Vec<_> = (1..=8_u128)
        .map(|lane| {
            let (programme, stop) = (programme.clone(), stop.clone());
            tokio::spawn(async move { claim_on(&programme, lane * 1_000_000, &stop).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(300)).await;
    trouble(&programme).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let (mut acknowledged, mut unknown) = (BTreeSet::new(), 0);
    for claimant in claimants {
        let (some, lost) = claimant.await.unwrap();
        acknowledged.extend(some);
        unknown += lost;
    }
    programme.assert_sound().await;
    let granted = granted(&programme).await;
    assert!(acknowledged.len() > 50, "there was load: {}", acknowledged.len());
    assert!(acknowledged.is_subset(&granted), "what was acknowledged stands");
    assert!(granted.len() <= acknowledged.len() + unknown, "nothing stands that nobody asked for");
    programme.claim(member(1)).await.unwrap();
    unknown
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_nothing() {
    let programme = Programme::with(Limits::default()).await;
    let unknown = under_load(programme, async |programme| {
        for _ in 0..20 {
            let sql = "select pg_terminate_backend(pid) from pg_stat_activity
                       where pid <> pg_backend_pid() and datname = current_database()";
            sqlx::query(sql).execute(&programme.pool).await.ok();
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    })
    .await;
    eprintln!("{unknown} outcomes were unknown to their callers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_and_comes_back_loses_nothing() {
    let cluster = Cluster::launch().await;
    let programme = Programme::on(&cluster.database().await, Limits::default()).await;
    under_load(programme, async |_| {
        cluster.crash();
        tokio::time::sleep(Duration::from_millis(300)).await;
        cluster.start().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_can_wait_is_refused_at_once_and_nothing_of_it_is_written() {
    let programme = shared(Programme::with(Limits::default()).await);
    programme.claim(member(1)).await.unwrap();
    let mut stuck = programme.pool.begin().await.unwrap();
    sqlx::query("select from log_head for update").execute(&mut *stuck).await.unwrap();
    let crowd: Vec<_> = (10..6_010_u128)
        .map(|number| {
            let programme = programme.clone();
            tokio::spawn(async move { programme.claim(member(number)).await })
        })
        .collect();
    // while the head is held only a refusal can be an answer
    while !crowd.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stuck.rollback().await.unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for claim in crowd {
        match claim.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(ClaimError::Command(CommandError::Overloaded)) => refused += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(refused > 0 && accepted >= 4_000, "{accepted} accepted, {refused} refused");
    assert_eq!(granted(&programme).await.len(), accepted + 1);
    programme.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_somebody_holds_for_ever_is_an_outage_and_not_a_hang() {
    let programme = Programme::with(Limits::default()).await;
    programme.claim(member(1)).await.unwrap();
    let mut stuck = programme.pool.begin().await.unwrap();
    sqlx::query("select from log_head for update").execute(&mut *stuck).await.unwrap();
    let late = tokio::time::timeout(Duration::from_secs(30), programme.claim(member(2))).await.unwrap();
    assert!(matches!(late, Err(ClaimError::Command(CommandError::Unavailable))), "{late:?}");
    stuck.rollback().await.unwrap();
    programme.claim(member(2)).await.unwrap();
    programme.assert_sound().await;
}
