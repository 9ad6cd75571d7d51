//! Judges a condition: a pure function of the tree, the facts and the moment of asking. Every leaf
//! is looked at, also where the outcome is already clear, because the evidence names all of them.

use chrono::{Datelike, NaiveDate};

use super::cel::{self, Call, Cel, CelError};
use super::{Condition, Leaf, LeafEvidence, Seen, Since, Window};
use crate::dates::{DateSet, window_start};
use crate::facts::{Birthday, Facts};
use crate::name::Name;

/// What a condition may know besides the member's facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvaluationContext {
    /// The member's local date on which it is evaluated.
    pub on: NaiveDate,
    /// The local date on which the campaign starts, in the campaign's zone; none outside a campaign.
    pub campaign_starts_on: Option<NaiveDate>,
}

/// Whether the condition is met, and what every leaf needed and saw.
#[must_use]
pub fn evaluate(condition: &Condition, facts: &Facts, context: EvaluationContext) -> (bool, Vec<LeafEvidence>) {
    let mut evidence = Vec::new();
    let met = judge(condition, facts, context, &mut String::new(), &mut evidence);
    (met, evidence)
}

/// Whether the condition is met, where nobody asks why: no further leaf is looked at than decides it.
#[must_use]
pub fn is_met(condition: &Condition, facts: &Facts, context: EvaluationContext) -> bool {
    match condition {
        Condition::All(parts) => parts.iter().all(|part| is_met(part, facts, context)),
        Condition::Any(parts) => parts.iter().any(|part| is_met(part, facts, context)),
        Condition::Not(part) => !is_met(part, facts, context),
        Condition::Leaf(leaf) => look(leaf, facts, context).2,
    }
}

fn judge(
    condition: &Condition,
    facts: &Facts,
    context: EvaluationContext,
    path: &mut String,
    evidence: &mut Vec<LeafEvidence>,
) -> bool {
    let mut part = |step: std::fmt::Arguments<'_>, part: &Condition| {
        let here = path.len();
        if here > 0 {
            path.push('.');
        }
        path.push_str(&step.to_string());
        let met = judge(part, facts, context, path, evidence);
        path.truncate(here);
        met
    };
    match condition {
        Condition::All(parts) => {
            parts.iter().enumerate().fold(true, |met, (index, node)| part(format_args!("all[{index}]"), node) && met)
        }
        Condition::Any(parts) => {
            parts.iter().enumerate().fold(false, |met, (index, node)| part(format_args!("any[{index}]"), node) || met)
        }
        Condition::Not(node) => !part(format_args!("not"), node),
        Condition::Leaf(leaf) => {
            let ((need, have, met), error) = match leaf {
                Leaf::Cel(expression) => {
                    let value = value_of(expression, facts, context);
                    (flag(value.unwrap_or(false)), value.err())
                }
                leaf => (look(leaf, facts, context), None),
            };
            evidence.push(LeafEvidence {
                path: path.clone(),
                leaf: leaf.name().to_owned(),
                kind: leaf.kind().map(str::to_owned),
                measure: leaf.measure().cloned(),
                need,
                have,
                met,
                local_date: Some(context.on).filter(|_| met && leaf.is_of_a_day()),
                error,
            });
            met
        }
    }
}

pub(super) fn look(leaf: &Leaf, facts: &Facts, context: EvaluationContext) -> (Seen, Seen, bool) {
    match leaf {
        Leaf::Streak { kind, days, since } => {
            let have =
                facts.kinds.get(kind).map_or(0, |of_kind| of_kind.dates.streak(context.on, context.first(*since)));
            at_least(i128::from(*days), i128::from(have))
        }
        Leaf::ActiveDays { kind, days, window } => {
            let have = active_days(facts, kind.as_ref(), context.start_of(*window), context.on);
            at_least(i128::from(*days), i128::from(have))
        }
        Leaf::Count { kind, count, window } => {
            let have = tallies(facts, kind, *window, context).map(|tally| i128::from(tally.count)).sum();
            at_least(i128::from(*count), have)
        }
        Leaf::Total { kind, measure, total, window } => {
            let have = tallies(facts, kind, *window, context).filter_map(|tally| tally.sums.get(measure)).sum();
            at_least(i128::from(*total), have)
        }
        Leaf::Referrals { count, since } => {
            let first = context.first(*since);
            let counts = |day: &&NaiveDate| **day <= context.on && first.is_none_or(|first| **day >= first);
            at_least(i128::from(*count), facts.referrals.values().filter(counts).count() as i128)
        }
        Leaf::ProfileComplete => flag(is_complete(facts)),
        Leaf::Birthday => flag(is_birthday(facts, context)),
        Leaf::JoinAnniversary => flag(is_join_anniversary(facts, context)),
        Leaf::Joined { within, from, to } => flag(facts.member.as_ref().is_some_and(|member| {
            let joined = member.joined_on;
            within.is_none_or(|days| joined >= window_start(context.on, days.0) && joined <= context.on)
                && from.is_none_or(|from| joined >= from)
                && to.is_none_or(|to| joined <= to)
        })),
        Leaf::Cel(expression) => flag(value_of(expression, facts, context).unwrap_or(false)),
    }
}

