//! The table on the screen, and the same numbers as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use crate::best;
use crate::load::Measured;

/// All rounds, by contender, in the order in which they first ran.
#[derive(Default)]
pub(crate) struct Report {
    names: Vec<String>,
    rounds: BTreeMap<String, Vec<Measured>>,
    figures: Vec<(String, f64, &'static str)>,
    routes: Vec<Route>,
    /// A section could not be measured.
    pub(crate) broken: bool,
}

/// What one route took under a constant rate.
pub(crate) struct Route {
    pub(crate) name: String,
    /// The status of its answers.
    pub(crate) status: u16,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Report {
    pub(crate) fn add(&mut self, name: &str, measured: Measured) {
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        self.rounds.entry(name.to_owned()).or_default().push(measured);
    }

    /// A number by itself, and what is wished of it.
    pub(crate) fn figure(&mut self, name: &str, value: f64, goal: &'static str) {
        self.figures.push((name.to_owned(), value, goal));
    }

    /// A contender's rate in terms of another's.
    pub(crate) fn figure_of(&mut self, name: &str, ours: &str, theirs: &str, goal: &'static str) {
        self.figure(name, self.rate(ours) / self.rate(theirs).max(f64::EPSILON), goal);
    }

    pub(crate) fn route(&mut self, route: Route) {
        self.routes.push(route);
    }

    fn of(&self, name: &str) -> &[Measured] {
        self.rounds.get(name).map_or(&[], Vec::as_slice)
    }

    /// The CPU time of one thing that a contender does, in µs: our own and PostgreSQL's.
    pub(crate) fn cpu_us(&self, name: &str) -> f64 {
        let rounds = self.of(name);
        let done: usize = rounds.iter().map(|round| round.done).sum();
        let spent = |round: &Measured| round.own_cpu_us + round.postgres_cpu_us.unwrap_or(0.0);
        rounds.iter().map(spent).sum::<f64>() / done.max(1) as f64
    }

    /// The CPU time of one thing, own and PostgreSQL's, in terms of what the load generator spends on asking for it. It can
    /// be compared between runs on a busy and on a quiet machine.
    pub(crate) fn cpu_vs_generator(&self, name: &str) -> f64 {
        let rounds = self.of(name);
        let done: usize = rounds.iter().map(|round| round.done).sum();
        let spent: f64 = rounds.iter().filter_map(|round| round.generator_cpu_us).sum();
        self.cpu_us(name) * done as f64 / spent.max(1.0)
    }

    /// The rate over all rounds of a contender.
    pub(crate) fn rate(&self, name: &str) -> f64 {
        let rounds = self.of(name);
        let done: usize = rounds.iter().map(|round| round.done).sum();
        done as f64 / rounds.iter().map(|round| round.seconds).sum::<f64>().max(f64::EPSILON)
    }

    /// What a core does in a second, those of PostgreSQL counted.
    pub(crate) fn per_core(&self, name: &str) -> f64 {
        let rounds = self.of(name);
        let done: usize = rounds.iter().map(|round| round.done).sum();
        let used_us = |round: &Measured| round.own_cpu_us + round.postgres_cpu_us.unwrap_or(0.0);
        done as f64 * 1e6 / rounds.iter().map(used_us).sum::<f64>().max(1.0)
    }

    /// Of what ran.
    fn ratios(&self) -> BTreeMap<&'static str, f64> {
        let hottest =
            [1, 8, 64, 256].into_iter().map(|waiters| self.rate(&format!("ours hot, {waiters}"))).fold(0.0, f64::max);
        let of = |ours: f64, theirs: f64| if theirs > 0.0 { ours / theirs } else { 0.0 };
        let all = [
            ("hot_vs_limit", of(hottest, self.rate("raw limit, 512 events a statement"))),
            ("hot64_vs_cqrs_es", of(self.rate("ours hot, 64"), self.rate("cqrs-es hot with snapshots, 64"))),
            ("cold64_vs_cqrs_es", of(self.rate("ours cold, 64"), self.rate("cqrs-es cold, 64"))),
            ("http_hot256_vs_constant", of(self.rate("http hot, 256"), self.rate("http constant, 256"))),
            ("http_hot64_vs_constant", of(self.rate("http hot, 64"), self.rate("http constant, 64"))),
        ];
        all.into_iter().filter(|(_, ratio)| *ratio > 0.0).collect()
    }

