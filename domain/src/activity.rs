//! One fact about a member, reported by a source. Protects one promise: what a source reports twice
//! under one id counts once. The id of the stream is derived from (source, the source's own id).

mod event;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use event::{ActivityEvent, ActivityEventType, Recorded, Voided};

use crate::id::MemberId;
use crate::moment::Moment;
use crate::name::Name;
use crate::zone::Zone;

/// The source of facts that the ledger itself observes.
pub const LEDGER_SOURCE: &str = "ledger";

/// The most measures of one fact.
pub const MAX_MEASURES: usize = 50;

/// A fact, once recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    recorded: Option<Recorded>,
    /// The note with which it was taken out.
    voided: Option<String>,
}

/// What can be asked of an activity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivityCommand {
    /// Record what a source reports.
    Record(Report),
    /// Record that a member was here today; the first report of a day stands.
    LogIn(Report),
    /// Take a fact out of later evaluations.
    Void {
        /// Why, for the record.
        note: String,
    },
}

/// What a source reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who reports.
    pub source: String,
    /// The source's own id of the fact.
    pub external_id: String,
    /// Whom it is about.
    pub member_id: MemberId,
    /// What kind of thing the member did.
    pub kind: Name,
    /// When, by the source's clock.
    pub occurred_at: Moment,
    /// The member's calendar day at that moment.
    pub local_date: NaiveDate,
    /// Where that calendar day was taken.
    pub time_zone: Zone,
    /// Whole numbers that came with it, by name.
    pub measures: BTreeMap<Name, i64>,
}

/// Why an activity is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActivityRefusal {
    /// The same source reported other content under the same id before.
    #[error("the source reported another fact under this id")]
    Conflict,
    /// No fact was recorded under this id.
    #[error("no fact was recorded under this id")]
    Unknown,
    /// The fact was taken out before, with another note.
    #[error("the fact was voided before, with another note")]
    AlreadyVoided,
}

impl Activity {
    /// Decides a command. The repetition of a report, or of a withdrawal, is no event; a report does not
    /// bring back what was withdrawn.
    ///
    /// # Errors
    /// See [`ActivityRefusal`].
    pub fn decide(&self, command: ActivityCommand) -> Result<Vec<ActivityEvent>, ActivityRefusal> {
        match (command, &self.recorded) {
            (ActivityCommand::Record(report) | ActivityCommand::LogIn(report), None) => {
                Ok(vec![ActivityEvent::Recorded(report.into())])
            }
            (ActivityCommand::Record(report), Some(known)) if known.is_repeated_by(&Recorded::from(report.clone())) => {
                Ok(vec![])
            }
            (ActivityCommand::Record(_), Some(_)) => Err(ActivityRefusal::Conflict),
            (ActivityCommand::LogIn(_), Some(_)) => Ok(vec![]),
            (ActivityCommand::Void { .. }, None) => Err(ActivityRefusal::Unknown),
            (ActivityCommand::Void { note }, Some(known)) => match &self.voided {
                None => Ok(vec![ActivityEvent::Voided(Voided::of(known.clone(), note))]),
                Some(before) if *before == note => Ok(vec![]),
                Some(_) => Err(ActivityRefusal::AlreadyVoided),
            },
        }
    }

    /// The fact, once recorded.
    #[must_use]
    pub fn recorded(&self) -> Option<&Recorded> {
        self.recorded.as_ref()
    }

    /// Whether it was taken out of later evaluations.
    #[must_use]
    pub fn is_voided(&self) -> bool {
        self.voided.is_some()
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &ActivityEvent) {
        match event {
            ActivityEvent::Recorded(recorded) => self.recorded = Some(recorded.clone()),
            ActivityEvent::Voided(voided) => self.voided = Some(voided.note.clone()),
        }
    }
}

crate::aggregate::adapt!(Activity, "activity", ActivityCommand, ActivityEvent, ActivityRefusal);
