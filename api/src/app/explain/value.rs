//! What a claim has moved beside stock, in sentences: its price, its credit and its coupon, and what came back of them.

use domain::Moment;
use domain::claim::{Claim, ClaimEvent, ClaimStatus, Credit, Reversed};
use domain::coupon::CouponTerms;
use domain::spend::Paid;
use domain::value::{TakenBack, total};

use super::Material;
use crate::app::i18n::{Said, phrases};

/// One sentence for each of them that there is.
pub(super) fn told(claim: &Claim, material: &Material) -> Vec<Said> {
    let Some(status) = claim.status() else { return vec![] };
    let price = claim.paid().map(|paid| price(status, paid));
    let credit = claim.credited().map(|credit| material.taken_back().map_or_else(|| credited(credit), taken));
    let coupon = claim.coupon().map(|(terms, is_reversed)| coupon(terms, is_reversed));
    price.into_iter().chain(credit).chain(coupon).collect()
}

/// Which code it has is in no explanation.
fn coupon(terms: &CouponTerms, is_reversed: bool) -> Said {
    match terms.expires_at.map(Moment::to_text) {
        _ if is_reversed => phrases::explain_coupon_voided(),
        Some(until) => phrases::explain_coupon_until(until),
        None => phrases::explain_coupon(),
    }
}

fn price(status: ClaimStatus, paid: &Paid) -> Said {
    let (amount, unit) = (paid.amount.get(), paid.unit.as_str());
    match status {
        ClaimStatus::Pending => phrases::explain_price_held(amount, unit),
        ClaimStatus::Granted | ClaimStatus::Fulfilled | ClaimStatus::FulfilmentFailed => {
            phrases::explain_price_paid(amount, unit)
        }
        ClaimStatus::Denied | ClaimStatus::Expired | ClaimStatus::Rejected | ClaimStatus::Reversed => {
            phrases::explain_price_given_back(amount, unit)
        }
    }
}

fn credited(credit: &Credit) -> Said {
    let (amount, unit, from) = (credit.amount.get(), credit.unit.as_str(), credit.available_from.to_text());
    match credit.expires_at.map(Moment::to_text) {
        Some(until) => phrases::explain_credited_until(amount, unit, from, until),
        None => phrases::explain_credited(amount, unit, from),
    }
}

fn taken(taken: &TakenBack) -> Said {
    let TakenBack { unit, lots, owed, written_off } = taken;
    phrases::explain_taken_back(total(lots), unit.as_str(), *owed, *written_off)
}

impl Material {
    /// What the reversal of the grant took.
    fn taken_back(&self) -> Option<&TakenBack> {
        self.history.iter().rev().find_map(|step| match &step.event {
            ClaimEvent::Reversed(Reversed { reversal, .. }) => reversal.as_ref()?.taken_back.as_ref(),
            ClaimEvent::Denied(_)
            | ClaimEvent::Submitted(_)
            | ClaimEvent::Granted(_)
            | ClaimEvent::Approved(_)
            | ClaimEvent::Rejected(_)
            | ClaimEvent::Expired(_)
            | ClaimEvent::Withdrawn(_)
            | ClaimEvent::Fulfilled(_)
            | ClaimEvent::FulfilmentFailed(_)
            | ClaimEvent::Credited(_) => None,
        })
    }
}
