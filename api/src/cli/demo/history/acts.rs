//! The agenda of the history: what happens, ordered by time. It decides nothing.

use std::collections::BTreeMap;

use domain::Moment;
use domain::activity::Report;
use domain::campaign::CampaignCommand;
use domain::claim::StaffAction;
use domain::id::{ActivityId, ClaimId};

use super::gifts::Gift;
use super::shows::CINEMA;

/// The index of a person.
pub(super) type Person = usize;
/// The index of a promotional event.
pub(super) type Show = usize;

/// An action in the history.
#[derive(Debug)]
pub(super) enum Act {
    /// A member signs up, with or without an invitation.
    Join { who: Person, brought_by: Option<Person> },
    /// A member completes the profile.
    CompleteProfile(Person),
    /// Staff block a member.
    Block { who: Person, note: &'static str },
    /// Staff lift the block.
    Unblock { who: Person, note: &'static str },
    /// A source reports a fact.
    Report { who: Person, report: Box<Report> },
    /// A source voids a fact.
    Void { who: Person, fact: ActivityId, note: &'static str },
    /// An invitee meets the condition of referrals.
    Qualify(Person),
    /// A member requests a reward.
    Ask(Ask),
    /// Staff decide a claim, or report its fulfilment.
    Step { claim: ClaimId, step: StaffAction, note: Option<&'static str> },
    /// A claim expires.
    Expire(ClaimId),
    /// A promotional event is created or changed.
    Change { show: Show, by: By, commands: Vec<CampaignCommand> },
    /// An operator has codes made for an event's reward.
    Codes { show: Show, count: usize },
    /// The stock of an event's reward is changed so that `left` remains.
    Restock { show: Show, left: i64 },
    /// Staff give something by hand.
    Gift(Gift),
}

/// A request for a reward.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) show: Show,
    pub(super) who: Who,
    /// Whether staff leave it undecided, if they have to decide.
    pub(super) left: bool,
}

/// Who requests a reward.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    /// Anybody who meets the rule.
    Eligible,
    /// Anybody who does not.
    Hopeful,
    /// Anybody.
    Anybody,
    /// This person.
    This(Person),
}

/// Who changes a promotional event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Operator,
    /// The clock: its window opens or closes.
    Clock,
}

impl Act {
    /// Whether it must be decided alone, because other actions may depend on it, or it takes from a wallet.
    pub(super) fn stands_alone(&self) -> bool {
        match self {
            Self::Change { .. } | Self::Codes { .. } | Self::Restock { .. } | Self::Gift(_) => true,
            Self::Ask(ask) => ask.show == CINEMA,
            Self::Step { step, .. } => *step == StaffAction::Reverse,
            Self::Join { .. }
            | Self::CompleteProfile(_)
            | Self::Block { .. }
            | Self::Unblock { .. }
            | Self::Report { .. }
            | Self::Void { .. }
            | Self::Qualify(_)
            | Self::Expire(_) => false,
        }
    }
}

/// All actions to come.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    acts: BTreeMap<(Moment, u64), Act>,
    next: u64,
}

impl Agenda {
    pub(super) fn put(&mut self, at: Moment, act: Act) {
        self.acts.insert((at, self.next), act);
        self.next += 1;
    }

    /// The time of the next action.
    pub(super) fn next_at(&self) -> Option<Moment> {
        self.acts.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next actions up to a moment: several, or one that stands alone.
    pub(super) fn take_until(&mut self, end: Moment, most: usize) -> Vec<(Moment, Act)> {
        let mut taken = vec![];
        while let Some(first) = self.acts.first_entry().filter(|first| first.key().0 <= end) {
            let alone = first.get().stands_alone();
            if taken.len() >= most || (alone && !taken.is_empty()) {
                break;
            }
            let ((at, _), act) = first.remove_entry();
            taken.push((at, act));
            if alone {
                break;
            }
        }
        taken
    }
}
