//! The answer to a step of something that has a version: the status, the version for `If-Match`, and the position if anything was
//! written. What was asked for before writes nothing.

use aide::OperationOutput;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::Receipt;
use serde::Serialize;

use super::etag::Tagged;
use super::positions::Written;

/// A body with its status and what its headers say.
#[derive(Debug)]
pub struct StepAnswer<T>(StatusCode, Written<Tagged<Json<T>>>);

impl<T> StepAnswer<T> {
    /// The answer for a receipt.
    pub fn by<A>(status: StatusCode, receipt: &Receipt<A>, body: T) -> Self {
        Self(status, Written::by(receipt, Tagged(receipt.sequence, Json(body))))
    }
}

impl<T> OperationOutput for StepAnswer<T> {
    type Inner = T;
}

impl<T: Serialize> IntoResponse for StepAnswer<T> {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}
