//! What is going to happen in the history, in the order of its moments. It decides nothing.

use std::collections::BTreeMap;

use domain::Moment;
use domain::activity::Report;
use domain::campaign::CampaignCommand;
use domain::claim::StaffAction;
use domain::id::{ActivityId, ClaimId};

/// One of the people, by number.
pub(super) type Person = usize;
/// One of the events, by number.
pub(super) type Show = usize;

/// Something that somebody does.
#[derive(Debug)]
pub(super) enum Act {
    /// Somebody signs up, with another's invitation or without.
    Join { who: Person, brought_by: Option<Person> },
    /// Somebody completes the profile.
    CompleteProfile(Person),
    /// Staff refuse somebody's claims from now on.
    Block { who: Person, note: &'static str },
    /// Staff judge them again.
    Unblock { who: Person, note: &'static str },
    /// A source reports what somebody did.
    Report { who: Person, report: Box<Report> },
    /// A source takes back what it reported.
    Void { who: Person, fact: ActivityId, note: &'static str },
    /// An invitee has met the condition of referrals.
    Qualify(Person),
    /// Somebody asks for a reward.
    Ask(Ask),
    /// Staff decide a claim, or carry it further.
    Step { claim: ClaimId, step: StaffAction, note: Option<&'static str> },
    /// Nobody decided a claim in time.
    Expire(ClaimId),
    /// An event is made or changed.
    Change { show: Show, by: By, commands: Vec<CampaignCommand> },
    /// The stock of an event's reward is set to so much more than is taken.
    Restock { show: Show, left: i64 },
}

/// A request for a reward.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ask {
    pub(super) show: Show,
    pub(super) who: Who,
    /// Where staff decide, they have not come to it yet.
    pub(super) left: bool,
}

/// Who asks for a reward.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    /// Somebody who meets the rule.
    Eligible,
    /// Somebody who does not.
    Hopeful,
    /// Whoever comes along.
    Anybody,
    /// This one.
    This(Person),
}

/// Who changes an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Operator,
    /// The window opens or closes.
    Clock,
}

impl Act {
    /// Whether what others do at the same time must not depend on it.
    pub(super) fn stands_alone(&self) -> bool {
        matches!(self, Self::Change { .. } | Self::Restock { .. })
    }
}

/// All that is still going to happen.
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

    /// When it goes on.
    pub(super) fn next_at(&self) -> Option<Moment> {
        self.acts.first_key_value().map(|((at, _), _)| *at)
    }

    /// What comes next up to a moment: many acts, or one that stands alone.
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
