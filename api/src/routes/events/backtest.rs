//! `POST /events/backtest`: a draft of an event replayed over all that happened. It writes nothing.
//! What exactly is replayed is said in `projections::audit`.

use std::collections::BTreeMap;
use std::time::Instant;

use aide::axum::ApiRouter;
use aide::axum::routing::post_with;
use axum::Json;
use axum::extract::State;
use chrono::NaiveDate;
use domain::Moment;
use domain::budget::{Budget, BudgetUnit, CountedAmount};
use domain::campaign::{CampaignRefusal, RewardType};
use domain::condition::Condition;
use domain::id::CampaignId;
use domain::period::Frequency;
use domain::quantity::{Amount, MAX_COUNT};
use domain::value::UnitCode;
use domain::zone::Tz;
use projections::audit::{BacktestDraft, BacktestResult, RequestTiming, backtest};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::app::input::budgets::budgets;
use crate::app::input::fields::{Broken, Fields, FromFields, Nothing, readers};
use crate::app::input::value::{amount, currency, unit_code};
use crate::app::problem::{Code, Problem, condition_errors};
use crate::http::auth::Staff;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::Query;
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::{ConditionInput, Describe as _};
use crate::http::state::AppState;
use crate::routes::whole_log;

/// How many winners an answer names.
const SHOWN_WINNERS: usize = 100;

/// The routes.
pub(in crate::routes) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/events/backtest",
        post_with(replay, |op| {
            op.named("backtestEvent", "Replays a draft of an event over the whole log")
                .limits(&[Limit::WholeLog, Limit::AppendsNothing])
                .refuses(&[Code::NotFound, Code::Overloaded])
        }),
    )
}

/// A draft, and when members ask.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) draft: BacktestDraft,
    pub(crate) ask: RequestTiming,
}

impl FromFields for Order {
    fn read(fields: &mut Fields) -> Option<Self> {
        let event = fields.object::<EventDraft>("event");
        let reward = fields.object::<RewardDraft>("reward");
        let ask = fields.required("ask", readers::choice([("firstPossible", false), ("asClaimed", true)]));
        let campaign = fields.nullable("eventId", readers::id::<Uuid>());
        let ask = match (ask?, campaign?) {
            (false, _) => RequestTiming::FirstPossible,
            (true, Some(campaign)) => RequestTiming::AsClaimed(CampaignId(campaign)),
            (true, None) => {
                fields.report("eventId", Broken::new("required", "is required: whose claims are asked as claimed"));
                return None;
            }
        };
        let (event, reward) = (event?, reward?);
        let limits = [event.per_member_limit, reward.per_member_limit];
        let draft = BacktestDraft {
            condition: event.condition,
            starts_at: event.starts_at,
            ends_at: event.ends_at,
            frequency: event.frequency,
            time_zone: event.time_zone,
            max_reward_count: event.max_reward_count,
            per_member_limit: limits.into_iter().flatten().min(),
            quantity: reward.quantity,
            amount: reward.amount,
            counts: reward.counts,
            budgets: event.budgets,
        };
        Some(Self { draft, ask })
    }
}

struct EventDraft {
    condition: Condition,
    starts_at: Moment,
    ends_at: Moment,
    frequency: Frequency,
    time_zone: Tz,
    max_reward_count: Option<i64>,
    per_member_limit: Option<i64>,
    budgets: Vec<Budget>,
}

impl FromFields for EventDraft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let frequencies = [
            ("once", Frequency::Once),
            ("daily", Frequency::Daily),
            ("weekly", Frequency::Weekly),
            ("monthly", Frequency::Monthly),
        ];
        let condition =
            fields.required("condition", readers::any::<ConditionInput>()).and_then(|value| condition(fields, &value));
        let starts_at = fields.required("startDate", readers::instant_or_date());
        let ends_at = fields.required("endDate", readers::instant_or_date());
        let frequency = fields.optional("frequency", readers::choice(frequencies));
        let time_zone = fields.optional("timeZone", readers::zone());
        let max_reward_count = fields.nullable("maxRewardCount", readers::number(1, MAX_COUNT));
        let per_member_limit = fields.nullable("perMemberLimit", readers::number(1, MAX_COUNT));
        let budgets = budgets(fields, "event.budgets");
        let time_zone = time_zone?.unwrap_or(Tz::UTC);
        let (starts_at, ends_at) = (starts_at?.in_zone(time_zone), ends_at?.in_zone(time_zone));
        if starts_at >= ends_at {
            fields.report("endDate", Broken::new("order", "must be after `startDate`"));
            return None;
        }
        Some(Self {
            condition: condition?,
            starts_at,
            ends_at,
            frequency: frequency?.unwrap_or_default(),
            time_zone,
            max_reward_count: max_reward_count?,
            per_member_limit: per_member_limit?,
            budgets: budgets?.unwrap_or_default(),
        })
    }
}

