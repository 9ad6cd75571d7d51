//! How much one caller may ask. The address is charged before anything is done about a request; whoever shows a genuine
//! credential is charged in its place. Log-ins are counted by account and address together and by
//! address alone, wrong passwords as `guesses` says, sign-ups by address. Health is never counted. What a member may leave behind in a day (events, stored answers) is in `daily`. Nothing here outlives the
//! process; several instances count each for itself.
//!
//! The headers are those of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy: "login-address";q=60;w=60`
//! and `RateLimit: "login-address";r=59;t=1`, several with a comma between.

mod daily;

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::identity::email_key;
use domain::role::Role;

use self::daily::Daily;
use super::route_limits::{Newcomer, RouteLimits};
use crate::app::limits::bucket::{Buckets, Count, Policy};
use crate::app::limits::guesses::Guesses;
use crate::app::problem::{Budget, Code, Problem};
use crate::http::auth::{Identified, Shown, Verified};
use crate::http::client_address::{TrustedProxies, one_subscriber};
use crate::http::state::AppState;

pub use daily::DailyBudgets;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const LOGIN_OF_AN_ACCOUNT: Policy = Policy::a_minute("login-account", 10);
const LOGIN_FROM_AN_ADDRESS: Policy = Policy::a_minute("login-address", 60);
const SIGN_UP_FROM_AN_ADDRESS: Policy = Policy::a_minute("sign-up-address", 20);
const A_PRINCIPAL: Policy = Policy::a_minute("principal", 600);
const A_SERVICE: Policy = Policy::a_minute("service", 60_000);
const UNKNOWN_CODES: Policy = Policy::a_minute("unknown-codes", 60);

/// The counts of all callers; none when nobody is limited. Cheap to clone.
#[derive(Clone, Default)]
pub struct RateLimits(Option<Arc<Limits>>);

struct Limits {
    proxies: TrustedProxies,
    logins: Buckets,
    login_addresses: Buckets,
    guesses: Arc<Guesses>,
    sign_ups: Buckets,
    principals: Buckets,
    services: Buckets,
    unknown_codes: Buckets,
    daily: Daily,
}

impl RateLimits {
    /// The limits of the contract.
    #[must_use]
    pub fn standard(proxies: TrustedProxies, budgets: DailyBudgets) -> Self {
        Self(Some(Arc::new(Limits {
            proxies,
            logins: Buckets::new(LOGIN_OF_AN_ACCOUNT),
            login_addresses: Buckets::new(LOGIN_FROM_AN_ADDRESS),
            guesses: Arc::new(Guesses::new()),
            sign_ups: Buckets::new(SIGN_UP_FROM_AN_ADDRESS),
            principals: Buckets::new(A_PRINCIPAL),
            services: Buckets::new(A_SERVICE),
            unknown_codes: Buckets::new(UNKNOWN_CODES),
            daily: Daily::new(budgets),
        })))
    }

    /// Counts a log-in to an account from an address, whether there is such an account or not: whoever fails
    /// elsewhere keeps nobody out. The e-mail itself is not kept.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn login(&self, email: &str, address: Option<IpAddr>) -> Result<(), Problem> {
        let Some(limits) = &self.0 else { return Ok(()) };
        limits.logins.count(&(email_key(email), address)).refusal().map_or(Ok(()), Err)
    }

    /// Whether the caller may try a code: not after too many unknown ones.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) fn may_try_a_code(&self, who: Identified) -> Result<(), Problem> {
        let Some(limits) = &self.0 else { return Ok(()) };
        limits.unknown_codes.look(&who.id.0).refusal().map_or(Ok(()), Err)
    }

    /// Counts a code of the caller's that is unknown.
    ///
    /// # Errors
    /// `rate_limited`, where another one of the same moment was the last that is allowed.
    pub(crate) fn unknown_code(&self, who: Identified) -> Result<(), Problem> {
        let Some(limits) = &self.0 else { return Ok(()) };
        limits.unknown_codes.count(&who.id.0).refusal().map_or(Ok(()), Err)
    }

    /// The budget of wrong passwords; none where nobody is limited.
    pub(crate) fn guesses(&self) -> Option<&Arc<Guesses>> {
        self.0.as_ref().map(|limits| &limits.guesses)
    }
}

impl Limits {
    fn of_principal(&self, who: Identified) -> &Buckets {
        match who.role {
            Role::Service => &self.services,
            Role::User | Role::Operator | Role::Auditor | Role::Admin => &self.principals,
        }
    }

