//! `make bench`: claims per second against the raw limit of the machine, against `cqrs-es` and
//! `postgres-es` used as their documentation shows, and against an HTTP constant; interleaved rounds
//! in one run on one machine, fsync on. Ratios carry from machine to machine; absolute numbers do not.
//! After every run the log is checked: events = head position = grants counted by the guards.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot measure must stop")]
#![allow(missing_docs, reason = "a program, not a library")]

mod audited;
mod claims;
mod constant;
mod expiry;
mod fill;
mod http;
mod kafka;
mod lag;
mod load;
mod ours;
mod pace;
mod pages;
mod people;
mod programme;
mod raw;
mod reads;
mod replay;
mod report;
mod routes;
mod served;
mod size;
mod sound;
mod textbook;
mod value;
mod wrk;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tests::support::folder;
use tests::support::postgres::Cluster;

use http::Offer;
use load::{Load, Measured};
use report::Report;

/// The allocator of the service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long and how large a run is.
pub(crate) struct Size {
    /// Length of one round of one contender.
    pub(crate) round: Duration,
    /// Interleaved rounds.
    pub(crate) rounds: usize,
    /// Members with a seven-day streak.
    pub(crate) members: usize,
    /// How long somebody has held a snapshot when claims beside it are measured.
    pub(crate) snapshot_age: Duration,
    /// Events of the log that is replayed.
    pub(crate) replayed: usize,
    /// Claims that are folded into served tables.
    pub(crate) rebuilt: usize,
    /// Of them, those of which views are made one at a time.
    pub(crate) viewed: usize,
    /// Claims a second, also beside pages, and for how long their way into the claim history is timed.
    pub(crate) lag_rate: u32,
    pub(crate) lag_length: Duration,
    /// Claims in the read models that are read.
    pub(crate) read_claims: usize,
    /// How long each page, and each route, is asked for.
    pub(crate) page_length: Duration,
    pub(crate) route_length: Duration,
    /// Events of the log that is audited.
    pub(crate) audited: usize,
    /// Lots that end at one midnight.
    pub(crate) ending: usize,
    /// Events of a long and of a short log.
    pub(crate) long_log: usize,
    pub(crate) short_log: usize,
}

const FULL: Size = Size {
    round: Duration::from_millis(2_000),
    rounds: 3,
    members: 40_000,
    snapshot_age: Duration::from_secs(20),
    replayed: 1_000_000,
    rebuilt: 300_000,
    viewed: 2_000,
    lag_rate: 1_000,
    lag_length: Duration::from_secs(15),
    read_claims: 1_000_000,
    page_length: Duration::from_secs(15),
    route_length: Duration::from_secs(3),
    audited: 1_000_000,
    ending: 1_000_000,
    long_log: 10_000_000,
    short_log: 10_000,
};
/// Shows that everything still runs; its numbers say nothing.
const SMOKE: Size = Size {
    round: Duration::from_millis(300),
    rounds: 1,
    members: 1_000,
    snapshot_age: Duration::from_millis(300),
    replayed: 12_000,
    rebuilt: 6_000,
    viewed: 50,
    lag_rate: 50,
    lag_length: Duration::from_secs(1),
    read_claims: 2_000,
    page_length: Duration::from_millis(500),
    route_length: Duration::from_millis(100),
    audited: 12_000,
    ending: 4_000,
    long_log: 16_000,
    short_log: 8_000,
};

/// A second: how often each page is asked for, and each route; below what a small machine can answer.
const CLAIMS_ME: u32 = 200;
const DASHBOARD: u32 = 50;
const ROUTE: u32 = 50;
const PAGE: u32 = 50;
/// Open pages that listen.
const STREAMS: usize = 200;

