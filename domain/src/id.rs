//! Identities. Members, campaigns and rewards get a random, time-ordered id; what is unique by its
//! nature (a claim, an activity) gets an id that is computed from what makes it unique, so that a
//! second one cannot come into being.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

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
