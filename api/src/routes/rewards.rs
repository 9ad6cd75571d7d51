//! `/rewards` and `/events/{id}/rewards`: what events hand out, and what is left of it.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::{get, post};
use axum::{Json, Router};
use commands::Receipt;
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand, NewReward, RewardTerms, RewardType};
use domain::id::{CampaignId, RewardId};
use domain::quantity::{Amount, GrantLimit, MAX_COUNT, StockUnits};
use projections::campaign_catalogue::{self, RewardRow};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::events::grant_limit;
use super::lists::Page;
use crate::callers::{Account, Operator};
use crate::extract::{PathId, PathText, Query};
use crate::fields::{Broken, Fields, FromFields, Nothing, readers};
use crate::once::{Key, Once};
use crate::positions::{At, MinPosition};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// The read model behind these routes.
const CATALOGUE: &str = "campaign_catalogue";

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/rewards", post(create).get(list))
        // one name for two things: what is posted is a type, what is read is an id
        .route("/rewards/{id}", get(one).post(create_typed))
        .route("/rewards/event/{id}", get(of_event))
        .route("/events/{id}/rewards", post(create_in_event).get(of_event))
}

/// What a reward is to hand out; the type may stand elsewhere.
struct Wanted {
    reward_type: Option<RewardType>,
    terms: RewardTerms,
}

impl FromFields for Wanted {
    fn read(fields: &mut Fields) -> Option<Self> {
        let name = fields.required("name", readers::text(1, 120));
        let description = fields.nullable("description", readers::text(0, 2_000));
        let types = RewardType::ALL.map(|kind| (kind.name(), kind));
        let reward_type = fields.optional("type", readers::choice(types));
        let amount = fields.optional("amount", amount);
        let quantity = fields.nullable("quantity", quantity);
        let per_member_limit = fields.nullable("perMemberLimit", grant_limit);
        let is_limited = fields.optional("isLimited", readers::boolean);
        let per_member_limit = limited(fields, is_limited?, per_member_limit?);
        let reward_type = reward_type?;
        let terms = RewardTerms {
            name: name?,
            description: description?,
            reward_type: reward_type.unwrap_or_default(),
            amount: amount?.or_else(|| Amount::try_from(1).ok())?,
            quantity: quantity?,
            per_member_limit: per_member_limit?,
        };
        Some(Self { reward_type, terms })
    }
}

fn amount(value: Value) -> Result<Amount, Broken> {
    let number = readers::number(1, MAX_COUNT)(value)?;
    Amount::try_from(number).map_err(|bounds| Broken::new("range", bounds.to_string()))
}

fn quantity(value: Value) -> Result<StockUnits, Broken> {
    let number = readers::number(0, MAX_COUNT)(value)?;
    StockUnits::try_from(number).map_err(|bounds| Broken::new("range", bounds.to_string()))
}

/// `isLimited` is another way to say that one member gets one.
fn limited(fields: &mut Fields, is_limited: Option<bool>, limit: Option<GrantLimit>) -> Option<Option<GrantLimit>> {
    match (is_limited, limit) {
        (Some(true), Some(limit)) if limit.get() != 1 => {
            fields.report("isLimited", Broken::new("contradiction", "is perMemberLimit 1, beside another number"));
            None
        }
        (Some(true), None) => Some(GrantLimit::try_from(1).ok()),
        (Some(true) | Some(false) | None, limit) => Some(limit),
    }
}

struct WantedOfEvent {
    event: CampaignId,
    wanted: Wanted,
}

impl FromFields for WantedOfEvent {
    fn read(fields: &mut Fields) -> Option<Self> {
        let event = fields.required("eventId", readers::id::<Uuid>);
        let wanted = Wanted::read(fields);
        Some(Self { event: CampaignId(event?), wanted: wanted? })
    }
}

type Created = At<(StatusCode, Json<Value>)>;

/// Creates a reward of the event that the body names.
async fn create(
    State(state): State<AppState>,
    operator: Operator,
    _: Query<Nothing>,
    Once(body, key): Once<WantedOfEvent>,
) -> Result<Created, Problem> {
    add(&state, &operator, body.event, body.wanted.terms, &key).await
}

/// Creates a reward of the type that the path names.
async fn create_typed(
    State(state): State<AppState>,
    operator: Operator,
    PathText(name): PathText,
    _: Query<Nothing>,
    Once(body, key): Once<WantedOfEvent>,
) -> Result<Created, Problem> {
    let named = RewardType::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(&name));
    let reward_type = named.ok_or_else(|| Problem::new(Code::NotFound))?;
    if body.wanted.reward_type.is_some_and(|other| other != reward_type) {
        return Err(Problem::field("type", "contradiction", "is not the type that the path names"));
    }
    add(&state, &operator, body.event, RewardTerms { reward_type, ..body.wanted.terms }, &key).await
}

