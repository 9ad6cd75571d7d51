//! The life of a claim, told once: from where each event starts, where it leads, and what it holds or grants. Decisions,
//! limits and read models all look here. It knows no member and no moment: who may do what, and when, is decided beside it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ClaimEventType;

/// Where a claim stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    /// Refused; the member may ask again.
    Denied,
    /// Waits for an operator and holds its stock meanwhile.
    Pending,
    /// Nobody decided in time; the member may ask again.
    Expired,
    /// The reward is the member's.
    Granted,
    /// An operator said no, or the claimant's account was erased meanwhile; final for the period.
    Rejected,
    /// The reward was handed out.
    Fulfilled,
    /// Handing it out failed; may be tried again.
    FulfilmentFailed,
    /// The grant was taken back; final for the period.
    Reversed,
}

impl ClaimStatus {
    /// All of them, in the order the API shows.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Granted,
        Self::Fulfilled,
        Self::FulfilmentFailed,
        Self::Denied,
        Self::Rejected,
        Self::Expired,
        Self::Reversed,
    ];

    /// The name in the API and in the read tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Pending => "pending",
            Self::Expired => "expired",
            Self::Granted => "granted",
            Self::Rejected => "rejected",
            Self::Fulfilled => "fulfilled",
            Self::FulfilmentFailed => "fulfilment_failed",
            Self::Reversed => "reversed",
        }
    }

    /// The status of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether the member may ask again.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Denied | Self::Expired => true,
            Self::Pending
            | Self::Granted
            | Self::Rejected
            | Self::Fulfilled
            | Self::FulfilmentFailed
            | Self::Reversed => false,
        }
    }
}

/// What an event means for the claim that it happens to, and for the limits that the claim is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// The statuses that it starts from.
    pub from: &'static [ClaimStatus],
    /// The status that it leads to.
    pub to: ClaimStatus,
    /// Grants that are promised from then on and not decided; a negative number gives back.
    pub held: i64,
    /// Grants that are given from then on; a negative number takes back.
    pub granted: i64,
}

impl Transition {
    /// By how much it changes what the claim takes from stock, budget and the member's limits.
    #[must_use]
    pub const fn committed(self) -> i64 {
        self.held + self.granted
    }
}

impl ClaimEventType {
    /// The table of all transitions. An attempt ([`Self::is_attempt`]) may be the first event of a claim as well.
    #[must_use]
    pub const fn transition(self) -> Transition {
        use ClaimStatus::{Denied, Expired, Fulfilled, FulfilmentFailed, Granted, Pending, Rejected, Reversed};
        let (from, to, held, granted): (&[ClaimStatus], _, _, _) = match self {
            Self::Denied => (&ClaimStatus::ALL, Denied, 0, 0),
            Self::Submitted => (&[Denied, Expired], Pending, 1, 0),
            Self::Granted => (&[Denied, Expired], Granted, 0, 1),
            Self::Approved => (&[Pending], Granted, -1, 1),
            Self::Rejected => (&[Pending], Rejected, -1, 0),
            Self::Expired => (&[Pending], Expired, -1, 0),
            Self::Withdrawn => (&[Pending], Rejected, -1, 0),
            Self::Fulfilled => (&[Granted, FulfilmentFailed], Fulfilled, 0, 0),
            Self::FulfilmentFailed => (&[Granted], FulfilmentFailed, 0, 0),
            Self::Reversed => (&[Granted, Fulfilled, FulfilmentFailed], Reversed, 0, -1),
            // it leads nowhere: see `status_after`
            Self::Credited => (&[Granted, Fulfilled, FulfilmentFailed], Granted, 0, 0),
        };
        Transition { from, to, held, granted }
    }

    /// Whether a claim of this status allows the event.
    #[must_use]
    pub fn follows(self, status: ClaimStatus) -> bool {
        self.transition().from.contains(&status)
    }

    /// Where a claim stands after the event. A refused attempt does not change what was decided before: a blocked member
    /// may ask again. Nor does a credit to a grant of before.
    #[must_use]
    pub fn status_after(self, before: Option<ClaimStatus>) -> ClaimStatus {
        match (self.transition().to, before) {
            (_, Some(decided)) if self == Self::Credited => decided,
            (ClaimStatus::Denied, Some(decided)) if !decided.is_open() => decided,
            (to, _) => to,
        }
    }

    /// Whether the step is the member's own: an attempt, whatever came of it.
    #[must_use]
    pub const fn is_attempt(self) -> bool {
        match self {
            Self::Denied | Self::Submitted | Self::Granted => true,
            Self::Approved
            | Self::Rejected
            | Self::Expired
            | Self::Withdrawn
            | Self::Fulfilled
            | Self::FulfilmentFailed
            | Self::Reversed
            | Self::Credited => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a claim of a status has taken: (held, granted).
    fn taken(status: ClaimStatus) -> (i64, i64) {
        match status {
            ClaimStatus::Pending => (1, 0),
            ClaimStatus::Granted | ClaimStatus::Fulfilled | ClaimStatus::FulfilmentFailed => (0, 1),
            ClaimStatus::Denied | ClaimStatus::Rejected | ClaimStatus::Expired | ClaimStatus::Reversed => (0, 0),
        }
    }

    #[test]
    fn what_a_claim_has_taken_follows_from_its_status() {
        for step in ClaimEventType::ALL {
            let Transition { from, held, granted, .. } = step.transition();
            let first = step.is_attempt().then_some(None);
            for before in from.iter().copied().map(Some).chain(first) {
                let (had_held, had_granted) = before.map(taken).unwrap_or_default();
                let after = step.status_after(before);
                assert_eq!(taken(after), (had_held + held, had_granted + granted), "{step:?} of {before:?}");
            }
        }
    }

    #[test]
    fn an_attempt_starts_where_the_member_may_ask_again_and_a_refusal_changes_nothing_else() {
        for status in ClaimStatus::ALL {
            assert_eq!(ClaimStatus::named(status.name()), Some(status));
            assert_eq!(ClaimEventType::Granted.follows(status), status.is_open(), "{status:?}");
            assert_eq!(ClaimEventType::Submitted.follows(status), status.is_open(), "{status:?}");
            let denied = ClaimEventType::Denied.status_after(Some(status));
            assert_eq!(denied, if status.is_open() { ClaimStatus::Denied } else { status });
        }
    }
}
