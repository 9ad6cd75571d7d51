//! `/members`: what staff see of a member besides the account.

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;

use crate::app::problem::Code;
use crate::http::openapi::Describe as _;
use crate::http::state::AppState;
use crate::routes::member_facts;

/// The routes.
pub(super) fn router() -> ApiRouter<AppState> {
    ApiRouter::new().api_route(
        "/members/{id}/facts",
        get_with(member_facts::for_staff, |op| {
            op.named("readMemberFacts", "A member's facts, as a condition sees them").refuses(&[Code::InvalidCursor])
        }),
    )
}
