//! The commands that a claim understands, and what its decision is made from.

use std::sync::Arc;

use crate::zone::Tz;
use chrono::NaiveDate;

use super::value::ValueInputs;
use super::{ClaimStatus, DenialReason, Subject, WithdrawalReason};
use crate::budget::BudgetShortfall;
use crate::campaign::{Approval, CampaignStatus, PendingExpiry};
use crate::condition::Condition;
use crate::facts::Facts;
use crate::id::{ClaimId, MemberId};
use crate::moment::Moment;

/// A request to change a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimCommand {
    /// A member asks for a reward.
    Request(Box<DecisionInputs>),
    /// Staff decide a claim, or report what became of it.
    Staff(StaffCommand),
    /// Nobody decided in time.
    Expire {
        /// The moment of looking.
        at: Moment,
        /// What the claim moves beside stock.
        value: ClaimValue,
    },
    /// Nobody is left whose pending claim it is.
    Withdraw {
        /// Why.
        reason: WithdrawalReason,
        /// The moment of asking.
        at: Moment,
        /// What the claim moves beside stock.
        value: ClaimValue,
    },
    /// Credit a grant of before, which credited nothing, with what it would credit today.
    Credit {
        /// The moment of asking.
        at: Moment,
        /// What the claim moves beside stock.
        value: ClaimValue,
    },
}

/// What a claim moves beside stock; `None` where its reward is no points, has no price and hands out no coupon.
pub type ClaimValue = Option<Arc<ValueInputs>>;

/// What a member of staff does with a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffCommand {
    /// What they do.
    pub action: StaffAction,
    /// Who they are: never the claimant.
    pub operator: MemberId,
    /// Their reason or remark, for the record.
    pub note: Option<String>,
    /// When they asked for it.
    pub at: Moment,
    /// What the claim moves beside stock.
    pub value: ClaimValue,
}

/// What staff can do with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffAction {
    /// Grant a pending claim.
    Approve,
    /// Deny a pending claim.
    Reject,
    /// Record that the reward was handed out.
    Fulfil,
    /// Record that handing the reward out failed.
    FailFulfilment,
    /// Take a grant back.
    Reverse,
}

/// Everything that decides a claim, read before it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionInputs {
    /// What is claimed, by whom and for which period.
    pub about: Subject,
    /// The member has made or changed the campaign, and that bars them from it.
    pub own_campaign: bool,
    /// The member's claims are refused.
    pub blocked: bool,
    /// Where the campaign stands at the moment of asking.
    pub campaign_status: CampaignStatus,
    /// Who decides when the condition is met.
    pub approval: Approval,
    /// How long a pending claim waits.
    pub pending_expires_after: PendingExpiry,
    /// The condition in force.
    pub condition: Arc<Condition>,
    /// Its version.
    pub condition_version: u32,
    /// The date on which the campaign starts, in its own zone.
    pub campaign_starts_on: NaiveDate,
    /// What is known of the member …
    pub facts: Arc<Facts>,
    /// … up to this position of the log.
    pub facts_position: i64,
    /// The member's zone.
    pub time_zone: Tz,
    /// The moment of asking.
    pub asked_at: Moment,
    /// The claim of the same by an earlier account of the claimant, if one was decided.
    pub earlier: Option<EarlierClaim>,
    /// What the guards of the log refused this claim for, when it comes back from there.
    pub shortage: Option<Shortage>,
    /// The budget that left no room, where that is what the guards refused it for.
    pub budget: Option<BudgetShortfall>,
    /// What the claim moves beside stock.
    pub value: ClaimValue,
}

/// What an earlier account of the claimant got, or was finally refused, for the same reward and period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierClaim {
    /// Which claim.
    pub claim_id: ClaimId,
    /// Where it stands.
    pub status: ClaimStatus,
    /// The position of its last event.
    pub position: i64,
}

/// A limit that holds across claims and leaves nothing for this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// The member has all grants that one member may have.
    LimitReached,
    /// The campaign has given all grants that it may give.
    BudgetExhausted,
    /// The reward has no grant left.
    OutOfStock,
}

impl From<Shortage> for DenialReason {
    fn from(shortage: Shortage) -> Self {
        match shortage {
            Shortage::LimitReached => Self::LimitReached,
            Shortage::BudgetExhausted => Self::BudgetExhausted,
            Shortage::OutOfStock => Self::OutOfStock,
        }
    }
}
