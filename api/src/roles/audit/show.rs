//! How things are shown as text: lines of events and winners, checks, and what differs between two documents.

use clap::ValueEnum;
use projections::audit::Check;
use serde::Serialize;
use serde_json::Value;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Ndjson,
    Csv,
}

/// Each check in a line, its name in a column of some width, and below it where it fails first.
pub(in crate::roles) fn show_checks(checks: &[Check], width: usize) {
    for check in checks {
        let word = if check.ok { "ok" } else { "DIFFERS" };
        println!("{word:8} {:width$} {:>12} checked", check.name, check.checked);
        if let Some(failure) = &check.first_failure {
            let place = failure.position.map_or(String::new(), |position| format!("position {position}: "));
            println!("         {place}{}", failure.reason);
        }
    }
}

/// A field of CSV (RFC 4180).
pub(super) fn csv(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// A line of CSV.
pub(super) fn csv_line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    fields.into_iter().map(csv).collect::<Vec<_>>().join(",")
}

/// A part of a document that changed.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Changed {
    path: String,
    from: Option<Value>,
    to: Option<Value>,
}

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |side: &Option<Value>| side.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.path, shown(&self.from), shown(&self.to))
    }
}

/// What differs, by dotted path.
pub(super) fn changes(from: &Value, to: &Value) -> Vec<Changed> {
    let mut found = Vec::new();
    walk(String::new(), Some(from), Some(to), &mut found);
    found
}

fn walk(path: String, from: Option<&Value>, to: Option<&Value>, found: &mut Vec<Changed>) {
    match (from, to) {
        (from, to) if from == to => {}
        (Some(Value::Object(from)), Some(Value::Object(to))) => {
            let names: std::collections::BTreeSet<_> = from.keys().chain(to.keys()).collect();
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(path, from.get(name), to.get(name), found);
            }
        }
        (Some(Value::Array(from)), Some(Value::Array(to))) => {
            for index in 0..from.len().max(to.len()) {
                walk(format!("{path}[{index}]"), from.get(index), to.get(index), found);
            }
        }
        (from, to) => found.push(Changed { path, from: from.cloned(), to: to.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_named_by_its_path() {
        let (from, to) =
            (json!({"a": 1, "b": {"c": [1, 2]}, "d": null}), json!({"a": 1, "b": {"c": [1, 3, 4]}, "d": 7}));
        let lines: Vec<_> = changes(&from, &to).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["b.c[1]: 2 -> 3", "b.c[2]: nothing -> 4", "d: null -> 7"]);
    }

    #[test]
    fn a_field_that_needs_quotes_has_them() {
        assert_eq!(csv_line(["a", "b,c", "say \"d\"", ""]), "a,\"b,c\",\"say \"\"d\"\"\",");
    }
}
