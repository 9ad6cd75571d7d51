//! `/auth/users`: who is here, as administrators and operators look them up.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::id::MemberId;
use domain::role::Role;
use schemars::JsonSchema;
use serde::Serialize;

use super::user::UserBody;
use crate::app::accounts;
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Operator;
use crate::http::input::extract::{PathId, Query};
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;
use crate::routes::lists::Page;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route("/auth/users", get_with(list, |op| op.named("listUsers", "Accounts, newest first")))
        .api_route(
            "/auth/users/email",
            get_with(by_email, |op| {
                op.named("getUserByEmail", "The account with this e-mail, regardless of case")
                    .refuses(&[Code::NotFound])
            }),
        )
        .api_route(
            "/auth/users/{id}",
            get_with(by_id, |op| op.named("getUser", "One account").refuses(&[Code::NotFound])),
        )
}

struct Wanted {
    role: Option<Role>,
    page: Page,
}

impl FromFields for Wanted {
    fn read(fields: &mut Fields) -> Option<Self> {
        let role = fields.optional("role", readers::choice(Role::ALL.map(|role| (role.name(), role))));
        let page = Page::read(fields);
        Some(Self { role: role?, page: page? })
    }
}

/// Accounts, newest first.
async fn list(
    State(state): State<AppState>,
    operator: Operator,
    uri: Uri,
    Query(wanted): Query<Wanted>,
) -> Result<Json<UsersPage>, Problem> {
    let walk = wanted.page.of(&state.keys, &uri, operator.id)?;
    let mut accounts = accounts::list(&state.pool, wanted.role, walk.before, walk.rows()).await?;
    let next_cursor = walk.cut(&mut accounts, |account| account.created_position)?;
    Ok(Json(UsersPage { users: accounts.into_iter().map(UserBody::from).collect(), next_cursor }))
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UsersPage {
    users: Vec<UserBody>,
    next_cursor: Option<String>,
}

/// One account.
async fn by_id(
    State(state): State<AppState>,
    _: Operator,
    PathId(id): PathId,
    _: Query<Nothing>,
) -> Result<Json<FoundUser>, Problem> {
    FoundUser::or_nothing(accounts::find(&state.pool, MemberId(id)).await?)
}

struct ByEmail {
    email: String,
}

impl FromFields for ByEmail {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { email: fields.required("email", readers::text(1, 254))? })
    }
}

/// The account of an e-mail, in any case.
async fn by_email(
    State(state): State<AppState>,
    _: Operator,
    Query(wanted): Query<ByEmail>,
) -> Result<Json<FoundUser>, Problem> {
    FoundUser::or_nothing(accounts::find_by_email(&state.pool, &wanted.email).await?)
}

#[derive(Debug, Serialize, JsonSchema)]
struct FoundUser {
    user: UserBody,
}

impl FoundUser {
    fn or_nothing(account: Option<accounts::Account>) -> Result<Json<Self>, Problem> {
        let account = account.ok_or_else(|| Problem::new(Code::NotFound))?;
        Ok(Json(Self { user: account.into() }))
    }
}
