//! The report of an import, as text or JSON.

use std::borrow::Cow;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::HumanCount;
use serde::Serialize;
use serde_json::json;

use crate::app::problem::FieldErrors;

/// How many refused lines the terminal lists; the file of rejects has all.
const TOLD_AS_TEXT: usize = 20;
/// How many refused lines the JSON report has, and how many of their errors.
const TOLD_AS_JSON: usize = 1_000;

/// A refused line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// Its number, from 1.
    pub line: u64,
    /// Why.
    pub code: &'static str,
    /// The validation errors.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub errors: FieldErrors,
}

impl Refused {
    /// Writes it with the line itself, so that it can be corrected and imported.
    pub(super) fn write(&self, text: Option<&[u8]>, file: &mut impl Write) -> io::Result<()> {
        #[derive(Serialize)]
        struct Reject<'a> {
            #[serde(flatten)]
            refused: &'a Refused,
            #[serde(skip_serializing_if = "Option::is_none")]
            text: Option<Cow<'a, str>>,
        }
        serde_json::to_writer(&mut *file, &Reject { refused: self, text: text.map(String::from_utf8_lossy) })?;
        file.write_all(b"\n")
    }
}

/// The report.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The last line that was read.
    pub lines: u64,
    /// How many facts are new in the log.
    pub imported: u64,
    /// How many members were created.
    pub members_created: u64,
    /// How many facts were in the log already.
    pub duplicates: u64,
    /// How many lines were refused.
    pub refused: u64,
    /// The first refused lines.
    pub refusals: Vec<Refused>,
    /// How many errors these name.
    errors_told: usize,
    /// The position of the last new fact.
    pub position: Option<i64>,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    pub(super) fn imported(&mut self, position: i64, made_member: bool) {
        self.imported += 1;
        self.members_created += u64::from(made_member);
        self.position = self.position.max(Some(position));
    }

    pub(super) fn refused(&mut self, mut refused: Refused) {
        self.refused += 1;
        if self.refusals.len() < TOLD_AS_JSON {
            refused.errors.truncate(TOLD_AS_JSON - self.errors_told);
            self.errors_told += refused.errors.len();
            self.refusals.push(refused);
        }
    }

    /// The counts, in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = HumanCount;
        format!(
            "{} imported ({} new members), {} duplicates, {} refused",
            count(self.imported),
            count(self.members_created),
            count(self.duplicates),
            count(self.refused),
        )
    }

    /// The document that `--json` prints.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        json!({
            "lines": self.lines,
            "imported": self.imported,
            "membersCreated": self.members_created,
            "duplicates": self.duplicates,
            "refused": self.refused,
            "refusals": self.refusals,
            "position": self.position,
            "durationMs": u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// Prints the report to standard output and the refused lines to standard error.
    pub(super) fn print(&self, as_json: bool) {
        for Refused { line, code, errors } in self.refusals.iter().take(TOLD_AS_TEXT) {
            let errors: Vec<_> =
                errors.iter().map(|error| format!(" {}: {}", error.field(), error.message())).collect();
            eprintln!("line {line}: {code}{}", errors.join(";"));
        }
        let untold = self.refused.saturating_sub(self.refusals.len().min(TOLD_AS_TEXT) as u64);
        if untold > 0 {
            eprintln!("and {} more rejected lines", HumanCount(untold));
        }
        let rate = (self.imported + self.duplicates) as f64 / self.took.as_secs_f64().max(0.001);
        let told =
            format!("{} in {:.1} s, {} facts/s", self.summary(), self.took.as_secs_f64(), HumanCount(rate as u64));
        // a closed pipe is no error
        if as_json {
            eprintln!("{told}");
            writeln!(io::stdout(), "{}", self.to_json()).ok();
        } else {
            writeln!(io::stdout(), "{told}").ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::activities::RawActivity;
    use crate::http::input::adversary;

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(96))]

        #[test]
        fn a_line_is_refused_in_proportion(line in adversary::bodies(&["source", "id", "measures", "kind"])) {
            let text = line.as_bytes();
            let Err(problem) = adversary::in_proportion(text, || RawActivity::from_json(text)) else { return Ok(()) };
            let refused = Refused { line: 1, code: problem.code().name(), errors: problem.errors().clone() };
            let mut written = Vec::new();
            adversary::in_proportion(text, || refused.write(None, &mut written)).unwrap();
            proptest::prop_assert!(written.len() <= adversary::MAX_ANSWER_BYTES, "{} bytes", written.len());
        }
    }

    #[test]
    fn the_report_names_so_many_errors_whatever_the_file_holds() {
        let mut errors = FieldErrors::default();
        (0..20).for_each(|number| errors.report(&format!("{}{number}", "x".repeat(500)), "required", "is required"));
        let mut report = Report::default();
        (0..10_000)
            .for_each(|line| report.refused(Refused { line, code: "validation_failed", errors: errors.clone() }));
        let told: usize = report.refusals.iter().map(|refused| refused.errors.len()).sum();
        assert_eq!((report.refused, report.refusals.len(), told), (10_000, TOLD_AS_JSON, TOLD_AS_JSON));
    }
}
