//! What a claim moves beside stock: what it credits, what its price takes, the coupon that it hands out, and what it counts
//! against budgets. A grant credits by its own event. What moves is decided here; what the terms are, and what the member holds,
//! is handed in.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Subject;
use crate::budget::Counted;
use crate::coupon::CouponTerms;
use crate::id::{ClaimId, LotId};
use crate::moment::Moment;
use crate::quantity::{Amount, DelayDays, UseLimit};
use crate::spend::Paid;
use crate::value::{
    AllocationRefusal, Expiry, Grace, Holdings, LotTerms, NewLot, OnReversal, Refund, Release, Shortfall, TakenBack,
    UnitCode,
};
use crate::zone::Tz;

/// What a grant credits: a lot whose id is that of the claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Credit {
    /// Of what.
    pub unit: UnitCode,
    /// How much.
    pub amount: Amount,
    /// From when it can be used …
    pub available_from: Moment,
    /// … and from when not any more; absent for what never ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Moment>,
    /// The zone whose calendar days count.
    #[schemars(with = "String")]
    pub time_zone: Tz,
}

/// What comes back from a price that was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceReleased {
    /// Of what.
    pub unit: UnitCode,
    /// What became of it.
    pub released: Release,
}

/// What comes back from a price that was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceRefunded {
    /// Of what.
    pub unit: UnitCode,
    /// What became of it.
    pub refund: Refund,
}

/// What a claim gives back when it ends without a grant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GivenBack {
    /// To the member: the price that was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceReleased>,
    /// To budgets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

/// What the reversal of a grant takes and gives back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reversal {
    /// From the member: what was credited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<TakenBack>,
    /// To the member: the price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceRefunded>,
    /// To budgets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// The coupon is void, and its code returns to nobody.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub coupon_voided: bool,
}

/// What a member lacks of a price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriceShortfall {
    /// Of what.
    pub unit: UnitCode,
    /// How much is asked for.
    pub need: i64,
    /// How much can be used.
    pub have: i64,
}

/// By which terms a claim moves value, and what the member holds, read before it is decided.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ValueInputs {
    /// What one grant credits.
    pub credit: Option<CreditTerms>,
    /// What one claim costs the member.
    pub price: Option<Price>,
    /// The coupon that one grant hands out.
    pub coupon: Option<CouponOffer>,
    /// What one grant counts against budgets.
    pub counted: Option<Counted>,
    /// What the member holds of each unit that the claim moves …
    pub holdings: BTreeMap<UnitCode, Arc<Holdings>>,
    /// … up to this position of the log.
    pub lots_position: i64,
    /// For how long a refund of the price is good whose lots have ended.
    pub grace: Option<Grace>,
}

/// What one grant credits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditTerms {
    /// Of what.
    pub unit: UnitCode,
    /// By which rules the lot gets its days.
    pub lot: LotTerms,
    /// What a reversal takes when the grant was used.
    pub on_reversal: OnReversal,
}

/// What one claim costs the member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// Of what.
    pub unit: UnitCode,
    /// How much.
    pub amount: Amount,
}

/// The coupon that one grant hands out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CouponOffer {
    /// When it is over; `None` is never.
    pub expiry: Option<Expiry>,
    /// Whose calendar days count.
    pub zone: Tz,
    /// How often it may be redeemed.
    pub max_uses: UseLimit,
    /// Nobody but the member may redeem it.
    pub bound: bool,
}

/// What a claim has moved so far: what its end has to give back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Moved {
    pub(super) credit: Option<Credit>,
    pub(super) paid: Option<Paid>,
    pub(super) coupon: Option<CouponTerms>,
    pub(super) counted: Option<Counted>,
}

impl ValueInputs {
    pub(super) fn credit(&self, amount: Amount, at: Moment) -> Option<Credit> {
        let CreditTerms { unit, lot, .. } = self.credit.as_ref()?;
        let dates = lot.dates(at);
        Some(Credit {
            unit: unit.clone(),
            amount,
            available_from: dates.available_from,
            expires_at: dates.expires_at,
            time_zone: lot.zone,
        })
    }

    pub(super) fn coupon(&self, at: Moment) -> Option<CouponTerms> {
        let CouponOffer { expiry, zone, max_uses, bound } = self.coupon?;
        Some(CouponTerms::granted(expiry, zone, max_uses, bound, at))
    }

    /// The lots that pay the price, if there is one.
    ///
    /// # Errors
    /// See [`AllocationRefusal`].
    pub fn pay(&self, at: Moment) -> Result<Option<Paid>, AllocationRefusal> {
        let Some(Price { unit, amount }) = &self.price else { return Ok(None) };
        let short = AllocationRefusal::Insufficient(Shortfall { need: amount.get(), have: 0 });
        let lots = self.holdings.get(unit).ok_or(short)?.allocate(*amount, at)?;
        let (unit, amount, lots_position) = (unit.clone(), *amount, self.lots_position);
        Ok(Some(Paid { unit, amount, lots, lots_position, allocated_at: at }))
    }

    fn holdings(&self, unit: &UnitCode) -> Arc<Holdings> {
        self.holdings.get(unit).cloned().unwrap_or_default()
    }
}

impl Moved {
    /// What a claim that was pending gives back.
    pub(super) fn give_back(&self, inputs: &ValueInputs, at: Moment) -> Option<GivenBack> {
        let price = self.paid.as_ref().map(|paid| PriceReleased {
            unit: paid.unit.clone(),
            released: inputs.holdings(&paid.unit).release(&paid.lots, at),
        });
        let given_back = GivenBack { price, counted: self.counted.clone() };
        (given_back != GivenBack::default()).then_some(given_back)
    }

    /// What the reversal of a grant takes and gives back.
    pub(super) fn reverse(&self, claim: ClaimId, inputs: &ValueInputs, at: Moment) -> Option<Reversal> {
        let rule = inputs.credit.as_ref().map_or_else(OnReversal::default, |terms| terms.on_reversal);
        let taken_back = self
            .credit
            .as_ref()
            .map(|credit| inputs.holdings(&credit.unit).take_back(credit.unit.clone(), LotId::from(claim), rule, at));
        let grace = inputs.grace.unwrap_or(Grace { days: DelayDays::default(), zone: Tz::UTC });
        let price = self.paid.as_ref().map(|paid| {
            let backwards: Vec<_> = paid.lots.iter().rev().copied().collect();
            let renewed = LotId::of_refund(claim.0, "reversal");
            let refund = inputs.holdings(&paid.unit).refund(&backwards, grace, renewed, at);
            PriceRefunded { unit: paid.unit.clone(), refund }
        });
        let reversal =
            Reversal { taken_back, price, counted: self.counted.clone(), coupon_voided: self.coupon.is_some() };
        (reversal != Reversal::default()).then_some(reversal)
    }
}

impl Credit {
    /// The lot that it gives.
    #[must_use]
    pub fn lot(&self, claim: ClaimId) -> NewLot {
        let Self { amount, available_from, expires_at, .. } = *self;
        NewLot { lot_id: claim.into(), amount, available_from, expires_at }
    }
}

impl Subject {
    /// The id of the claim.
    #[must_use]
    pub fn claim_id(&self) -> ClaimId {
        ClaimId::of(self.reward_id, self.member_id, &self.period)
    }
}

impl PriceShortfall {
    pub(super) fn of(price: &Price, short: Shortfall) -> Self {
        Self { unit: price.unit.clone(), need: short.need, have: short.have }
    }
}
