//! Every event that the log can hold, as its schema describes it.

use std::fmt::Write as _;

use super::{cell, holds};

#[test]
fn the_events_reference_has_every_event() {
    let mut made = String::from("| event | schema | meaning |\n|---|---|---|\n");
    for (file, schema) in domain::schemas::current() {
        let text = |name: &str| schema.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
        let (title, description) = (text("title"), text("description"));
        writeln!(made, "| `{title}` | `/schemas/{file}` | {} |", cell(&description)).unwrap();
    }
    holds("docs/reference/events.md", "events", &made);
}
