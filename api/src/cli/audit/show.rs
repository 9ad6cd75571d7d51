//! Text output: lines of events and winners, and checks.

use std::fmt::Display;
use std::io::{ErrorKind, Write as _};

use clap::ValueEnum;
use projections::audit::Check;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Ndjson,
    Csv,
}

/// Prints a line to standard output; an error when the pipe is closed.
pub(in crate::cli) fn say(text: impl Display) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

/// Whether the reader has closed the pipe.
pub(super) fn is_left(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Ignores a closed pipe, since the exit code tells the result.
pub(in crate::cli) fn to_whoever_listens(said: anyhow::Result<()>) -> anyhow::Result<()> {
    said.or_else(|error| if is_left(&error) { Ok(()) } else { Err(error) })
}

/// One line for each check, with its first failure below it.
pub(in crate::cli) fn show_checks(checks: &[Check], width: usize) -> anyhow::Result<()> {
    for check in checks {
        let word = if check.ok { "ok" } else { "DIFFERS" };
        say(format_args!("{word:8} {:width$} {:>12} checked", check.name, check.checked))?;
        if let Some(failure) = &check.first_failure {
            let place = failure.position.map_or(String::new(), |position| format!("position {position}: "));
            say(format_args!("         {place}{}", failure.reason))?;
        }
    }
    Ok(())
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
