//! `/auth`: signing up, logging in and out. The own account is in `auth/profile`, what staff see and do
//! of others in `auth/users` and `auth/staff`.
//!
//! The refresh cookie needs no token against forged requests: `SameSite=Strict` keeps it out of every
//! request that another site starts, and nothing but `/auth` ever sees it.

mod profile;
mod staff;
mod user;
mod users;

use aide::OperationOutput;
use aide::axum::ApiRouter;
use aide::axum::routing::{get_with, post_with};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{Datelike, NaiveDate};
use domain::role::Role;
use domain::zone::Tz;
use domain::zone::local_date;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::accounts::{self, FAMILY_LIFETIME, NewAccount, Session, SignedUp};
use crate::app::client_address::ClientAddress;
use crate::app::clock;
use crate::app::input::fields::{Broken, Fields, FromFields, Nothing, Reader, readers};
use crate::app::problem::{Code, Problem};
use crate::app::tokens;
use crate::http::auth::ShownLogIn;
use crate::http::headers::positions::At;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{Body, Query};
use crate::http::layers::route_limits::Limit;
use crate::http::openapi::{Created, Describe as _};
use crate::http::request_id::RequestId;
use crate::http::state::AppState;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new()
        .api_route(
            "/auth/signup",
            post_with(sign_up, |op| {
                op.named("signUp", "Signs up a member").limits(&[Limit::SignUp]).refuses(&[
                    Code::EmailTaken,
                    Code::NicknameTaken,
                    Code::InviteCodeUnknown,
                ])
            }),
        )
        .api_route(
            "/auth/users",
            post_with(sign_up, |op| {
                op.named("createUser", "Signs up a member, as `/auth/signup` does").limits(&[Limit::SignUp]).refuses(&[
                    Code::EmailTaken,
                    Code::NicknameTaken,
                    Code::InviteCodeUnknown,
                ])
            }),
        )
        .api_route(
            "/auth/login",
            post_with(log_in, |op| {
                op.named("logIn", "Logs in")
                    .limits(&[Limit::LogIn, Limit::AppendsNothing])
                    .answers::<SessionAnswer>(200)
                    .tells_position(200)
                    .refuses(&[Code::InvalidCredentials])
            }),
        )
        .api_route(
            "/auth/refresh",
            post_with(refresh, |op| {
                op.named("refresh", "Exchanges a refresh token for new tokens")
                    .limits(&[Limit::AppendsNothing])
                    .answers::<SessionAnswer>(200)
                    .tells_position(200)
                    .takes_refresh_cookie()
                    .refuses(&[Code::Unauthenticated, Code::RefreshTokenReused])
            }),
        )
        .api_route(
            "/auth/logout",
            post_with(log_out, |op| {
                op.named("logOut", "Ends the session")
                    .limits(&[Limit::AppendsNothing])
                    .takes_refresh_cookie()
                    .answers_nothing()
            }),
        )
        .api_route("/auth/test", get_with(test, |op| op.named("testAuth", "Answers when the service is reachable")))
        .merge(profile::router())
        .merge(users::router())
        .merge(staff::router())
}

async fn test(_: Query<Nothing>) -> Json<TestBody> {
    Json(TestBody { status: "ok" })
}

#[derive(Debug, Serialize, JsonSchema)]
struct TestBody {
    status: &'static str,
}

/// The first birth date that is believed.
const EARLIEST_BIRTH_YEAR: i32 = 1_900;

struct SignUp {
    email: String,
    password: String,
    birth_date: NaiveDate,
    nickname: Option<String>,
    time_zone: Option<Tz>,
    invite_code: Option<String>,
}

impl FromFields for SignUp {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", readers::email());
        let password = fields.required("password", readers::new_password());
        let time_zone = fields.optional("timeZone", readers::zone());
        let today = local_date(time_zone.flatten().unwrap_or(Tz::UTC), clock::now());
        let birth_date = fields.required("birthDate", birth_date(today));
        let nickname = fields.nullable("nickname", readers::visible(2, 30));
        let invite_code = fields.nullable("inviteCode", readers::text(1, 64));
        Some(Self {
            email: email?,
            password: password?,
            birth_date: birth_date?,
            nickname: nickname?,
            time_zone: time_zone?,
            invite_code: invite_code?,
        })
    }
}

/// A day that is not ahead of the member's own calendar.
fn birth_date(today: NaiveDate) -> impl Reader<Value = NaiveDate> {
    readers::date().then(move |date| {
        if date.year() >= EARLIEST_BIRTH_YEAR && date <= today {
            Ok(date)
        } else {
            Err(Broken::new("range", format!("must be a day from {EARLIEST_BIRTH_YEAR} until today")))
        }
    })
}

