//! How much one caller may ask. Logins are counted by account and by address, sign-ups by address,
//! everything else by principal: the account of the token, or the address of who shows none. Health is
//! never counted. Nothing here outlives the process; several instances count each for itself.
//!
//! The headers are those of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy: "login-address";q=60;w=60`
//! and `RateLimit: "login-address";r=59;t=1`, several with a comma between.

mod bucket;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::role::Role;

use self::bucket::{Buckets, Count, Policy};
use crate::callers::Caller;
use crate::fields::readers::folded;
use crate::problem::{Code, Problem};
use crate::server::address::{TrustedProxies, one_subscriber};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const LOGIN_OF_AN_ACCOUNT: Policy = Policy { name: "login-account", a_minute: 10 };
const LOGIN_FROM_AN_ADDRESS: Policy = Policy { name: "login-address", a_minute: 60 };
const SIGN_UP_FROM_AN_ADDRESS: Policy = Policy { name: "sign-up-address", a_minute: 20 };
const A_PRINCIPAL: Policy = Policy { name: "principal", a_minute: 600 };
const A_SERVICE: Policy = Policy { name: "service", a_minute: 60_000 };

/// The counts of all callers; none when nobody is limited. Cheap to clone.
#[derive(Clone, Default)]
pub struct RateLimits(Option<Arc<Limits>>);

struct Limits {
    proxies: TrustedProxies,
    logins: Buckets,
    login_addresses: Buckets,
    sign_ups: Buckets,
    principals: Buckets,
    services: Buckets,
}

/// What was counted for a request, for the headers of its answer.
type Counted = Arc<Mutex<Vec<Count>>>;

impl RateLimits {
    /// The limits of the contract.
    #[must_use]
    pub fn standard(proxies: TrustedProxies) -> Self {
        Self(Some(Arc::new(Limits {
            proxies,
            logins: Buckets::new(LOGIN_OF_AN_ACCOUNT),
            login_addresses: Buckets::new(LOGIN_FROM_AN_ADDRESS),
            sign_ups: Buckets::new(SIGN_UP_FROM_AN_ADDRESS),
            principals: Buckets::new(A_PRINCIPAL),
            services: Buckets::new(A_SERVICE),
        })))
    }

    /// Counts a login for an account, whether there is one or not. The e-mail itself is not kept.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn login(&self, email: &str) -> Result<(), Problem> {
        self.0.as_ref().map_or(Ok(()), |limits| judge(&limits.logins.count(&folded(email))).map_or(Ok(()), Err))
    }

    /// Counts a request of somebody who is known.
    ///
    /// # Errors
    /// `rate_limited`.
    pub fn principal(&self, caller: &Caller, extensions: &Extensions) -> Result<(), Problem> {
        let Some(limits) = &self.0 else { return Ok(()) };
        let buckets = match caller.role {
            Role::Service => &limits.services,
            Role::User | Role::Operator | Role::Auditor | Role::Admin => &limits.principals,
        };
        let count = buckets.count(&caller.id.0);
        let refused = judge(&count);
        if let Some(counted) = extensions.get::<Counted>() {
            counted.lock().unwrap_or_else(PoisonError::into_inner).push(count);
        }
        refused.map_or(Ok(()), Err)
    }
}

impl Limits {
    /// What is counted before anybody has looked at the request.
    fn at_the_door(&self, request: &Request, address: IpAddr) -> Option<Count> {
        let path = request.uri().path();
        let is_post = request.method() == Method::POST;
        match path {
            "/auth/login" if is_post => Some(self.login_addresses.count(&address)),
            "/auth/signup" | "/auth/users" if is_post => Some(self.sign_ups.count(&address)),
            _ if path.starts_with("/health/") => None,
            _ if request.headers().contains_key(header::AUTHORIZATION) => None,
            _ => Some(self.principals.count(&address)),
        }
    }
}

fn judge(count: &Count) -> Option<Problem> {
    let refused = count.refused_for_s?;
    let mut headers = HeaderMap::new();
    tell(&mut headers, std::slice::from_ref(count));
    let problem = Problem::new(Code::RateLimited).header(header::RETRY_AFTER, refused.into());
    Some(headers.into_iter().fold(problem, |problem, (name, value)| match name {
        Some(name) => problem.header(name, value),
        None => problem,
    }))
}

/// Surrounds all routes: counts by address, and tells every caller what is left.
pub(crate) async fn layer(State(limits): State<RateLimits>, mut request: Request, next: Next) -> Response {
    let Some(limits) = &limits.0 else { return next.run(request).await };
    let address = limits.proxies.client(request.extensions(), request.headers()).map(one_subscriber);
    let at_the_door = address.and_then(|address| limits.at_the_door(&request, address));
    if let Some(refused) = at_the_door.as_ref().and_then(judge) {
        return refused.into_response();
    }
    let counted = Counted::default();
    request.extensions_mut().insert(counted.clone());
    let response = next.run(request).await;
    let mut counts = std::mem::take(&mut *counted.lock().unwrap_or_else(PoisonError::into_inner));
    counts.extend(at_the_door);
    // tokens that are none are the business of their address
    if response.status() == StatusCode::UNAUTHORIZED && counts.is_empty() {
        let count = address.map(|address| limits.principals.count(&address));
        if let Some(refused) = count.as_ref().and_then(judge) {
            return refused.into_response();
        }
        counts.extend(count);
    }
    let mut response = response;
    if response.status() != StatusCode::TOO_MANY_REQUESTS {
        tell(response.headers_mut(), &counts);
    }
    response
}

fn tell(headers: &mut HeaderMap, counts: &[Count]) {
    let list = |show: fn(&Count) -> String| counts.iter().map(show).collect::<Vec<_>>().join(", ");
    let fields = [(RATE_LIMIT_POLICY, list(Count::policy)), (RATE_LIMIT, list(Count::state))];
    for (name, text) in fields {
        if let Ok(value) = HeaderValue::try_from(text)
            && !value.is_empty()
        {
            headers.insert(name, value);
        }
    }
}
