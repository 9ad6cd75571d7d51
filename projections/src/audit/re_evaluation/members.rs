//! The facts of members who claimed, folded a little behind the scan: the last few facts of each member are held back,
//! so that a decision made before them finds the facts that it saw.

use std::collections::{BTreeMap, HashMap, VecDeque};

use chrono::NaiveDate;
use domain::claim::Decision;
use domain::facts::Facts;
use domain::name::Name;
use domain::{Event, Moment};
use uuid::Uuid;

use super::super::history::Profile;

/// How many facts of one member are held back.
const HELD_BACK: usize = 8;

/// One fact in compact form.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    /// An activity, or its withdrawal.
    Counted { kind: Name, on: NaiveDate, measures: BTreeMap<Name, i64>, more: bool },
    /// Anything else about the member.
    Other(Box<Event>, Moment),
}

/// All members who claimed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Members(pub(super) HashMap<Uuid, Member>);

/// One member who claimed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Member {
    pub(super) facts: Facts,
    /// The position of the last fact in `facts`.
    pub(super) folded: i64,
    pub(super) held_back: VecDeque<(i64, Fact)>,
    pub(super) profile: Profile,
}

impl Members {
    pub(super) fn take_in(&mut self, member: Uuid, position: i64, fact: Fact) {
        self.of(member).take_in(position, fact);
    }

    pub(super) fn of(&mut self, member: Uuid) -> &mut Member {
        self.0.entry(member).or_default()
    }
}

impl Member {
    fn take_in(&mut self, position: i64, fact: Fact) {
        if let Fact::Other(event, at) = &fact
            && let Event::Member(event) = &**event
        {
            self.profile.take_in(event, *at);
        }
        self.held_back.push_back((position, fact));
        if self.held_back.len() > HELD_BACK {
            self.fold_next();
        }
    }

    fn fold_next(&mut self) {
        let Some((position, fact)) = self.held_back.pop_front() else { return };
        match fact {
            Fact::Counted { kind, on, measures, more: true } => self.facts.record(&kind, on, &measures),
            Fact::Counted { kind, on, measures, more: false } => self.facts.void(&kind, on, &measures),
            Fact::Other(event, _) => self.facts.apply_kept(&event),
        }
        self.folded = position;
    }

    /// The facts as of a position; `None` when later facts are folded already.
    pub(super) fn until(&mut self, position: i64) -> Option<&Facts> {
        while self.held_back.front().is_some_and(|(next, _)| *next <= position) {
            self.fold_next();
        }
        (self.folded <= position).then_some(&self.facts)
    }

    /// All facts, and the profile as it was at the end of a day.
    pub(super) fn known(&mut self, decision: &Decision, on: NaiveDate) -> &Facts {
        while !self.held_back.is_empty() {
            self.fold_next();
        }
        if let Some(member) = &mut self.facts.member {
            member.profile_complete = self.profile.complete_on(decision, on);
        }
        &self.facts
    }
}
