//! What a route says of itself beyond its types: a name, a sentence, codes.

use aide::openapi::StatusCode;
use aide::operation::OperationOutput;
use aide::transform::TransformOperation;
use axum::Json;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::document::LIMITS;
use super::outputs::response;
use super::refusals::refuse;
use crate::app::problem::Code;
use crate::http::layers::route_limits::Limit;

/// Words for an operation.
pub trait Describe: Sized {
    /// Its id, as clients in other languages will call it, and what it does in one sentence.
    #[must_use]
    fn named(self, id: &str, summary: &str) -> Self;

    /// What it asks of the layers around it. It is no part of the document.
    #[must_use]
    fn limits(self, limits: &[Limit]) -> Self;

    /// The codes that its handler refuses with, besides those of what it takes.
    #[must_use]
    fn refuses(self, codes: &[Code]) -> Self;

    /// One more answer, where the handler's type does not say it.
    #[must_use]
    fn answers<T: JsonSchema>(self, status: u16) -> Self;

    /// The answer of this status is JSON under another name, such as `application/schema+json`.
    #[must_use]
    fn named_media(self, status: u16, media: &str) -> Self;

    /// An answer without a body.
    #[must_use]
    fn answers_nothing(self) -> Self;

    /// It takes the refresh cookie, where there is one.
    #[must_use]
    fn takes_refresh_cookie(self) -> Self;

    /// The answer of this status also carries the position that the write has reached.
    #[must_use]
    fn tells_position(self, status: u16) -> Self;

    /// An example of a body, made of a real value.
    #[must_use]
    fn body_example(self, example: impl Serialize) -> Self;
}

impl Describe for TransformOperation<'_> {
    fn named(self, id: &str, summary: &str) -> Self {
        self.id(id).summary(summary)
    }

    fn limits(mut self, limits: &[Limit]) -> Self {
        self.inner_mut().extensions.insert(LIMITS.to_owned(), serde_json::json!(limits));
        self
    }

    fn refuses(mut self, codes: &[Code]) -> Self {
        refuse(self.inner_mut(), codes);
        self
    }

    fn answers<T: JsonSchema>(mut self, status: u16) -> Self {
        let operation = self.inner_mut();
        let answer = aide::generate::in_context(|ctx| Json::<T>::operation_response(ctx, operation));
        add(operation, status, answer.unwrap_or_default());
        self
    }

    fn named_media(mut self, status: u16, media: &str) -> Self {
        let responses = self.inner_mut().responses.get_or_insert_default();
        let answer = responses.responses.get_mut(&StatusCode::Code(status)).and_then(|found| found.as_item_mut());
        if let Some(content) = answer.map(|answer| &mut answer.content)
            && let Some(body) = content.shift_remove("application/json")
        {
            content.insert(media.to_owned(), body);
        }
        self
    }

    fn answers_nothing(mut self) -> Self {
        add(self.inner_mut(), 204, response("Done"));
        self
    }

    fn takes_refresh_cookie(mut self) -> Self {
        let cookie = [("refreshCookie".to_owned(), vec![])].into_iter().collect();
        self.inner_mut().security.extend([cookie, Default::default()]);
        self
    }

    fn tells_position(mut self, status: u16) -> Self {
        let responses = self.inner_mut().responses.get_or_insert_default();
        if let Some(answer) =
            responses.responses.get_mut(&StatusCode::Code(status)).and_then(|found| found.as_item_mut())
        {
            super::outputs::with_position(answer);
        }
        self
    }

    fn body_example(mut self, example: impl Serialize) -> Self {
        let body = self.inner_mut().request_body.as_mut().and_then(|body| body.as_item_mut());
        let media = body.and_then(|body| body.content.get_mut("application/json"));
        if let (Some(media), Ok(example)) = (media, serde_json::to_value(example)) {
            media.example = Some(example).filter(|example: &Value| !example.is_null());
        }
        self
    }
}

fn add(operation: &mut aide::openapi::Operation, status: u16, answer: aide::openapi::Response) {
    let responses = operation.responses.get_or_insert_default();
    responses.responses.insert(StatusCode::Code(status), aide::openapi::ReferenceOr::Item(answer));
}
