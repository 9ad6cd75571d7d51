//! Walks one member's time from moment to moment. Between two moments nothing changes that a condition can see, so that
//! evaluating it at each of them covers all time.
//!
//! Not every midnight is evaluated. If the passing of days alone cannot meet any leaf of the condition, the next
//! evaluation after a "no" is at the next fact. A fact dated ahead of the member's day, a change of zone or a negative
//! measure disables this shortcut.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::NaiveDate;
use domain::condition::{Condition, EvaluationContext, Leaf, is_met};
use domain::facts::{Facts, MemberFacts};
use domain::name::Name;
use domain::role::Role;
use domain::zone::Tz;

use super::BacktestDraft;
use super::calendar::{Dates, Periods, Window};
use super::grants::Asking;
use super::history::{Change, Member, What};

/// What all walks share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk<'a> {
    pub(super) draft: &'a BacktestDraft,
    pub(super) window: Window,
    pub(super) periods: &'a Periods,
    pub(super) names: &'a [Name],
    pub(super) as_claimed: bool,
    /// Whether periods follow the member's calendar.
    pub(super) by_member: bool,
}

impl Walk<'_> {
    /// How many of the members could ask, and their requests. `first` is the index of the first member.
    pub(super) fn members(&self, first: usize, members: &[Member]) -> (i64, Vec<Asking>) {
        let mut zones = HashMap::new();
        let mut asks = Vec::new();
        let mut seen = 0;
        for (index, member) in members.iter().enumerate() {
            let number = u32::try_from(first + index).unwrap_or(u32::MAX);
            if member.could_ask() && member.asks_from.max(self.window.from) < self.window.until {
                seen += 1;
                let mut walker = Walker::new(self, member, number, &mut zones);
                if self.as_claimed { walker.as_claimed(&mut asks) } else { walker.first_possible(&mut asks) }
            }
        }
        (seen, asks)
    }
}

impl Member {
    fn could_ask(&self) -> bool {
        let later =
            self.others.iter().filter_map(|(_, what)| if let What::Role(role) = what { Some(*role) } else { None });
        std::iter::once(self.registered.role).chain(later).any(may_claim)
    }
}

/// Auditors never claim; service accounts claim for others only.
fn may_claim(role: Role) -> bool {
    match role {
        Role::User | Role::Operator | Role::Admin => true,
        Role::Auditor | Role::Service => false,
    }
}

struct Walker<'a> {
    walk: &'a Walk<'a>,
    number: u32,
    asks_from: i64,
    changes: std::iter::Peekable<std::slice::Iter<'a, Change>>,
    others: std::slice::Iter<'a, (i64, What)>,
    zones: &'a mut HashMap<&'static str, Arc<Dates>>,
    dates: Arc<Dates>,
    facts: Facts,
    erased: bool,
    /// Midnights matter up to the day before this one.
    ahead_until: NaiveDate,
    /// Every midnight matters.
    every_midnight: bool,
}

impl<'a> Walker<'a> {
    fn new(
        walk: &'a Walk<'a>,
        member: &'a Member,
        number: u32,
        zones: &'a mut HashMap<&'static str, Arc<Dates>>,
    ) -> Self {
        let dates = dates_of(member.registered.time_zone, walk.window, zones);
        Self {
            dates,
            walk,
            number,
            asks_from: member.asks_from,
            changes: member.changes.iter().peekable(),
            others: member.others.iter(),
            zones,
            facts: Facts { member: Some(member.registered.clone()), ..Facts::default() },
            erased: false,
            ahead_until: NaiveDate::MIN,
            every_midnight: comes_with_time(&walk.draft.condition),
        }
    }

    fn first_possible(&mut self, asks: &mut Vec<Asking>) {
        let window = self.walk.window;
        let mut asked = HashSet::new();
        let mut at = window.from.max(self.asks_from);
        while at < window.until {
            self.go_to(at);
            let period = self.period(at);
            let done = asked.contains(&period) || self.asks(at);
            if done && asked.insert(period) {
                asks.push(Asking { at, member: self.number, period });
            }
            let Some(next) = self.next(at, done) else { return };
            at = next;
        }
    }

    /// The next moment at which the result may change.
    fn next(&mut self, at: i64, done: bool) -> Option<i64> {
        let change = self.changes.peek().map(|change| change.at);
        if done {
            let next = self.walk.periods.next_after(at, self.calendar());
            // the member's periods change with the member's zone
            return if self.walk.by_member { [next, change].into_iter().flatten().min() } else { next };
        }
        let matters = self.every_midnight || self.dates.on(at) < self.ahead_until;
        let midnight = self.dates.next_after(at).filter(|_| matters);
        [change, midnight].into_iter().flatten().min()
    }

