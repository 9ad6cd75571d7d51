//! `/rewards` and `/events/{id}/rewards`: what events hand out, and what is left of it. What is said of
//! a reward is in `fields`, how it is shown in `answer`.

mod answer;
mod change;
mod create;
mod fields;

use axum::extract::State;
use axum::http::Uri;
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::id::{CampaignId, RewardId};
use projections::campaign_catalogue;

use super::lists::Page;
use crate::callers::Account;
use crate::etag::Tagged;
use crate::extract::{PathId, Query};
use crate::fields::{Fields, FromFields, Nothing};
use crate::positions::{At, MinPosition};
use crate::problem::{Code, Problem};
use crate::state::AppState;
use answer::{OneReward, RewardBody, Rewards};

/// The read model behind these routes.
const CATALOGUE: &str = "campaign_catalogue";

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/rewards", post(create::untyped).get(list))
        // one name for two things: what is posted is a type, what is read or changed is an id
        .route("/rewards/{id}", get(one).post(create::typed).patch(change::revise))
        .route("/rewards/event/{id}", get(of_event))
        .route("/events/{id}/rewards", post(create::in_event).get(of_event))
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
    Ok(At(position, Json(Rewards { message: "These are the rewards.", rewards, next_cursor: next })))
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
    let body = OneReward { message: "This is the reward.", reward: row.reward.into() };
    Ok(At(position, Tagged(row.sequence, Json(body))))
}
