//! `/dashboard/liability` and `/dashboard/value-analytics`: what the programme owes its members and when it ends, what every
//! account comes to, and what events have cost.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use domain::Moment;
use domain::budget::{Per, Scope};
use domain::quantity::{EXACT, Scale};
use domain::value::{Account, Currency, UnitCode};
use domain::zone::Tz;
use projections::read_models::value::{
    AccountsOfUnit, BudgetStanding, CostOfEvent, Ending, Liability, MODELS, UnitLiability, ValueAnalytics, View,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::Problem;
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::Query;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

use super::AsOfBody;
use super::asked::{Reached, Then};

pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/dashboard/liability",
            get_with(liability, |op| op.named("getLiability", "What members have, by the month in which it ends")),
        )
        .api_route(
            "/dashboard/value-analytics",
            get_with(value_analytics, |op| {
                op.named("getValueAnalytics", "Every account of value, what events have cost, and what budgets leave")
            }),
        )
}

/// As of when.
struct Asked(Option<Then>);

impl FromFields for Asked {
    fn read(fields: &mut Fields) -> Option<Self> {
        Then::read(fields).map(Self)
    }
}

impl Asked {
    /// Opens the view. Waits until the requested position is folded.
    async fn view(&self, state: &AppState, min: MinPosition, now: Moment) -> Result<View, Problem> {
        let (position, _) = Then::resolved(self.0.as_ref(), state, now).await?;
        let Reached { position, folded } = Reached::by(MODELS, position, state, min).await?;
        Ok(View::open(&state.heavy_reads, position, now.utc(), folded).await?)
    }
}

/// The same, with the zone whose months count.
struct AskedMonths {
    time_zone: Tz,
    asked: Asked,
}

impl FromFields for AskedMonths {
    fn read(fields: &mut Fields) -> Option<Self> {
        let time_zone = fields.optional("timeZone", readers::zone());
        let asked = Asked::read(fields);
        Some(Self { time_zone: time_zone?.unwrap_or(Tz::UTC), asked: asked? })
    }
}

async fn liability(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(AskedMonths { time_zone, asked }): Query<AskedMonths>,
) -> Result<At<Json<LiabilityBody>>, Problem> {
    let liability = asked.view(&state, min, staff.at).await?.liability(time_zone).await?;
    Ok(At(liability.as_of.position, Json(liability.into())))
}

async fn value_analytics(
    State(state): State<AppState>,
    staff: Staff,
    min: MinPosition,
    Query(asked): Query<Asked>,
) -> Result<At<Json<ValueAnalyticsBody>>, Problem> {
    let analytics = asked.view(&state, min, staff.at).await?.value().await?;
    Ok(At(analytics.as_of.position, Json(analytics.into())))
}

/// A whole number of any size: a number, or beyond ±2⁵³ a text of its digits.
#[derive(Debug, Clone, Copy)]
struct Sum(i128);

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match i64::try_from(self.0) {
            Ok(number) if (-EXACT..=EXACT).contains(&number) => serializer.serialize_i64(number),
            Ok(_) | Err(_) => serializer.collect_str(&self.0),
        }
    }
}

impl JsonSchema for Sum {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sum".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A whole number; beyond ±2⁵³ its digits as a text.",
            "anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^-?[0-9]+$"}],
        })
    }
}

/// What the programme owes its members.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Liability")]
struct LiabilityBody {
    /// By unit; `points` is always there.
    units: Vec<UnitLiabilityBody>,
    as_of: AsOfBody,
}

/// What it owes in one unit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LiabilityOfUnit")]
struct UnitLiabilityBody {
    unit: UnitCode,
    name: String,
    scale: Scale,
    /// All that members have or that is promised to payments.
    outstanding: Sum,
    /// What that is worth, where the unit says so.
    worth: Option<Worth>,
    /// What nothing holds.
    wallet: Sum,
    /// What is promised to payments.
    held: Sum,
    /// What members owe: zero or below.
    receivable: Sum,
    /// What has ended by the clock and is in none of these numbers: its end is not recorded yet.
    due: Sum,
    /// What is outstanding by the month of its last good day, the soonest first; what never ends is last.
    months: Vec<MonthBody>,
}

/// An amount of a currency.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WorthOfUnit")]
struct Worth {
    currency: Currency,
    amount: Sum,
}

/// What ends in one month.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "LiabilityOfMonth")]
struct MonthBody {
    /// Such as `2026-12`; null for what never ends.
    month: Option<String>,
    wallet: Sum,
    held: Sum,
    /// Both.
    outstanding: Sum,
}

impl From<Liability> for LiabilityBody {
    fn from(liability: Liability) -> Self {
        Self {
            units: liability.units.into_iter().map(UnitLiabilityBody::from).collect(),
            as_of: liability.as_of.into(),
        }
    }
}

