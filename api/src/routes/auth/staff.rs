//! What staff do to accounts: give another role, block and unblock, erase. Which roles an operator may
//! give is a rule of the member.

use aide::axum::ApiRouter;
use aide::axum::routing::{delete_with, patch_with, post_with};
use aide::transform::TransformOperation;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::Appended;
use domain::id::MemberId;
use domain::member::{Giver, RoleChange};
use domain::role::Role;

use super::profile::erased;
use super::user::UserAnswer;
use crate::app::accounts::{self, Account, Block};
use crate::app::i18n::{Said, phrases};
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Admin, EmailConfirmer, Operator};
use crate::http::headers::positions::At;
use crate::http::input::extract::{Body, PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/auth/users/{id}/role", patch_with(change_role, |op| changes_role(op, "changeRole")))
        .api_route("/auth/users/{id}/roles", patch_with(change_role, |op| changes_role(op, "changeRoles")))
        .api_route(
            "/auth/users/{id}/block",
            post_with(block, |op| {
                op.named("blockUser", "Refuses the claims of a member; the note stays in the log for ever")
                    .limits(&[])
                    .answers::<UserAnswer>(200)
                    .tells_position(200)
                    .refuses(&[Code::NotFound, Code::OwnBlock])
            }),
        )
        .api_route(
            "/auth/users/{id}/unblock",
            post_with(unblock, |op| {
                op.named("unblockUser", "Lifts a block; the note stays in the log for ever")
                    .limits(&[])
                    .answers::<UserAnswer>(200)
                    .tells_position(200)
                    .refuses(&[Code::NotFound, Code::OwnBlock])
            }),
        )
        .api_route(
            "/auth/users/{id}/confirm-email",
            post_with(confirm_email, |op| {
                op.named("confirmEmail", "Notes that the e-mail of an account is its owner's, as you found out")
                    .limits(&[])
                    .answers_nothing()
                    .tells_position(204)
                    .refuses(&[Code::NotFound])
            }),
        )
        .api_route(
            "/auth/users/{id}",
            delete_with(erase, |op| {
                op.named("eraseUser", "Erases an account; its random id stays in the log")
                    .limits(&[])
                    .answers_nothing()
                    .tells_position(204)
                    .refuses(&[Code::NotFound, Code::LastAdmin])
            }),
        )
}

fn changes_role<'a>(op: TransformOperation<'a>, id: &str) -> TransformOperation<'a> {
    op.named(id, "Changes an account's role; earlier tokens become invalid at once")
        .limits(&[])
        .answers::<UserAnswer>(200)
        .tells_position(200)
        .refuses(&[Code::NotFound, Code::UnknownRole, Code::SameRole, Code::OwnRole, Code::LastAdmin])
}

/// Members without an account (imported ones) have nothing to show.
async fn known(state: &AppState, id: MemberId) -> Result<Account, Problem> {
    accounts::find(&state.pool, id).await?.ok_or_else(|| Problem::new(Code::NotFound))
}

fn answer(message: Said, account: Account, appended: Option<Appended>) -> Response {
    let body = Json(UserAnswer::new(message, account));
    match appended {
        Some(appended) => At(appended.last_position, body).into_response(),
        None => body.into_response(),
    }
}

struct NewRole {
    name: String,
}

impl FromFields for NewRole {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { name: fields.required("role", readers::text(0, 64))? })
    }
}

/// Gives an account another role.
async fn change_role(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    _: Query<Nothing>,
    Body(wanted): Body<NewRole>,
) -> Result<Response, Problem> {
    let to = Role::from_name(&wanted.name).ok_or_else(|| Problem::new(Code::UnknownRole))?;
    let account = known(&state, MemberId(id)).await?;
    let id = account.member();
    let by = if id == operator.id { Giver::Oneself } else { Giver::Account(operator.role) };
    let change = RoleChange { to, by };
    let appended = accounts::change_role(&state.ledger, &state.pool, id, change, &operator.metadata()).await?;
    state.session_cache.forget(id);
    state.security.role_changed(id, &account.role, to, operator.id, operator.role);
    Ok(answer(phrases::role_changed(), known(&state, id).await?, appended))
}

struct Note {
    note: String,
}

impl FromFields for Note {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { note: fields.required("note", readers::note(1))? })
    }
}

/// Refuses the claims of a member from now on. The note stays in the log for ever.
async fn block(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    _: Query<Nothing>,
    Body(Note { note }): Body<Note>,
) -> Result<Response, Problem> {
    set_blocked(&state, &operator, MemberId(id), Block::On, note).await
}

/// Lifts a block. The note stays in the log for ever.
async fn unblock(
    State(state): State<AppState>,
    operator: Operator,
    PathId(id): PathId,
    _: Query<Nothing>,
    Body(Note { note }): Body<Note>,
) -> Result<Response, Problem> {
    set_blocked(&state, &operator, MemberId(id), Block::Off, note).await
}

async fn set_blocked(
    state: &AppState,
    operator: &Operator,
    id: MemberId,
    block: Block,
    note: String,
) -> Result<Response, Problem> {
    let message = match block {
        Block::On => phrases::member_blocked(),
        Block::Off => phrases::member_unblocked(),
    };
    let id = known(state, id).await?.member();
    if state.separation_of_duties && id == operator.id {
        return Err(Problem::new(Code::OwnBlock));
    }
    let appended = accounts::set_blocked(&state.ledger, &state.pool, id, block, note, &operator.metadata()).await?;
    state.session_cache.forget(id);
    let event = match block {
        Block::On => "account_blocked",
        Block::Off => "account_unblocked",
    };
    state.security.account_changed(event, id, operator.id, operator.role);
    Ok(answer(message, known(state, id).await?, appended))
}

/// Notes that the e-mail of an account is its owner's. We send no mail: whoever does says here what came of it.
async fn confirm_email(
    State(state): State<AppState>,
    caller: EmailConfirmer,
    PathId(id): PathId,
    _: Query<Nothing>,
    Body(Nothing): Body<Nothing>,
) -> Result<Response, Problem> {
    let id = known(&state, MemberId(id)).await?.member();
    Ok(match accounts::confirm_email(&state.ledger, id, &caller.metadata()).await? {
        Some(position) => At(position, StatusCode::NO_CONTENT).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Erases an account. Its random id stays in the log, which keeps its hashes.
async fn erase(
    State(state): State<AppState>,
    admin: Admin,
    PathId(id): PathId,
    _: Query<Nothing>,
) -> Result<Response, Problem> {
    let id = known(&state, MemberId(id)).await?.member();
    let appended = accounts::erase(&state.ledger, &state.pool, &state.returns, id, &admin.metadata()).await?;
    state.session_cache.forget(id);
    state.security.account_changed("account_erased", id, admin.id, admin.role);
    Ok(erased(appended))
}
