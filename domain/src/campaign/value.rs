//! What a claim of a reward moves beside stock, as an operator fixes it: what it credits, what it costs the member and the
//! programme, and the coupon that it hands out. What is left out is as the unit has it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{CampaignRefusal, RewardTerms, RewardType};
use crate::budget::{BudgetUnit, CountedAmount};
use crate::claim::{CouponOffer, CreditTerms, Price};
use crate::quantity::{Amount, DelayDays, StockUnits, UseLimit};
use crate::unit::UnitTerms;
use crate::value::{Currency, Expiry, LotTerms, UnitCode};
use crate::zone::Tz;

/// What a claim of a reward moves beside stock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewardValue {
    /// What points are credited in; absent is `points`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<UnitCode>,
    /// When what is given is over; absent is as the unit has it, and never for a coupon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<RewardExpiry>,
    /// After how many days points can be used; absent is as the unit has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_after_days: Option<DelayDays>,
    /// What a claim costs the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// What a grant costs the programme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// The coupon with a code of its own that each grant hands out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<CodesTerms>,
}

/// When what one reward gives is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RewardExpiry {
    /// Whatever the unit says.
    Never(Never),
    /// By a rule of its own.
    By(Expiry),
}

/// That something is never over, as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Never {
    /// It is not.
    Never,
}

/// What a grant costs the programme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// In which currency.
    pub currency: Currency,
    /// How much of it, in whole numbers.
    pub amount: Amount,
}

/// What the codes of a reward are good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CodesTerms {
    /// How often each may be redeemed.
    pub max_uses: UseLimit,
    /// Nobody but the member to whom one was granted may redeem it.
    pub bound: bool,
}

impl RewardExpiry {
    fn expiry(self) -> Option<Expiry> {
        match self {
            Self::Never(_) => None,
            Self::By(expiry) => Some(expiry),
        }
    }
}

impl RewardTerms {
    /// What one grant credits points in; `None` where it is no points.
    #[must_use]
    pub fn credited_unit(&self) -> Option<UnitCode> {
        let own = self.value.as_ref().and_then(|value| value.unit.clone());
        (self.reward_type == RewardType::Point).then(|| own.unwrap_or_else(UnitCode::points))
    }

    /// What one grant credits, by the terms of its unit, to a member of a zone.
    #[must_use]
    pub fn credit(&self, unit: &UnitTerms, member: Tz) -> Option<CreditTerms> {
        let code = self.credited_unit()?;
        let by_unit = unit.lots(member);
        let own = self.value.as_deref();
        let expiry = own.and_then(|own| own.expiry).map_or(by_unit.expiry, RewardExpiry::expiry);
        let after = own.and_then(|own| own.available_after_days).unwrap_or(by_unit.available_after_days);
        let lot = LotTerms { expiry, available_after_days: after, zone: by_unit.zone };
        Some(CreditTerms { unit: code, lot, on_reversal: unit.on_reversal })
    }

    /// What a claim costs the member.
    #[must_use]
    pub fn price(&self) -> Option<&Price> {
        self.value.as_ref()?.price.as_ref()
    }

    /// The coupon that one grant hands out to a member of a zone.
    #[must_use]
    pub fn coupon(&self, zone: Tz) -> Option<CouponOffer> {
        let value = self.value.as_ref()?;
        let CodesTerms { max_uses, bound } = value.codes?;
        Some(CouponOffer { expiry: value.expiry.and_then(RewardExpiry::expiry), zone, max_uses, bound })
    }

    /// What one grant counts against budgets: the points that it credits, and what it costs.
    #[must_use]
    pub fn counted(&self) -> Vec<CountedAmount> {
        let credited =
            self.credited_unit().map(|unit| CountedAmount { unit: BudgetUnit::Unit(unit), amount: self.amount });
        let cost = self.value.as_ref().and_then(|value| value.cost);
        let cost = cost.map(|cost| CountedAmount { unit: BudgetUnit::Currency(cost.currency), amount: cost.amount });
        credited.into_iter().chain(cost).collect()
    }

    /// How many grants there are at first; `None` is without limit. Where each grant hands out a code there are as many as
    /// codes, and none before codes are added.
    #[must_use]
    pub fn first_stock(&self) -> Option<StockUnits> {
        let has_codes = self.value.as_ref().is_some_and(|value| value.codes.is_some());
        if has_codes { StockUnits::try_from(0).ok() } else { self.quantity }
    }

    /// What no type can say about what a claim moves.
    pub(super) fn check(&self) -> Result<(), CampaignRefusal> {
        let Some(value) = &self.value else { return Ok(()) };
        let is_of = |reward_type| self.reward_type == reward_type;
        if value.unit.is_some() && !is_of(RewardType::Point) {
            return Err(CampaignRefusal::CreditsNoPoints);
        }
        if value.available_after_days.is_some() && !is_of(RewardType::Point) {
            return Err(CampaignRefusal::NothingMatures);
        }
        if value.codes.is_some() && !is_of(RewardType::Coupon) {
            return Err(CampaignRefusal::CodesOfNoCoupon);
        }
        if value.codes.is_some() && (self.amount.get() != 1 || self.quantity.is_some()) {
            return Err(CampaignRefusal::CodesAreTheStock);
        }
        if value.expiry.is_some() && !is_of(RewardType::Point) && value.codes.is_none() {
            return Err(CampaignRefusal::NothingExpires);
        }
        if value.expiry.and_then(RewardExpiry::expiry).is_some_and(|expiry| !expiry.is_within_bounds()) {
            return Err(CampaignRefusal::DateOutOfBounds);
        }
        if value.price.as_ref().is_some_and(|price| Some(&price.unit) == self.credited_unit().as_ref()) {
            return Err(CampaignRefusal::PriceInOwnUnit);
        }
        Ok(())
    }
}