/// Of a server that is not the bottleneck by its defaults; the same for all contenders.
const POSTGRES: [&str; 2] = ["shared_buffers=1GB", "max_wal_size=8GB"];
/// The same, and it remembers when each transaction was committed.
const POSTGRES_WITH_TIMES: [&str; 3] = ["shared_buffers=1GB", "max_wal_size=8GB", "track_commit_timestamp=on"];
/// For logs of millions of events, of which more is kept in memory.
const POSTGRES_FOR_MUCH: [&str; 3] = ["shared_buffers=3GB", "max_wal_size=8GB", "maintenance_work_mem=512MB"];

/// What is measured, in the order in which it runs.
const SECTIONS: [&str; 10] = ["claims", "http", "value", "replay", "served", "audit", "lag", "reads", "kafka", "size"];

/// `bench [--smoke] [--only SECTION,…] [--audited EVENTS] [--to FILE]`.
fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if arguments.next_if(|first| first == constant::ROLE).is_some() {
        return runtime.block_on(constant::serve(arguments));
    }
    let (mut size, mut file) = (FULL, folder::target().join("bench.json"));
    let mut sections: Vec<String> = SECTIONS.map(str::to_owned).to_vec();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--smoke" => size = SMOKE,
            "--audited" => {
                size.audited = arguments.next().and_then(|events| events.parse().ok()).expect("--audited EVENTS")
            }
            "--only" => sections = only(&arguments.next().expect("--only SECTION,…")),
            "--to" => file = arguments.next().expect("--to FILE").into(),
            other => panic!("{other}: bench [--smoke] [--only SECTION,…] [--audited EVENTS] [--to FILE]"),
        }
    }
    let report = runtime.block_on(run(&size, &sections));
    report.finish(&file);
    if report.broken {
        std::process::exit(1);
    }
}

fn only(list: &str) -> Vec<String> {
    let sections: Vec<String> = list.split(',').map(str::to_owned).collect();
    for section in &sections {
        assert!(SECTIONS.contains(&section.as_str()), "{section}: the sections are {}", SECTIONS.join(", "));
    }
    sections
}

async fn run_one(section: &str, settings: &'static [&'static str], size: &Size, report: &mut Report) {
    let cluster = Cluster::launch_with(settings).await;
    match section {
        "claims" => in_process(&cluster, size, report).await,
        "http" => over_http(&cluster, size, report).await,
        "value" => {
            value::measure(&cluster, size, report).await;
            expiry::measure(&cluster, size, report).await;
        }
        "replay" => into_memory(&cluster, size, report).await,
        "served" => into_tables(&cluster, size, report).await,
        "audit" => auditing(&cluster, size, report).await,
        "lag" => until_visible(&cluster, size, report).await,
        "reads" => reading(&cluster, size, report).await,
        "kafka" => kafka::measure(&cluster, size, report).await,
        "size" => long_and_short(&cluster, size, report).await,
        other => panic!("{other} is no section"),
    }
}

/// Each section has a server of its own, so that none finds what another left.
async fn run(size: &Size, sections: &[String]) -> Report {
    let mut report = Report::default();
    for section in sections {
        let settings: &'static [&str] = match section.as_str() {
            "lag" | "kafka" => &POSTGRES_WITH_TIMES,
            "audit" | "size" => &POSTGRES_FOR_MUCH,
            _ => &POSTGRES,
        };
        // what has been measured is not lost with a section that cannot be
        let measuring = AssertUnwindSafe(run_one(section, settings, size, &mut report)).catch_unwind();
        if measuring.await.is_err() {
            eprintln!("the section {section} could not be measured");
            report.broken = true;
        }
    }
    report
}

