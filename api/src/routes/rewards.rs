//! `/rewards` and `/events/{id}/rewards`: what events hand out, and what is left of it.

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use commands::Receipt;
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand, NewReward, RewardTerms, RewardType};
use domain::id::{CampaignId, RewardId};
use domain::quantity::{Amount, GrantLimit, MAX_COUNT, StockUnits};
use projections::campaign_catalogue::{self, RewardRow};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::events::grant_limit;
use super::lists::Page;
use crate::callers::{Account, Operator};
use crate::extract::{PathId, PathText, Query};
use crate::fields::{Broken, Fields, FromFields, Nothing, Reader, readers};
use crate::once::{Key, Once};
use crate::openapi::{Created, Describe as _};
use crate::positions::{At, MinPosition};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// The read model behind these routes.
const CATALOGUE: &str = "campaign_catalogue";

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/rewards",
            post_with(create, |op| {
                op.named("createReward", "Creates a reward of the event that the body names").refuses(&[Code::NotFound])
            })
            .get_with(list, |op| op.named("listRewards", "Rewards of all events, newest first")),
        )
        // one name for two things: what is posted is a type, what is read is an id
        .api_route(
            "/rewards/{id}",
            get_with(one, |op| op.named("getReward", "One reward")).post_with(create_typed, |op| {
                op.named("createRewardOfType", "Creates a reward of the type that the path names")
            }),
        )
        .api_route(
            "/rewards/event/{id}",
            get_with(of_event, |op| op.named("listRewardsByEvent", "Rewards of one event, newest first")),
        )
        .api_route(
            "/events/{id}/rewards",
            post_with(create_in_event, |op| {
                op.named("createRewardOfEvent", "Creates a reward of the event that the path names")
            })
            .get_with(of_event, |op| op.named("listRewardsOfEvent", "Rewards of one event, newest first")),
        )
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
        let amount = fields.optional("amount", amount());
        let quantity = fields.nullable("quantity", quantity());
        let per_member_limit = fields.nullable("perMemberLimit", grant_limit());
        let is_limited = fields.optional("isLimited", readers::boolean());
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

fn amount() -> impl Reader<Value = Amount> {
    let amount = |number: i64| Amount::try_from(number).map_err(|bounds| Broken::new("range", bounds.to_string()));
    readers::number(1, MAX_COUNT).then(amount)
}

fn quantity() -> impl Reader<Value = StockUnits> {
    let units = |number: i64| StockUnits::try_from(number).map_err(|bounds| Broken::new("range", bounds.to_string()));
    readers::number(0, MAX_COUNT).then(units)
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
        let event = fields.required("eventId", readers::id::<Uuid>());
        let wanted = Wanted::read(fields);
        Some(Self { event: CampaignId(event?), wanted: wanted? })
    }
}

type Added = At<Created<OneBody>>;

#[derive(Debug, Serialize, JsonSchema)]
struct OneBody {
    message: &'static str,
    reward: RewardBody,
}

/// Creates a reward of the event that the body names.
async fn create(
    State(state): State<AppState>,
    operator: Operator,
    _: Query<Nothing>,
    Once(body, key): Once<WantedOfEvent>,
) -> Result<Added, Problem> {
    add(&state, &operator, body.event, body.wanted.terms, &key).await
}

/// Creates a reward of the type that the path names.
async fn create_typed(
    State(state): State<AppState>,
    operator: Operator,
    PathText(name): PathText,
    _: Query<Nothing>,
    Once(body, key): Once<WantedOfEvent>,
) -> Result<Added, Problem> {
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
) -> Result<Added, Problem> {
    add(&state, &operator, CampaignId(event), wanted.terms, &key).await
}

async fn add(
    state: &AppState,
    operator: &Operator,
    event: CampaignId,
    terms: RewardTerms,
    key: &Key,
) -> Result<Added, Problem> {
    let reward_id = RewardId(Uuid::now_v7());
    let command = CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms: terms.clone() }));
    let answer = move |receipt: &Receipt<Campaign>| created(event, reward_id, terms.clone(), receipt);
    Ok(key.execute(&state.ledger, &event.to_string(), command, &operator.metadata(), answer).await?)
}

fn created(event: CampaignId, reward_id: RewardId, terms: RewardTerms, receipt: &Receipt<Campaign>) -> Added {
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
    At(receipt.position, Created(OneBody { message: "The reward is created.", reward }))
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
) -> Result<At<Json<RewardsBody>>, Problem> {
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
) -> Result<At<Json<RewardsBody>>, Problem> {
    rewards(&state, &account, &uri, min, listing.page, Some(CampaignId(event))).await
}

async fn rewards(
    state: &AppState,
    account: &Account,
    uri: &Uri,
    min: MinPosition,
    page: Page,
    event: Option<CampaignId>,
) -> Result<At<Json<RewardsBody>>, Problem> {
    let walk = page.of(uri, account.id)?;
    let position = min.reached_by(&[CATALOGUE], state).await?;
    if let Some(event) = event
        && campaign_catalogue::campaign(&state.pool, event).await?.is_none()
    {
        return Err(Problem::new(Code::NotFound).at(position));
    }
    let mut rows = campaign_catalogue::rewards(&state.pool, event, walk.before, walk.rows()).await?;
    let next = walk.cut(&mut rows, |row| row.created_position);
    let rewards = rows.into_iter().map(RewardBody::from).collect();
    Ok(At(position, Json(RewardsBody { message: "These are the rewards.", rewards, next_cursor: next })))
}

/// One reward.
async fn one(
    State(state): State<AppState>,
    _: Account,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Json<OneBody>>, Problem> {
    let position = min.reached_by(&[CATALOGUE], &state).await?;
    let row = campaign_catalogue::reward(&state.pool, RewardId(id)).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    Ok(At(position, Json(OneBody { message: "This is the reward.", reward: row.into() })))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct RewardsBody {
    message: &'static str,
    rewards: Vec<RewardBody>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
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
