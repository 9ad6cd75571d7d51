//! The way to a real Kafka: how fast the relay catches up in terms of claims, what claims pay for a relay that runs beside
//! them, and how long an event takes from the log's commit to a consumer. The broker, one JVM, is on the same machine and
//! takes its share of it, which is told. Claims are decided in process, so that nothing hides the cost.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use projections::kafka::relay::{self, Relay, RelayConfig};
use projections::kafka::topic::Topic;
use projections::log::partition::PARTITIONS;
use projections::{Brokers, Followers, Freshness, start_followers};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sqlx::PgPool;
use tests::support::Broker;
use tests::support::postgres::Cluster;
use tokio_util::sync::CancellationToken;

use crate::Size;
use crate::load::{Load, Measured, cpu_of};
use crate::ours::Ours;
use crate::pace::Pace;
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
    let (without, with) = ("claims without relay, 64", "claims with relay, 64");
    let (away, mut broker_cpu_us) = ("claims with the broker away, 64", 0.0);
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        report.add(without, ours.hot(load(64)).await);
        let relay = Running::start(&ours, &broker);
        report.add("relay catching up", relay.catches_up(ours.pool(), round).await);
        let (before, spent) = (head(ours.pool()).await, broker_cpu(&broker));
        report.add(with, ours.hot(load(64)).await);
        relay.settle(ours.pool()).await;
        let (events, spent) = (head(ours.pool()).await - before, broker_cpu(&broker) - spent);
        broker_cpu_us += spent / events.max(1) as f64 / size.rounds as f64;
        broker.stop();
        report.add(away, ours.hot(load(64)).await);
        broker.start();
        relay.settle(ours.pool()).await;
        relay.stop().await;
    }
    latencies(&ours, &broker, size, report).await;
    ours.assert_sound().await;
    report.figure_of("relay_vs_claims", "relay catching up", without, "at least 5");
    report.figure_of("claims_with_relay_vs_without", with, without, "at least 0.8, the broker on the same cores");
    report.figure_of("claims_with_broker_away_vs_without", away, without, "the relay is not in their way");
    let cost = |name| report.cpu_us(name) / report.cpu_us(without).max(f64::EPSILON);
    report.figure(
        "claim_cpu_with_relay_vs_without",
        cost(with),
        "ours and PostgreSQL's: what is left of the cost elsewhere",
    );
    report.figure("broker_cpu_us_an_event", broker_cpu_us, "the broker's own, on the same cores, during these claims");
}

/// From the log's commit to a consumer: at a rate that the machine keeps up with easily, and while claims take all of it.
async fn latencies(ours: &Ours, broker: &Broker, size: &Size, report: &mut Report) {
    let relay = Running::start(ours, broker);
    relay.settle(ours.pool()).await;
    let consumer = Consuming::start(broker);
    let pace = Pace { per_second: size.lag_rate, length: size.round };
    let busy = Load { waiters: 64, length: size.round, postgres: None };
    // a relay and a consumer that have just begun are not yet what they are
    let begun = head(ours.pool()).await;
    ours.paced(pace).await;
    consumer.latencies_after(begun, ours.pool()).await;
    let before = head(ours.pool()).await;
    let asked = ours.paced(Pace { length: size.lag_length, ..pace }).await;
    let constant = consumer.latencies_after(before, ours.pool()).await;
    let before = head(ours.pool()).await;
    ours.hot(busy).await;
    let saturated = consumer.latencies_after(before, ours.pool()).await;
    relay.stop().await;
    consumer.stop();
    report.figure("relay_latency_p50_ms_at_1k", percentile(&constant, 0.50), "from commit to a consumer");
    report.figure("relay_latency_p99_ms_at_1k", percentile(&constant, 0.99), "from commit to a consumer");
    report.figure("relay_claim_p99_ms_at_1k", asked.percentile(0.99), "these claims themselves, in process");
    report.figure("relay_latency_p50_ms_busy", percentile(&saturated, 0.50), "while claims take all of the machine");
    report.figure("relay_latency_p99_ms_busy", percentile(&saturated, 0.99), "while claims take all of the machine");
}

/// Of what is in order of size.
fn percentile(sorted: &[f64], share: f64) -> f64 {
    sorted.get(((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// A relay as a service has one.
struct Running {
    followers: Followers,
    shutdown: CancellationToken,
}

impl Running {
    fn start(ours: &Ours, broker: &Broker) -> Self {
        let (pool, shutdown) = (ours.pool(), CancellationToken::new());
        let followers = start_followers(pool.clone(), ours.head(), Freshness::new(), shutdown.clone());
        let topic =
            Topic { brokers: Brokers::at(broker.bootstrap()), name: TOPIC.to_owned(), ce_source: "/bench".to_owned() };
        let lease = followers.lease(relay::NAME);
        let config = RelayConfig { topic, start_over: false };
        followers.follow(Relay::new(config, lease, shutdown.clone()));
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
            let position = relay::status(&mut pool.acquire().await.unwrap()).await.unwrap().position;
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
        while relay::status(&mut pool.acquire().await.unwrap()).await.unwrap().position < through {
            assert!(started.elapsed() < TO_SETTLE, "the relay does not come to {through}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn stop(self) {
        self.shutdown.cancel();
        self.followers.stopped().await;
    }
}

fn broker_cpu(broker: &Broker) -> f64 {
    broker.pid().and_then(cpu_of).unwrap_or(0.0)
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

    /// How long each event after a position took to come here, in ms and in order of size.
    async fn latencies_after(&self, position: i64, pool: &PgPool) -> Vec<f64> {
        let sql = "select position, extract(epoch from pg_xact_commit_timestamp(xmin))::double precision
                   from events where position > $1";
        let committed: Vec<(i64, f64)> = sqlx::query_as(sql).bind(position).fetch_all(pool).await.unwrap();
        let started = Instant::now();
        while committed.iter().any(|(position, _)| !self.arrivals.lock().unwrap().contains_key(position)) {
            assert!(started.elapsed() < TO_SETTLE, "a message does not come");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let arrivals = self.arrivals.lock().unwrap();
        let mut latencies_ms: Vec<f64> =
            committed.iter().map(|(position, at)| (arrivals[position] - at) * 1e3).collect();
        latencies_ms.sort_by(f64::total_cmp);
        latencies_ms
    }

    fn stop(self) {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}
