//! `/auth/me`, `/auth/profile`, `/auth/password`, `/auth/invite-code`: what a member sees and changes of
//! themselves, up to the erasure of it all.

use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, patch_with};
use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::Appended;
use schemars::JsonSchema;
use serde::Serialize;

use super::no_cookie;
use super::user::UserAnswer;
use crate::app::accounts::{self, Account, ProfileChange};
use crate::app::client_address::ClientAddress;
use crate::app::i18n::phrases;
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Caller, Member};
use crate::http::headers::positions::At;
use crate::http::input::extract::{Body, Query};
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/auth/me",
            get_with(me, |op| op.named("getMe", "The caller's account")).delete_with(erase_me, |op| {
                op.named("eraseMe", "Erases the caller's account; its random id stays in the log")
                    .limits(&[Limit::AppendsNothing])
                    .answers_nothing()
                    .tells_position(204)
                    .refuses(&[Code::InvalidCredentials, Code::LastAdmin])
            }),
        )
        .api_route(
            "/auth/password",
            patch_with(change_password, |op| {
                op.named("changePassword", "Changes the caller's password and ends all sessions")
                    .limits(&[Limit::AppendsNothing])
                    .answers_nothing()
                    .refuses(&[Code::InvalidCredentials])
            }),
        )
        .api_route(
            "/auth/invite-code",
            get_with(invite_code, |op| op.named("getInviteCode", "The caller's invite code")),
        )
        .api_route(
            "/auth/profile",
            patch_with(change, |op| {
                op.named("changeProfile", "Changes the caller's profile")
                    .limits(&[])
                    .answers::<UserAnswer>(200)
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

/// Who asks is the account: where it is gone in the meantime, so is the caller.
fn gone(problem: Problem) -> Problem {
    if problem.code() == Code::NotFound { Problem::new(Code::Unauthenticated) } else { problem }
}

/// The own account.
async fn me(State(state): State<AppState>, member: Member, _: Query<Nothing>) -> Result<Json<UserAnswer>, Problem> {
    Ok(Json(UserAnswer::new(phrases::you(), own_account(&state, &member).await?)))
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

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct InviteCode {
    invite_code: Option<String>,
}

impl FromFields for ProfileChange {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.at_least_one();
        let nickname = fields.change("nickname", readers::visible(2, 30));
        let bio = fields.change("bio", readers::lines(1, 500));
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
    let (account, position) =
        accounts::change_profile(&state.ledger, &state.pool, member.id, change, &metadata).await.map_err(gone)?;
    let body = Json(UserAnswer::new(phrases::profile_changed(), account));
    Ok(match position {
        Some(position) => At(position, body).into_response(),
        None => body.into_response(),
    })
}

struct PasswordChange {
    current: String,
    new: String,
}

impl FromFields for PasswordChange {
    fn read(fields: &mut Fields) -> Option<Self> {
        let current = fields.required("currentPassword", readers::password(0, 1_000));
        let new = fields.required("newPassword", readers::new_password());
        Some(Self { current: current?, new: new? })
    }
}

/// Gives the own account another password, and ends all of its log-ins.
async fn change_password(
    State(state): State<AppState>,
    member: Member,
    from: ClientAddress,
    _: Query<Nothing>,
    Body(change): Body<PasswordChange>,
) -> Result<Response, Problem> {
    accounts::change_password(&state.sign_in(), member.id, change.current, change.new, from, member.at).await?;
    state.security.account_changed("password_changed", member.id, member.id, member.role);
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, no_cookie(&state)?)]).into_response())
}

struct Password {
    password: String,
}

impl FromFields for Password {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { password: fields.required("password", readers::password(0, 1_000))? })
    }
}

/// Erases the own account. Its random id stays in the log, which keeps its hashes.
async fn erase_me(
    State(state): State<AppState>,
    member: Member,
    from: ClientAddress,
    _: Query<Nothing>,
    Body(body): Body<Password>,
) -> Result<Response, Problem> {
    accounts::prove(&state.sign_in(), member.id, body.password, from).await?;
    let appended = accounts::erase(&state.ledger, &state.pool, &state.returns, member.id, &member.metadata())
        .await
        .map_err(gone)?;
    state.session_cache.forget(member.id);
    state.security.account_changed("account_erased", member.id, member.id, member.role);
    Ok(([(header::SET_COOKIE, no_cookie(&state)?)], erased(appended)).into_response())
}

/// Nothing, with the position of the erasure.
pub(super) fn erased(appended: Option<Appended>) -> Response {
    match appended {
        Some(appended) => At(appended.last_position, StatusCode::NO_CONTENT).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}
