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
