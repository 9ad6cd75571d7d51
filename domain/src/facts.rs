//! What a rule may know about one member: the fold of the member's facts up to one position of the
//! log. It does not know where the facts were read, nor the moment of asking.

use std::collections::{BTreeMap, BTreeSet};

use crate::zone::Tz;
use chrono::{Datelike, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::activity::ActivityEvent;
use crate::dates::DateSet;
use crate::event::Event;
use crate::id::MemberId;
use crate::member::{MemberEvent, Returned};
use crate::name::Name;
use crate::referral::ReferralEvent;
use crate::role::Role;

/// The stream types whose events are facts about their subject. Claims and campaigns are not.
pub const FACT_STREAMS: [&str; 3] = ["member", "activity", "referral"];

/// Everything a condition can see of one member.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The member; `None` when nobody registered under the id.
    pub member: Option<MemberFacts>,
    /// The activities, by kind.
    pub kinds: BTreeMap<Name, KindFacts>,
    /// Qualified referrals by the member: the invitee and the day it counts for.
    pub referrals: BTreeMap<MemberId, NaiveDate>,
    /// Under which ids the member was here before. No condition sees it: claims do.
    pub returned: Option<Returned>,
}

/// What is known of the member apart from activities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberFacts {
    /// Decides which calendar day it is for the member.
    pub time_zone: Tz,
    /// The local date of the registration.
    pub joined_on: NaiveDate,
    /// Without a year; absent for imported members.
    pub birthday: Option<Birthday>,
    /// Nickname, bio and picture are all set.
    pub profile_complete: bool,
    /// A blocked member's claims are refused.
    pub blocked: bool,
    /// What the account may do.
    pub role: Role,
}

/// A day of the year without a year: all that the log knows of a birth date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Birthday {
    /// 1–12.
    pub month: u32,
    /// 1–31.
    pub day: u32,
}

impl Birthday {
    /// Drops the year.
    #[must_use]
    pub fn of(date: NaiveDate) -> Self {
        Self { month: date.month(), day: date.day() }
    }

    /// Whether it is celebrated on `date`; 29 February falls on 28 February in other years.
    #[must_use]
    pub fn falls_on(self, date: NaiveDate) -> bool {
        let leap_day = (self.month, self.day) == (2, 29);
        let day = if leap_day && !date.leap_year() { 28 } else { self.day };
        (date.month(), date.day()) == (self.month, day)
    }

    /// The first day after `date` on which it is celebrated.
    #[must_use]
    pub fn after(self, date: NaiveDate) -> Option<NaiveDate> {
        let in_year = |year| {
            let day = NaiveDate::from_ymd_opt(year, self.month, self.day);
            day.or_else(|| NaiveDate::from_ymd_opt(year, 2, 28)).filter(|day| self.falls_on(*day))
        };
        (date.year()..=date.year().saturating_add(1)).filter_map(in_year).find(|day| *day > date)
    }
}

/// The activities of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KindFacts {
    /// The local dates with at least one fact.
    pub dates: DateSet,
    /// How many facts, and the sums of their measures, by local date.
    pub days: BTreeMap<NaiveDate, DayTally>,
}

/// The facts of one kind on one local date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayTally {
    /// Number of facts.
    pub count: u64,
    /// Sum of each measure over the facts.
    pub sums: BTreeMap<Name, i128>,
}

impl DayTally {
    /// Adds one fact.
    pub fn add(&mut self, measures: &BTreeMap<Name, i64>) {
        self.count += 1;
        for (measure, value) in measures {
            *self.sums.entry(measure.clone()).or_default() += i128::from(*value);
        }
    }

    /// Takes one fact out again. A measure that no remaining fact has stays, as 0.
    pub fn subtract(&mut self, measures: &BTreeMap<Name, i64>) {
        self.count = self.count.saturating_sub(1);
        for (measure, value) in measures {
            *self.sums.entry(measure.clone()).or_default() -= i128::from(*value);
        }
    }
}

/// The part of a member's facts that a condition looks at, so that no more need be read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactsNeeded {
    /// Kinds whose dates matter.
    pub dates: BTreeSet<Name>,
    /// Kinds whose counts and sums by day matter.
    pub tallies: BTreeSet<Name>,
    /// The dates of every kind matter.
    pub every_kind: bool,
    /// Qualified referrals matter.
    pub referrals: bool,
}

impl Facts {
    /// Folds the member's next fact. Events that are no facts about this member change nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Member(event) => self.apply_member(event),
            Event::Activity(ActivityEvent::Recorded(fact)) => {
                self.record(&fact.kind, fact.local_date, &fact.measures);
            }
            Event::Activity(ActivityEvent::Voided(fact)) => {
                self.void(&fact.kind, fact.local_date, &fact.measures);
            }
            Event::Referral(ReferralEvent::Qualified(referral)) => {
                self.referrals.insert(referral.invitee_id, referral.local_date);
            }
            Event::Referral(ReferralEvent::Voided(referral)) => {
                self.referrals.remove(&referral.invitee_id);
            }
            Event::Referral(ReferralEvent::Created(_)) | Event::Campaign(_) | Event::Claim(_) | Event::Value(_) => {}
        }
    }

    /// Folds the member's next fact as the log keeps it: an erasure takes nothing away. For those who look at what was
    /// known, whoever may still ask.
    pub fn apply_kept(&mut self, event: &Event) {
        if !matches!(event, Event::Member(MemberEvent::Erased(_))) {
            self.apply(event);
        }
    }

    /// Nothing is known of a member before the registration, and nobody is there after the erasure.
    fn apply_member(&mut self, event: &MemberEvent) {
        if let MemberEvent::Registered(registered) = event {
            self.member = Some(MemberFacts {
                time_zone: registered.time_zone,
                joined_on: registered.joined_on,
                birthday: registered.birthday,
                profile_complete: false,
                blocked: false,
                role: registered.role,
            });
            self.returned.clone_from(&registered.returned);
        }
        if let MemberEvent::Erased(_) = event {
            self.member = None;
            self.returned = None;
        }
        let Some(member) = &mut self.member else { return };
        match event {
            MemberEvent::Registered(_) | MemberEvent::EmailConfirmed(_) | MemberEvent::Erased(_) => {}
            MemberEvent::ProfileCompleted(_) => member.profile_complete = true,
            MemberEvent::ProfileReopened(_) => member.profile_complete = false,
            MemberEvent::TimeZoneChanged(change) => member.time_zone = change.time_zone,
            MemberEvent::RoleChanged(change) => member.role = change.role,
            MemberEvent::Blocked(_) => member.blocked = true,
            MemberEvent::Unblocked(_) => member.blocked = false,
        }
    }

    /// Counts one activity.
    pub fn record(&mut self, kind: &Name, day: NaiveDate, measures: &BTreeMap<Name, i64>) {
        if !self.kinds.contains_key(kind) {
            self.kinds.insert(kind.clone(), KindFacts::default());
        }
        let Some(facts) = self.kinds.get_mut(kind) else { return };
        facts.dates.insert(day);
        facts.days.entry(day).or_default().add(measures);
    }

    /// Takes one activity out again.
    pub fn void(&mut self, kind: &Name, day: NaiveDate, measures: &BTreeMap<Name, i64>) {
        let Some(facts) = self.kinds.get_mut(kind) else { return };
        let Some(tally) = facts.days.get_mut(&day) else { return };
        tally.subtract(measures);
        if tally.count == 0 {
            facts.days.remove(&day);
            facts.dates.remove(day);
        }
    }
}
