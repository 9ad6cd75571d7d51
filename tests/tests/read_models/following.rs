//! The one loop: it is woken, it catches up, it steps aside for another, it stops before what it
//! cannot read, and it starts again where it stopped.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::support::history::Generator;
use super::support::{TestLog, with_log};
use projections::engine::checkpoint::LockedCheckpoint;
use projections::read_models::claim_history::ClaimHistory;
use projections::read_models::member_facts::MemberFactsProjection;
use projections::{
    ALL, Batch, BatchInterval, FollowError, Follower, FollowerState, Freshness, Intervention, InterventionKind,
    OnPoison, Projected, Projection, intervene, rebuild, start_all, start_followers,
};
use sqlx::PgConnection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(20);

/// The rows of every projection are those that the log comes to.
async fn are_what_a_rebuild_makes(log: &TestLog) {
    for name in ALL {
        let live = log.digest(name).await;
        rebuild(&log.pool, name, |_, _| {}).await.unwrap();
        assert_eq!(log.digest(name).await, live, "{name}");
    }
}

#[tokio::test]
async fn every_projection_catches_up_and_follows_what_others_append() {
    with_log(async |log| {
        let mut generator = Generator::new(1);
        log.append(generator.history(300)).await;
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        // nobody appends in this process: the sender is gone and the poll alone says that there is more
        let appended = watch::channel(0).1;
        let followers = start_all(log.pool.clone(), appended, freshness.clone(), shutdown.clone());
        for _ in 0..2 {
            log.append(generator.history(50)).await;
            for name in ALL {
                assert_eq!(freshness.wait_for(name, log.head(), SOON).await, Ok(log.head()), "{name}");
                assert_eq!(freshness.state(name), FollowerState::Following);
            }
        }
        let behind = freshness.wait_for("claim_history", 10_000, Duration::from_millis(10)).await.unwrap_err();
        assert_eq!(behind.position, 400);
        shutdown.cancel();
        followers.stopped().await;
        are_what_a_rebuild_makes(log).await;
    })
    .await;
}

#[tokio::test]
async fn two_followers_of_one_projection_fold_everything_once() {
    with_log(async |log| {
        let mut generator = Generator::new(2);
        let (moved, appended) = watch::channel(0);
        let shutdown = CancellationToken::new();
        let both = [Freshness::new(), Freshness::new()];
        let followers =
            both.clone().map(|freshness| start_all(log.pool.clone(), appended.clone(), freshness, shutdown.clone()));
        for _ in 0..20 {
            log.append(generator.history(25)).await;
            moved.send_replace(log.head());
        }
        for name in ALL {
            for freshness in &both {
                assert_eq!(freshness.wait_for(name, log.head(), SOON).await, Ok(log.head()), "{name}");
            }
        }
        shutdown.cancel();
        for followers in followers {
            followers.stopped().await;
        }
        are_what_a_rebuild_makes(log).await;
    })
    .await;
}

#[tokio::test]
async fn an_event_that_nobody_knows_stops_who_reads_its_stream_and_nobody_else() {
    with_log(async |log| {
        log.append(Generator::new(3).history(100)).await;
        log.append_poison("claim.forgotten").await;
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_all(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        assert_eq!(freshness.wait_for(MemberFactsProjection::NAME, 101, SOON).await, Ok(101));
        assert_eq!(freshness.wait_for(ClaimHistory::NAME, 100, SOON).await, Ok(100), "what is before it is folded");
        let stopped = async {
            while !matches!(freshness.state(ClaimHistory::NAME), FollowerState::Stopped { .. }) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(SOON, stopped).await.unwrap();
        assert_eq!(freshness.position(ClaimHistory::NAME), 100);
        shutdown.cancel();
        followers.stopped().await;
    })
    .await;
}

/// A reactor that fails twice before it does its work.
struct Reluctant {
    failures: AtomicI64,
    seen: Arc<Mutex<Vec<i64>>>,
}

impl Follower for Reluctant {
    fn name(&self) -> &'static str {
        "reluctant"
    }

    fn batch_limit(&self) -> i64 {
        7
    }

    fn streams(&self) -> &'static [&'static str] {
        &["activity"]
    }

    async fn handle(&self, _: &mut PgConnection, batch: &Batch) -> Result<i64, FollowError> {
        if self.failures.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Err(FollowError::Trouble("not yet".to_owned()));
        }
        self.seen.lock().unwrap().extend(batch.entries.iter().map(|entry| entry.position));
        Ok(batch.through)
    }
}

