//! Activities that sources report: validation (`check`) and recording in the log (`record`), shared by HTTP, Kafka and
//! imports. It knows the contract's rules for a report, but not the transport or the status of an outcome.

mod check;
mod raw;
mod record;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use commands::{Metadata, ReadError, StoredAnswer};
use domain::id::{ActivityId, MemberId};

use crate::app::problem::FieldErrors;

pub use check::check;
pub use raw::RawActivity;
pub use record::{JudgedBatch, judge_batch, may_speak_for, record, record_batch};

/// What became of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the log now.
    Recorded {
        /// The fact's own id.
        id: ActivityId,
        /// Its position in the log.
        position: i64,
        /// Whether the member was made by it.
        made_member: bool,
    },
    /// The same was reported before.
    Duplicate {
        /// The fact's own id.
        id: ActivityId,
        /// The position of the fact's last event.
        position: i64,
    },
    /// It is not taken.
    Refused(Refusal),
}

/// Why a report is not taken; the first that applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It breaks rules.
    Invalid(FieldErrors),
    /// Its source is the ledger's own.
    SourceReserved,
    /// Whoever reports may not report for this source.
    SourceNotAllowed,
    /// It is about whoever reports it.
    OwnActivity,
    /// Nobody is registered under its member id.
    MemberUnknown,
    /// The source reported other content under the same id before.
    Conflict,
}

impl Refusal {
    /// The name of the reason, as the contract has it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "validation_failed",
            Self::SourceReserved => "source_reserved",
            Self::SourceNotAllowed => "source_not_allowed",
            Self::OwnActivity => "own_activity",
            Self::MemberUnknown => "member_unknown",
            Self::Conflict => "activity_conflict",
        }
    }
}

/// Why it is not known what became of any report: nothing of a batch is in the log, or, when the
/// database went away, nobody can say.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum RecordError {
    /// What the reports are about could not be read.
    Read(#[from] ReadError),
    /// They could not be written.
    Write(#[from] commands::CommandError<domain::activity::ActivityRefusal>),
}

/// Who reports, when, and what they may.
#[derive(Debug, Clone)]
pub struct Reporting {
    /// Stored beside every fact; its moment is "now" for the rules.
    pub metadata: Metadata,
    /// Which sources may be reported for.
    pub sources: Sources,
    /// About whom nothing may be reported: whoever reports, where duties are separated.
    pub never_about: Option<MemberId>,
    /// What to do about members that nobody registered.
    pub unknown_members: UnknownMembers,
    /// Keeps the answer to all of them with the facts, where somebody may ask again under a key.
    pub keep: Option<StoreOutcomes>,
}

/// Makes the answer to be kept from what became of each report.
#[derive(Clone)]
pub struct StoreOutcomes(pub Arc<AnswerToOutcomes>);

/// What [`StoreOutcomes`] makes of them.
pub type AnswerToOutcomes = dyn Fn(&[Outcome]) -> Option<StoredAnswer> + Send + Sync;

impl fmt::Debug for StoreOutcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreOutcomes")
    }
}

impl Reporting {
    /// Reports for any source about members that are there.
    #[must_use]
    pub fn of(metadata: Metadata) -> Self {
        let metadata = metadata.dated();
        let (sources, unknown_members) = (Sources::Any, UnknownMembers::Refuse);
        Self { metadata, sources, never_about: None, unknown_members, keep: None }
    }
}

/// Which sources somebody may report for. Nobody may report for the ledger itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sources {
    /// All of them.
    Any,
    /// These.
    Only(BTreeSet<String>),
}

/// What to do about a member that nobody registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownMembers {
    /// Refuse the report.
    Refuse,
    /// Register the member with the report: zone UTC, joined on the fact's local date, role USER.
    Register,
}
