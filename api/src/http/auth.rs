//! Who asks, as types: a handler names the one it serves, and the wrong role never reaches it.
//! What belongs to whom is decided in the handlers.

mod rights;

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Deref;
use std::sync::Arc;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use commands::Metadata;
use domain::Moment;
use domain::id::MemberId;
use domain::role::Role;
use uuid::Uuid;

pub use self::rights::{Redeemer, Spender, StaffOrSpender};

use self::rights::Rights;
use crate::app::accounts::{Right, ServiceKey};
use crate::app::activities::Sources;
use crate::app::client_address::ClientAddress;
use crate::app::clock;
use crate::app::problem::{Code, Problem};
use crate::app::session_cache::{CachedSession, SessionCache};
use crate::app::tokens::{Identity, Keys};
use crate::http::openapi::needs_token;
use crate::http::request_id::RequestId;
use crate::http::state::AppState;

/// Ours are a few hundred bytes long; to look at a longer one would be work for nothing.
const LONGEST_CREDENTIAL_BYTES: usize = 4 * 1024;

/// Somebody with a valid token.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The account.
    pub id: MemberId,
    /// What it may do.
    pub role: Role,
    /// The moment of asking.
    pub at: Moment,
    request: Uuid,
}

impl Caller {
    /// What is stored beside the events of a command of this caller.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        Metadata::of(self.id, self.role, self.at).correlated(self.request)
    }

    pub(crate) fn identified(&self) -> Identified {
        Identified { id: self.id, role: self.role }
    }

    async fn of(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        if let Some(LetIn(caller)) = parts.extensions.get::<LetIn>().copied() {
            parts.extensions.insert(AllowedSources(Sources::Any));
            parts.extensions.insert(Rights(BTreeSet::from(Right::ALL)));
            return Ok(caller);
        }
        let token = bearer(&parts.headers)?;
        let known = match ServiceKey::parse(token) {
            Some(key) => of_key(&key, state).await,
            None => match verified(parts, token, &state.keys) {
                Ok(identity) => of_log_in(identity, state).await,
                Err(problem) => Err(problem),
            },
        };
        let (id, role, sources, rights) = known.map_err(|problem| match problem.code().status() {
            StatusCode::UNAUTHORIZED => {
                refused(&problem, token, parts, state);
                problem.credential_refused()
            }
            _ => problem,
        })?;
        parts.extensions.insert(AllowedSources(sources));
        parts.extensions.insert(Rights(rights));
        Ok(Self { id, role, at: clock::now(), request: RequestId::of(&parts.extensions).0 })
    }
}

/// A caller within this process who is already authenticated, such as a page that calls the API. A request from the
/// network cannot carry it.
#[derive(Debug, Clone, Copy)]
pub struct LetIn(pub Caller);

/// The cookie of a page session. Browsers send it only to the pages.
pub const SESSION_COOKIE: &str = "ledgerSession";

/// Somebody who is signed in to the pages.
#[derive(Debug, Clone, Copy)]
pub struct PageSession {
    /// Who it is.
    pub caller: Caller,
    /// The log-in that the session belongs to.
    pub log_in: Uuid,
}

impl PageSession {
    /// The token of a new session for a log-in.
    ///
    /// # Errors
    /// `unauthenticated` if the log-in has ended already; `unavailable` if the database cannot be reached.
    pub async fn begin(access_token: &str, state: &AppState) -> Result<(String, MemberId), Problem> {
        let identity = state.keys.verify(access_token)?;
        let session = standing(identity, state).await?;
        // not before a block that ended the sessions of this second
        let issued_at = identity.issued_at.max(session.page_sessions_since);
        let token = state.keys.issue_page_session(Identity { issued_at, ..identity }, clock::now())?;
        Ok((token, identity.member))
    }

