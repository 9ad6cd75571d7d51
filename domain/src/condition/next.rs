//! When a verdict may become another one by nothing but the passing of time: what waits for a condition is looked at
//! again then, and not each midnight. A verdict depends on the member's date and the facts alone, so it is dates
//! that are looked for: those on which a fact falls out of a window, a run breaks off, a birthday begins or ends, and
//! a fact that was dated ahead begins to count. It does not say that the verdict changes, only that it cannot before.

use chrono::{Days, NaiveDate};

use super::cel::{Cel, Variable};
use super::evaluate::look;
use super::{Condition, EvaluationContext, Leaf, Window};
use crate::facts::{Birthday, Facts, MemberFacts};
use crate::moment::Moment;
use crate::name::Name;
use crate::zone::{first_outside, local_date};

/// The first moment after `now` at which the verdict on these facts may be another one; `None` where time alone
/// changes nothing.
#[must_use]
pub fn next_change(
    condition: &Condition,
    facts: &Facts,
    campaign_starts_on: Option<NaiveDate>,
    now: Moment,
) -> Option<Moment> {
    let zone = facts.member.as_ref()?.time_zone;
    let context = EvaluationContext { on: local_date(zone, now), campaign_starts_on };
    let next = condition.leaves().filter_map(|leaf| leaf.next_date(facts, context)).min();
    first_outside(zone, now, context.on..next.unwrap_or(NaiveDate::MAX))
}

/// The next dates on which a leaf sees another number.
#[derive(Default)]
struct Steps {
    /// It may see less.
    less: Option<NaiveDate>,
    /// It may see more.
    more: Option<NaiveDate>,
}

impl Steps {
    fn first(self) -> Option<NaiveDate> {
        earlier(self.less, self.more)
    }
}

impl Leaf {
    /// The first date after the one of asking on which this leaf may come to another answer.
    fn next_date(&self, facts: &Facts, context: EvaluationContext) -> Option<NaiveDate> {
        match self {
            Self::Streak { .. } | Self::ActiveDays { .. } | Self::Count { .. } | Self::Referrals { .. } => {
                let Steps { less, more } = self.steps(facts, context);
                if look(self, facts, context).2 { less } else { more }
            }
            // a measure may be negative
            Self::Total { .. } => self.steps(facts, context).first(),
            Self::ProfileComplete => None,
            Self::Birthday => next_birthday(facts, context.on),
            Self::JoinAnniversary => next_anniversary(facts, context.on),
            Self::Joined { within, .. } => {
                let joined = facts.member.as_ref()?.joined_on;
                let over = within.and_then(|days| plus(joined, days.0));
                [Some(joined), over].into_iter().flatten().filter(|date| *date > context.on).min()
            }
            Self::Cel(expression) => expression.next_date(facts, context),
        }
    }

    fn steps(&self, facts: &Facts, context: EvaluationContext) -> Steps {
        let tomorrow = plus(context.on, 1).unwrap_or(NaiveDate::MAX);
        match self {
            Self::Streak { kind, .. } => {
                let Some(dates) = facts.kinds.get(kind).map(|of_kind| &of_kind.dates) else { return Steps::default() };
                let run = dates.run_with(context.on).or_else(|| dates.run_with(context.on.pred_opt()?));
                Steps { less: run.and_then(|(_, last)| plus(last, 2)), more: dates.first_from(tomorrow) }
            }
            Self::ActiveDays { kind, window, .. } => {
                let first_from = |date: NaiveDate| {
                    let of_kind = |wanted: &Name| kind.as_ref().is_none_or(|kind| kind == wanted);
                    let sets = facts.kinds.iter().filter(|(name, _)| of_kind(name));
                    sets.filter_map(|(_, of_kind)| of_kind.dates.first_from(date)).min()
                };
                windowed(*window, context, tomorrow, first_from)
            }
            Self::Count { kind, window, .. } | Self::Total { kind, window, .. } => {
                let days = facts.kinds.get(kind).map(|of_kind| &of_kind.days);
                windowed(*window, context, tomorrow, |date| days?.range(date..).next().map(|(day, _)| *day))
            }
            Self::Referrals { .. } => {
                let ahead = facts.referrals.values().copied().filter(|day| *day > context.on);
                Steps { less: None, more: ahead.min() }
            }
            Self::ProfileComplete | Self::Birthday | Self::JoinAnniversary | Self::Joined { .. } | Self::Cel(_) => {
                Steps::default()
            }
        }
    }
}

impl Cel {
    fn next_date(&self, facts: &Facts, context: EvaluationContext) -> Option<NaiveDate> {
        let of_variable = |variable| match variable {
            Variable::Today | Variable::DaysSinceJoined => plus(context.on, 1),
            Variable::Birthday => next_birthday(facts, context.on),
            Variable::JoinAnniversary => next_anniversary(facts, context.on),
            Variable::ProfileComplete | Variable::TimeZone => None,
        };
        let of_calls = self.leaves().filter_map(|leaf| leaf.steps(facts, context).first());
        self.variables().filter_map(of_variable).chain(of_calls).min()
    }
}

/// The first day in the window falls out of it, the first one after today comes into it.
fn windowed(
    window: Window,
    context: EvaluationContext,
    tomorrow: NaiveDate,
    first_from: impl Fn(NaiveDate) -> Option<NaiveDate>,
) -> Steps {
    let first = || first_from(context.start_of(window)?).filter(|first| *first <= context.on);
    let less = window.within.and_then(|days| plus(first()?, days.0));
    Steps { less, more: first_from(tomorrow) }
}

fn next_birthday(facts: &Facts, today: NaiveDate) -> Option<NaiveDate> {
    let birthday = facts.member.as_ref()?.birthday?;
    next_of_year(birthday, today, NaiveDate::MIN)
}

fn next_anniversary(facts: &Facts, today: NaiveDate) -> Option<NaiveDate> {
    let MemberFacts { joined_on, .. } = *facts.member.as_ref()?;
    next_of_year(Birthday::of(joined_on), today, joined_on)
}

/// When it begins next or, on the day itself, is over. Only days after `since` are such days.
fn next_of_year(day: Birthday, today: NaiveDate, since: NaiveDate) -> Option<NaiveDate> {
    if day.falls_on(today) && today > since {
        return plus(today, 1);
    }
    day.after(today.max(since))
}

fn earlier(one: Option<NaiveDate>, other: Option<NaiveDate>) -> Option<NaiveDate> {
    [one, other].into_iter().flatten().min()
}

fn plus(date: NaiveDate, days: u32) -> Option<NaiveDate> {
    date.checked_add_days(Days::new(u64::from(days)))
}
