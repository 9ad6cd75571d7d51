//! Reads a batch of codes: CSV with one column, or NDJSON. All of it is good, or its bad lines are named, without what stands
//! in them: a code is a secret.

use domain::codes::{CodeProblem, CouponCode, LineProblem, MAX_BATCH, MAX_CODE_PROBLEMS, check_batch};
use serde::Deserialize;

use crate::app::problem::{FieldErrors, Problem};

/// How a batch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One code a line; the first line may be the heading `code`.
    Csv,
    /// One object a line: `{"code": …}`.
    Ndjson,
}

/// The codes of a batch.
#[derive(Debug)]
pub struct Batch {
    /// In their order.
    pub codes: Vec<CouponCode>,
    /// The line that the first of them stands in.
    pub first_line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    code: String,
}

/// Reads the codes of a batch.
///
/// # Errors
/// `validation_failed` with the first bad lines.
pub fn read(form: Form, bytes: &[u8]) -> Result<Batch, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        Problem::field(&field(line), "utf8", "is not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > usize::try_from(MAX_BATCH).unwrap_or(usize::MAX) + 1 {
        return Err(Problem::field("body", "length", format!("has at most {MAX_BATCH} lines")));
    }
    let (codes, before) = match form {
        Form::Csv => csv(&lines),
        Form::Ndjson => (ndjson(&lines)?, 0),
    };
    if codes.is_empty() {
        return Err(Problem::field("body", "required", "has no codes"));
    }
    if codes.len() > usize::try_from(MAX_BATCH).unwrap_or(usize::MAX) {
        return Err(Problem::field("body", "length", format!("has at most {MAX_BATCH} lines")));
    }
    let codes = check_batch(codes.iter().map(String::as_str)).map_err(|problems| {
        let mut errors = FieldErrors::default();
        for LineProblem { line, problem } in problems {
            // a line that repeats another names it by its place among the codes
            let problem = match problem {
                CodeProblem::Repeated { line } => CodeProblem::Repeated { line: line + before },
                other @ (CodeProblem::Length | CodeProblem::Character) => other,
            };
            errors.report(&field(line + before), "code", problem.to_string());
        }
        Problem::invalid(errors)
    })?;
    Ok(Batch { codes, first_line: before + 1 })
}

/// The lines whose codes are there already, by their places behind the first.
#[must_use]
pub fn taken(first_line: usize, places: &[usize]) -> Problem {
    let mut errors = FieldErrors::default();
    for place in places.iter().take(MAX_CODE_PROBLEMS) {
        errors.report(&field(first_line + place), "taken", "is a code that is there already");
    }
    Problem::invalid(errors)
}

fn field(line: usize) -> String {
    format!("line.{line}")
}

/// The codes of a table of one column, and how many lines stand before the first.
fn csv(lines: &[&str]) -> (Vec<String>, usize) {
    let unquoted = |line: &&str| {
        let line = line.trim();
        line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(line).to_owned()
    };
    let mut codes: Vec<String> = lines.iter().map(unquoted).collect();
    let before = usize::from(codes.first().is_some_and(|first| first.eq_ignore_ascii_case("code")));
    codes.drain(..before);
    (codes, before)
}

fn ndjson(lines: &[&str]) -> Result<Vec<String>, Problem> {
    let (mut codes, mut errors) = (Vec::with_capacity(lines.len()), FieldErrors::default());
    let mut bad = 0;
    for (index, line) in lines.iter().enumerate() {
        match serde_json::from_str::<Line>(line) {
            Ok(Line { code }) => codes.push(code),
            Err(_) => {
                bad += 1;
                errors.report(&field(index + 1), "format", "must be an object with a text `code` and nothing else");
            }
        }
        if bad == MAX_CODE_PROBLEMS {
            break;
        }
    }
    if errors.is_empty() { Ok(codes) } else { Err(Problem::invalid(errors)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(form: Form, text: &str) -> Vec<String> {
        read(form, text.as_bytes()).unwrap().codes.iter().map(|code| code.reveal().to_owned()).collect()
    }

    fn lines(form: Form, bytes: &[u8]) -> Vec<String> {
        let problem = read(form, bytes).unwrap_err();
        assert!(!format!("{problem:?}").contains("SECRET"));
        problem.errors().iter().map(|error| format!("{} {}", error.field(), error.rule())).collect()
    }

    #[test]
    fn a_table_has_one_code_a_line_with_or_without_a_heading() {
        assert_eq!(codes(Form::Csv, "AAAA\nBBBB"), ["AAAA", "BBBB"]);
        assert_eq!(codes(Form::Csv, "\u{feff}code\r\n\"AAAA\"\r\nBBBB\r\n"), ["AAAA", "BBBB"]);
        assert_eq!(codes(Form::Ndjson, "{\"code\":\"AAAA\"}\n{\"code\": \"BBBB\"}\n"), ["AAAA", "BBBB"]);
    }

    #[test]
    fn bad_lines_are_named_and_not_shown() {
        assert_eq!(lines(Form::Csv, b"code\nAAAA\nSECRET 1\naaaa\n\n"), ["line.3 code", "line.4 code", "line.5 code"]);
        assert_eq!(lines(Form::Csv, b"AAAA,SECRET\n"), ["line.1 code"]);
        assert_eq!(lines(Form::Csv, b"AAAA\n\xff"), ["line.2 utf8"]);
        let ndjson = b"{\"code\":\"AAAA\"}\nSECRET\n{\"code\":7}\n{\"code\":\"BBBB\",\"a\":1}";
        assert_eq!(lines(Form::Ndjson, ndjson), ["line.2 format", "line.3 format", "line.4 format"]);
        assert_eq!(lines(Form::Csv, b""), ["body required"]);
        assert_eq!(lines(Form::Csv, b"code\n"), ["body required"]);
        assert_eq!(lines(Form::Csv, "AAAA\n".repeat(100_002).as_bytes()), ["body length"]);
    }
}
