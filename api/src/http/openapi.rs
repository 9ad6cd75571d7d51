//! The OpenAPI document, generated from the types of the handlers. It is served at `/openapi.json`, and for people at
//! `/docs`. It knows no resource.
//!
//! # How to describe a route
//! ```ignore
//! ApiRouter::new().api_route("/events", post_with(create, |op| {
//!     op.named("createEvent", "Creates an event").refuses(&[Code::EventNameTaken])
//! }).get_with(list, |op| op.named("listEvents", "Events, newest first")))
//! ```
//! 1. Use `aide::axum::ApiRouter` and `aide::axum::routing::{get_with, post_with, …}`; the plain `route`
//!    is refused by clippy. `named` gives the operation's id (unique, camelCase, as generated clients
//!    call it) and one sentence.
//! 2. Parameters, body, caller: nothing to do. `Body<T>`, `Query<T>` (from `T: FromFields`), `PathId`,
//!    `PathText`, `MinPosition` and the types of `callers` describe themselves with all codes they refuse
//!    with. A new extractor implements `OperationInput` (see `openapi/inputs.rs`).
//! 3. A field is read by a [`Reader`](crate::app::input::fields::Reader), which is its schema too: take one of
//!    `fields::readers` and go on with `.then(…)`. Ask for *all* fields before the first `?`. An object in
//!    an object is `fields.object::<T>("event")`, a list `readers::list(1, 200, readers::id::<Uuid>())`,
//!    `?dryRun=true` is `readers::flag()`, "at least one field" is `fields.at_least_one()`.
//! 4. Answers are structs with `#[derive(Serialize, JsonSchema)]`. `At<Json<T>>` and `Json<T>` are 200,
//!    [`Created<T>`] is 201 (`At(position, Created(body))`), [`Accepted<T>`] 202, `NoContent` 204. Where
//!    the type does not say it (`Response`, `(StatusCode, …)`): `.answers::<T>(StatusCode::OK)`.
//! 5. Codes that the handler refuses with beyond the general ones: `.refuses(&[Code::…])`.
//! 6. What is no GET says what it asks of the layers around it: `.limits(&[Limit::…])`, empty for an ordinary route.

mod condition;
mod describe;
mod docs;
mod document;
mod inputs;
mod outputs;
mod plain;
mod refusals;
#[cfg(test)]
mod tests;

use aide::axum::ApiRouter;
use aide::axum::routing::get_with;
use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};

pub use condition::ConditionInput;
pub use describe::Describe;
pub use outputs::{Accepted, Created};
pub use refusals::refuse;

pub use inputs::{header, needs_token};

use crate::app::input::fields::Nothing;
use crate::http::input::extract::Query;
use crate::http::layers::route_limits::LimitsOfRoutes;
use crate::http::state::AppState;

/// All routes, with the document that describes them and what they ask of the layers.
pub fn described(routes: impl FnOnce() -> ApiRouter<AppState>) -> (Router<AppState>, Document, LimitsOfRoutes) {
    document::of(routes)
}

/// The routes of the document itself.
pub fn router() -> ApiRouter<AppState> {
    let described = get_with(json, |op| {
        op.named("getOpenApi", "This document").answers::<serde_json::Map<String, serde_json::Value>>(200)
    });
    ApiRouter::new().api_route("/openapi.json", described).merge(docs::router())
}

/// The document, as text.
#[derive(Debug, Clone)]
pub struct Document(Bytes);

impl Document {
    /// JSON, as it is served.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

async fn json(Extension(Document(text)): Extension<Document>, _: Query<Nothing>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