/// Creates a reward of the event that the path names.
async fn create_in_event(
    State(state): State<AppState>,
    operator: Operator,
    PathId(event): PathId,
    _: Query<Nothing>,
    Once(wanted, key): Once<Wanted>,
) -> Result<Created, Problem> {
    add(&state, &operator, CampaignId(event), wanted.terms, &key).await
}

async fn add(
    state: &AppState,
    operator: &Operator,
    event: CampaignId,
    terms: RewardTerms,
    key: &Key,
) -> Result<Created, Problem> {
    let reward_id = RewardId(Uuid::now_v7());
    let command = CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms: terms.clone() }));
    let answer = move |receipt: &Receipt<Campaign>| created(event, reward_id, terms.clone(), receipt);
    Ok(key.execute(&state.ledger, &event.to_string(), command, &operator.metadata(), answer).await?)
}

fn created(event: CampaignId, reward_id: RewardId, terms: RewardTerms, receipt: &Receipt<Campaign>) -> Created {
    let quantity = terms.quantity.map(StockUnits::get);
    let per_member_limit = terms.per_member_limit.map(GrantLimit::get);
    let reward = RewardBody {
        id: reward_id.to_string(),
        event_id: event.to_string(),
        name: terms.name,
        description: terms.description,
        reward_type: terms.reward_type.name().to_owned(),
        amount: terms.amount.get(),
        quantity,
        remaining: quantity,
        held: 0,
        granted: 0,
        per_member_limit,
        is_limited: per_member_limit == Some(1),
        created_at: receipt.updated_at,
    };
    let body = json!({"message": "The reward is created.", "reward": reward});
    At(receipt.position, (StatusCode::CREATED, Json(body)))
}

struct Listing {
    page: Page,
}

impl FromFields for Listing {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { page: Page::read(fields)? })
    }
}

/// Rewards of all events, newest first.
async fn list(
    State(state): State<AppState>,
    account: Account,
    uri: Uri,
    min: MinPosition,
    Query(listing): Query<Listing>,
) -> Result<At<Json<Value>>, Problem> {
    rewards(&state, &account, &uri, min, listing.page, None).await
}

/// Rewards of one event, newest first.
async fn of_event(
    State(state): State<AppState>,
    account: Account,
    PathId(event): PathId,
    uri: Uri,
    min: MinPosition,
    Query(listing): Query<Listing>,
) -> Result<At<Json<Value>>, Problem> {
    rewards(&state, &account, &uri, min, listing.page, Some(CampaignId(event))).await
}

async fn rewards(
    state: &AppState,
    account: &Account,
    uri: &Uri,
    min: MinPosition,
    page: Page,
    event: Option<CampaignId>,
) -> Result<At<Json<Value>>, Problem> {
    let walk = page.of(uri, account.id)?;
    let position = min.reached_by(&[CATALOGUE], state).await?;
    if let Some(event) = event
        && campaign_catalogue::campaign(&state.pool, event).await?.is_none()
    {
        return Err(Problem::new(Code::NotFound).at(position));
    }
    let mut rows = campaign_catalogue::rewards(&state.pool, event, walk.before, walk.rows()).await?;
    let next = walk.cut(&mut rows, |row| row.created_position);
    let rewards: Vec<_> = rows.into_iter().map(RewardBody::from).collect();
    Ok(At(position, Json(json!({"message": "These are the rewards.", "rewards": rewards, "nextCursor": next}))))
}

/// One reward.
async fn one(
    State(state): State<AppState>,
    _: Account,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Json<Value>>, Problem> {
    let position = min.reached_by(&[CATALOGUE], &state).await?;
    let row = campaign_catalogue::reward(&state.pool, RewardId(id)).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    Ok(At(position, Json(json!({"message": "This is the reward.", "reward": RewardBody::from(row)}))))
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RewardBody {
    id: String,
    event_id: String,
    name: String,
    description: Option<String>,
    #[serde(rename = "type")]
    reward_type: String,
    amount: i64,
    quantity: Option<i64>,
    remaining: Option<i64>,
    held: i64,
    granted: i64,
    per_member_limit: Option<i64>,
    is_limited: bool,
    created_at: Option<Moment>,
}

impl From<RewardRow> for RewardBody {
    fn from(row: RewardRow) -> Self {
        Self {
            remaining: row.remaining(),
            id: row.reward_id.to_string(),
            event_id: row.campaign_id.to_string(),
            name: row.name,
            description: row.description,
            reward_type: row.reward_type,
            amount: row.amount,
            quantity: row.quantity,
            held: row.held,
            granted: row.granted,
            per_member_limit: row.per_member_limit,
            is_limited: row.per_member_limit == Some(1),
            created_at: Some(Moment::from(row.created_at)),
        }
    }
}
