//! What a process writes is handed over to those who follow in it, so that they need not read it back: it must be what
//! the log holds, and whatever is not handed over must be found there.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use commands::Ledger;
use projections::log::{Entry, read_after};
use projections::{ALL, Freshness, digest, follow_all, rebuild, start_followers};
use tokio_util::sync::CancellationToken;

use super::support::{Limits, Programme, all, claim, member, shared};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_handed_over_is_what_the_log_holds() {
    let programme = shared(Programme::with(Limits::default()).await);
    let told = Arc::new(Mutex::new(Vec::<Entry>::new()));
    let telling = Arc::clone(&told);
    programme.ledger.tell(move |written| telling.lock().unwrap().extend(written.iter().map(Entry::from)));
    let claims = (0..200).map(|number| {
        let programme = programme.clone();
        async move { programme.claim(member(number)).await.unwrap() }
    });
    all(claims).await;
    let told = told.lock().unwrap().clone();
    assert!(told.len() >= 150, "{} of 200 claims were handed over", told.len());
    let mut connection = programme.pool.acquire().await.unwrap();
    let log = read_after(&mut connection, 0, 1_000).await.unwrap();
    for entry in &told {
        assert_eq!(Some(entry), log.iter().find(|stored| stored.position == entry.position));
    }
}

/// Claims of two processes, of which only one hands over what it writes, and registrations in between, which it does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn those_who_follow_miss_nothing_and_take_nothing_twice_whoever_writes() {
    let programme = shared(Programme::with(Limits::default()).await);
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
    let followers =
        start_followers(programme.pool.clone(), programme.ledger.head(), freshness.clone(), shutdown.clone());
    programme.ledger.tell(followers.keep_in_tail());
    follow_all(&followers);
    for round in 0..8_u128 {
        let claims = (0..60_u128).map(|number| {
            let (programme, other) = (programme.clone(), other.clone());
            async move {
                let ledger = if round % 2 == 1 && number % 3 == 0 { &other } else { &programme.ledger };
                claim(ledger, programme.reward, member(round * 100 + number)).await.unwrap()
            }
        });
        all(claims).await;
    }
    let head: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&programme.pool).await.unwrap();
    for name in ALL {
        assert_eq!(freshness.wait_for(name, head, SOON).await, Ok(head), "{name}");
    }
    shutdown.cancel();
    followers.stopped().await;
    programme.assert_sound().await;
    for name in ["claim_history", "dashboard", "campaign_catalogue"] {
        let live = tables(&programme, name).await;
        rebuild(&programme.pool, name, |_, _| {}).await.unwrap();
        assert_eq!(tables(&programme, name).await, live, "{name}");
    }
}

async fn tables(programme: &Programme, name: &str) -> Vec<(String, i64, String)> {
    let digest = digest(&mut programme.pool.acquire().await.unwrap(), name).await.unwrap();
    digest.tables.into_iter().map(|table| (table.table.to_string(), table.rows, table.digest.to_string())).collect()
}
