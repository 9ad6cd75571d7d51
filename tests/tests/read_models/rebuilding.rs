//! A rebuild beside the rows that serve: whatever is cut off, read or appended meanwhile, nobody sees a
//! mixture, and in the end there are the rows that the log folds to, under the old names.

use std::time::Duration;

use super::support::history::Generator;
use super::support::{TestLog, with_log};
use projections::ALL;
use projections::engine::follower::Followers;
use projections::log::Recorded;
use projections::read_models::claim_history::ClaimHistory;
use projections::{FoldError, Freshness, Projected, Projection, Spread, rebuild, start_all, start_followers};
use rand::Rng;
use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(30);

/// The shape of everything a reader can name.
async fn catalogue(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select tablename || ' ' || indexname || ' ' || indexdef from pg_indexes where schemaname = current_schema()
        union all
        select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
        where connamespace = current_schema()::regnamespace
        union all
        select relname || ' ' || coalesce(array_to_string(reloptions, ','), '') || coalesce(relacl::text, '')
        from pg_class where relnamespace = current_schema()::regnamespace and relkind = 'r'
        order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Reads again and again, in one statement and in one snapshot, and fails when the rows are not those of
/// the checkpoint beside them.
async fn hammer(pool: PgPool, stop: CancellationToken) -> usize {
    let claims_at = "select count(distinct aggregate_id) from events where aggregate_type = 'claim' and position <= ";
    let mut reads = 0;
    let mut conn = pool.acquire().await.unwrap();
    while !stop.is_cancelled() {
        let statement = format!(
            "select (select count(*) from claims), ({claims_at} (select position from checkpoints where name = 'claim_history'))"
        );
        let (rows, folded): (i64, i64) = sqlx::query_as(&statement).fetch_one(&mut *conn).await.unwrap();
        assert_eq!(rows, folded, "a statement saw a mixture");
        let mut tx = conn.begin().await.unwrap();
        sqlx::query("set transaction isolation level repeatable read").execute(&mut *tx).await.unwrap();
        let position: i64 = sqlx::query_scalar("select position from checkpoints where name = 'claim_history'")
            .fetch_one(&mut *tx)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
        let rows: i64 = sqlx::query_scalar("select count(*) from claims").fetch_one(&mut *tx).await.unwrap();
        let folded: i64 =
            sqlx::query_scalar(&format!("{claims_at} $1")).bind(position).fetch_one(&mut *tx).await.unwrap();
        assert_eq!(rows, folded, "a snapshot saw a mixture");
        tx.commit().await.unwrap();
        reads += 1;
    }
    reads
}

async fn following(log: &TestLog) -> (Followers, Freshness, watch::Sender<i64>, CancellationToken) {
    let (moved, appended) = watch::channel(0);
    let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
    let followers = start_all(log.pool.clone(), appended, freshness.clone(), shutdown.clone());
    (followers, freshness, moved, shutdown)
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_and_the_follower_go_on_while_it_is_cut_off_resumed_and_swapped() {
    with_log(async |log| {
        let mut generator = Generator::new(31);
        log.append(generator.history(14_000)).await;
        let before = catalogue(&log.pool).await;
        let (followers, freshness, moved, shutdown) = following(log).await;
        freshness.wait_for(ClaimHistory::NAME, log.head(), SOON).await.unwrap();
        let stop = CancellationToken::new();
        let readers: Vec<_> = (0..3).map(|_| tokio::spawn(hammer(log.pool.clone(), stop.clone()))).collect();
        let pool = log.pool.clone();
        let rebuilding = tokio::spawn(async move {
            let (mut cut_off, mut resumed) = (0, 0);
            for round in 0.. {
                let mut first = None;
                let bound = Duration::from_millis(rand::rng().random_range(20..250) + 60 * round);
                let rebuilt = rebuild(&pool, ClaimHistory::NAME, |done, _| _ = first.get_or_insert(done));
                match tokio::time::timeout(bound, rebuilt).await {
                    Err(_) => cut_off += 1,
                    // the connection that was cut off ends a little later
                    Ok(Err(projections::RebuildError::UnderWay)) => tokio::time::sleep(Duration::from_millis(5)).await,
                    Ok(done) => {
                        let done = done.unwrap();
                        assert!(done.compared.unwrap().same);
                        resumed += usize::from(first > Some(0));
                        if cut_off > 3 {
                            return (cut_off, resumed);
                        }
                    }
                }
                resumed += usize::from(first > Some(0));
            }
            (0, 0)
        });
        while !rebuilding.is_finished() {
            log.append(generator.history(20)).await;
            moved.send_replace(log.head());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (cut_off, resumed) = rebuilding.await.unwrap();
        assert!(cut_off > 3 && resumed > 0, "cut off {cut_off} times, resumed {resumed} times");
        log.append(generator.history(500)).await;
        moved.send_replace(log.head());
        freshness.wait_for(ClaimHistory::NAME, log.head(), SOON).await.unwrap();
        stop.cancel();
        for reader in readers {
            assert!(reader.await.unwrap() > 10);
        }
        shutdown.cancel();
        followers.stopped().await;
        let live = log.digest(ClaimHistory::NAME).await;
        rebuild(&log.pool, ClaimHistory::NAME, |_, _| {}).await.unwrap();
        assert_eq!(log.digest(ClaimHistory::NAME).await, live, "it followed the new tables");
        assert_eq!(catalogue(&log.pool).await, before, "names, rules and indexes are those of before");
    })
    .await;
}

#[tokio::test]
async fn rows_that_are_not_the_fold_of_the_log_are_told_and_mended() {
    with_log(async |log| {
        log.append(Generator::new(32).history(400)).await;
        log.project(ClaimHistory, log.head(), 100, 1).await;
        let right = log.digest(ClaimHistory::NAME).await;
        let wrong =
            "update claims set amount = amount + 7 where claim_id = (select min(claim_id::text) from claims)::uuid";
        sqlx::query(wrong).execute(&log.pool).await.unwrap();
        assert_ne!(log.digest(ClaimHistory::NAME).await, right);
        let compared = rebuild(&log.pool, ClaimHistory::NAME, |_, _| {}).await.unwrap().compared.unwrap();
        assert!(!compared.same);
        let (old, new) = &compared.different[0];
        let total = |table: &projections::TableDigest| {
            table.totals.iter().find(|total| total.0 == "amount").unwrap().1.parse::<i64>().unwrap()
        };
        assert_eq!((old.rows, total(old)), (new.rows, total(new) + 7));
        assert_eq!(log.digest(ClaimHistory::NAME).await, right);
        assert!(rebuild(&log.pool, ClaimHistory::NAME, |_, _| {}).await.unwrap().compared.unwrap().same);
    })
    .await;
}

/// The same fold under a new version, with a mark by which its rows are known.
#[derive(Debug, Clone, Copy)]
struct NewerHistory;

impl Projection for NewerHistory {
    const NAME: &'static str = ClaimHistory::NAME;
    const VERSION: i32 = 1_000;
    const STREAMS: &'static [&'static str] = ClaimHistory::STREAMS;
    const TABLES: &'static [&'static str] = ClaimHistory::TABLES;
    const SPREAD: Spread = ClaimHistory::SPREAD;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        ClaimHistory.fold(&mut *tx, batch).await?;
        sqlx::query("update claims set period = 'new'").execute(tx).await?;
        Ok(())
    }
}

