//! What becomes of points that come back to a wallet: into their lots where these are good, and otherwise they end at once, or
//! live on for a while in a lot of their own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::UnitCode;
use super::account::{Account, Entry};
use super::holdings::Holdings;
use super::lifetime::{Expiry, LotTerms};
use super::portion::{NewLot, Portion, total};
use crate::id::{LotId, MemberId};
use crate::moment::Moment;
use crate::quantity::{Amount, DelayDays, LifeDays};
use crate::zone::Tz;

/// What a hold gives back when it ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Release {
    /// What is back in its lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<Portion>,
    /// What has ended, because its lots had ended meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<Portion>,
}

/// What a refund gives back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// What is back in its lots.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returned: Vec<Portion>,
    /// What is good for a while again, because its lots had ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<NewLot>,
    /// What has ended at once, because its lots had ended and the unit knows no grace.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expired: Vec<Portion>,
}

/// For how long a refund of what has ended is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grace {
    /// For so many days after the day of the refund; 0 is not at all.
    pub days: DelayDays,
    /// Whose calendar days count.
    pub zone: Tz,
}

impl Holdings {
    /// What a hold of these lots gives back at `at`.
    #[must_use]
    pub fn release(&self, lots: &[Portion], at: Moment) -> Release {
        let (expired, returned) = self.by_end(lots, at);
        Release { returned, expired }
    }

    /// What a refund of these lots gives back at `at`; `renewed` names the lot in place of those that have ended.
    #[must_use]
    pub fn refund(&self, lots: &[Portion], grace: Grace, renewed: LotId, at: Moment) -> Refund {
        let (ended, returned) = self.by_end(lots, at);
        let days = LifeDays::try_from(grace.days.get()).ok();
        let terms = days.map(|days| LotTerms {
            expiry: Some(Expiry::after(days)),
            available_after_days: DelayDays::default(),
            zone: grace.zone,
        });
        match (terms, Amount::try_from(total(&ended))) {
            (Some(terms), Ok(amount)) => {
                let renewed = Some(NewLot::of(renewed, amount, terms.dates(at)));
                Refund { returned, renewed, expired: vec![] }
            }
            (None, _) | (_, Err(_)) => Refund { returned, renewed: None, expired: ended },
        }
    }

    /// Portions of lots that have ended, and the others.
    fn by_end(&self, lots: &[Portion], at: Moment) -> (Vec<Portion>, Vec<Portion>) {
        let ended = |part: &Portion| self.lot(part.lot_id).is_some_and(|lot| lot.dates.have_ended(at));
        lots.iter().copied().partition(ended)
    }
}

impl Release {
    /// Whether nothing came back.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.returned.is_empty() && self.expired.is_empty()
    }

    /// From the hold to where it goes.
    pub(crate) fn entries<'a>(&'a self, member: MemberId, unit: &'a UnitCode) -> [Entry<'a>; 2] {
        [
            Entry::of(member, unit, Account::Held, Account::Wallet, &self.returned),
            Entry::of(member, unit, Account::Held, Account::Expired, &self.expired),
        ]
    }
}

impl Refund {
    /// How much it is.
    #[must_use]
    pub fn amount(&self) -> i64 {
        let renewed = self.renewed.map_or(0, |lot| lot.amount.get());
        total(&self.returned) + renewed + total(&self.expired)
    }

    /// From what was spent to where it goes.
    pub(crate) fn entries<'a>(&'a self, member: MemberId, unit: &'a UnitCode) -> [Entry<'a>; 3] {
        [
            Entry::of(member, unit, Account::Spent, Account::Wallet, &self.returned),
            Entry::new_lots(member, unit, Account::Spent, self.renewed.into_iter().collect()),
            Entry::of(member, unit, Account::Spent, Account::Expired, &self.expired),
        ]
    }
}
