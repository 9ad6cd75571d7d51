//! A coupon and its uses as they are shown. A shop sees what the coupon is good for, and not whose it is.

use axum::http::StatusCode;
use commands::{KnownCoupon, Receipt};
use domain::Moment;
use domain::codes::CouponCode;
use domain::coupon::{Coupon, CouponRefusal, GrantedCoupon, UseStatus};
use domain::id::{CampaignId, ClaimId, MemberId, RedemptionId, RewardId};
use domain::value::Reference;
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::problem::Problem;
use crate::http::headers::step_answer::StepAnswer;

/// Who looks at a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Viewer {
    /// Its member, or staff.
    Member,
    /// A service that redeems coupons.
    Shop,
}

/// Where a coupon stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CouponStatus {
    /// It can be redeemed.
    Active,
    /// All its uses are made or promised.
    Used,
    /// It is over.
    Expired,
    /// It was taken back.
    Voided,
}

/// One coupon.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CouponAnswer")]
pub(super) struct CouponBody {
    /// That of the claim that granted it.
    id: ClaimId,
    /// For its member alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    status: CouponStatus,
    reward_id: RewardId,
    event_id: CampaignId,
    /// Whose it is; a shop is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    member_id: Option<MemberId>,
    /// From when it is not good any more; null for what never ends.
    expires_at: Option<Moment>,
    max_uses: i64,
    /// How many of its uses are made or promised.
    uses: i64,
    /// Nobody but its member may redeem it.
    bound: bool,
}

impl CouponBody {
    /// A coupon at a moment.
    pub(super) fn of(id: ClaimId, known: &KnownCoupon, at: Moment, viewer: Viewer) -> Self {
        Self::after(id, &known.granted, &known.coupon.state, at, viewer)
    }

    /// A coupon after a step.
    pub(super) fn after(id: ClaimId, granted: &GrantedCoupon, coupon: &Coupon, at: Moment, viewer: Viewer) -> Self {
        let GrantedCoupon { about, terms, .. } = granted;
        let status = match coupon.check(granted, Some(about.member_id), at) {
            Err(CouponRefusal::Voided) => CouponStatus::Voided,
            Err(CouponRefusal::Expired { .. }) => CouponStatus::Expired,
            Err(CouponRefusal::Used) => CouponStatus::Used,
            Ok(())
            | Err(
                CouponRefusal::Unknown
                | CouponRefusal::ReferenceConflict
                | CouponRefusal::RedemptionUnknown
                | CouponRefusal::StepNotAllowed { .. }
                | CouponRefusal::HoldExpired { .. },
            ) => CouponStatus::Active,
        };
        Self {
            id,
            code: None,
            status,
            reward_id: about.reward_id,
            event_id: about.campaign_id,
            member_id: (viewer == Viewer::Member).then_some(about.member_id),
            expires_at: terms.expires_at,
            max_uses: terms.max_uses.get(),
            uses: coupon.uses_at(at),
            bound: terms.bound,
        }
    }

    pub(super) fn id(&self) -> ClaimId {
        self.id
    }

    /// Whether it is this member's.
    pub(super) fn is_of(&self, member: MemberId) -> bool {
        self.member_id == Some(member)
    }

    /// The same with its code.
    pub(super) fn with_code(self, code: Option<&CouponCode>) -> Self {
        Self { code: code.map(|code| code.reveal().to_owned()), ..self }
    }
}

/// One coupon that was asked for.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct OneCoupon {
    pub(super) coupon: CouponBody,
}

/// Whether a coupon could be redeemed now.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CouponValidation")]
pub(super) struct Validation {
    valid: bool,
    /// The code of the problem that redeeming it would have; null for a coupon that is good.
    reason: Option<&'static str>,
    coupon: CouponBody,
}

impl Validation {
    pub(super) fn of(verdict: Result<(), CouponRefusal>, coupon: CouponBody) -> Self {
        let reason = verdict.err().map(|refusal| Problem::from(refusal).code().name());
        Self { valid: reason.is_none(), reason, coupon }
    }
}

/// One use of a coupon.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "RedemptionAnswer")]
struct RedemptionBody {
    id: RedemptionId,
    status: UseStatus,
    reference: Reference,
    /// The service that asked for it.
    caller_id: MemberId,
    /// Who uses it, where the service has said so.
    member_id: Option<MemberId>,
    coupon_id: ClaimId,
    reward_id: RewardId,
    event_id: CampaignId,
    /// Until when it is or was held.
    expires_at: Option<Moment>,
    /// That of the coupon's last event.
    position: i64,
    updated_at: Option<Moment>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RedemptionStepAnswer")]
pub(super) struct AnswerBody {
    redemption: RedemptionBody,
    /// The same was asked for before: nothing was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate: Option<bool>,
}

/// The answer to a step of a use.
pub(super) type Answer = StepAnswer<AnswerBody>;

impl Answer {
    /// A use was made or held.
    pub(super) fn made(id: RedemptionId, receipt: &Receipt<Coupon>, at: Moment) -> Result<Self, Problem> {
        Self::after(id, receipt, StatusCode::CREATED, at)
    }

    /// A use went on.
    pub(super) fn changed(id: RedemptionId, receipt: &Receipt<Coupon>, at: Moment) -> Result<Self, Problem> {
        Self::after(id, receipt, StatusCode::OK, at)
    }

    /// What was asked for before is answered with 200, whatever it was.
    fn after(id: RedemptionId, receipt: &Receipt<Coupon>, status: StatusCode, at: Moment) -> Result<Self, Problem> {
        let nothing = || Problem::internal("coupon", &"a use that was made is not there");
        let coupon = &receipt.state;
        let (redemption, stands) = coupon.use_at(id, at).ok_or_else(nothing)?;
        let about = coupon.subject_of_use(id).ok_or_else(nothing)?;
        let coupon_id = receipt.stream_id.parse().map_err(|_| nothing())?;
        let is_repeated = receipt.appended == 0;
        let redemption = RedemptionBody {
            id,
            status: stands,
            reference: redemption.reference.clone(),
            caller_id: redemption.caller_id,
            member_id: redemption.used_by,
            coupon_id,
            reward_id: about.reward_id,
            event_id: about.campaign_id,
            expires_at: coupon.held_until(id),
            position: receipt.position,
            updated_at: receipt.updated_at,
        };
        let body = AnswerBody { redemption, duplicate: is_repeated.then_some(true) };
        Ok(Self::by(if is_repeated { StatusCode::OK } else { status }, receipt, body))
    }
}