/// Takes somebody in.
async fn sign_up(
    State(state): State<AppState>,
    request: axum::Extension<RequestId>,
    _: Query<Nothing>,
    Idempotent(body, key): Idempotent<SignUp>,
) -> Result<TakenIn, Problem> {
    let account = NewAccount {
        id: None,
        email: body.email.clone(),
        password_hash: state.passwords.hash(body.password).await?,
        nickname: body.nickname,
        birth_date: Some(body.birth_date),
        time_zone: body.time_zone.unwrap_or(Tz::UTC),
        role: Role::User,
        invite_code: body.invite_code,
        demo: false,
    };
    let answer = move |signed_up: SignedUp| taken_in(signed_up, body.email.clone());
    let keep = {
        let answer = answer.clone();
        move |id| {
            let answer = answer.clone();
            key.store_unit(move |appended| answer(SignedUp { id, position: appended.last_position }))
        }
    };
    accounts::sign_up(&state.ledger, &state.pool, &state.returns, account, clock::now(), request.0.0, keep)
        .await
        .map(answer)
}

type TakenIn = At<Created<SignedUpBody>>;

fn taken_in(signed_up: SignedUp, email: String) -> TakenIn {
    let body = SignedUpBody { id: signed_up.id.to_string(), email, role: Role::User.name() };
    At(signed_up.position, Created(body))
}

#[derive(Debug, Serialize, JsonSchema)]
struct SignedUpBody {
    #[schemars(with = "Uuid")]
    id: String,
    email: String,
    #[schemars(with = "Role")]
    role: &'static str,
}

struct LogIn {
    email: String,
    password: String,
}

impl FromFields for LogIn {
    fn read(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", readers::text(0, 254));
        let password = fields.required("password", readers::password(0, 1_000));
        Some(Self { email: email?, password: password? })
    }
}

/// Logs somebody in.
async fn log_in(
    State(state): State<AppState>,
    from: ClientAddress,
    _: Query<Nothing>,
    Body(body): Body<LogIn>,
) -> Result<SessionBody, Problem> {
    state.rate_limits.login(&body.email, from.0)?;
    let session = accounts::log_in(&state.sign_in(), &body.email, body.password, from, clock::now()).await?;
    Ok(SessionBody { session, secure: state.secure_cookie })
}

struct Refresh {
    token: Option<String>,
}

impl FromFields for Refresh {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { token: fields.nullable("refreshToken", readers::text(0, 1_000))? })
    }
}

impl Refresh {
    fn token_or_cookie(self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        self.token.or_else(|| pairs.find(|(name, _)| *name == COOKIE).map(|(_, value)| value.to_owned()))
    }
}

/// Gives the next tokens.
async fn refresh(
    State(state): State<AppState>,
    from: ClientAddress,
    headers: HeaderMap,
    _: Query<Nothing>,
    Body(body): Body<Refresh>,
) -> Result<SessionBody, Problem> {
    let token = body.token_or_cookie(&headers).ok_or_else(|| Problem::new(Code::Unauthenticated))?;
    let session = accounts::refresh(&state.sign_in(), &token, from, clock::now()).await?;
    Ok(SessionBody { session, secure: state.secure_cookie })
}

/// Ends a log-in: that of the refresh token, else that of the access token.
async fn log_out(
    State(state): State<AppState>,
    shown: ShownLogIn,
    headers: HeaderMap,
    _: Query<Nothing>,
    Body(body): Body<Refresh>,
) -> Result<Response, Problem> {
    let named = match body.token_or_cookie(&headers) {
        Some(token) => accounts::family_of(&state.sign_in(), &token).await?,
        None => None,
    };
    if let Some(family) = named.or(shown.0) {
        accounts::end_family(&state.sign_in(), family, clock::now()).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, no_cookie(&state)?)]).into_response())
}

/// Takes the cookie away.
fn no_cookie(state: &AppState) -> Result<HeaderValue, Problem> {
    cookie("", 0, state.secure_cookie)
}

const COOKIE: &str = "refreshToken";

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SessionAnswer {
    access_token: String,
    refresh_token: String,
    expires_in: i64,
}

impl OperationOutput for SessionBody {
    type Inner = SessionAnswer;
}

struct SessionBody {
    session: Session,
    secure: bool,
}

impl IntoResponse for SessionBody {
    fn into_response(self) -> Response {
        let Session { access_token, refresh_token, position } = self.session;
        let set = cookie(&refresh_token, FAMILY_LIFETIME.num_seconds(), self.secure);
        let body = SessionAnswer { access_token, refresh_token, expires_in: tokens::LIFETIME.num_seconds() };
        let answer = match set {
            Ok(cookie) => ([(header::SET_COOKIE, cookie)], Json(body)).into_response(),
            Err(problem) => problem.into_response(),
        };
        match position {
            Some(position) => At(position, answer).into_response(),
            None => answer,
        }
    }
}

fn cookie(token: &str, max_age_s: i64, secure: bool) -> Result<HeaderValue, Problem> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/auth; Max-Age={max_age_s}{secure}");
    HeaderValue::try_from(text).map_err(|error| Problem::internal("cookie", &error))
}
