//! `/rewards` and `/events/{id}/rewards`: what events hand out, and what is left of it. What is said of
//! a reward is in `fields`, how it is shown in `answer`.

mod answer;
mod change;
mod codes;
mod create;
mod fields;

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::id::{CampaignId, RewardId};
use projections::read_models::campaign_catalogue;

use crate::app::i18n::phrases;
use crate::app::input::fields::{Fields, FromFields, Nothing};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Account;
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;
use crate::routes::lists::Page;
use answer::{OneReward, RewardBody, Rewards};

/// The read model behind these routes.
const CATALOGUE: &str = "campaign_catalogue";

/// The routes.
pub(in crate::routes) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/rewards",
            post_with(create::untyped, |op| {
                op.named("createReward", "Creates a reward of the event that the body names")
                    .limits(&[])
                    .refuses(&[Code::NotFound])
            })
            .get_with(list, |op| op.named("listRewards", "Rewards of all events, newest first")),
        )
        // one name for two things: what is posted is a type, what is read or changed is an id
        .api_route(
            "/rewards/{id}",
            get_with(one, |op| op.named("getReward", "One reward"))
                .post_with(create::typed, |op| {
                    op.named("createRewardOfType", "Creates a reward of the type that the path names").limits(&[])
                })
                .patch_with(change::revise, |op| {
                    op.named("changeReward", "Changes a reward or its stock")
                        .limits(&[])
                        .refuses(&[Code::BelowCommitted, Code::UnlimitedStock])
                }),
        )
        .api_route(
            "/rewards/event/{id}",
            get_with(of_event, |op| op.named("listRewardsByEvent", "Rewards of one event, newest first")),
        )
        .api_route(
            "/events/{id}/rewards",
            post_with(create::in_event, |op| {
                op.named("createRewardOfEvent", "Creates a reward of the event that the path names").limits(&[])
            })
            .get_with(of_event, |op| op.named("listRewardsOfEvent", "Rewards of one event, newest first")),
        )
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
) -> Result<At<Json<Rewards>>, Problem> {
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
) -> Result<At<Json<Rewards>>, Problem> {
    rewards(&state, &account, &uri, min, listing.page, Some(CampaignId(event))).await
}

async fn rewards(
    state: &AppState,
    account: &Account,
    uri: &Uri,
    min: MinPosition,
    page: Page,
    event: Option<CampaignId>,
) -> Result<At<Json<Rewards>>, Problem> {
    let walk = page.of(&state.keys, uri, account.id)?;
    let position = min.reached_by(&[CATALOGUE], state).await?;
    if let Some(event) = event
        && campaign_catalogue::campaign(&state.pool, event).await?.is_none()
    {
        return Err(Problem::new(Code::NotFound).at(position));
    }
    let mut rows = campaign_catalogue::rewards(&state.pool, event, walk.before, walk.rows()).await?;
    let next = walk.cut(&mut rows, |row| row.created_position)?;
    let rewards: Vec<_> = rows.into_iter().map(RewardBody::from).collect();
    Ok(At(position, Json(Rewards { message: phrases::rewards(), rewards, next_cursor: next })))
}

/// One reward.
async fn one(
    State(state): State<AppState>,
    _: Account,
    PathId(id): PathId,
    min: MinPosition,
    _: Query<Nothing>,
) -> Result<At<Tagged<Json<OneReward>>>, Problem> {
    let position = min.reached_by(&[CATALOGUE], &state).await?;
    let row = campaign_catalogue::reward(&state.pool, RewardId(id)).await?;
    let row = row.ok_or_else(|| Problem::new(Code::NotFound).at(position))?;
    let body = OneReward { message: phrases::reward(), reward: row.reward.into() };
    Ok(At(position, Tagged(row.sequence, Json(body))))
}
