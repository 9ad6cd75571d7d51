//! The answers: what is outstanding and when it ends, what every account comes to, and what events have cost.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate, TimeDelta};
use domain::Moment;
use domain::id::CampaignId;
use domain::unit::UnitTerms;
use domain::value::{Account, Currency, UnitCode};
use domain::zone::{Tz, local_date};

use super::budgets::BudgetStanding;
use super::totals::{ACCOUNTS, End, OUTSTANDING, Total};
use super::view::View;
use crate::engine::error::FoldError;
use crate::read_models::dashboard::AsOf;

/// What the programme owes its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Liability {
    /// By unit; `points` is always there.
    pub units: Vec<UnitLiability>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// What the programme owes in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitLiability {
    /// Which unit.
    pub unit: UnitCode,
    /// Its terms at that position.
    pub terms: UnitTerms,
    /// What members have and nothing holds, recorded or not.
    pub wallet: i128,
    /// What is promised to payments.
    pub held: i128,
    /// What members owe: zero or below.
    pub receivable: i128,
    /// What has ended by the clock and is in none of these numbers: its end is not recorded yet.
    pub due: i128,
    /// What members have or hold, by the month in which it ends, the soonest first; what never ends is last.
    pub endings: Vec<Ending>,
}

/// What ends in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// The first day of the month of the last good day; `None` for what never ends.
    pub month: Option<NaiveDate>,
    /// What nothing holds.
    pub wallet: i128,
    /// What is promised to payments.
    pub held: i128,
}

impl UnitLiability {
    /// All that is outstanding.
    #[must_use]
    pub fn outstanding(&self) -> i128 {
        self.wallet + self.held
    }

    /// What that is worth, where the unit says so.
    #[must_use]
    pub fn worth(&self) -> Option<(Currency, i128)> {
        self.terms.value.map(|value| (value.currency, value.of(self.outstanding())))
    }
}

/// Where value is and has gone, and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueAnalytics {
    /// By unit; `points` is always there.
    pub units: Vec<AccountsOfUnit>,
    /// What events have cost, the dearest first.
    pub costs: Vec<CostOfEvent>,
    /// What is left of the budgets that are in force, the programme's first.
    pub budgets: Vec<BudgetStanding>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// What every account comes to in one unit, by all that is recorded: together zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountsOfUnit {
    /// Which unit.
    pub unit: UnitCode,
    /// Its terms at that position.
    pub terms: UnitTerms,
    /// Every account.
    pub accounts: Vec<(Account, i128)>,
}

/// What the grants of one event have cost in one currency; those that were taken back cost nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostOfEvent {
    /// Which event.
    pub campaign_id: CampaignId,
    /// What it is called.
    pub name: String,
    /// In which currency.
    pub currency: Currency,
    /// How much.
    pub amount: i128,
    /// By how many grants.
    pub grants: i64,
}

impl View {
    /// What is outstanding, by the month in which it ends in a zone.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn liability(mut self, zone: Tz) -> Result<Liability, FoldError> {
        let totals = self.totals(OUTSTANDING).await?;
        let mut units = Vec::new();
        for unit in units_of(&totals) {
            let Some(terms) = self.unit(&unit).await? else { continue };
            units.push(self.unit_liability(unit, terms, &totals, zone));
        }
        Ok(Liability { units, as_of: self.as_of })
    }

    fn unit_liability(
        &self,
        unit: UnitCode,
        terms: UnitTerms,
        totals: &BTreeMap<Total, i128>,
        zone: Tz,
    ) -> UnitLiability {
        let clock = Moment::from(self.clock);
        let (mut due, mut months) = (0, BTreeMap::new());
        for (total, amount) in totals {
            match total {
                // held points do not end
                Total::Free(of, End(Some(end))) if *of == unit && *end <= clock => due += amount,
                Total::Free(of, end) if *of == unit => {
                    months.entry(Month::of(*end, zone)).or_insert((0, 0)).0 += amount
                }
                Total::Held(of, end) if *of == unit => {
                    months.entry(Month::of(*end, zone)).or_insert((0, 0)).1 += amount
                }
                Total::Free(..) | Total::Held(..) | Total::Account(..) | Total::Counted(..) => {}
            }
        }
        let endings =
            months.into_iter().map(|(month, (wallet, held))| Ending { month: month.first_day(), wallet, held });
        UnitLiability {
            wallet: account(totals, &unit, Account::Wallet) - due,
            held: account(totals, &unit, Account::Held),
            receivable: account(totals, &unit, Account::Receivable),
            due,
            endings: endings.collect(),
            unit,
            terms,
        }
    }

    /// What every account comes to, and what events have cost.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn value(mut self) -> Result<ValueAnalytics, FoldError> {
        let totals = self.totals(ACCOUNTS).await?;
        let mut units = Vec::new();
        for unit in units_of(&totals) {
            let Some(terms) = self.unit(&unit).await? else { continue };
            let accounts = Account::ALL.map(|one| (one, account(&totals, &unit, one))).to_vec();
            units.push(AccountsOfUnit { unit, terms, accounts });
        }
        let (as_of, budgets) = (self.as_of, self.budgets().await?);
        Ok(ValueAnalytics { units, costs: self.costs().await?, budgets, as_of })
    }
}

fn account(totals: &BTreeMap<Total, i128>, unit: &UnitCode, account: Account) -> i128 {
    totals.get(&Total::Account(unit.clone(), account)).copied().unwrap_or_default()
}

/// The units of which there is or was something; `points` is always there.
fn units_of(totals: &BTreeMap<Total, i128>) -> BTreeSet<UnitCode> {
    let named = totals.keys().filter_map(|total| match total {
        Total::Account(unit, _) | Total::Free(unit, _) | Total::Held(unit, _) => Some(unit.clone()),
        Total::Counted(..) => None,
    });
    named.chain([UnitCode::points()]).collect()
}

/// A month of a year; what never ends is after all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Month {
    Of(NaiveDate),
    Never,
}

impl Month {
    /// The month of the last good day of what ends then.
    fn of(End(end): End, zone: Tz) -> Self {
        let Some(end) = end else { return Self::Never };
        let day = local_date(zone, Moment::from(end.utc() - TimeDelta::milliseconds(1)));
        Self::Of(day.with_day(1).unwrap_or(day))
    }

    fn first_day(self) -> Option<NaiveDate> {
        match self {
            Self::Of(first) => Some(first),
            Self::Never => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lot_ends_in_the_month_of_its_last_good_day() {
        let end = |text: &str| End(Some(chrono::DateTime::parse_from_rfc3339(text).unwrap().into()));
        let month = |end, zone: &str| Month::of(end, zone.parse().unwrap()).first_day().map(|day| day.to_string());
        let december = Some("2026-12-01".to_owned());
        assert_eq!(month(end("2026-12-31T15:00:00Z"), "Asia/Seoul"), december);
        assert_eq!(month(end("2027-01-01T00:00:00Z"), "UTC"), december);
        assert_eq!(month(end("2027-01-01T00:00:00.001Z"), "UTC"), Some("2027-01-01".to_owned()));
        assert_eq!(month(End(None), "UTC"), None);
        assert!(Month::of(end("9998-12-31T00:00:00Z"), Tz::UTC) < Month::of(End(None), Tz::UTC));
    }
}
