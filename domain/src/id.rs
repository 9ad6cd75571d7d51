//! Identities. Members, campaigns and rewards get a random, time-ordered id; what is unique by its
//! nature (a claim, an activity) gets an id that is computed from what makes it unique, so that a
//! second one cannot come into being.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::value::{Reference, UnitCode};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
        #[schemars(inline)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> { Uuid::from_str(text).map(Self) }
        }
    };
}

id!(
    /// An account as the ledger sees it: random, says nothing about the person.
    MemberId
);
id!(
    /// A promotional event.
    CampaignId
);
id!(
    /// What a campaign hands out.
    RewardId
);
id!(
    /// One member's claim of one reward in one period.
    ClaimId
);
id!(
    /// One fact of one source.
    ActivityId
);

id!(
    /// What one event gave to a wallet. A claim and an adjustment give a lot of their own id.
    LotId
);
id!(
    /// What one member has of one unit.
    WalletId
);
id!(
    /// One payment with points, or a hold of them.
    SpendId
);
id!(
    /// One change of a wallet by staff.
    AdjustmentId
);
id!(
    /// Points that one member sends to another.
    TransferId
);
id!(
    /// One use of a coupon.
    RedemptionId
);
id!(
    /// What is told once of one budget in one of its periods.
    BudgetPeriodId
);

impl LotId {
    /// The lot that a refund gives in place of lots that have ended.
    #[must_use]
    pub fn of_refund(paid_by: Uuid, reference: &str) -> Self {
        Self(derived("refunded lot", &[paid_by.as_bytes(), reference.as_bytes()]))
    }

    /// The lot that the receiver of a transfer gets for a part of one of the sender's.
    #[must_use]
    pub fn of_transfer(transfer: TransferId, sent: Self) -> Self {
        Self(derived("transferred lot", &[transfer.0.as_bytes(), sent.0.as_bytes()]))
    }
}

impl From<ClaimId> for LotId {
    fn from(claim: ClaimId) -> Self {
        Self(claim.0)
    }
}

impl From<AdjustmentId> for LotId {
    fn from(adjustment: AdjustmentId) -> Self {
        Self(adjustment.0)
    }
}

impl WalletId {
    /// The only id that what this member has of this unit can have.
    #[must_use]
    pub fn of(member: MemberId, unit: &UnitCode) -> Self {
        Self(derived("wallet", &[member.0.as_bytes(), unit.as_str().as_bytes()]))
    }
}

impl SpendId {
    /// The only id that the payment which `caller` calls `reference` can have.
    #[must_use]
    pub fn of(caller: MemberId, reference: &Reference) -> Self {
        Self(derived("spend", &[caller.0.as_bytes(), reference.as_str().as_bytes()]))
    }
}

impl TransferId {
    /// The only id that the transfer which `sender` calls `reference` can have.
    #[must_use]
    pub fn of(sender: MemberId, reference: &Reference) -> Self {
        Self(derived("transfer", &[sender.0.as_bytes(), reference.as_str().as_bytes()]))
    }
}

impl RedemptionId {
    /// The only id that the use of a coupon which `caller` calls `reference` can have.
    #[must_use]
    pub fn of(caller: MemberId, reference: &Reference) -> Self {
        Self(derived("redemption", &[caller.0.as_bytes(), reference.as_str().as_bytes()]))
    }
}

impl BudgetPeriodId {
    /// The only id of one budget in one of its periods.
    #[must_use]
    pub fn of(scope: &str, unit: &str, period: &str) -> Self {
        Self(derived("budget", &[scope.as_bytes(), unit.as_bytes(), period.as_bytes()]))
    }
}

impl ClaimId {
    /// The only id that a claim of this reward by this member in this period can have.
    #[must_use]
    pub fn of(reward: RewardId, member: MemberId, period: &str) -> Self {
        Self(derived("claim", &[reward.0.as_bytes(), member.0.as_bytes(), period.as_bytes()]))
    }
}

impl ActivityId {
    /// The only id that the fact which `source` calls `external_id` can have.
    #[must_use]
    pub fn of(source: &str, external_id: &str) -> Self {
        Self(derived("activity", &[source.as_bytes(), external_id.as_bytes()]))
    }
}

/// A version 8 UUID from SHA-256 over length-prefixed parts: parts cannot run into each other.
fn derived(what: &str, parts: &[&[u8]]) -> Uuid {
    let mut hash = Sha256::new();
    for part in std::iter::once(what.as_bytes()).chain(parts.iter().copied()) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let mut bytes = [0_u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_the_same_for_the_same_reward_member_and_period_only() {
        let (reward, member) = (RewardId(Uuid::from_u128(1)), MemberId(Uuid::from_u128(2)));
        let once = ClaimId::of(reward, member, "once");
        assert_eq!(once, ClaimId::of(reward, member, "once"));
        assert_ne!(once, ClaimId::of(reward, member, "2026-11-21"));
        assert_ne!(once, ClaimId::of(RewardId(member.0), MemberId(reward.0), "once"));
        assert_eq!(once.0.get_version_num(), 8);
    }

    #[test]
    fn parts_of_an_activity_id_do_not_run_into_each_other() {
        assert_ne!(ActivityId::of("ab", "c"), ActivityId::of("a", "bc"));
    }
}