fn is_complete(facts: &Facts) -> bool {
    facts.member.as_ref().is_some_and(|member| member.profile_complete)
}

fn is_birthday(facts: &Facts, context: EvaluationContext) -> bool {
    facts.member.as_ref().and_then(|member| member.birthday).is_some_and(|day| day.falls_on(context.on))
}

fn is_join_anniversary(facts: &Facts, context: EvaluationContext) -> bool {
    facts.member.as_ref().is_some_and(|member| {
        context.on.year() > member.joined_on.year() && Birthday::of(member.joined_on).falls_on(context.on)
    })
}

/// What an expression comes to: its functions and variables mean what the leaves of their names mean.
fn value_of(expression: &Cel, facts: &Facts, context: EvaluationContext) -> Result<bool, CelError> {
    let member = facts.member.as_ref();
    expression.judge(&cel::Seen {
        answers: expression.calls().iter().map(|call| answer(call, facts, context)).collect(),
        today: context.on.format("%Y-%m-%d").to_string(),
        profile_complete: is_complete(facts),
        birthday: is_birthday(facts, context),
        join_anniversary: is_join_anniversary(facts, context),
        days_since_joined: member.map(|member| (context.on - member.joined_on).num_days()),
        time_zone: member.map(|member| member.time_zone.name()),
    })
}

/// What a function would tell as a leaf that needs at least 1.
fn answer(call: &Call, facts: &Facts, context: EvaluationContext) -> i128 {
    match look(&call.leaf(), facts, context).1 {
        Seen::Number(number) => number,
        Seen::Flag(flag) => flag.into(),
    }
}

fn at_least(need: i128, have: i128) -> (Seen, Seen, bool) {
    (Seen::Number(need), Seen::Number(have), have >= need)
}

fn flag(have: bool) -> (Seen, Seen, bool) {
    (Seen::Flag(true), Seen::Flag(have), have)
}

fn active_days(facts: &Facts, kind: Option<&Name>, from: Option<NaiveDate>, to: NaiveDate) -> u32 {
    match kind {
        Some(kind) => facts.kinds.get(kind).map_or(0, |of_kind| of_kind.dates.count(from, to)),
        None => {
            let mut any_kind = DateSet::default();
            facts.kinds.values().for_each(|of_kind| any_kind.extend(&of_kind.dates));
            any_kind.count(from, to)
        }
    }
}

fn tallies<'a>(
    facts: &'a Facts,
    kind: &Name,
    window: Window,
    context: EvaluationContext,
) -> impl Iterator<Item = &'a crate::facts::DayTally> {
    let from = context.start_of(window).unwrap_or(NaiveDate::MIN);
    let days = facts.kinds.get(kind).filter(|_| from <= context.on);
    days.into_iter().flat_map(move |of_kind| of_kind.days.range(from..=context.on)).map(|(_, tally)| tally)
}

impl EvaluationContext {
    pub(super) fn first(self, since: Option<Since>) -> Option<NaiveDate> {
        match since? {
            Since::Date(date) => Some(date),
            Since::CampaignStart => self.campaign_starts_on,
        }
    }

    /// The first date that counts: the later of the window's two bounds.
    pub(super) fn start_of(self, window: Window) -> Option<NaiveDate> {
        let within = window.within.map(|days| window_start(self.on, days.0));
        within.max(self.first(window.since))
    }
}

impl Leaf {
    /// The kind of activity the leaf is about, `*` for any.
    fn kind(&self) -> Option<&str> {
        match self {
            Self::Streak { kind, .. } | Self::Count { kind, .. } | Self::Total { kind, .. } => Some(kind.as_str()),
            Self::ActiveDays { kind, .. } => Some(kind.as_ref().map_or("*", Name::as_str)),
            Self::Referrals { .. }
            | Self::ProfileComplete
            | Self::Birthday
            | Self::JoinAnniversary
            | Self::Joined { .. }
            | Self::Cel(_) => None,
        }
    }

    fn measure(&self) -> Option<&Name> {
        if let Self::Total { measure, .. } = self { Some(measure) } else { None }
    }
}
