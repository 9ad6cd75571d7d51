//! How old is the newest row? Claims come over HTTP at a constant rate; of each, PostgreSQL says when the transaction
//! that put it into the log was committed, and when the one that put it into the claim history was: the figure is the
//! difference, and includes the time that the log's commit waits for the disk. Nothing of the service is trusted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::id::MemberId;
use sqlx::PgPool;
use tests::support::postgres::{Cluster, Database};
use tests::support::process::free_port;
use tests::support::{Client, Service, Setup, programme};
use uuid::Uuid;

use crate::fill::fill;
use crate::pace::{Caller, Pace, Paced};
use crate::{Size, http, ours, people};

const STOCK: i64 = 1_000_000;
/// Says whether Linux shares the cores among sessions, and not among threads.
const BY_SESSION: &str = "/proc/sys/kernel/sched_autogroup_enabled";
/// How long the rate is kept up before anything counts.
const WARM_UP: Duration = Duration::from_secs(2);

pub(crate) struct Lag {
    service: Service,
    operator: Client,
    metrics: Client,
    tokens: Arc<Vec<String>>,
    pool: PgPool,
    _database: Database,
}

/// What a round showed, in ms.
pub(crate) struct Lagged {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Of the claims themselves.
    pub(crate) answered: Paced,
    /// By follower, by the service's own figures: within how many ms 99 of 100 batches were saved.
    pub(crate) followers: BTreeMap<String, f64>,
}

/// By follower: how many batches took so many seconds at most, by that bound.
type Buckets = BTreeMap<String, Vec<(f64, f64)>>;

impl Lag {
    pub(crate) async fn prepare(cluster: &Arc<Cluster>, size: &Size) -> Self {
        let database = cluster.database().await;
        let pool = database.pool().await;
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        let members: Vec<_> = (0..size.lag_rate as usize * 2).map(|_| MemberId(Uuid::now_v7())).collect();
        fill(&pool, ours::streaks(members.clone(), ours::now())).await;
        let metrics = format!("127.0.0.1:{}", free_port());
        let service = Setup::on(&database).env("METRICS_LISTEN", &metrics).start().await;
        let metrics = Client::of(&format!("http://{metrics}"));
        let tokens = Arc::new(people::log_in(&pool, &service, &members).await);
        let operator = service.demo("operator").await;
        http::settle(&pool).await;
        let lag = Self { service, operator, metrics, tokens, pool, _database: database };
        lag.claims(Pace { per_second: size.lag_rate, length: WARM_UP.min(size.lag_length) }).await;
        lag
    }

    /// With nothing else to do than to claim, and follow.
    pub(crate) async fn quiet(&self, pace: Pace) -> Lagged {
        let before: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&self.pool).await.unwrap();
        let counted = self.buckets().await;
        let answered = self.claims(pace).await;
        let (p50_ms, p99_ms) = self.lag_after(before).await;
        let mut followers = self.buckets().await;
        for (follower, buckets) in &mut followers {
            let earlier = counted.get(follower).cloned().unwrap_or_default();
            for ((_, count), (_, before)) in buckets.iter_mut().zip(earlier) {
                *count -= before;
            }
        }
        let followers = followers.into_iter().map(|(name, buckets)| (name, within_ms(&buckets, 0.99))).collect();
        Lagged { p50_ms, p99_ms, answered, followers }
    }

    async fn buckets(&self) -> Buckets {
        let figures = self.metrics.get("/metrics").await;
        let mut buckets = Buckets::new();
        for line in String::from_utf8_lossy(&figures.bytes).lines() {
            let Some(rest) = line.strip_prefix("ledger_follower_lag_seconds_bucket{follower=\"") else { continue };
            let (name, rest) = rest.split_once('"').unwrap();
            let (bound, count) = rest.split_once("le=\"").unwrap().1.split_once("\"} ").unwrap();
            let bound = if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() };
            buckets.entry(name.to_owned()).or_default().push((bound, count.parse().unwrap()));
        }
        buckets
    }

    /// While as many threads as there are cores do nothing but count.
    pub(crate) async fn busy(&self, pace: Pace) -> Lagged {
        let over = Arc::new(AtomicBool::new(false));
        let counting: Vec<_> = (0..std::thread::available_parallelism().map_or(2, usize::from))
            .map(|_| {
                let over = Arc::clone(&over);
                std::thread::spawn(move || (0_u64..).take_while(|_| !over.load(Ordering::Relaxed)).count())
            })
            .collect();
        let lagged = self.quiet(pace).await;
        over.store(true, Ordering::Relaxed);
        counting.into_iter().for_each(|thread| assert!(thread.join().unwrap() > 0));
        lagged
    }

    async fn claims(&self, pace: Pace) -> Paced {
        let count = (f64::from(pace.per_second) * pace.length.as_secs_f64()) as usize + 1;
        let mut rewards = Vec::new();
        for _ in 0..count.div_ceil(self.tokens.len()) {
            let event = self.operator.create_event(&programme::event(programme::login_streak(7))).await;
            rewards.push(self.operator.create_reward(&programme::reward(&event, Some(STOCK))).await);
        }
        http::settle(&self.pool).await;
        let (caller, tokens) = (Caller::of(self.service.url()), Arc::clone(&self.tokens));
        let answered = pace.run(move |number| {
            let path = format!("/claims/{}/claim", rewards[number / tokens.len()]);
            caller.clone().post(path, tokens[number % tokens.len()].clone(), "{}".to_owned())
        });
        let answered = answered.await;
        assert_eq!((answered.status, answered.others), (201, 0), "every claim is granted");
        http::settle(&self.pool).await;
        answered
    }

    /// Of the claims after a position.
    async fn lag_after(&self, position: i64) -> (f64, f64) {
        sqlx::query_as(
            "select percentile_disc(0.5) within group (order by lag_ms), percentile_disc(0.99) within group (order by lag_ms)
            from (
                select extract(epoch from pg_xact_commit_timestamp(claims.xmin) - pg_xact_commit_timestamp(events.xmin))
                       ::double precision * 1000 as lag_ms
                from events
                join claims on claims.claim_id::text = events.aggregate_id
                where events.position > $1
                  and events.event_type = 'claim.granted'
            ) as lags",
        )
        .bind(position)
        .fetch_one(&self.pool)
        .await
        .unwrap()
    }
}

/// What is wanted while the machine is busy. Every process of PostgreSQL is a session of its own: one that has slept waits
/// up to a tenth of a second for a core where those are shared among sessions.
pub(crate) fn busy_goal() -> &'static str {
    match std::fs::read_to_string(BY_SESSION) {
        Ok(setting) if setting.trim() == "1" => {
            "at most 20, while all cores count; kernel.sched_autogroup_enabled=1 is in the way"
        }
        Ok(_) | Err(_) => "at most 20, while all cores count",
    }
}

/// The first bound that so large a share keeps.
fn within_ms(buckets: &[(f64, f64)], share: f64) -> f64 {
    let all = buckets.last().map_or(0.0, |(_, count)| *count);
    buckets.iter().find(|(_, count)| *count >= all * share).map_or(0.0, |(bound, _)| bound * 1e3)
}