async fn in_process(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("in process: preparing {} members with a streak of seven days each", size.members);
    let mut raw = raw::Raw::prepare(cluster).await;
    let textbook = textbook::Textbook::prepare(cluster).await;
    let ours = ours::Ours::prepare(cluster, size.members).await;
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        let load = |waiters| Load { waiters, length: size.round, postgres: cluster.pid() };
        report.add("raw limit, 512 events a statement", raw.run(load(1)).await);
        for waiters in [1, 8, 64, 256] {
            report.add(&format!("ours hot, {waiters}"), ours.hot(load(waiters)).await);
            report.add(&format!("ours cold, {waiters}"), ours.cold(load(waiters)).await);
        }
        report.add("cqrs-es hot with snapshots, 64", textbook.hot(load(64)).await);
        report.add("cqrs-es cold, 64", textbook.cold(load(64)).await);
    }
    let load = Load { waiters: 1, length: size.round, postgres: cluster.pid() };
    report.add("ours beside an old snapshot, 1", ours.beside_an_old_snapshot(size.snapshot_age, load).await);
    let (beside, without) = ("ours beside an old snapshot, 1", "ours cold, 1");
    report.figure_of("claims_beside_old_snapshot_vs_without", beside, without, "does not fall with its age");
    ours.assert_sound().await;
}

async fn over_http(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("over HTTP: preparing members, and a service that has read their log");
    let http = http::Http::prepare(cluster, size).await;
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        let load = |waiters| Load { waiters, length: size.round, postgres: cluster.pid() };
        for connections in [64, 256] {
            report.add(&format!("http constant, {connections}"), http.constant(load(connections)).await);
            report.add(&format!("http hot, {connections}"), http.hot(load(connections), Offer::Item).await);
        }
        report.add("http hot points, 256", http.hot(load(256), Offer::Points).await);
        report.add("http hot points within budgets, 256", http.hot(load(256), Offer::PointsWithinBudgets).await);
        report.add("http hot codes, 256", http.hot(load(256), Offer::Coupon).await);
        report.add("http me remembered, 64", http.standing(load(64), true).await);
        report.add("http me looked up, 64", http.standing(load(64), false).await);
    }
    report.figure("http_hot256_cpu_us", report.cpu_us("http hot, 256"), "own and PostgreSQL's");
    report.figure("http_hot256_cpu_vs_generator", report.cpu_vs_generator("http hot, 256"), "");
    report.figure_of("points_vs_items", "http hot points, 256", "http hot, 256", "at least 0.85");
    let within_budgets = "http hot points within budgets, 256";
    report.figure_of("all_on_vs_items", within_budgets, "http hot, 256", "at least 0.75, five budgets");
    report.figure_of("codes_vs_items", "http hot codes, 256", "http hot, 256", "at least 0.9");
    report.figure_of("standing_cold_vs_warm", "http me looked up, 64", "http me remembered, 64", "");
    http.assert_sound().await;
}

async fn into_memory(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("the log into memory: preparing {} events", size.replayed);
    let mut replay = replay::Replay::prepare(cluster, size).await;
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        let load = Load { waiters: 1, length: size.round, postgres: cluster.pid() };
        replay.unpack().await;
        report.add("replay not packed", replay.ours(load).await);
        report.add("replay packing", replay.pack(load).await);
        // a log is packed long before it is replayed
        cluster.checkpoint().await;
        report.add("replay ours", replay.ours(load).await);
        report.add("replay cqrs-es", replay.theirs(load).await);
    }
    report.figure_of("replay_vs_postgres_es", "replay ours", "replay cqrs-es", "at least 10");
    report.figure_of("replay_not_packed_vs_postgres_es", "replay not packed", "replay cqrs-es", "");
}

async fn into_tables(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("the log into served tables: preparing {} claims", size.rebuilt);
    let served = served::Served::prepare(cluster, size).await;
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        let load = Load { waiters: 1, length: size.round, postgres: cluster.pid() };
        report.add("served ours", served.ours(load).await);
        report.add("served ours compared", served.again(load).await);
        report.add("served GenericQuery", served.theirs(load).await);
    }
    report.figure_of("served_rebuild_vs_generic_query", "served ours", "served GenericQuery", "at least 500");
}

