//! What each step of a claim moves between accounts. Steps that were recorded before claims moved value move nothing.

use super::value::{Credit, GivenBack, Reversal};
use super::{ClaimEvent, Subject, Transition};
use crate::budget::Counted;
use crate::coupon::CouponTerms;
use crate::spend::Paid;
use crate::value::{Account, Entry, HoldChange};

impl ClaimEvent {
    /// What the step moves.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry<'_>> {
        let about = self.about();
        match self {
            Self::Submitted(event) => moved(about, event.paid.as_ref(), Account::Wallet, Account::Held),
            Self::Granted(event) => {
                let mut entries = moved(about, event.paid.as_ref(), Account::Wallet, Account::Spent);
                entries.extend(credited(about, event.credit.as_ref()));
                entries
            }
            Self::Approved(event) => {
                let mut entries = moved(about, event.paid.as_ref(), Account::Held, Account::Spent);
                entries.extend(credited(about, event.credit.as_ref()));
                entries
            }
            Self::Credited(event) => credited(about, Some(&event.credit)).into_iter().collect(),
            Self::Rejected(event) => released(about, event.given_back.as_ref()),
            Self::Expired(event) => released(about, event.given_back.as_ref()),
            Self::Withdrawn(event) => released(about, event.given_back.as_ref()),
            Self::Reversed(event) => event.reversal.as_ref().map(|one| reversed(about, one)).unwrap_or_default(),
            Self::Denied(_) | Self::Fulfilled(_) | Self::FulfilmentFailed(_) => vec![],
        }
    }

    /// What the step counts against budgets, and whether it takes (1) or gives back (-1).
    #[must_use]
    pub fn counted(&self) -> Option<(&Counted, i64)> {
        match self {
            Self::Submitted(event) => event.counted.as_ref().map(|counted| (counted, 1)),
            Self::Granted(event) => event.counted.as_ref().map(|counted| (counted, 1)),
            Self::Rejected(event) => uncounted(event.given_back.as_ref()),
            Self::Expired(event) => uncounted(event.given_back.as_ref()),
            Self::Withdrawn(event) => uncounted(event.given_back.as_ref()),
            Self::Reversed(event) => event.reversal.as_ref()?.counted.as_ref().map(|counted| (counted, -1)),
            Self::Denied(_)
            | Self::Approved(_)
            | Self::Credited(_)
            | Self::Fulfilled(_)
            | Self::FulfilmentFailed(_) => None,
        }
    }

    /// What the step takes from the stock of its reward: promised, and given. A coupon that was granted is not given back:
    /// its code returns to nobody.
    #[must_use]
    pub fn from_stock(&self) -> (i64, i64) {
        let Transition { held, granted, .. } = self.event_type().transition();
        match self {
            Self::Reversed(event) if event.reversal.as_ref().is_some_and(|reversal| reversal.coupon_voided) => {
                (held, 0)
            }
            Self::Denied(_)
            | Self::Submitted(_)
            | Self::Granted(_)
            | Self::Approved(_)
            | Self::Rejected(_)
            | Self::Expired(_)
            | Self::Withdrawn(_)
            | Self::Fulfilled(_)
            | Self::FulfilmentFailed(_)
            | Self::Credited(_)
            | Self::Reversed(_) => (held, granted),
        }
    }

    /// The coupon that the step hands out.
    #[must_use]
    pub fn coupon(&self) -> Option<&CouponTerms> {
        match self {
            Self::Granted(event) => event.coupon.as_ref(),
            Self::Approved(event) => event.coupon.as_ref(),
            Self::Denied(_)
            | Self::Submitted(_)
            | Self::Rejected(_)
            | Self::Expired(_)
            | Self::Withdrawn(_)
            | Self::Credited(_)
            | Self::Fulfilled(_)
            | Self::FulfilmentFailed(_)
            | Self::Reversed(_) => None,
        }
    }

    /// What the step does to the hold of the claim's price.
    #[must_use]
    pub fn hold_change(&self) -> Option<HoldChange<'_>> {
        match self {
            Self::Submitted(event) => {
                let lots = &event.paid.as_ref()?.lots;
                Some(HoldChange::Begun { expires_at: event.expires_at, lots })
            }
            Self::Approved(event) => event.paid.as_ref().map(|_| HoldChange::Ended),
            Self::Rejected(event) => ended(event.given_back.as_ref()),
            Self::Expired(event) => ended(event.given_back.as_ref()),
            Self::Withdrawn(event) => ended(event.given_back.as_ref()),
            Self::Denied(_)
            | Self::Granted(_)
            | Self::Credited(_)
            | Self::Fulfilled(_)
            | Self::FulfilmentFailed(_)
            | Self::Reversed(_) => None,
        }
    }
}

fn moved<'a>(about: &Subject, paid: Option<&'a Paid>, from: Account, to: Account) -> Vec<Entry<'a>> {
    paid.map(|paid| paid.entry(about.member_id, from, to)).into_iter().collect()
}

fn credited<'a>(about: &Subject, credit: Option<&'a Credit>) -> Option<Entry<'a>> {
    let credit = credit?;
    let lots = vec![credit.lot(about.claim_id())];
    Some(Entry::new_lots(about.member_id, &credit.unit, Account::Issued, lots))
}

fn released<'a>(about: &Subject, given_back: Option<&'a GivenBack>) -> Vec<Entry<'a>> {
    let price = given_back.and_then(|given_back| given_back.price.as_ref());
    price.map(|price| price.released.entries(about.member_id, &price.unit).into()).unwrap_or_default()
}

fn reversed<'a>(about: &Subject, reversal: &'a Reversal) -> Vec<Entry<'a>> {
    let taken_back = reversal.taken_back.iter().flat_map(|taken| taken.entries(about.member_id));
    let price = reversal.price.iter().flat_map(|price| price.refund.entries(about.member_id, &price.unit));
    taken_back.chain(price).collect()
}

fn uncounted(given_back: Option<&GivenBack>) -> Option<(&Counted, i64)> {
    given_back?.counted.as_ref().map(|counted| (counted, -1))
}

fn ended(given_back: Option<&GivenBack>) -> Option<HoldChange<'static>> {
    given_back?.price.as_ref().map(|_| HoldChange::Ended)
}