impl From<UnitLiability> for UnitLiabilityBody {
    fn from(unit: UnitLiability) -> Self {
        let worth = unit.worth().map(|(currency, amount)| Worth { currency, amount: Sum(amount) });
        Self {
            outstanding: Sum(unit.outstanding()),
            worth,
            wallet: Sum(unit.wallet),
            held: Sum(unit.held),
            receivable: Sum(unit.receivable),
            due: Sum(unit.due),
            months: unit.endings.into_iter().map(MonthBody::from).collect(),
            name: unit.terms.name,
            scale: unit.terms.scale,
            unit: unit.unit,
        }
    }
}

impl From<Ending> for MonthBody {
    fn from(Ending { month, wallet, held }: Ending) -> Self {
        let month = month.map(|first| first.format("%Y-%m").to_string());
        Self { month, wallet: Sum(wallet), held: Sum(held), outstanding: Sum(wallet + held) }
    }
}

/// Where value is and has gone, and what it cost.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ValueAnalytics")]
struct ValueAnalyticsBody {
    /// By unit; `points` is always there.
    units: Vec<AccountsOfUnitBody>,
    /// What events have cost, the dearest first.
    costs: Vec<CostBody>,
    /// What is left of the budgets that are in force, the programme's first.
    budgets: Vec<BudgetLeftBody>,
    as_of: AsOfBody,
}

/// What every account comes to in one unit.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "AccountsOfUnit")]
struct AccountsOfUnitBody {
    unit: UnitCode,
    name: String,
    scale: Scale,
    accounts: AccountsBody,
}

/// Every account by all that is recorded: together zero. What comes from an account is below zero.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Accounts")]
struct AccountsBody {
    /// What members have and nothing holds.
    wallet: Sum,
    /// What is promised to payments.
    held: Sum,
    /// What members owe.
    receivable: Sum,
    /// What grants gave.
    issued: Sum,
    /// What was paid.
    spent: Sum,
    /// What ended unused.
    expired: Sum,
    /// What was taken back with grants.
    taken_back: Sum,
    /// What staff gave or took.
    adjusted: Sum,
    /// What has left one member and not reached another.
    in_transit: Sum,
}

/// What the grants of one event have cost in one currency.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CostOfEvent")]
struct CostBody {
    #[schemars(with = "Uuid")]
    event_id: String,
    name: String,
    currency: Currency,
    amount: Sum,
    /// By how many grants that stand.
    grants: i64,
}

/// What is left of one budget in its present period.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "BudgetLeft")]
struct BudgetLeftBody {
    /// `event` or `programme`.
    scope: &'static str,
    #[schemars(with = "Option<Uuid>")]
    event_id: Option<String>,
    /// What the event is called.
    name: Option<String>,
    unit: String,
    #[schemars(with = "Per")]
    per: &'static str,
    /// The period, by the days of the event or of the programme.
    period: String,
    amount: i64,
    /// What is promised or given in it.
    committed: Sum,
    /// What may still be given; below zero where the budget was lowered.
    left: Sum,
}

impl From<BudgetStanding> for BudgetLeftBody {
    fn from(standing: BudgetStanding) -> Self {
        let BudgetStanding { scope, name, budget, period, committed } = standing;
        let event_id = match scope {
            Scope::Campaign(campaign) => Some(campaign.to_string()),
            Scope::Programme => None,
        };
        let amount = budget.amount.get();
        Self {
            scope: scope.name(),
            event_id,
            name,
            unit: budget.unit.to_string(),
            per: budget.per.name(),
            period,
            amount,
            committed: Sum(committed),
            left: Sum(i128::from(amount) - committed),
        }
    }
}

impl From<ValueAnalytics> for ValueAnalyticsBody {
    fn from(analytics: ValueAnalytics) -> Self {
        Self {
            units: analytics.units.into_iter().map(AccountsOfUnitBody::from).collect(),
            costs: analytics.costs.into_iter().map(CostBody::from).collect(),
            budgets: analytics.budgets.into_iter().map(BudgetLeftBody::from).collect(),
            as_of: analytics.as_of.into(),
        }
    }
}

impl From<AccountsOfUnit> for AccountsOfUnitBody {
    fn from(of: AccountsOfUnit) -> Self {
        let sum = |account: Account| {
            let found = of.accounts.iter().find(|(one, _)| *one == account);
            Sum(found.map_or(0, |(_, amount)| *amount))
        };
        let accounts = AccountsBody {
            wallet: sum(Account::Wallet),
            held: sum(Account::Held),
            receivable: sum(Account::Receivable),
            issued: sum(Account::Issued),
            spent: sum(Account::Spent),
            expired: sum(Account::Expired),
            taken_back: sum(Account::TakenBack),
            adjusted: sum(Account::Adjusted),
            in_transit: sum(Account::InTransit),
        };
        Self { accounts, name: of.terms.name, scale: of.terms.scale, unit: of.unit }
    }
}

impl From<CostOfEvent> for CostBody {
    fn from(cost: CostOfEvent) -> Self {
        Self {
            event_id: cost.campaign_id.to_string(),
            name: cost.name,
            currency: cost.currency,
            amount: Sum(cost.amount),
            grants: cost.grants,
        }
    }
}
