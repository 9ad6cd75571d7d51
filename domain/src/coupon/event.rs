//! What can have happened to a coupon after it was granted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::events;
use crate::id::{CampaignId, MemberId, RedemptionId, RewardId};
use crate::moment::Moment;
use crate::spend::HoldTime;
use crate::value::Reference;

events! {
    /// A step in the life of a coupon or of one of its uses.
    CouponEvent as CouponEventType {
        /// It was used at once.
        Redeemed(Redeemed) = "coupon.redeemed",
        /// A use is promised.
        Held(Held) = "coupon.held",
        /// A promised use was made.
        Captured(Captured) = "coupon.captured",
        /// A promised use was given up.
        Released(Released) = "coupon.released",
        /// Nobody captured or released a promised use in time.
        HoldExpired(HoldExpired) = "coupon.hold_expired",
        /// A use was taken back and counts no more.
        RolledBack(RolledBack) = "coupon.rolled_back",
        /// Staff let nobody use it any more.
        Voided(Voided) = "coupon.voided",
    }
}

/// To whom the coupon was granted, and by what; the same wherever it is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CouponSubject {
    /// To whom.
    pub member_id: MemberId,
    /// By which reward …
    pub reward_id: RewardId,
    /// … of which campaign.
    #[serde(rename = "eventId")]
    pub campaign_id: CampaignId,
}

/// One use, by its caller's own name for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Redemption {
    /// Its id.
    pub redemption_id: RedemptionId,
    /// Who asked for it.
    pub caller_id: MemberId,
    /// What the caller calls it.
    pub reference: Reference,
    /// Who uses the coupon, where the caller knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<MemberId>,
}

/// It was used at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redeemed {
    /// Whose coupon it is.
    pub about: CouponSubject,
    /// The use.
    pub redemption: Redemption,
}

/// A use is promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Held {
    /// Whose coupon it is.
    pub about: CouponSubject,
    /// The use.
    pub redemption: Redemption,
    /// For how long, as it was asked for …
    pub expires_after: HoldTime,
    /// … and so until this moment.
    pub expires_at: Moment,
}

macro_rules! steps_of_a_use {
    ($( $(#[$doc:meta])* $name:ident )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// Whose coupon it is.
            pub about: CouponSubject,
            /// Which use.
            pub redemption_id: RedemptionId,
        }
    )+ };
}

steps_of_a_use! {
    /// A promised use was made.
    Captured
    /// A promised use was given up.
    Released
    /// Nobody captured or released a promised use in time.
    HoldExpired
    /// A use was taken back and counts no more.
    RolledBack
}

/// Staff let nobody use it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Voided {
    /// Whose coupon it is.
    pub about: CouponSubject,
    /// Why, in the words of who did it.
    pub note: String,
}

impl CouponEvent {
    /// To whom the coupon was granted.
    #[must_use]
    pub fn about(&self) -> &CouponSubject {
        match self {
            Self::Redeemed(event) => &event.about,
            Self::Held(event) => &event.about,
            Self::Captured(event) => &event.about,
            Self::Released(event) => &event.about,
            Self::HoldExpired(event) => &event.about,
            Self::RolledBack(event) => &event.about,
            Self::Voided(event) => &event.about,
        }
    }
}
