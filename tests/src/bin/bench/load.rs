//! Closed-loop load: so many waiters, each asking again as soon as it has its answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

/// How one round is run.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// How many ask at the same time.
    pub(crate) waiters: usize,
    /// For how long.
    pub(crate) length: Duration,
    /// The server whose CPU time is counted.
    pub(crate) postgres: Option<u32>,
}

/// What one round showed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) done: usize,
    pub(crate) seconds: f64,
    pub(crate) latencies_us: Vec<u32>,
    pub(crate) own_cpu_us: f64,
    /// None when PostgreSQL has no part in it.
    pub(crate) postgres_cpu_us: Option<f64>,
    pub(crate) rss_mib: Option<f64>,
    /// Of the load generator, where it is a process of its own.
    pub(crate) generator_cpu_us: Option<f64>,
}

impl Measured {
    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.seconds.max(f64::EPSILON)
    }
}

/// A measurement that runs.
pub(crate) struct Begun {
    load: Load,
    own: f64,
    children: f64,
    postgres: f64,
    started: Instant,
}

impl Begun {
    /// So many things were done by a process that was started and has ended since.
    pub(crate) fn end_with_children(self, done: usize) -> Measured {
        let before = self.children;
        let measured = self.end(done);
        Measured { own_cpu_us: measured.own_cpu_us + ended_children(std::process::id()) - before, ..measured }
    }

    /// So many things were done.
    pub(crate) fn end(self, done: usize) -> Measured {
        Measured {
            done,
            seconds: self.started.elapsed().as_secs_f64(),
            own_cpu_us: own_cpu() - self.own,
            postgres_cpu_us: Some(self.load.postgres_cpu() - self.postgres),
            ..Measured::default()
        }
    }
}

impl Load {
    /// Begins to measure something that ends by itself.
    pub(crate) fn begin(self) -> Begun {
        Begun {
            load: self,
            own: own_cpu(),
            children: ended_children(std::process::id()),
            postgres: self.postgres_cpu(),
            started: Instant::now(),
        }
    }

    /// Runs `ask` in closed loops until the time is over; it says how many things one call did.
    pub(crate) async fn run<F, A>(self, ask: F) -> Measured
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = usize> + Send,
    {
        let ask = Arc::new(ask);
        let begun = self.begin();
        let started = begun.started;
        let waiters: Vec<_> = (0..self.waiters)
            .map(|_| {
                let ask = ask.clone();
                tokio::spawn(async move {
                    let (mut done, mut latencies) = (0, Vec::new());
                    while started.elapsed() < self.length {
                        let asked = Instant::now();
                        done += ask().await;
                        latencies.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
                    }
                    (done, latencies)
                })
            })
            .collect();
        let (mut all_done, mut latencies_us) = (0, Vec::new());
        for waiter in waiters {
            let (done, latencies) = waiter.await.expect("a waiter ends by itself");
            all_done += done;
            latencies_us.extend(latencies);
        }
        Measured { latencies_us, ..begun.end(all_done) }
    }

    pub(crate) fn postgres_cpu(&self) -> f64 {
        self.postgres.map_or(0.0, family_cpu)
    }
}

fn own_cpu() -> f64 {
    cpu_of(std::process::id()).unwrap_or(0.0)
}

/// CPU time of a process and of its children, those that ended included, in µs.
pub(crate) fn family_cpu(parent: u32) -> f64 {
    let children = std::fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| stat(*pid).and_then(|fields| fields.get(1)?.parse::<u32>().ok()) == Some(parent));
    children.filter_map(cpu_of).sum::<f64>() + cpu_of(parent).unwrap_or(0.0) + ended_children(parent)
}

/// The fields of `/proc/PID/stat` behind the name: state, parent, …
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, behind_name) = text.rsplit_once(") ")?;
    Some(behind_name.split_whitespace().map(str::to_owned).collect())
}

/// Clock ticks are 10 ms on every Linux that Rust runs on.
const TICK_US: f64 = 10_000.0;

pub(crate) fn cpu_of(pid: u32) -> Option<f64> {
    let fields = stat(pid)?;
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) * TICK_US)
}

pub(crate) fn ended_children(pid: u32) -> f64 {
    let Some(fields) = stat(pid) else { return 0.0 };
    let ticks = |index: usize| fields.get(index).and_then(|text: &String| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(13) + ticks(14)) * TICK_US
}

/// Resident memory of a process in MiB.
pub(crate) fn rss_mib(pid: u32) -> Option<f64> {
    status_mib(pid, "VmRSS:")
}

/// The most that it ever was.
pub(crate) fn peak_rss_mib(pid: u32) -> Option<f64> {
    status_mib(pid, "VmHWM:")
}

fn status_mib(pid: u32, what: &str) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(what))?;
    line.split_whitespace().nth(1)?.parse::<f64>().ok().map(|kib| kib / 1024.0)
}
