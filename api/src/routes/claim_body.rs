//! A claim as it is answered wherever one claim is answered: to the request, to a decision of staff, and by itself.

use commands::Receipt;
use domain::Moment;
use domain::campaign::RewardType;
use domain::claim::{Claim, ClaimStatus};
use domain::condition::LeafEvidence;
use domain::id::{ClaimId, MemberId};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::claim_value::{CreditBody, PaidBody, value_of};
use crate::app::coupons::shown::CouponOfClaim;

/// One claim, with the judgement that its status rests on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct ClaimBody {
    #[schemars(with = "Uuid")]
    id: String,
    #[schemars(with = "ClaimStatus")]
    pub(in crate::routes) status: &'static str,
    #[schemars(with = "Uuid")]
    reward_id: String,
    #[schemars(with = "Uuid")]
    event_id: String,
    #[schemars(with = "Uuid")]
    user_id: String,
    period: String,
    amount: i64,
    #[serde(rename = "type")]
    #[schemars(with = "RewardType")]
    reward_type: &'static str,
    /// What it has credited; null where that is nothing, or was taken back.
    credit: Option<CreditBody>,
    /// What it costs the member, held while it is pending; null where that is nothing, or was given back.
    paid: Option<PaidBody>,
    evidence: Vec<LeafEvidence>,
    facts_position: i64,
    condition_version: u32,
    evaluated_at: Moment,
    time_zone: &'static str,
    /// The coupon that it has handed out; null where that is none, or was taken back.
    coupon: Option<CouponOfClaim>,
    /// Of its last event; null where nothing was appended.
    position: Option<i64>,
    created_at: Option<Moment>,
    updated_at: Option<Moment>,
}

impl ClaimBody {
    /// A claim as a command left it; none when nobody ever asked for it.
    pub(in crate::routes) fn of(receipt: &Receipt<Claim>) -> Option<Self> {
        let Receipt { state, stream_id, position, created_at, updated_at, .. } = receipt;
        Self::read(state, stream_id, state.status()?, *position, *created_at, *updated_at)
    }

    /// A claim as it stands in the log.
    pub(in crate::routes) fn stored(
        claim: &Claim,
        id: ClaimId,
        position: i64,
        created_at: Moment,
        updated_at: Moment,
    ) -> Option<Self> {
        Self::read(claim, &id.to_string(), claim.status()?, position, Some(created_at), Some(updated_at))
    }

    fn read(
        claim: &Claim,
        id: &str,
        status: ClaimStatus,
        position: i64,
        created_at: Option<Moment>,
        updated_at: Option<Moment>,
    ) -> Option<Self> {
        let (about, decision) = (claim.about()?, claim.decision()?);
        let (credit, paid) = value_of(claim);
        Some(Self {
            id: id.to_owned(),
            status: status.name(),
            reward_id: about.reward_id.to_string(),
            event_id: about.campaign_id.to_string(),
            user_id: about.member_id.to_string(),
            period: about.period.clone(),
            amount: about.amount.get(),
            reward_type: about.reward_type.name(),
            credit,
            paid,
            evidence: decision.evidence.clone(),
            facts_position: decision.facts_position,
            condition_version: decision.condition_version,
            evaluated_at: decision.evaluated_at,
            time_zone: decision.time_zone.name(),
            coupon: CouponOfClaim::of(claim),
            position: Some(position),
            created_at,
            updated_at,
        })
    }

    /// The coupon that stands in it without its code, and whose it is.
    pub(in crate::routes) fn has_coupon(&self) -> Option<(ClaimId, MemberId)> {
        let coupon = self.coupon.as_ref()?;
        Some((coupon.id, self.user_id.parse().ok()?))
    }

    /// The same where nothing was appended.
    pub(in crate::routes) fn without_position(self) -> Self {
        Self { position: None, ..self }
    }
}
