//! What a leaf looks at: whether a fact is one that could make its answer another one. It does not ask
//! whether it did.

use super::cel::{Call, Cel, Variable};
use super::{Days, EvaluationContext, Leaf, Since, Window};
use crate::activity::ActivityEvent;
use crate::event::Event;
use crate::member::MemberEvent;
use crate::name::Name;
use crate::referral::ReferralEvent;

impl Leaf {
    /// Whether a fact about the member is one that this leaf looks at, at a moment of asking: of its
    /// kind, with its measure, on a day that counts.
    #[must_use]
    pub fn looks_at(&self, fact: &Event, context: EvaluationContext) -> bool {
        match self {
            Self::Streak { kind, since, .. } => {
                context.counts(fact, Some(kind), Window { within: None, since: *since })
            }
            Self::ActiveDays { kind, window, .. } => context.counts(fact, kind.as_ref(), *window),
            Self::Count { kind, window, .. } => context.counts(fact, Some(kind), *window),
            Self::Total { kind, measure, window, .. } => {
                context.counts(fact, Some(kind), *window) && has_measure(fact, measure)
            }
            Self::Referrals { since, .. } => context.counts_referral(fact, *since),
            Self::ProfileComplete => is_of_membership(fact) || is_of_profile(fact),
            Self::Birthday | Self::JoinAnniversary | Self::Joined { .. } => is_of_membership(fact),
            Self::Cel(expression) => expression.looks_at(fact, context),
        }
    }
}

impl Cel {
    /// The leaves that its functions ask as.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf> + '_ {
        self.calls().iter().map(Call::leaf)
    }

    fn looks_at(&self, fact: &Event, context: EvaluationContext) -> bool {
        self.leaves().any(|leaf| leaf.looks_at(fact, context)) || self.variables_look_at(fact)
    }

    /// Whether a fact is one that its variables look at.
    #[must_use]
    pub fn variables_look_at(&self, fact: &Event) -> bool {
        self.variables().any(|variable| match variable {
            Variable::Today => false,
            Variable::ProfileComplete => is_of_membership(fact) || is_of_profile(fact),
            Variable::Birthday | Variable::JoinAnniversary | Variable::DaysSinceJoined => is_of_membership(fact),
            Variable::TimeZone => {
                is_of_membership(fact) || matches!(fact, Event::Member(MemberEvent::TimeZoneChanged(_)))
            }
        })
    }
}

impl Call {
    /// The leaf that sees what the function tells; it needs at least 1.
    #[must_use]
    pub fn leaf(&self) -> Leaf {
        let window = |days: &u32| Window { within: Some(Days(*days)), since: None };
        match self {
            Self::Streak { kind } => Leaf::Streak { kind: kind.clone(), days: 1, since: None },
            Self::ActiveDays { kind, days } => Leaf::ActiveDays { kind: kind.clone(), days: 1, window: window(days) },
            Self::Count { kind, days } => Leaf::Count { kind: kind.clone(), count: 1, window: window(days) },
            Self::Total { kind, measure, days } => {
                Leaf::Total { kind: kind.clone(), measure: measure.clone(), total: 1, window: window(days) }
            }
            Self::Referrals => Leaf::Referrals { count: 1, since: None },
        }
    }
}

impl EvaluationContext {
    /// Whether an activity of a kind (`None`: of any) is on a day in the window; no later day ever is.
    fn counts(self, fact: &Event, wanted: Option<&Name>, window: Window) -> bool {
        let (kind, on) = match fact {
            Event::Activity(ActivityEvent::Recorded(fact)) => (&fact.kind, fact.local_date),
            Event::Activity(ActivityEvent::Voided(fact)) => (&fact.kind, fact.local_date),
            Event::Member(_) | Event::Campaign(_) | Event::Referral(_) | Event::Claim(_) | Event::Value(_) => {
                return false;
            }
        };
        wanted.is_none_or(|wanted| wanted == kind)
            && on <= self.on
            && self.start_of(window).is_none_or(|first| on >= first)
    }

    /// A withdrawn referral does not say on which day it counted.
    fn counts_referral(self, fact: &Event, since: Option<Since>) -> bool {
        match fact {
            Event::Referral(ReferralEvent::Qualified(event)) => {
                let on = event.local_date;
                on <= self.on && self.first(since).is_none_or(|first| on >= first)
            }
            Event::Referral(ReferralEvent::Voided(_)) => true,
            Event::Referral(ReferralEvent::Created(_))
            | Event::Member(_)
            | Event::Activity(_)
            | Event::Campaign(_)
            | Event::Claim(_)
            | Event::Value(_) => false,
        }
    }
}

fn has_measure(fact: &Event, measure: &Name) -> bool {
    match fact {
        Event::Activity(ActivityEvent::Recorded(fact)) => fact.measures.contains_key(measure),
        Event::Activity(ActivityEvent::Voided(fact)) => fact.measures.contains_key(measure),
        Event::Member(_) | Event::Campaign(_) | Event::Referral(_) | Event::Claim(_) | Event::Value(_) => false,
    }
}

/// Nobody is known before the registration and after the erasure.
fn is_of_membership(fact: &Event) -> bool {
    matches!(fact, Event::Member(MemberEvent::Registered(_) | MemberEvent::Erased(_)))
}

fn is_of_profile(fact: &Event) -> bool {
    matches!(fact, Event::Member(MemberEvent::ProfileCompleted(_) | MemberEvent::ProfileReopened(_)))
}
