//! How much of a unit may be given in a day, a week, a month or at all, by one campaign or by the programme, and what is told
//! when a part of it is gone. Spending is counted by scope, unit and local day, cap or no cap; longer periods are sums of days.
//! It keeps no count itself: how much is committed is handed in.

mod counted;
mod event;
mod room;
#[cfg(test)]
mod tests;
mod told;

use std::borrow::Cow;
use std::fmt;

use chrono::NaiveDate;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

pub use counted::{Counted, CountedAmount};
pub use event::{BudgetEvent, BudgetEventType, ThresholdReached};
pub use room::{BudgetShortfall, Committed, room_for};
pub use told::{BudgetCommand, BudgetPeriod};

use crate::id::CampaignId;
use crate::period::Frequency;
use crate::quantity::{Amount, Percent};
use crate::value::{Currency, UnitCode};

/// The most budgets that one scope has.
pub const MAX_BUDGETS: usize = 20;
/// The most parts of one budget that are told when they are reached.
pub const MAX_ALERTS: usize = 10;

/// So much of a unit in each period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// Of what.
    pub unit: BudgetUnit,
    /// How much.
    pub amount: Amount,
    /// In which period.
    pub per: Per,
    /// The parts in percent that are told when they are reached, once a period; rising.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alert_at: Vec<Percent>,
}

/// What a budget limits: one of the programme's own units, or money.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum BudgetUnit {
    /// One of the programme's own units: lower case.
    Unit(UnitCode),
    /// A currency, in which rewards have a cost: upper case.
    Currency(Currency),
}

/// The text is neither a unit nor a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the code of a unit, such as points, or a currency, such as KRW")]
pub struct NotABudgetUnit;

/// In which period a budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// At all.
    Total,
    /// A calendar month.
    Month,
    /// An ISO 8601 week.
    Week,
    /// A calendar day.
    Day,
}

/// Whose budget it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A campaign's.
    Campaign(CampaignId),
    /// The programme's, over all campaigns.
    Programme,
}

/// Why budgets are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetsRefusal {
    /// There are too many.
    #[error("at most {MAX_BUDGETS} budgets")]
    TooMany,
    /// Two limit the same.
    #[error("there are two budgets of {unit} for the same period")]
    Twice {
        /// Of what.
        unit: BudgetUnit,
        /// For which period.
        per: Per,
    },
    /// The parts that are told are too many, or do not rise.
    #[error("at most {MAX_ALERTS} percentages, each larger than the one before")]
    Alerts,
}

/// Whether budgets can stand beside each other.
///
/// # Errors
/// See [`BudgetsRefusal`].
pub fn check(budgets: &[Budget]) -> Result<(), BudgetsRefusal> {
    if budgets.len() > MAX_BUDGETS {
        return Err(BudgetsRefusal::TooMany);
    }
    for (index, budget) in budgets.iter().enumerate() {
        let rising = budget.alert_at.windows(2).all(|pair| pair[0] < pair[1]);
        if budget.alert_at.len() > MAX_ALERTS || !rising {
            return Err(BudgetsRefusal::Alerts);
        }
        let same = |other: &&Budget| (&other.unit, other.per) == (&budget.unit, budget.per);
        if budgets[..index].iter().any(|other| same(&other)) {
            return Err(BudgetsRefusal::Twice { unit: budget.unit.clone(), per: budget.per });
        }
    }
    Ok(())
}

impl Per {
    /// All of them, in the order in which they are looked at.
    pub const ALL: [Self; 4] = [Self::Total, Self::Month, Self::Week, Self::Day];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Month => "month",
            Self::Week => "week",
            Self::Day => "day",
        }
    }

    /// The period that a day lies in: `total`, `2026-11`, `2026-W47` or `2026-11-21`.
    #[must_use]
    pub fn period_of(self, day: NaiveDate) -> String {
        match self {
            Self::Total => self.name().to_owned(),
            Self::Month => Frequency::Monthly.period_of(day),
            Self::Week => Frequency::Weekly.period_of(day),
            Self::Day => Frequency::Daily.period_of(day),
        }
    }

    /// The first and the last day of the period that a day lies in.
    #[must_use]
    pub fn days_of(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        let frequency = match self {
            Self::Total => return (NaiveDate::MIN, NaiveDate::MAX),
            Self::Month => Frequency::Monthly,
            Self::Week => Frequency::Weekly,
            Self::Day => Frequency::Daily,
        };
        frequency.days_of(day)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Campaign(campaign) => campaign.fmt(f),
            Self::Programme => f.write_str("programme"),
        }
    }
}

impl Scope {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Campaign(_) => "event",
            Self::Programme => "programme",
        }
    }
}

impl TryFrom<String> for BudgetUnit {
    type Error = NotABudgetUnit;

    fn try_from(text: String) -> Result<Self, NotABudgetUnit> {
        match Currency::try_from(text.clone()) {
            Ok(currency) => Ok(Self::Currency(currency)),
            Err(_) => UnitCode::try_from(text).map(Self::Unit).map_err(|_| NotABudgetUnit),
        }
    }
}

impl From<BudgetUnit> for String {
    fn from(unit: BudgetUnit) -> Self {
        match unit {
            BudgetUnit::Unit(code) => code.into(),
            BudgetUnit::Currency(currency) => currency.into(),
        }
    }
}

impl fmt::Display for BudgetUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit(code) => code.fmt(f),
            Self::Currency(currency) => currency.fmt(f),
        }
    }
}

impl JsonSchema for BudgetUnit {
    fn schema_name() -> Cow<'static, str> {
        "BudgetUnit".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^([A-Z]{3}|[a-z][a-z0-9_.-]{0,63})$"})
    }
}
