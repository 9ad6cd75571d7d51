//! What can have happened to an activity.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Report;
use crate::event::events;
use crate::id::MemberId;
use crate::moment::Moment;
use crate::name::Name;
use crate::written::deserialize_date;
use crate::zone::Zone;

events! {
    /// A fact about a member, or its withdrawal.
    ActivityEvent as ActivityEventType in Activity {
        /// A source reported a fact.
        Recorded(Recorded) = "activity.recorded",
        /// The fact does not count any more.
        Voided(Voided) = "activity.voided",
    }
}

/// A source reported a fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// Who reported it.
    pub source: String,
    /// The source's own id of the fact. It is kept for ever: no personal data belongs in it.
    pub id: String,
    /// Whom it is about.
    pub member_id: MemberId,
    /// What kind of thing the member did.
    pub kind: Name,
    /// When, by the source's clock.
    pub occurred_at: Moment,
    /// The member's calendar day at that moment.
    #[serde(deserialize_with = "deserialize_date")]
    pub local_date: NaiveDate,
    /// Where that calendar day was taken.
    #[schemars(with = "String")]
    pub time_zone: Zone,
    /// Whole numbers that came with it, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<Name, i64>,
}

/// The fact does not count any more. It repeats the fact, so that a fold need not look it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Voided {
    /// Who reported it.
    pub source: String,
    /// The source's own id of the fact. It is kept for ever: no personal data belongs in it.
    pub id: String,
    /// Whom it was about.
    pub member_id: MemberId,
    /// What kind of thing it was.
    pub kind: Name,
    /// When it happened, by the source's clock.
    pub occurred_at: Moment,
    /// The calendar day it counted for.
    #[serde(deserialize_with = "deserialize_date")]
    pub local_date: NaiveDate,
    /// The whole numbers that came with it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub measures: BTreeMap<Name, i64>,
    /// Why, in the words of who did it.
    pub note: String,
}

impl From<Report> for Recorded {
    fn from(report: Report) -> Self {
        Self {
            source: report.source,
            id: report.external_id,
            member_id: report.member_id,
            kind: report.kind,
            occurred_at: report.occurred_at,
            local_date: report.local_date,
            time_zone: report.time_zone,
            measures: report.measures,
        }
    }
}

impl Recorded {
    /// Whether another report of the fact says the same. The calendar day is not compared: it follows from the moment
    /// and the zone, and stays as the time zone rules of its day had it.
    #[must_use]
    pub fn is_repeated_by(&self, report: &Self) -> bool {
        let Self { source, id, member_id, kind, occurred_at, local_date: _, time_zone, measures } = report;
        (&self.source, &self.id, &self.member_id, &self.kind) == (source, id, member_id, kind)
            && (&self.occurred_at, &self.time_zone, &self.measures) == (occurred_at, time_zone, measures)
    }
}

impl Voided {
    pub(super) fn of(fact: Recorded, note: String) -> Self {
        Self {
            source: fact.source,
            id: fact.id,
            member_id: fact.member_id,
            kind: fact.kind,
            occurred_at: fact.occurred_at,
            local_date: fact.local_date,
            measures: fact.measures,
            note,
        }
    }
}

impl ActivityEvent {
    /// Whom the fact is about.
    #[must_use]
    pub fn member(&self) -> MemberId {
        match self {
            Self::Recorded(fact) => fact.member_id,
            Self::Voided(fact) => fact.member_id,
        }
    }

    /// When the fact happened; a withdrawal happens when it is asked for.
    #[must_use]
    pub fn occurred_at(&self) -> Option<Moment> {
        match self {
            Self::Recorded(fact) => Some(fact.occurred_at),
            Self::Voided(_) => None,
        }
    }
}
