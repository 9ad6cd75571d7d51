//! Daily quotas of what a member may store: events in the log, answers under idempotency keys, and accounts per
//! address. An event is counted when the log has recorded it, whatever the route. A member without quota left is
//! refused on every route that may append, before anything is done. Services have no quota, since they act for all
//! members.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::Response;
use commands::Metadata;
use domain::role::Role;
use uuid::Uuid;

use super::RateLimits;
use crate::app::limits::bucket::{Buckets, Count, Policy};
use crate::app::problem::Problem;
use crate::http::auth::Identified;
use crate::http::layers::route_limits::{Newcomer, RouteLimits};

/// Staff decide the claims of many members.
const STAFF_TIMES: u32 = 100;
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The daily quotas of a member; staff have a hundred times as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DailyBudgets {
    /// Events in the log; for an address: accounts.
    pub events: u32,
    /// Answers stored under idempotency keys.
    pub keys: u32,
}

/// The remaining quotas.
pub(super) struct Daily {
    members: Left,
    staff: Left,
    /// By address.
    sign_ups: Buckets,
}

struct Left {
    events: Buckets,
    keys: Buckets,
}

impl Left {
    fn of(DailyBudgets { events, keys }: DailyBudgets, times: u32) -> Self {
        let bucket = |name, units: u32| Buckets::new(Policy::a_day(name, units.saturating_mul(times)));
        Self { events: bucket("events-day", events), keys: bucket("keys-day", keys) }
    }
}

/// A sign-up whose unit is refunded if it creates no account.
pub(super) struct Day<'a> {
    sign_up: Option<(&'a Buckets, IpAddr)>,
}

impl Daily {
    pub(super) fn new(budgets: DailyBudgets) -> Self {
        Self {
            members: Left::of(budgets, 1),
            staff: Left::of(budgets, STAFF_TIMES),
            sign_ups: Buckets::new(Policy::a_day("sign-up-address-day", budgets.events)),
        }
    }

    fn of(&self, role: Role) -> Option<&Left> {
        match role {
            Role::User => Some(&self.members),
            Role::Operator | Role::Auditor | Role::Admin => Some(&self.staff),
            Role::Service => None,
        }
    }

    /// Passes a request on if it appends nothing, or its sender has quota left.
    pub(super) fn begin(
        &self,
        request: &Request,
        who: Option<Identified>,
        address: Option<IpAddr>,
    ) -> Result<Day<'_>, Problem> {
        let route = RouteLimits::of(request.extensions());
        let signs_up = route.newcomer == Some(Newcomer::SignUp);
        let sign_up = address.filter(|_| signs_up).map(|address| (&self.sign_ups, address));
        let left = match (sign_up, who) {
            (Some((sign_ups, address)), _) => Some(sign_ups.count(&address)),
            (None, Some(who)) if may_append(request.method(), route) => {
                self.of(who.role).map(|left| left.events.look(&who.id.0))
            }
            (None, _) => None,
        };
        left.as_ref().and_then(Count::refusal).map_or(Ok(Day { sign_up }), Err)
    }
}

impl Day<'_> {
    /// Refunds the unit if no account was created.
    pub(super) fn end(self, response: &Response) {
        let took_in = response.status() == StatusCode::CREATED && !response.headers().contains_key(REPLAYED);
        if let Some((sign_ups, address)) = self.sign_up.filter(|_| !took_in) {
            sign_ups.give_back(&address);
        }
    }
}

fn may_append(method: &Method, route: RouteLimits) -> bool {
    !method.is_safe() && !route.appends_nothing
}

impl RateLimits {
    /// Counts the events that the log has recorded.
    pub fn appended(&self, metadata: &Metadata, events: usize) {
        let Some(limits) = &self.0 else { return };
        let left = Role::from_name(&metadata.role).and_then(|role| limits.daily.of(role));
        if let (Some(left), Ok(actor)) = (left, Uuid::try_parse(&metadata.actor)) {
            left.events.count_all(&actor, u32::try_from(events).unwrap_or(u32::MAX));
        }
    }

    /// Counts an answer to be stored for a caller.
    ///
    /// # Errors
    /// `rate_limited`.
    pub(crate) fn take_key(&self, who: Identified) -> Result<(), Problem> {
        let left = self.0.as_ref().and_then(|limits| limits.daily.of(who.role));
        left.and_then(|left| left.keys.count(&who.id.0).refusal()).map_or(Ok(()), Err)
    }

    /// Refunds an answer that was not stored.
    pub(crate) fn give_key_back(&self, who: Identified) {
        if let Some(left) = self.0.as_ref().and_then(|limits| limits.daily.of(who.role)) {
            left.keys.give_back(&who.id.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_that_is_not_safe_may_append_but_for_routes_that_say_otherwise() {
        let (ordinary, quiet) = (RouteLimits::default(), RouteLimits { appends_nothing: true, ..Default::default() });
        for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
            assert!(may_append(&method, ordinary) && !may_append(&method, quiet), "{method}");
        }
        assert!(!may_append(&Method::GET, ordinary));
    }

    #[test]
    fn what_the_log_took_counts_for_whoever_asked_in_whichever_role() {
        let limits = RateLimits::standard(Default::default(), DailyBudgets { events: 3, keys: 2 });
        let member = Identified { id: domain::id::MemberId(Uuid::from_u128(7)), role: Role::User };
        let at = crate::app::clock::now();
        let request = Request::patch("/auth/profile").body(axum::body::Body::empty()).unwrap();
        let let_in = |who| limits.0.as_ref().unwrap().daily.begin(&request, Some(who), None).is_ok();
        for _ in 0..3 {
            assert!(let_in(member));
            limits.appended(&Metadata::of(member.id, Role::User, at), 1);
        }
        assert!(!let_in(member));
        assert!(let_in(Identified { role: Role::Operator, ..member }), "a role has a budget of its own");
        let service = Identified { role: Role::Service, ..member };
        limits.appended(&Metadata::of(member.id, Role::Service, at), 1_000_000);
        limits.appended(&Metadata::system(at), 1_000_000);
        assert!(let_in(service));

        assert!(limits.take_key(member).is_ok());
        limits.give_key_back(member);
        assert!(limits.take_key(member).is_ok() && limits.take_key(member).is_ok());
        assert_eq!(limits.take_key(member).unwrap_err().code(), crate::app::problem::Code::RateLimited);
        assert!((0..100).all(|_| limits.take_key(service).is_ok()));
    }
}
