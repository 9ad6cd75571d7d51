//! `make bench`: claims per second against the raw limit of the machine, against `cqrs-es` and
//! `postgres-es` used as their documentation shows, and against an HTTP constant; interleaved rounds
//! in one run on one machine, fsync on. Ratios carry from machine to machine; absolute numbers do not.
//! After every run the log is checked: events = head position = grants counted by the guards.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench that cannot measure must stop")]
#![allow(missing_docs, reason = "a program, not a library")]

mod constant;
mod http;
mod kafka;
mod load;
mod ours;
mod raw;
mod report;
mod sound;
mod textbook;
mod wrk;

use std::sync::Arc;
use std::time::Duration;

use tests::support::folder;
use tests::support::postgres::Cluster;

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
}

const FULL: Size = Size { round: Duration::from_millis(2_000), rounds: 3, members: 40_000 };
/// Shows that everything still runs; its numbers say nothing.
const SMOKE: Size = Size { round: Duration::from_millis(300), rounds: 1, members: 1_000 };

/// Of a server that is not the bottleneck by its defaults; the same for all contenders.
const POSTGRES: [&str; 2] = ["shared_buffers=1GB", "max_wal_size=8GB"];

/// `bench [--smoke] [--to FILE]`.
fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if arguments.next_if(|first| first == constant::ROLE).is_some() {
        return runtime.block_on(constant::serve(arguments));
    }
    let (mut size, mut file) = (&FULL, folder::target().join("bench.json"));
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--smoke" => size = &SMOKE,
            "--to" => file = arguments.next().expect("--to FILE").into(),
            other => panic!("{other}: bench [--smoke] [--to FILE]"),
        }
    }
    runtime.block_on(run(size)).finish(&file);
}

async fn run(size: &Size) -> Report {
    let mut report = Report::default();
    let cluster = Cluster::launch_with(&POSTGRES).await;
    in_process(&cluster, size, &mut report).await;
    over_http(&cluster, size, &mut report).await;
    kafka::measure(size, &mut report).await;
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
            report.add(&format!("http hot, {connections}"), http.hot(load(connections)).await);
        }
    }
    http.assert_sound().await;
}

/// The larger of two rates, by claims a second.
pub(crate) fn best<'a>(all: impl Iterator<Item = &'a Measured>) -> f64 {
    all.map(Measured::per_second).fold(0.0, f64::max)
}
