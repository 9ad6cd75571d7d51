//! The counters of the dashboard: what is added up along the log, in one small row of numbers. What
//! an event does to them is said here, once, for the fold and for whoever looks back.

use domain::claim::{ClaimEvent, ClaimStatus, DenialReason};

use crate::engine::error::FoldError;

const STATUSES: usize = ClaimStatus::ALL.len();
/// The reasons that version 0.1.0 knows.
const FIRST_REASONS: usize = 6;
/// Where the counters begin that version 0.1.0 does not know.
const LATER: usize = STATUSES + FIRST_REASONS + 4;
/// How many counters there are.
const ALL: usize = LATER + 2;

/// A counter. Their order is that of the stored row: first the array that version 0.1.0 reads while it still serves, then
/// those with columns of their own. A changed order needs a new version of the projection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// Claims that stand in this status.
    Claims(ClaimStatus),
    /// Attempts that were refused for this reason.
    Denied(DenialReason),
    /// Grants that were made, at once or by an operator; taking one back is no step of this kind.
    GrantSteps,
    /// Claims that began to wait for an operator; again after an expiry.
    PendingSteps,
    /// Registrations with role USER.
    Registered,
    /// Members with a claim.
    Claimants,
    /// Claims that an operator approved: the grants that were not granted at the attempt.
    Approvals,
}

impl Counter {
    fn place(self) -> usize {
        let among = |found: Option<usize>| found.unwrap_or_default();
        match self {
            Self::Claims(status) => among(ClaimStatus::ALL.iter().position(|one| *one == status)),
            Self::Denied(DenialReason::InsufficientPoints) => LATER + 1,
            Self::Denied(reason) => STATUSES + among(DenialReason::ALL.iter().position(|one| *one == reason)),
            Self::GrantSteps => STATUSES + FIRST_REASONS,
            Self::PendingSteps => STATUSES + FIRST_REASONS + 1,
            Self::Registered => STATUSES + FIRST_REASONS + 2,
            Self::Claimants => STATUSES + FIRST_REASONS + 3,
            Self::Approvals => LATER,
        }
    }
}

/// The value of every counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts([i64; ALL]);

impl Counts {
    /// A row as it is stored.
    pub(super) fn read(stored: &[i64]) -> Result<Self, FoldError> {
        stored.try_into().map(Self).map_err(|_| FoldError::stored("row of counters", format!("{stored:?}")))
    }

    pub(super) fn stored(&self) -> &[i64] {
        &self.0
    }

    pub(super) fn get(&self, counter: Counter) -> i64 {
        self.0[counter.place()]
    }

    pub(super) fn add(&mut self, counter: Counter, delta: i64) {
        self.0[counter.place()] += delta;
    }

    /// Refused attempts, for whatever reason.
    pub(super) fn denied(&self) -> i64 {
        DenialReason::ALL.iter().map(|reason| self.get(Counter::Denied(*reason))).sum()
    }

    /// Counts one step of a claim that stood in a status before; says where it stands then.
    pub(super) fn claim(&mut self, before: Option<ClaimStatus>, event: &ClaimEvent) -> ClaimStatus {
        match event {
            ClaimEvent::Denied(denied) => self.add(Counter::Denied(denied.reason), 1),
            ClaimEvent::Submitted(_) => self.add(Counter::PendingSteps, 1),
            ClaimEvent::Granted(_) => self.add(Counter::GrantSteps, 1),
            ClaimEvent::Approved(_) => {
                self.add(Counter::GrantSteps, 1);
                self.add(Counter::Approvals, 1);
            }
            ClaimEvent::Rejected(_)
            | ClaimEvent::Expired(_)
            | ClaimEvent::Withdrawn(_)
            | ClaimEvent::Fulfilled(_)
            | ClaimEvent::FulfilmentFailed(_)
            | ClaimEvent::Reversed(_)
            | ClaimEvent::Credited(_) => {}
        }
        let after = event.event_type().status_after(before);
        if let Some(before) = before {
            self.add(Counter::Claims(before), -1);
        }
        self.add(Counter::Claims(after), 1);
        after
    }
}

/// What of one reward is held and granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Grants {
    pub(super) held: i64,
    pub(super) granted: i64,
    /// What the grants that stand hand out together.
    pub(super) amount: i64,
    /// Grants that were ever made, also those that were taken back.
    pub(super) steps: i64,
}

impl Grants {
    /// Takes one step of a claim into account. A coupon that is taken back is not in stock again.
    pub(super) fn claim(&mut self, event: &ClaimEvent) {
        let transition = event.event_type().transition();
        let (held, granted) = event.from_stock();
        self.held += held;
        self.granted += granted;
        self.amount += transition.granted * event.about().amount.get();
        self.steps += transition.granted.max(0);
    }

    /// The number taken from stock.
    pub(super) fn taken(&self) -> i64 {
        self.held + self.granted
    }
}
