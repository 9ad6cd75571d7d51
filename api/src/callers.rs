//! Who asks, as types: a handler names the one it serves, and the wrong role never reaches it.
//! What belongs to whom is decided in the handlers.

use std::ops::Deref;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use commands::Metadata;
use domain::Moment;
use domain::id::MemberId;
use domain::role::Role;
use uuid::Uuid;

use crate::clock;
use crate::openapi::needs_token;
use crate::problem::{Code, Problem};
use crate::server::RequestId;
use crate::state::AppState;
use crate::tokens::Identity;

/// Somebody with a valid token.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The account.
    pub id: MemberId,
    /// What it may do.
    pub role: Role,
    /// The moment of asking.
    pub at: Moment,
    /// The log-in that the token comes from.
    pub family: Uuid,
    request: Uuid,
}

impl Caller {
    /// What is stored beside the events of a command of this caller.
    #[must_use]
    pub fn metadata(&self) -> Metadata {
        Metadata::of(self.id, self.role, self.at).correlated(self.request)
    }

    fn of(parts: &Parts, state: &AppState) -> Result<Self, Problem> {
        let nobody = || Problem::new(Code::Unauthenticated);
        let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) = value.and_then(|value| value.split_once(' ')).ok_or_else(nobody)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(nobody());
        }
        let Identity { member, role, family } = state.keys.verify(token.trim())?;
        Ok(Self { id: member, role, at: clock::now(), family, request: RequestId::of(&parts.extensions).0 })
    }
}

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
                let caller = Caller::of(parts, state)?;
                // for what belongs to the caller without saying who that is: idempotency keys
                parts.extensions.insert(caller);
                state.rate_limits.principal(&caller, &parts.extensions)?;
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
    /// Who may ask for rewards; a service asks for others.
    Claimant: User | Operator | Admin | Service;
    /// Who runs campaigns.
    Operator: Operator | Admin;
    /// Who may see what members do.
    Staff: Operator | Auditor | Admin;
    /// Who may look into the log.
    Auditor: Auditor | Admin;
    /// Who may report facts.
    Reporter: Operator | Admin | Service;
}