    /// What is counted of those who log in or sign up, whom no credential makes anybody else.
    fn of_newcomer(&self, newcomer: Newcomer, address: IpAddr) -> Count {
        match newcomer {
            Newcomer::LogIn => self.login_addresses.count(&address),
            Newcomer::SignUp => self.sign_ups.count(&address),
        }
    }
}

/// Surrounds all routes: finds out who asks, charges for it, and tells every caller what is left.
pub(crate) async fn layer<F>(state: &AppState, mut request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let route = RouteLimits::of(request.extensions());
    if route.is_health {
        return next(request).await;
    }
    let shown = Shown::of(request.headers(), &state.keys);
    let Some(limits) = state.rate_limits.0.clone() else {
        let who = identify(state, shown.as_ref()).await;
        introduce(&mut request, shown, who);
        return next(request).await;
    };
    let address = limits.proxies.client(request.extensions(), request.headers()).map(one_subscriber);
    let newcomer = route.newcomer.zip(address).map(|(newcomer, address)| limits.of_newcomer(newcomer, address));
    let (who, counted) = match charge(state, &limits, newcomer, shown.as_ref(), address).await {
        Ok(charged) => charged,
        Err(refused) => return refused.into_response(),
    };
    let day = match limits.daily.begin(&request, who, address) {
        Ok(day) => day,
        Err(refused) => return refused.into_response(),
    };
    introduce(&mut request, shown, who);
    let mut response = next(request).await;
    day.end(&response);
    let counted = match (who, address) {
        // a log-in that was ended stands for nobody: its token is the business of the address
        (Some(who), Some(address)) if is_nobody(&response) => {
            limits.of_principal(who).give_back(&who.id.0);
            let count = limits.principals.count(&address);
            if let Some(refused) = count.refusal() {
                return refused.into_response();
            }
            Some(count)
        }
        _ => counted,
    };
    if response.status() != StatusCode::TOO_MANY_REQUESTS
        && let Some(count) = counted
    {
        tell(response.headers_mut(), &count.budget());
    }
    response
}

/// Charges whoever shows a genuine credential, or else the address, before anybody is asked about anything. What a service
/// key stands for must be looked up the first time: the address is charged for that, and gets it back for a genuine one.
async fn charge(
    state: &AppState,
    limits: &Limits,
    newcomer: Option<Count>,
    shown: Option<&Shown>,
    address: Option<IpAddr>,
) -> Result<(Option<Identified>, Option<Count>), Problem> {
    if let Some(count) = newcomer {
        return count.refusal().map_or(Ok((None, Some(count))), Err);
    }
    let of_principal = |who: Identified| {
        let count = limits.of_principal(who).count(&who.id.0);
        count.refusal().map_or(Ok((Some(who), Some(count))), Err)
    };
    if let Some(who) = shown.and_then(|shown| shown.known(&state.session_cache)) {
        return of_principal(who);
    }
    let of_address = address.map(|address| limits.principals.count(&address));
    if let Some(refused) = of_address.as_ref().and_then(Count::refusal) {
        return Err(refused);
    }
    let Some(who) = identify(state, shown).await else { return Ok((None, of_address)) };
    if let Some(address) = address {
        limits.principals.give_back(&address);
    }
    of_principal(who)
}

/// Who shows a credential, where it is genuine.
async fn identify(state: &AppState, shown: Option<&Shown>) -> Option<Identified> {
    let shown = shown?;
    match shown.known(&state.session_cache) {
        Some(who) => Some(who),
        None => shown.looked_up(&state.session_cache).await,
    }
}

/// Leaves with the request what is known of its sender, so that nobody has to find it out again.
fn introduce(request: &mut Request, shown: Option<Shown>, who: Option<Identified>) {
    if let Some(Shown::Token(verified)) = shown {
        request.extensions_mut().insert(Verified(verified));
    }
    if let Some(who) = who {
        request.extensions_mut().insert(who);
    }
}

/// Whether nobody stood behind the credential.
fn is_nobody(response: &Response) -> bool {
    let code = response.extensions().get::<Problem>().map(Problem::code);
    code.is_some_and(|code| matches!(code, Code::Unauthenticated | Code::TokenExpired | Code::TokenOutdated))
}

/// Tells the state of a budget.
pub(in crate::http) fn tell(headers: &mut HeaderMap, budget: &Budget) {
    for (name, text) in [(RATE_LIMIT_POLICY, &budget.policy), (RATE_LIMIT, &budget.state)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
}
