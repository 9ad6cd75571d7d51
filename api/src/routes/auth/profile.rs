//! `/auth/me`, `/auth/profile`, `/auth/invite-code`: what a member sees and changes of themselves.

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, patch_with};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::Moment;
use schemars::JsonSchema;
use serde::Serialize;

use crate::accounts::{self, Account, ProfileChange};
use crate::callers::{Caller, Member};
use crate::extract::{Body, Query};
use crate::fields::{Fields, FromFields, Nothing, readers};
use crate::openapi::Describe as _;
use crate::positions::At;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::words::{Said, phrases};

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/auth/me", get_with(me, |op| op.named("getMe", "The own account")))
        .api_route(
            "/auth/invite-code",
            get_with(invite_code, |op| op.named("getInviteCode", "The code that brings others")),
        )
        .api_route(
            "/auth/profile",
            patch_with(change, |op| {
                op.named("changeProfile", "Changes the own profile")
                    .answers::<ProfileAnswer>(200)
                    .tells_position(200)
                    .refuses(&[Code::NicknameTaken, Code::TimeZoneLocked])
            }),
        )
}

/// A token outlives an account that is gone.
async fn own_account(state: &AppState, caller: &Caller) -> Result<Account, Problem> {
    let account = accounts::find(&state.pool, caller.id).await?;
    account.ok_or_else(|| Problem::new(Code::Unauthenticated))
}

/// The own account.
async fn me(State(state): State<AppState>, member: Member, _: Query<Nothing>) -> Result<Json<ProfileAnswer>, Problem> {
    let user = UserBody::from(own_account(&state, &member).await?);
    Ok(Json(ProfileAnswer { message: phrases::you(), user }))
}

/// The code that brings others.
async fn invite_code(
    State(state): State<AppState>,
    member: Member,
    _: Query<Nothing>,
) -> Result<Json<InviteCode>, Problem> {
    let account = own_account(&state, &member).await?;
    Ok(Json(InviteCode { invite_code: account.invite_code }))
}

impl FromFields for ProfileChange {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.at_least_one();
        let nickname = fields.change("nickname", readers::text(2, 30));
        let bio = fields.change("bio", readers::text(1, 500));
        let profile_image_url = fields.change("profileImageUrl", readers::https_url());
        let time_zone = fields.optional("timeZone", readers::zone());
        Some(Self { nickname: nickname?, bio: bio?, profile_image_url: profile_image_url?, time_zone: time_zone? })
    }
}

/// Changes the own profile.
async fn change(
    State(state): State<AppState>,
    member: Member,
    _: Query<Nothing>,
    Body(change): Body<ProfileChange>,
) -> Result<Response, Problem> {
    let metadata = member.metadata();
    let (account, appended) =
        accounts::change_profile(&state.ledger, &state.pool, member.id, change, &metadata).await?;
    let body = Json(ProfileAnswer { message: phrases::profile_changed(), user: UserBody::from(account) });
    Ok(match appended {
        Some(appended) => At(appended.last_position, body).into_response(),
        None => body.into_response(),
    })
}

#[derive(Debug, Serialize, JsonSchema)]
struct ProfileAnswer {
    message: Said,
    user: UserBody,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct InviteCode {
    invite_code: String,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UserBody {
    id: String,
    email: String,
    role: String,
    nickname: Option<String>,
    bio: Option<String>,
    profile_image_url: Option<String>,
    birth_date: Option<NaiveDate>,
    time_zone: String,
    invite_code: String,
    profile_complete: bool,
    blocked: bool,
    created_at: Moment,
}

impl From<Account> for UserBody {
    fn from(account: Account) -> Self {
        Self {
            profile_complete: account.profile_is_complete(),
            id: account.id.to_string(),
            email: account.email,
            role: account.role,
            nickname: account.nickname,
            bio: account.bio,
            profile_image_url: account.profile_image_url,
            birth_date: account.birth_date,
            time_zone: account.time_zone,
            invite_code: account.invite_code,
            blocked: account.blocked,
            created_at: Moment::from(account.created_at),
        }
    }
}