    /// The session of a request's cookie.
    ///
    /// # Errors
    /// `unauthenticated`, `token_expired`, `token_outdated`; `unavailable` if the database cannot be reached.
    pub async fn of(parts: &Parts, state: &AppState) -> Result<Self, Problem> {
        let token = cookie(&parts.headers, SESSION_COOKIE).ok_or_else(nobody)?;
        let identity = state.keys.verify_page_session(token)?;
        let session = standing(identity, state).await?;
        if identity.issued_at < session.page_sessions_since {
            return Err(nobody());
        }
        let Identity { member: id, role, .. } = identity;
        let caller = Caller { id, role, at: clock::now(), request: RequestId::of(&parts.extensions).0 };
        Ok(Self { caller, log_in: identity.family })
    }
}

/// The value of a cookie, if exactly one has this name.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(of, _)| *of == name).map(|(_, value)| value);
    let value = values.next().filter(|value| value.len() <= LONGEST_CREDENTIAL_BYTES);
    if values.next().is_none() { value } else { None }
}

/// Says what was wrong to whoever guards the service, and whose it is where that is known for sure.
fn refused(problem: &Problem, token: &str, parts: &Parts, state: &AppState) {
    let kind = if ServiceKey::parse(token).is_some() { "service_key" } else { "access" };
    let account = verified(parts, token, &state.keys).ok().map(|identity| identity.member);
    let from = ClientAddress::of(parts, state);
    state.security.token_refused(kind, account, problem.code().name(), from);
}

fn nobody() -> Problem {
    Problem::new(Code::Unauthenticated)
}

/// The one credential of a request: two would leave open whose it is.
fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(nobody()) };
    let (scheme, token) = value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(nobody)?;
    let is_one = scheme.eq_ignore_ascii_case("bearer") && token.len() <= LONGEST_CREDENTIAL_BYTES;
    if is_one { Ok(token.trim()) } else { Err(nobody()) }
}

/// A credential as it is shown, before anybody was asked what it stands for.
pub(crate) enum Shown {
    /// An access token, and whom it stands for if it is genuine.
    Token(Result<Identity, Problem>),
    /// A service key.
    Key(ServiceKey),
}

/// Whom an access token stands for, verified before the request came here.
#[derive(Clone)]
pub(crate) struct Verified(pub(crate) Result<Identity, Problem>);

/// Who shows a genuine credential. Whether it still stands is another question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identified {
    pub(crate) id: MemberId,
    /// As the credential has it.
    pub(crate) role: Role,
}

impl Shown {
    pub(crate) fn of(headers: &HeaderMap, keys: &Keys) -> Option<Self> {
        let Ok(token) = bearer(headers) else {
            return cookie(headers, SESSION_COOKIE).map(|token| Self::Token(keys.verify_page_session(token)));
        };
        Some(ServiceKey::parse(token).map_or_else(|| Self::Token(keys.verify(token)), Self::Key))
    }

    /// Whose it is, as far as that is known without asking the database.
    pub(crate) fn known(&self, session_cache: &SessionCache) -> Option<Identified> {
        match self {
            Self::Token(Ok(Identity { member, role, .. })) => Some(Identified { id: *member, role: *role }),
            Self::Token(Err(_)) => None,
            Self::Key(key) => of_service(key, session_cache.last_known(key.id()).as_deref()),
        }
    }

    /// Whose it is, by the database.
    pub(crate) async fn looked_up(&self, session_cache: &SessionCache) -> Option<Identified> {
        match self {
            Self::Token(_) => None,
            Self::Key(key) => of_service(key, session_cache.of(key.id()).await.ok()?.as_deref()),
        }
    }
}

fn of_service(key: &ServiceKey, session: Option<&CachedSession>) -> Option<Identified> {
    let session = session?;
    session.key.as_ref().filter(|known| known.hash == key.hash())?;
    Some(Identified { id: session.account, role: Role::Service })
}

fn verified(parts: &Parts, token: &str, keys: &Keys) -> Result<Identity, Problem> {
    parts.extensions.get::<Verified>().map_or_else(|| keys.verify(token), |Verified(verified)| verified.clone())
}

type Known = (MemberId, Role, Sources, BTreeSet<Right>);

async fn of_log_in(identity: Identity, state: &AppState) -> Result<Known, Problem> {
    standing(identity, state).await?;
    // a service that logs in is one of the demo
    Ok((identity.member, identity.role, Sources::Any, BTreeSet::from(Right::ALL)))
}

