//! The counters of one campaign, stored as a row of numbers. How a step changes them is defined here once, for the fold
//! and for queries of the past.

use domain::claim::{ClaimEvent, ClaimEventType, DenialReason};

use crate::engine::error::FoldError;

const STEPS: usize = ClaimEventType::ALL.len();
const REASONS: usize = DenialReason::ALL.len();
/// How many counters there are.
const ALL: usize = STEPS + REASONS + 3;

/// A counter. Their order is that of the stored row, so a changed order needs a new version of the projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// Steps of this kind.
    Steps(ClaimEventType),
    /// Attempts that were refused for this reason.
    Denied(DenialReason),
    /// Members who requested a reward.
    Asked,
    /// Members who were granted or promised one, even if they lost it later.
    Claimed,
    /// Members who have one.
    Granted,
}

impl Counter {
    fn place(self) -> usize {
        match self {
            Self::Steps(step) => place_of(ClaimEventType::ALL, step),
            Self::Denied(reason) => STEPS + place_of(&DenialReason::ALL, reason),
            Self::Asked => STEPS + REASONS,
            Self::Claimed => STEPS + REASONS + 1,
            Self::Granted => STEPS + REASONS + 2,
        }
    }
}

fn place_of<T: PartialEq>(all: &[T], one: T) -> usize {
    all.iter().position(|other| *other == one).unwrap_or_default()
}

/// By how much a step changed the number of members of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct MembersMoved {
    pub(super) asked: i16,
    pub(super) claimed: i16,
    pub(super) granted: i16,
}

/// The parts of a step that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) step: ClaimEventType,
    pub(super) reason: Option<DenialReason>,
    pub(super) members: MembersMoved,
}

impl Counted {
    pub(super) fn of(event: &ClaimEvent, members: MembersMoved) -> Self {
        let reason = match event {
            ClaimEvent::Denied(denied) => Some(denied.reason),
            ClaimEvent::Submitted(_)
            | ClaimEvent::Granted(_)
            | ClaimEvent::Approved(_)
            | ClaimEvent::Rejected(_)
            | ClaimEvent::Expired(_)
            | ClaimEvent::Withdrawn(_)
            | ClaimEvent::Fulfilled(_)
            | ClaimEvent::FulfilmentFailed(_)
            | ClaimEvent::Reversed(_)
            | ClaimEvent::Credited(_) => None,
        };
        Self { step: event.event_type(), reason, members }
    }

    /// The stored form.
    pub(super) fn stored(&self) -> (i16, Option<i16>) {
        let small = |place: usize| i16::try_from(place).unwrap_or(i16::MAX);
        let reason = self.reason.map(|reason| small(place_of(&DenialReason::ALL, reason)));
        (small(place_of(ClaimEventType::ALL, self.step)), reason)
    }

    /// Reads a stored row.
    pub(super) fn read(step: i16, reason: Option<i16>, members: MembersMoved) -> Result<Self, FoldError> {
        fn at<T: Copy>(all: &[T], place: i16) -> Result<T, FoldError> {
            let found = usize::try_from(place).ok().and_then(|place| all.get(place).copied());
            found.ok_or_else(|| FoldError::stored("place of a counter", place.to_string()))
        }
        let reason = reason.map(|reason| at(&DenialReason::ALL, reason)).transpose()?;
        Ok(Self { step: at(ClaimEventType::ALL, step)?, reason, members })
    }
}

/// The value of every counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts([i64; ALL]);

impl Counts {
    /// Reads a stored row.
    pub(super) fn read(stored: &[i64]) -> Result<Self, FoldError> {
        stored.try_into().map(Self).map_err(|_| FoldError::stored("row of counters", format!("{stored:?}")))
    }

    pub(super) fn stored(&self) -> &[i64] {
        &self.0
    }

    pub(super) fn get(&self, counter: Counter) -> i64 {
        self.0[counter.place()]
    }

    pub(super) fn count(&mut self, counted: &Counted) {
        self.add(Counter::Steps(counted.step), 1);
        if let Some(reason) = counted.reason {
            self.add(Counter::Denied(reason), 1);
        }
        self.add(Counter::Asked, counted.members.asked.into());
        self.add(Counter::Claimed, counted.members.claimed.into());
        self.add(Counter::Granted, counted.members.granted.into());
    }

    fn add(&mut self, counter: Counter, delta: i64) {
        self.0[counter.place()] += delta;
    }

    /// Steps of every kind.
    pub(super) fn steps(&self) -> i64 {
        ClaimEventType::ALL.iter().map(|step| self.get(Counter::Steps(*step))).sum()
    }

    /// Grants that were made, at once or by an operator.
    pub(super) fn grant_steps(&self) -> i64 {
        self.get(Counter::Steps(ClaimEventType::Granted)) + self.get(Counter::Steps(ClaimEventType::Approved))
    }

    /// Grants that stand.
    pub(super) fn granted(&self) -> i64 {
        self.taken(|step| step.transition().granted)
    }

    /// Grants that wait for an operator.
    pub(super) fn held(&self) -> i64 {
        self.taken(|step| step.transition().held)
    }

    fn taken(&self, by: impl Fn(ClaimEventType) -> i64) -> i64 {
        ClaimEventType::ALL.iter().map(|step| by(*step) * self.get(Counter::Steps(*step))).sum()
    }
}