#[tokio::test]
async fn a_newer_fold_rebuilds_itself_at_start_and_the_older_one_steps_aside() {
    with_log(async |log| {
        log.append(Generator::new(33).history(3_000)).await;
        log.project(ClaimHistory, log.head(), 1_000, 1).await;
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_followers(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        let stop = CancellationToken::new();
        let reader = tokio::spawn(hammer(log.pool.clone(), stop.clone()));
        followers.follow(Projected::new(NewerHistory));
        let swapped = async {
            while version_of(&log.pool).await != NewerHistory::VERSION {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(SOON, swapped).await.unwrap();
        stop.cancel();
        assert!(reader.await.unwrap() > 0);
        let old = sqlx::query_scalar::<_, i64>("select count(*) from claims where period <> 'new'");
        assert_eq!(old.fetch_one(&log.pool).await.unwrap(), 0, "readers see the new rows alone");
        let older = Projected::new(ClaimHistory);
        let began = projections::Follower::begin(&older, &log.pool, uuid::Uuid::nil()).await;
        assert!(matches!(began, Err(projections::FollowError::Stop(_))));
        shutdown.cancel();
        followers.stopped().await;
    })
    .await;
}

async fn version_of(pool: &PgPool) -> i32 {
    let version = sqlx::query_scalar("select version from checkpoints where name = 'claim_history'");
    version.fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn a_digest_depends_on_nothing_but_the_rows() {
    let mut digests = Vec::new();
    for (size, zone) in [(37, "Asia/Kathmandu"), (1_000, "America/St_Johns")] {
        with_log(async |log| {
            log.append(Generator::new(34).history(700)).await;
            let (followers, freshness, _, shutdown) = following(log).await;
            for name in ALL {
                freshness.wait_for(name, log.head(), SOON).await.unwrap();
            }
            shutdown.cancel();
            followers.stopped().await;
            log.append(Generator::new(35).history(1)).await;
            log.project(ClaimHistory, log.head(), size, 1).await;
            let mut conn = log.pool.acquire().await.unwrap();
            sqlx::query(&format!("set timezone = '{zone}'")).execute(&mut *conn).await.unwrap();
            sqlx::query("set datestyle = 'German'").execute(&mut *conn).await.unwrap();
            let mut all = Vec::new();
            for name in ALL {
                all.push(projections::digest(&mut conn, name).await.unwrap());
            }
            digests.push(all);
        })
        .await;
    }
    assert_eq!(digests[0], digests[1]);
}

/// Followers that end as a process does when the power fails: in the middle of whatever they do.
fn followers_that_die_after(url: PgPool, bound: Duration) {
    let options = (*url.connect_options()).clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let pool = sqlx::postgres::PgPoolOptions::new().max_connections(12).connect_with(options).await.unwrap();
            let shutdown = CancellationToken::new();
            let _followers = start_all(pool, watch::channel(0).1, Freshness::new(), shutdown);
            tokio::time::sleep(bound).await;
        });
        runtime.shutdown_background();
    })
    .join()
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_followers_died_at_random_moments_every_projection_is_its_rebuild() {
    with_log(async |log| {
        let mut generator = Generator::new(36);
        for _ in 0..12 {
            log.append(generator.history(rand::rng().random_range(50..900))).await;
            let bound = Duration::from_millis(rand::rng().random_range(20..200));
            let pool = log.pool.clone();
            tokio::task::spawn_blocking(move || followers_that_die_after(pool, bound)).await.unwrap();
        }
        let (followers, freshness, _, shutdown) = following(log).await;
        for name in ALL {
            freshness.wait_for(name, log.head(), SOON).await.unwrap();
        }
        shutdown.cancel();
        followers.stopped().await;
        for name in ALL {
            assert!(rebuild(&log.pool, name, |_, _| {}).await.unwrap().compared.unwrap().same, "{name}");
        }
    })
    .await;
}