    fn as_claimed(&mut self, asks: &mut Vec<Asking>) {
        let window = self.walk.window;
        while let Some(change) = self.changes.peek() {
            let at = change.at;
            let claims = self.go_to(at);
            if claims && at >= window.from.max(self.asks_from) && at < window.until && self.asks(at) {
                asks.push(Asking { at, member: self.number, period: self.period(at) });
            }
        }
    }

    /// The calendar that names the periods.
    fn calendar(&self) -> &Dates {
        if self.walk.by_member { &self.dates } else { self.walk.periods.calendar() }
    }

    fn period(&self, at: i64) -> u32 {
        self.walk.periods.at(at, self.calendar())
    }

    /// Whether the member may ask at a moment and meets the condition.
    fn asks(&self, at: i64) -> bool {
        let able = self.facts.member.as_ref().is_some_and(|member| may_claim(member.role) && !member.blocked);
        if !able || self.erased {
            return false;
        }
        let draft = self.walk.draft;
        let starts_on = domain::zone::local_date(draft.time_zone, draft.starts_at);
        let on = self.dates.on(at);
        is_met(&draft.condition, &self.facts, EvaluationContext { on, campaign_starts_on: Some(starts_on) })
    }

    /// Applies the changes up to a moment; tells whether the member in fact asked then.
    fn go_to(&mut self, at: i64) -> bool {
        let mut asked = false;
        while let Some(change) = self.changes.next_if(|change| change.at <= at) {
            match change.fact() {
                Some((kind, on, more)) => self.count(kind, on, &[], more),
                None => {
                    let Some((_, what)) = self.others.next() else { continue };
                    asked |= matches!(what, What::Requested);
                    self.take_in(what);
                }
            }
        }
        asked
    }

    fn take_in(&mut self, what: &What) {
        match what {
            What::Measured { kind, on, measures, more } => self.count(*kind, *on, measures, *more),
            What::Qualified(invitee, on) => {
                self.ahead_until = self.ahead_until.max(*on);
                self.facts.referrals.insert(*invitee, *on);
            }
            What::Unqualified(invitee) => {
                self.facts.referrals.remove(invitee);
            }
            What::Profile(complete) => self.change(|member| member.profile_complete = *complete),
            What::Zone(zone) => {
                self.every_midnight = true;
                self.dates = dates_of(*zone, self.walk.window, self.zones);
                self.change(|member| member.time_zone = *zone);
            }
            What::Role(role) => self.change(|member| member.role = *role),
            What::Blocked(blocked) => self.change(|member| member.blocked = *blocked),
            What::Erased => self.erased = true,
            What::Requested => {}
        }
    }

    fn change(&mut self, change: impl FnOnce(&mut MemberFacts)) {
        if let Some(member) = &mut self.facts.member {
            change(member);
        }
    }

    fn name(&self, number: u32) -> Option<&'a Name> {
        usize::try_from(number).ok().and_then(|number| self.walk.names.get(number))
    }

    fn count(&mut self, kind: u32, on: NaiveDate, measures: &[(u32, i64)], more: bool) {
        let Some(kind) = self.name(kind) else { return };
        self.ahead_until = self.ahead_until.max(on);
        self.every_midnight |= measures.iter().any(|(_, value)| *value < 0);
        let named = measures.iter().filter_map(|(name, value)| Some((self.name(*name)?.clone(), *value)));
        let measures: BTreeMap<Name, i64> = named.collect();
        if more {
            self.facts.record(kind, on, &measures);
        } else {
            self.facts.void(kind, on, &measures);
        }
    }
}

fn dates_of(zone: Tz, window: Window, known: &mut HashMap<&'static str, Arc<Dates>>) -> Arc<Dates> {
    Arc::clone(known.entry(zone.primary_name()).or_insert_with(|| Arc::new(Dates::of(zone, window))))
}

/// Whether the passing of a day alone may meet a condition.
fn comes_with_time(condition: &Condition) -> bool {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().any(comes_with_time),
        Condition::Not(_) => true,
        Condition::Leaf(leaf) => match leaf {
            Leaf::Birthday | Leaf::JoinAnniversary | Leaf::Cel(_) => true,
            Leaf::Streak { .. }
            | Leaf::ActiveDays { .. }
            | Leaf::Count { .. }
            | Leaf::Total { .. }
            | Leaf::Referrals { .. }
            | Leaf::ProfileComplete
            | Leaf::Joined { .. } => false,
        },
    }
}
