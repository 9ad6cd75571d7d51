//! The way to a real Kafka: how fast the relay catches up in terms of claims, what claims pay for a relay that runs beside
//! them, and how long an event takes from the log's commit to a consumer. The broker, one JVM, is on the same machine and
//! takes its share of it. Claims are decided in process, so that nothing hides the cost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use projections::relay::{self, Relay, RelayConfig};
use projections::topic::{PARTITIONS, Topic};
use projections::{Brokers, Followers, Freshness};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sqlx::PgPool;
use tests::support::Broker;
use tests::support::postgres::Cluster;
use tokio_util::sync::CancellationToken;

use crate::Size;
use crate::load::{Load, Measured};
use crate::ours::Ours;
use crate::report::Report;

const TOPIC: &str = "bench";
/// How long the relay may take to come to the end of the log, and messages to a consumer.
const TO_SETTLE: Duration = Duration::from_secs(600);

/// On a server that remembers when each transaction was committed.
pub(crate) async fn measure(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("to Kafka: preparing {} members with a streak of seven days each", size.members);
    let broker = Broker::launch();
    let ours = Ours::prepare(cluster, size.members).await;
    let load = |waiters| Load { waiters, length: size.round, postgres: cluster.pid() };
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        report.add("claims without relay, 64", ours.hot(load(64)).await);
        let relay = Running::start(&ours, &broker);
        report.add("relay catching up", relay.catches_up(ours.pool(), round).await);
        report.add("claims with relay, 64", ours.hot(load(64)).await);
        relay.settle(ours.pool()).await;
        broker.stop();
        report.add("claims with the broker away, 64", ours.hot(load(64)).await);
        broker.start();
        relay.settle(ours.pool()).await;
        relay.stop().await;
    }
    let relay = Running::start(&ours, &broker);
    relay.settle(ours.pool()).await;
    let consumer = Consuming::start(&broker);
    let before = head(ours.pool()).await;
    ours.hot(load(1)).await;
    let mut latencies_ms = consumer.latencies_after(before, ours.pool()).await;
    relay.stop().await;
    ours.assert_sound().await;
    latencies_ms.sort_by(f64::total_cmp);
    let percentile =
        |share: f64| latencies_ms[((latencies_ms.len() as f64 * share) as usize).min(latencies_ms.len() - 1)];
    report.figure_of("relay_vs_claims", "relay catching up", "claims without relay, 64", "at least 5");
    let with_relay = ("claims with relay, 64", "claims without relay, 64");
    report.figure_of("claims_with_relay_vs_without", with_relay.0, with_relay.1, "at least 0.8");
    let broker_away = ("claims with the broker away, 64", "claims without relay, 64");
    report.figure_of(
        "claims_with_broker_away_vs_without",
        broker_away.0,
        broker_away.1,
        "the relay is not in their way",
    );
    report.figure("relay_latency_p50_ms", percentile(0.50), "from commit to a consumer");
    report.figure("relay_latency_p99_ms", percentile(0.99), "from commit to a consumer");
}

/// A relay as a service has one.
struct Running {
    followers: Followers,
    shutdown: CancellationToken,
}

impl Running {
    fn start(ours: &Ours, broker: &Broker) -> Self {
        let (pool, shutdown) = (ours.pool(), CancellationToken::new());
        let followers = Followers::start(pool.clone(), ours.head(), Freshness::new(), shutdown.clone());
        let topic =
            Topic { brokers: Brokers::at(broker.bootstrap()), name: TOPIC.to_owned(), ce_source: "/bench".to_owned() };
        let lease = followers.lease(relay::NAME);
        let config = RelayConfig { topic, start_over: false };
        followers.follow(Relay::new(config, pool.clone(), lease, shutdown.clone()));
        Self { followers, shutdown }
    }

    /// Publishes the whole log; timed from the first piece of it that is acknowledged to the last.
    async fn catches_up(&self, pool: &PgPool, round: usize) -> Measured {
        if round > 1 {
            self.settle(pool).await;
            relay::set_back(pool, 1).await.unwrap();
        }
        let through = head(pool).await;
        let mut begun = None;
        let started = Instant::now();
        loop {
            let position = relay::standing(&mut pool.acquire().await.unwrap()).await.unwrap().position;
            if position > 0 && begun.is_none() {
                begun = Some((position, Instant::now()));
            }
            if let Some((first, begun)) = begun.filter(|_| position >= through) {
                let (done, seconds) = (usize::try_from(position - first).unwrap(), begun.elapsed().as_secs_f64());
                return Measured { done, seconds, ..Measured::default() };
            }
            assert!(started.elapsed() < TO_SETTLE, "the relay is at {position} of {through}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn settle(&self, pool: &PgPool) {
        let (through, started) = (head(pool).await, Instant::now());
        while relay::standing(&mut pool.acquire().await.unwrap()).await.unwrap().position < through {
            assert!(started.elapsed() < TO_SETTLE, "the relay does not come to {through}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.followers.stopped().await;
    }
}

async fn head(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select position from log_head").fetch_one(pool).await.unwrap()
}

/// When each position was there, in seconds of the clock that PostgreSQL has too.
type Arrivals = Arc<Mutex<BTreeMap<i64, f64>>>;

/// Another team's consumer.
struct Consuming {
    arrivals: Arrivals,
    over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Consuming {
    /// From what is sent next on.
    fn start(broker: &Broker) -> Self {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", broker.bootstrap()).set("group.id", "bench").set("enable.auto.commit", "false");
        let consumer: BaseConsumer = client.create().unwrap();
        let mut all = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            let (_, end) = consumer.fetch_watermarks(TOPIC, partition, TO_SETTLE).unwrap();
            all.add_partition_offset(TOPIC, partition, Offset::Offset(end)).unwrap();
        }
        consumer.assign(&all).unwrap();
        let (arrivals, over) = (Arrivals::default(), Arc::new(AtomicBool::new(false)));
        let (noted, ended) = (Arc::clone(&arrivals), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
                let message = message.unwrap();
                let header = message.headers().unwrap().iter().find(|header| header.key == "ce_position").unwrap();
                let position = std::str::from_utf8(header.value.unwrap()).unwrap().parse().unwrap();
                noted.lock().unwrap().entry(position).or_insert(now);
            }
        });
        Self { arrivals, over, thread }
    }

    /// How long each event after a position took to come here.
    async fn latencies_after(self, position: i64, pool: &PgPool) -> Vec<f64> {
        let sql = "select position, extract(epoch from pg_xact_commit_timestamp(xmin))::double precision
                   from events where position > $1";
        let committed: Vec<(i64, f64)> = sqlx::query_as(sql).bind(position).fetch_all(pool).await.unwrap();
        let started = Instant::now();
        while committed.iter().any(|(position, _)| !self.arrivals.lock().unwrap().contains_key(position)) {
            assert!(started.elapsed() < TO_SETTLE, "a message does not come");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        let arrivals = self.arrivals.lock().unwrap();
        committed.iter().map(|(position, at)| (arrivals[position] - at) * 1e3).collect()
    }
}