    /// Prints the table and writes the file.
    pub(crate) fn finish(&self, file: &Path) {
        let mut figures = BTreeMap::new();
        println!(
            "{:<36} {:>10} {:>10} {:>9} {:>9} {:>11} {:>11}",
            "", "per second", "best round", "p50 µs", "p99 µs", "own CPU µs", "PG CPU µs"
        );
        for name in &self.names {
            let rounds = self.of(name);
            let mut latencies: Vec<u32> = rounds.iter().flat_map(|round| round.latencies_us.iter().copied()).collect();
            latencies.sort_unstable();
            let percentile =
                |share: f64| latencies.get((latencies.len() as f64 * share) as usize).copied().unwrap_or(0);
            let done = rounds.iter().map(|round| round.done).sum::<usize>().max(1) as f64;
            let own = rounds.iter().map(|round| round.own_cpu_us).sum::<f64>() / done;
            let postgres = rounds.iter().filter_map(|round| round.postgres_cpu_us).reduce(|sum, more| sum + more);
            let postgres = postgres.map(|sum| sum / done);
            println!(
                "{name:<36} {:>10.0} {:>10.0} {:>9} {:>9} {own:>11.1} {:>11}",
                self.rate(name),
                best(rounds.iter()),
                percentile(0.50),
                percentile(0.99),
                postgres.map_or_else(String::new, |postgres| format!("{postgres:.1}")),
            );
            let key = key_of(name);
            figures.insert(format!("{key}_per_s"), self.rate(name));
            if !latencies.is_empty() {
                figures.insert(format!("{key}_p50_us"), f64::from(percentile(0.50)));
                figures.insert(format!("{key}_p99_us"), f64::from(percentile(0.99)));
            }
            figures.insert(format!("{key}_own_cpu_us"), own);
            figures.extend(postgres.map(|postgres| (format!("{key}_postgres_cpu_us"), postgres)));
            if let Some(rss) = rounds.iter().filter_map(|round| round.rss_mib).reduce(f64::max) {
                println!("{:<36} {rss:>10.0} MiB resident", "");
                figures.insert(format!("{key}_rss_mib"), rss);
            }
        }
        let ratios = self.ratios();
        println!();
        for (name, ratio) in &ratios {
            println!("{name:<36} {ratio:>10.2}");
        }
        for (name, value, goal) in &self.figures {
            println!("{name:<36} {value:>10.2}  {goal}");
            figures.insert(name.clone(), *value);
        }
        let slowest = self.finish_routes();
        let json = serde_json::json!({"figures": figures, "ratios": ratios, "slowest_route": slowest});
        std::fs::write(file, format!("{json:#}\n")).expect("the report can be written");
        println!("\nwritten to {}", file.display());
    }
}

impl Report {
    /// Prints the routes, slowest first, and says which that is.
    fn finish_routes(&self) -> serde_json::Value {
        let mut routes: Vec<_> = self.routes.iter().collect();
        routes.sort_by(|one, other| other.p99_ms.total_cmp(&one.p99_ms));
        if !routes.is_empty() {
            println!("\n{:<52} {:>6} {:>9} {:>9}", "route", "status", "p50 ms", "p99 ms");
        }
        for route in &routes {
            println!("{:<52} {:>6} {:>9.2} {:>9.2}", route.name, route.status, route.p50_ms, route.p99_ms);
        }
        let shown = |route: &&Route| serde_json::json!({"route": route.name, "status": route.status, "p50_ms": route.p50_ms, "p99_ms": route.p99_ms});
        serde_json::json!(routes.first().map(shown))
    }
}

/// `ours hot, 64` → `ours_hot64`.
fn key_of(name: &str) -> String {
    let (what, waiters) = name.split_once(", ").unwrap_or((name, ""));
    let digits: String = waiters.chars().take_while(char::is_ascii_digit).collect();
    format!("{}{digits}", what.replace([' ', '-'], "_"))
}
