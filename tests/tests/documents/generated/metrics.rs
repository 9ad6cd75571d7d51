//! Every metric that a process describes to Prometheus.

use std::{fmt::Write as _, sync::Mutex};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

use super::{cell, holds};

/// Takes down what is described and counts nothing.
#[derive(Default)]
struct Notes(Mutex<Vec<(String, &'static str, String)>>);

impl Notes {
    fn take(&self, name: &KeyName, kind: &'static str, help: &str) {
        self.0.lock().unwrap().push((name.as_str().to_owned(), kind, help.to_owned()));
    }
}

impl Recorder for Notes {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.take(&name, "counter", &help);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.take(&name, "gauge", &help);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, help: SharedString) {
        self.take(&name, "histogram", &help);
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[test]
fn the_metrics_reference_has_every_metric() {
    let notes = Notes::default();
    metrics::with_local_recorder(&notes, api::cli::metrics::describe);
    let mut described = notes.0.into_inner().unwrap();
    described.sort();
    let mut made = String::from("| metric | kind | meaning |\n|---|---|---|\n");
    for (name, kind, help) in described {
        writeln!(made, "| `{name}` | {kind} | {} |", cell(&help)).unwrap();
    }
    holds("docs/reference/metrics.md", "metrics", &made);
}
