//! How things are shown as text: lines of events and winners, and checks.

use clap::ValueEnum;
use projections::audit::Check;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_needs_quotes_has_them() {
        assert_eq!(csv_line(["a", "b,c", "say \"d\"", ""]), "a,\"b,c\",\"say \"\"d\"\"\",");
    }
}