/// Checks the token, then its log-in, then its role.
async fn standing(identity: Identity, state: &AppState) -> Result<Arc<CachedSession>, Problem> {
    let session = state.session_cache.of(identity.family).await?.ok_or_else(nobody)?;
    let of_the_demo = session.demo || identity.role == Role::Service;
    if session.account != identity.member || session.key.is_some() || (of_the_demo && !state.demo) {
        return Err(nobody());
    }
    if session.role != identity.role || identity.issued_at < session.role_since {
        return Err(Problem::new(Code::TokenOutdated));
    }
    Ok(session)
}

async fn of_key(key: &ServiceKey, state: &AppState) -> Result<Known, Problem> {
    let session = state.session_cache.of(key.id()).await?.ok_or_else(nobody)?;
    let known = session.key.as_ref().filter(|known| known.hash == key.hash()).ok_or_else(nobody)?;
    if session.role != Role::Service {
        return Err(Problem::new(Code::TokenOutdated));
    }
    Ok((session.account, Role::Service, Sources::Only(known.sources.clone()), known.rights.clone()))
}

/// Which sources the caller may report for. Stands behind the caller in the arguments of a handler.
#[derive(Debug, Clone)]
pub struct AllowedSources(pub Sources);

impl<S: Send + Sync> FromRequestParts<S> for AllowedSources {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let known = parts.extensions.get::<Self>().cloned();
        known.ok_or_else(|| Problem::internal("sources", &"a handler asks for the sources of nobody"))
    }
}

/// Nothing that the caller would not know.
impl OperationInput for AllowedSources {}

/// The log-in whose access token is shown, if a genuine one is: for those who only want to leave.
#[derive(Debug, Clone, Copy)]
pub struct ShownLogIn(pub Option<Uuid>);

impl FromRequestParts<AppState> for ShownLogIn {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let identity = bearer(&parts.headers).and_then(|token| verified(parts, token, &state.keys));
        Ok(Self(identity.ok().map(|identity| identity.family)))
    }
}

impl OperationInput for ShownLogIn {}

/// How many roles there are.
const ALL_ROLES: usize = 5;

macro_rules! callers {
    ($( $(#[$doc:meta])* $name:ident: $($role:ident)|+; )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name(pub Caller);

        impl Deref for $name {
            type Target = Caller;
            fn deref(&self) -> &Caller { &self.0 }
        }

        impl OperationInput for $name {
            fn operation_input(_: &mut GenContext, operation: &mut Operation) {
                needs_token(operation, [$( Role::$role ),+].len() < ALL_ROLES);
            }
        }

        impl FromRequestParts<AppState> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
                let caller = Caller::of(parts, state).await?;
                // for what belongs to the caller without saying who that is: idempotency keys
                parts.extensions.insert(caller);
                match caller.role {
                    $( Role::$role )|+ => Ok(Self(caller)),
                    #[allow(unreachable_patterns, reason = "the roles above are all of them for some callers")]
                    Role::User | Role::Operator | Role::Auditor | Role::Admin | Role::Service => {
                        Err(Problem::new(Code::Forbidden))
                    }
                }
            }
        }
    )+ };
}

callers! {
    /// Any account.
    Account: User | Operator | Auditor | Admin | Service;
    /// A person: any account but a service.
    Member: User | Operator | Auditor | Admin;
    /// Who is a member and nothing else.
    User: User;
    /// Who may ask for rewards; a service asks for others.
    Claimant: User | Operator | Admin | Service;
    /// Who runs campaigns.
    Operator: Operator | Admin;
    /// Who may see what members do.
    Staff: Operator | Auditor | Admin;
    /// Who may erase accounts.
    Admin: Admin;
    /// Who may say that an e-mail is its owner's.
    EmailConfirmer: Admin | Service;
    /// Who may look into the log.
    Auditor: Auditor | Admin;
    /// Who may report facts.
    Reporter: Operator | Admin | Service;
    /// Another program.
    Service: Service;
    /// Who may see what members do, and other programs.
    StaffOrService: Operator | Auditor | Admin | Service;
}
