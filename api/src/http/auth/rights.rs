//! Services by what they may do with value, as types: a handler names the right it asks for, and a service without it never
//! reaches it. Staff have their role instead of rights.

use std::collections::BTreeSet;
use std::ops::Deref;

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::Operation;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::role::Role;

use super::{Caller, Service, StaffOrService};
use crate::app::accounts::Right;
use crate::app::problem::{Code, Problem};
use crate::http::openapi::refuse;
use crate::http::state::AppState;

/// What the caller may do with value, should it be a service.
#[derive(Debug, Clone)]
pub(super) struct Rights(pub(super) BTreeSet<Right>);

impl Rights {
    fn check(parts: &Parts, caller: &Caller, needed: Right) -> Result<(), Problem> {
        let has_it = parts.extensions.get::<Self>().is_some_and(|Self(rights)| rights.contains(&needed));
        if caller.role != Role::Service || has_it {
            Ok(())
        } else {
            Err(Problem::new(Code::RightMissing).with("right", needed.name()))
        }
    }
}

macro_rules! with_right {
    ($( $(#[$doc:meta])* $name:ident: $callers:ident with $right:ident; )+) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name(pub Caller);

        impl Deref for $name {
            type Target = Caller;
            fn deref(&self) -> &Caller { &self.0 }
        }

        impl OperationInput for $name {
            fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
                $callers::operation_input(ctx, operation);
                refuse(operation, &[Code::RightMissing]);
            }
        }

        impl FromRequestParts<AppState> for $name {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
                let $callers(caller) = $callers::from_request_parts(parts, state).await?;
                Rights::check(parts, &caller, Right::$right)?;
                Ok(Self(caller))
            }
        }
    )+ };
}

with_right! {
    /// A service that may take points of members in payment.
    Spender: Service with Spend;
    /// A service that may redeem coupons of members.
    Redeemer: Service with Redeem;
    /// Who may see what members have and spend: staff, and services that may take it.
    StaffOrSpender: StaffOrService with Spend;
}
