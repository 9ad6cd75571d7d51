//! Why a message, or a fact in it, is not taken: a code of the contract, and words without anything of
//! what the message says, since its data may be personal and headers are what people print first.

use crate::app::activities::Refusal;
use crate::app::problem::{Code, FieldError, FieldErrors, Problem};

/// The parts of an event that may be named: names that others made up are not repeated.
const KNOWN: [&str; 13] = [
    "body",
    "content-type",
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "specversion",
    "id",
    "source",
    "type",
    "datacontenttype",
    "data",
    "data_base64",
];
/// The parts of the data that may be named.
const KNOWN_DATA: [&str; 5] = ["memberId", "kind", "occurredAt", "timeZone", "measures"];
/// The longest text: a batch can have many errors.
const MAX_DETAIL_CHARS: usize = 500;

/// Why it is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// The code of the contract.
    pub(super) reason: &'static str,
    /// For people.
    pub(super) detail: String,
}

impl Refused {
    pub(super) fn of(code: Code, detail: String) -> Self {
        Self { reason: code.name(), detail: shortened(detail) }
    }

    /// Parts that break rules.
    pub(super) fn fields(errors: &FieldErrors) -> Self {
        let said = joined(errors.iter().map(|error| format!("{}: {}", place(error), error.message())));
        Self::of(Code::ValidationFailed, said)
    }

    /// One reason for a message: its own, or those of the events in it, by their number.
    pub(super) fn of_all(reasons: &[(Option<usize>, Refused)]) -> Option<Self> {
        let (index, first) = reasons.first()?;
        if index.is_none() {
            return Some(first.clone());
        }
        let of_event = |(index, one): &(Option<usize>, Refused)| {
            format!("event {}: {}, {}", index.unwrap_or_default(), one.reason, one.detail)
        };
        Some(Self { reason: first.reason, detail: shortened(joined(reasons.iter().map(of_event))) })
    }
}

/// One after the other, as far as they are shown at all.
fn joined(said: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for one in said {
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&one);
        if text.len() > MAX_DETAIL_CHARS * 4 {
            break;
        }
    }
    text
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        if problem.errors().is_empty() {
            return Self::of(problem.code(), "the value is not JSON, or nested too deep".to_owned());
        }
        Self::fields(problem.errors())
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let reason = refusal.code();
        let detail = match refusal {
            Refusal::Invalid(errors) => return Self::fields(&errors),
            Refusal::SourceReserved => "the source is the ledger's own",
            Refusal::SourceNotAllowed => "not for this source",
            Refusal::OwnActivity => "about whoever reports it",
            Refusal::MemberUnknown => "nobody is registered under data.memberId",
            Refusal::Conflict => "the source reported other content under this id before",
        };
        Self { reason, detail: detail.to_owned() }
    }
}

/// Where in the event, by names that everybody knows.
fn place(error: &FieldError) -> String {
    let path = error.field().strip_prefix("data.").unwrap_or(error.field());
    let name = path.split(['.', '[']).next().unwrap_or_default();
    if KNOWN_DATA.contains(&name) {
        format!("data.{name}")
    } else if KNOWN.contains(&name) {
        name.to_owned()
    } else {
        "data, another field".to_owned()
    }
}

fn shortened(text: String) -> String {
    if text.chars().count() <= MAX_DETAIL_CHARS {
        return text;
    }
    text.chars().take(MAX_DETAIL_CHARS).chain(['…']).collect()
}
