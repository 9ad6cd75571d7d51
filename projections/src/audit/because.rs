//! Which events made a leaf of a condition differ from the original decision: later facts that the leaf looks at, and
//! changes of the condition. The set is sufficient: the facts of the decision plus these events alone give the leaf as
//! it is re-evaluated.

use std::collections::BTreeSet;

use chrono::{Days, NaiveDate};
use domain::Event;
use domain::activity::ActivityEvent;
use domain::claim::Decision;
use domain::condition::{EvaluationContext, Leaf, Since};
use domain::facts::Facts;
use domain::member::MemberEvent;
use domain::name::Name;
use domain::referral::ReferralEvent;
use domain::zone::local_date;

use super::history::{Fact, History};
use super::judge::{Basis, FactsBasis};
use super::rules::{Rules, leaf_at};

/// A decision that is re-evaluated.
#[derive(Debug, Clone, Copy)]
pub(super) struct Because<'a> {
    pub(super) decision: &'a Decision,
    pub(super) basis: &'a Basis,
    pub(super) rules: &'a Rules,
    /// The member's history; needed to re-evaluate on the facts known now.
    pub(super) history: Option<&'a History>,
}

impl Because<'_> {
    /// The positions of the events that made a leaf differ, in ascending order.
    pub(super) fn of_leaf(&self, path: &str) -> Vec<i64> {
        let mut positions: BTreeSet<i64> = self.rules.changed(self.basis, self.decision, path).into_iter().collect();
        if self.basis.facts == FactsBasis::Known
            && let Some(history) = self.history
            && let Some((condition, starts_on)) = self.rules.by(self.basis, self.decision)
            && let Some(leaf) = leaf_at(condition, path)
        {
            let on = self.decision.judged_on();
            let sight = Sight {
                before: history.until(self.decision.facts_position),
                now: history.known(self.decision, on),
                asked: EvaluationContext { on, campaign_starts_on: Some(starts_on) },
            };
            let later = history.after(self.decision.facts_position);
            let counts = |fact: &&Fact| !is_of_a_later_day(fact, self.decision, on) && sight.made(leaf, &fact.event);
            positions.extend(later.filter(counts).map(|fact| fact.position));
        }
        positions.into_iter().collect()
    }
}

/// A change of the profile counts from the day on which it was recorded.
fn is_of_a_later_day(fact: &Fact, decision: &Decision, on: NaiveDate) -> bool {
    let of_profile =
        matches!(fact.event, Event::Member(MemberEvent::ProfileCompleted(_) | MemberEvent::ProfileReopened(_)));
    of_profile && local_date(decision.time_zone, fact.at) > on
}

/// The facts of the decision, and those of the re-evaluation.
struct Sight {
    before: Facts,
    now: Facts,
    asked: EvaluationContext,
}

impl Sight {
    /// Whether a later fact contributes to what a leaf sees.
    fn made(&self, leaf: &Leaf, fact: &Event) -> bool {
        match leaf {
            Leaf::Cel(expression) => {
                expression.variables_look_at(fact) || expression.leaves().any(|leaf| self.made(&leaf, fact))
            }
            leaf => leaf.looks_at(fact, self.asked) && self.matters(leaf, fact),
        }
    }

    /// Only the presence of a day matters, and to a streak only the days of its run.
    fn matters(&self, leaf: &Leaf, fact: &Event) -> bool {
        match leaf {
            Leaf::Streak { kind, since, .. } => {
                self.day_changed(Some(kind), fact) && day(fact) >= Some(self.before_the_run(kind, *since))
            }
            Leaf::ActiveDays { kind, .. } => self.day_changed(kind.as_ref(), fact),
            Leaf::Referrals { .. } => self.referral_changed(fact),
            Leaf::Count { .. }
            | Leaf::Total { .. }
            | Leaf::ProfileComplete
            | Leaf::Birthday
            | Leaf::JoinAnniversary
            | Leaf::Joined { .. }
            | Leaf::Cel(_) => true,
        }
    }

    fn day_changed(&self, kind: Option<&Name>, fact: &Event) -> bool {
        day(fact).is_some_and(|day| is_there(&self.before, kind, day) != is_there(&self.now, kind, day))
    }

    fn referral_changed(&self, fact: &Event) -> bool {
        let invitee = match fact {
            Event::Referral(ReferralEvent::Qualified(event)) => event.invitee_id,
            Event::Referral(ReferralEvent::Voided(event)) => event.invitee_id,
            Event::Referral(ReferralEvent::Created(_))
            | Event::Member(_)
            | Event::Activity(_)
            | Event::Campaign(_)
            | Event::Claim(_)
            | Event::Value(_) => return false,
        };
        self.before.referrals.get(&invitee) != self.now.referrals.get(&invitee)
    }

    /// The day before the longer of the two runs, which may have ended yesterday: a withdrawal on that day is a cause
    /// too.
    fn before_the_run(&self, kind: &Name, since: Option<Since>) -> NaiveDate {
        let since = match since {
            None => None,
            Some(Since::Date(date)) => Some(date),
            Some(Since::CampaignStart) => self.asked.campaign_starts_on,
        };
        let run = |facts: &Facts| facts.kinds.get(kind).map_or(0, |kind| kind.dates.streak(self.asked.on, since));
        let longest = run(&self.before).max(run(&self.now));
        self.asked.on.checked_sub_days(Days::new(u64::from(longest) + 1)).unwrap_or(NaiveDate::MIN)
    }
}

fn day(fact: &Event) -> Option<NaiveDate> {
    match fact {
        Event::Activity(ActivityEvent::Recorded(fact)) => Some(fact.local_date),
        Event::Activity(ActivityEvent::Voided(fact)) => Some(fact.local_date),
        Event::Member(_) | Event::Campaign(_) | Event::Referral(_) | Event::Claim(_) | Event::Value(_) => None,
    }
}

/// Whether a fact of a kind is known for a day; `None` means any kind.
fn is_there(facts: &Facts, kind: Option<&Name>, day: NaiveDate) -> bool {
    let has = |kind: &domain::facts::KindFacts| kind.days.contains_key(&day);
    match kind {
        Some(kind) => facts.kinds.get(kind).is_some_and(has),
        None => facts.kinds.values().any(has),
    }
}

#[cfg(test)]
mod tests;