async fn auditing(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("auditing: preparing {} events", size.audited);
    let audited = audited::Audited::prepare(cluster, size.audited).await;
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        let load = Load { waiters: 1, length: size.round, postgres: cluster.pid() };
        report.add("audit re-evaluate", audited.re_evaluate(load));
        report.add("audit backtest", audited.backtest(load));
    }
    let per_core = report.per_core("audit re-evaluate");
    report.figure("re_evaluate_per_core_s", per_core, "at least 200,000, PostgreSQL's cores counted");
    let seconds = 10e6 / report.rate("audit backtest");
    report.figure("backtest_s_for_10m", seconds, "below 60, on two cores, by the rate over this log");
}

async fn until_visible(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("from commit to visible: {} claims a second", size.lag_rate);
    let lag = lag::Lag::prepare(cluster, size).await;
    let pace = pace::Pace { per_second: size.lag_rate, length: size.lag_length };
    let quiet = lag.quiet(pace).await;
    report.figure("lag_p50_ms_at_1k", quiet.p50_ms, "");
    report.figure("lag_p99_ms_at_1k", quiet.p99_ms, "at most 2 on a quiet machine");
    report.figure("claim_p99_ms_at_1k", quiet.answered.percentile(0.99), "from due to answered");
    for (follower, within_ms) in quiet.followers {
        report.figure(&format!("lag_p99_within_ms_{follower}"), within_ms, "by the service's own histogram");
    }
    let busy = lag.busy(pace).await;
    report.figure("lag_p50_ms_busy", busy.p50_ms, "");
    report.figure("lag_p99_ms_busy", busy.p99_ms, lag::busy_goal());
}

async fn reading(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("reading: preparing {} claims", size.read_claims);
    let reads = reads::Reads::prepare(cluster, size, report).await;
    let pace = |per_second, length| pace::Pace { per_second, length };
    let claims_me = reads.claims_me(pace(CLAIMS_ME, size.page_length)).await;
    let dashboard = reads.dashboard(pace(DASHBOARD, size.page_length)).await;
    for (page, shown) in [("claims_me", claims_me), ("dashboard", dashboard)] {
        assert_eq!((shown.status, shown.others), (200, 0), "{page} is answered");
        report.figure(&format!("{page}_p50_ms"), shown.percentile(0.5), "");
        report.figure(&format!("{page}_p99_ms"), shown.percentile(0.99), "at most 5");
        report.figure(
            &format!("{page}_sent_late_ms"),
            f64::from(shown.sent_late_us) / 1e3,
            "the generator itself, at most",
        );
    }
    pages::measure(&reads, pace(PAGE, size.page_length), size.lag_rate, report).await;
    pages::streams(&reads, STREAMS, pace(size.lag_rate, size.page_length), report).await;
    reads.routes(pace(ROUTE, size.route_length), report).await;
}

async fn long_and_short(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("long and short logs: preparing {} and {} events", size.long_log, size.short_log);
    let (short, long) = (size::prepare(cluster, size.short_log).await, size::prepare(cluster, size.long_log).await);
    cluster.checkpoint().await;
    let load = Load { waiters: 64, length: size.round, postgres: cluster.pid() };
    // the first change of each page after a checkpoint goes whole into the write-ahead log
    let warm_up = Load { length: size.round * size::WARM_UP_ROUNDS, ..load };
    short.cold(warm_up).await;
    long.cold_among(short.members(), warm_up).await;
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        report.add("short log, 64", short.cold(load).await);
        report.add("long log, 64", long.cold_among(short.members(), load).await);
        report.add("long log of strangers, 64", long.cold(load).await);
    }
    report.figure_of("claims_at_10m_vs_10k", "long log, 64", "short log, 64", "at least 0.95");
    let strangers = "each member is seen for the first time";
    report.figure_of("claims_of_strangers_at_10m_vs_10k", "long log of strangers, 64", "short log, 64", strangers);
}

/// The larger of two rates, by claims a second.
pub(crate) fn best<'a>(all: impl Iterator<Item = &'a Measured>) -> f64 {
    all.map(Measured::per_second).fold(0.0, f64::max)
}