fn condition(fields: &mut Fields, value: &Value) -> Option<Condition> {
    let read = Condition::parse(value);
    read.map_err(|problems| fields.report_all(condition_errors(&problems, "event.condition"))).ok()
}

struct RewardDraft {
    quantity: Option<i64>,
    amount: i64,
    per_member_limit: Option<i64>,
    counts: Vec<CountedAmount>,
}

impl FromFields for RewardDraft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let quantity = fields.nullable("quantity", readers::number(0, MAX_COUNT));
        let reward_type = fields.optional("type", readers::choice(RewardType::ALL.map(|one| (one.name(), one))));
        let amount = fields.optional("amount", amount());
        let unit = fields.optional("unit", unit_code());
        let cost = fields.optional_object::<CostDraft>("cost");
        let per_member_limit = fields.nullable("perMemberLimit", readers::number(1, MAX_COUNT));
        let (reward_type, amount, unit, cost) = (reward_type?, amount?, unit?, cost?);
        if unit.is_some() && reward_type != Some(RewardType::Point) {
            fields.report("unit", Broken::new("type", CampaignRefusal::CreditsNoPoints.to_string()));
            return None;
        }
        let amount = amount.map_or_else(|| Amount::try_from(1_i64).ok(), Some)?;
        let points = (reward_type == Some(RewardType::Point)).then(|| unit.unwrap_or_else(UnitCode::points));
        let points = points.map(|unit| CountedAmount { unit: BudgetUnit::Unit(unit), amount });
        let counts = points.into_iter().chain(cost.map(|cost| cost.0)).collect();
        let (quantity, per_member_limit) = (quantity?, per_member_limit?);
        Some(Self { quantity, amount: amount.get(), per_member_limit, counts })
    }
}

/// What one grant costs.
struct CostDraft(CountedAmount);

impl FromFields for CostDraft {
    fn read(fields: &mut Fields) -> Option<Self> {
        let currency = fields.required("currency", currency());
        let amount = fields.required("amount", amount());
        Some(Self(CountedAmount { unit: BudgetUnit::Currency(currency?), amount: amount? }))
    }
}

/// Replays.
async fn replay(
    State(state): State<AppState>,
    _: Staff,
    min: MinPosition,
    _: Query<Nothing>,
    Idempotent(order, _): Idempotent<Order>,
) -> Result<At<Json<OutcomeBody>>, Problem> {
    let head = min.reached_by_log(&state).await?;
    let _turn = whole_log::turn()?;
    let started = Instant::now();
    let mut connection = state.pool.acquire().await?;
    if let RequestTiming::AsClaimed(campaign) = order.ask
        && projections::log::read_stream(&mut connection, "campaign", &campaign.to_string()).await?.is_empty()
    {
        return Err(Problem::new(Code::NotFound));
    }
    drop(connection);
    let outcome = backtest(&state.whole_log, order.draft, order.ask, head, |_| {}).await?;
    Ok(At(head, Json(OutcomeBody::of(&outcome, started, SHOWN_WINNERS))))
}

/// What would have come of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OutcomeBody {
    position: i64,
    members_seen: i64,
    granted: i64,
    denied_budget_exhausted: i64,
    denied_out_of_stock: i64,
    amount: i64,
    /// What all grants credit, by unit.
    points: BTreeMap<String, i64>,
    /// What all grants cost, by currency.
    cost: BTreeMap<String, i64>,
    sold_out_at: Option<Moment>,
    by_day: Vec<DayBody>,
    winners: Vec<WinnerBody>,
    duration_ms: u64,
}

/// One day in the zone of the draft.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DayBody {
    date: NaiveDate,
    granted: i64,
}

/// One grant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WinnerBody {
    member_id: String,
    at: Moment,
    period: String,
}

impl OutcomeBody {
    pub(crate) fn of(outcome: &BacktestResult, started: Instant, winners: usize) -> Self {
        let shown = outcome.winners.iter().take(winners);
        let (mut points, mut cost) = (BTreeMap::new(), BTreeMap::new());
        for (unit, amount) in &outcome.counted {
            match unit {
                BudgetUnit::Unit(code) => points.insert(code.to_string(), *amount),
                BudgetUnit::Currency(currency) => cost.insert(currency.to_string(), *amount),
            };
        }
        Self {
            position: outcome.position,
            members_seen: outcome.members_seen,
            granted: outcome.granted,
            denied_budget_exhausted: outcome.denied_budget_exhausted,
            denied_out_of_stock: outcome.denied_out_of_stock,
            amount: outcome.amount,
            points,
            cost,
            sold_out_at: outcome.sold_out_at,
            by_day: outcome.by_day.iter().map(|(date, granted)| DayBody { date: *date, granted: *granted }).collect(),
            winners: shown
                .map(|winner| WinnerBody {
                    member_id: winner.member_id.to_string(),
                    at: winner.at,
                    period: winner.period.to_string(),
                })
                .collect(),
            duration_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