#[tokio::test]
async fn a_reactor_sees_its_streams_in_order_and_goes_on_after_trouble_and_after_a_restart() {
    with_log(async |log| {
        let mut generator = Generator::new(4);
        let seen = Arc::default();
        for _ in 0..2 {
            log.append(generator.history(60)).await;
            let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
            let followers = start_followers(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
            followers.follow(Reluctant { failures: 2.into(), seen: Arc::clone(&seen) });
            assert_eq!(freshness.wait_for("reluctant", log.head(), SOON).await, Ok(log.head()));
            shutdown.cancel();
            followers.stopped().await;
        }
        let is_activity = |draft: &super::support::Draft| matches!(draft.event, domain::Event::Activity(_));
        let activities = log.events.iter().filter(|(_, draft)| is_activity(draft)).map(|(at, _)| *at);
        assert_eq!(*seen.lock().unwrap(), activities.collect::<Vec<_>>());
    })
    .await;
}

/// A reactor that cannot take one event in until somebody mends it, and goes on with the other streams.
struct Choosy {
    impossible: Arc<AtomicI64>,
    seen: Arc<Mutex<Vec<i64>>>,
}

impl Follower for Choosy {
    fn name(&self) -> &'static str {
        "choosy"
    }

    fn leased(&self) -> bool {
        true
    }

    fn on_poison(&self) -> OnPoison {
        OnPoison::Park
    }

    async fn handle(&self, _: &mut PgConnection, batch: &Batch) -> Result<i64, FollowError> {
        let impossible = self.impossible.load(Ordering::Relaxed);
        if let Some(entry) = batch.entries.iter().find(|entry| entry.position == impossible) {
            return Err(FollowError::Poison { position: entry.position, reason: "a test".to_owned() });
        }
        self.seen.lock().unwrap().extend(batch.entries.iter().map(|entry| entry.position));
        Ok(batch.through)
    }
}

#[tokio::test]
async fn a_reactor_that_runs_takes_in_what_it_parked_when_an_operator_retries_it() {
    with_log(async |log| {
        let mut generator = Generator::new(11);
        log.append(generator.history(30)).await;
        let (impossible, seen) = (Arc::new(AtomicI64::new(20)), Arc::<Mutex<Vec<i64>>>::default());
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_followers(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        followers.follow(Choosy { impossible: Arc::clone(&impossible), seen: Arc::clone(&seen) });
        assert_eq!(freshness.wait_for("choosy", log.head(), SOON).await, Ok(log.head()));
        assert!(!seen.lock().unwrap().contains(&20), "its stream is left aside");

        impossible.store(0, Ordering::Relaxed);
        let retry = Intervention {
            step: InterventionKind::Retry,
            position: None,
            reason: "mended".to_owned(),
            actor: "somebody".to_owned(),
        };
        assert_eq!(intervene(&log.pool, "choosy", &retry).await.unwrap().positions, [20]);
        log.append(generator.history(1)).await;
        let comes = async {
            while !seen.lock().unwrap().contains(&20) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, comes).await.expect("it goes back to where it left off");
        shutdown.cancel();
        followers.stopped().await;
    })
    .await;
}

/// A reactor that takes what it gets and then rests.
struct Resting(BatchInterval);

impl Follower for Resting {
    fn name(&self) -> &'static str {
        if self.0 == AT_ONCE { "restless" } else { "resting" }
    }

    fn batch_interval(&self) -> BatchInterval {
        self.0
    }

    async fn handle(&self, _: &mut PgConnection, batch: &Batch) -> Result<i64, FollowError> {
        Ok(batch.through)
    }
}

const AT_ONCE: BatchInterval = BatchInterval::ms(0, 0);
const AN_HOUR: BatchInterval = BatchInterval::ms(3_600_000, 3_600_000);

#[tokio::test]
async fn a_follower_takes_the_first_event_in_at_once_and_rests_before_the_next_but_not_beyond_shutdown() {
    with_log(async |log| {
        let mut generator = Generator::new(7);
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_followers(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        followers.follow(Resting(AT_ONCE));
        followers.follow(Resting(AN_HOUR));
        log.append(generator.history(5)).await;
        for name in ["restless", "resting"] {
            assert_eq!(freshness.wait_for(name, log.head(), SOON).await, Ok(log.head()), "{name}");
        }
        for _ in 0..3 {
            log.append(generator.history(5)).await;
            assert_eq!(freshness.wait_for("restless", log.head(), SOON).await, Ok(log.head()));
        }
        assert_eq!(freshness.position("resting"), 5, "one batch for all that comes meanwhile");
        shutdown.cancel();
        tokio::time::timeout(SOON, followers.stopped()).await.expect("it does not sleep through shutdown");
    })
    .await;
}

#[tokio::test]
async fn connections_that_are_cut_cost_followers_nothing_but_time() {
    with_log(async |log| {
        let mut generator = Generator::new(8);
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_all(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        for _ in 0..5 {
            log.append(generator.history(40)).await;
            let cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                       where datname = current_database() and pid <> pg_backend_pid()";
            sqlx::query(cut).execute(&log.pool).await.unwrap();
            for name in ALL {
                assert_eq!(freshness.wait_for(name, log.head(), SOON).await, Ok(log.head()), "{name}");
            }
        }
        shutdown.cancel();
        followers.stopped().await;
        are_what_a_rebuild_makes(log).await;
    })
    .await;
}

#[tokio::test]
async fn readers_see_the_old_rows_until_a_rebuild_is_done_and_the_follower_waits() {
    with_log(async |log| {
        log.append(Generator::new(5).history(200)).await;
        log.project(ClaimHistory, 200, 100, 1).await;
        let claims = async || {
            let count = sqlx::query_scalar::<_, i64>("select count(*) from claims");
            count.fetch_one(&log.pool).await.unwrap()
        };
        let before = claims().await;
        let rebuilding = log.pool.begin().await.unwrap();
        let rebuilding = LockedCheckpoint::lock(rebuilding, ClaimHistory::NAME).await.unwrap().unwrap();
        let follower = Projected::new(ClaimHistory);
        let batch = log.batch::<ClaimHistory>(200, 200).await;
        assert!(matches!(
            follower.handle(&mut log.pool.acquire().await.unwrap(), &batch).await,
            Err(FollowError::Standby)
        ));
        rebuilding.rollback().await.unwrap();

        let mut told = Vec::new();
        rebuild(&log.pool, ClaimHistory::NAME, |done, total| told.push((done, total))).await.unwrap();
        assert_eq!((told.first(), told.last()), (Some(&(0, 200)), Some(&(200, 200))));
        assert_eq!(claims().await, before);
        assert!(rebuild(&log.pool, "horoscope", |_, _| {}).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn the_log_is_read_as_it_was_hashed() {
    with_log(async |log| {
        log.append(Generator::new(6).history(50)).await;
        let mut conn = log.pool.acquire().await.unwrap();
        let entries = projections::log::read_after(&mut conn, 10, 20).await.unwrap();
        assert_eq!(entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), (11..=30).collect::<Vec<_>>());
        assert!(entries.iter().all(projections::log::Entry::hash_is_right));
        let mut forged = entries[3].clone();
        forged.payload.push(' ');
        assert!(!forged.hash_is_right());
        let head = projections::log::head(&mut conn).await.unwrap();
        assert_eq!((head.position, head.epoch), (50, 1));
        assert_eq!(projections::log::read_after(&mut conn, 49, 9).await.unwrap()[0].hash, head.hash);
    })
    .await;
}
