//! What every kind of answer says of itself, and answers whose type is their status.

use aide::OperationOutput;
use aide::generate::GenContext;
use aide::openapi::{Header, HeaderStyle, Operation, ParameterSchemaOrContent, ReferenceOr, Response};
use axum::Json;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use schemars::{JsonSchema, Schema, json_schema};
use serde::Serialize;

use super::inputs::schema_object;
use crate::app::problem::Problem;
use crate::http::headers::etag::Tagged;
use crate::http::headers::positions::{At, Written};

/// Something was made: 201.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// Something was taken, and is not decided yet: 202.
#[derive(Debug)]
pub struct Accepted<T>(pub T);

macro_rules! with_status {
    ($($name:ident: $status:ident, $code:literal;)+) => { $(
        impl<T: Serialize> IntoResponse for $name<T> {
            fn into_response(self) -> axum::response::Response {
                (StatusCode::$status, Json(self.0)).into_response()
            }
        }

        impl<T: JsonSchema> OperationOutput for $name<T> {
            type Inner = T;

            fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<Response> {
                Json::<T>::operation_response(ctx, operation)
            }

            fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Response)> {
                Self::operation_response(ctx, operation).map(|answer| (Some($code), answer)).into_iter().collect()
            }
        }
    )+ };
}

with_status! {
    Created: CREATED, 201;
    Accepted: ACCEPTED, 202;
}

impl<T: OperationOutput> OperationOutput for At<T> {
    type Inner = T::Inner;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<Response> {
        let mut answer = T::operation_response(ctx, operation)?;
        with_position(&mut answer);
        Some(answer)
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Response)> {
        let mut answers = T::inferred_responses(ctx, operation);
        for (_, answer) in &mut answers {
            with_position(answer);
        }
        answers
    }
}

impl<T: OperationOutput> OperationOutput for Written<T> {
    type Inner = T::Inner;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<Response> {
        At::<T>::operation_response(ctx, operation)
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Response)> {
        At::<T>::inferred_responses(ctx, operation)
    }
}

impl<T: OperationOutput> OperationOutput for Tagged<T> {
    type Inner = T::Inner;

    fn operation_response(ctx: &mut GenContext, operation: &mut Operation) -> Option<Response> {
        let mut answer = T::operation_response(ctx, operation)?;
        with_tag(&mut answer);
        Some(answer)
    }

    fn inferred_responses(ctx: &mut GenContext, operation: &mut Operation) -> Vec<(Option<u16>, Response)> {
        let mut answers = T::inferred_responses(ctx, operation);
        for (_, answer) in &mut answers {
            with_tag(answer);
        }
        answers
    }
}

impl OperationOutput for Problem {
    /// Which problems there are is said by `refuses` and by what is taken.
    type Inner = Self;
}

pub(super) fn response(description: &str) -> Response {
    Response { description: description.to_owned(), ..Response::default() }
}

/// Adds the header that says which position of the log the answer stands for.
pub(super) fn with_position(answer: &mut Response) {
    let schema = json_schema!({"type": "integer", "format": "int64", "minimum": 0});
    with_header(answer, "Ledger-Position", "The position of the log that the answer stands for", schema);
}

fn with_tag(answer: &mut Response) {
    let schema = json_schema!({"type": "string", "pattern": "^\"[0-9]+\"$"});
    with_header(answer, "ETag", "What the resource is now, for `If-Match`", schema);
}

/// Adds a header to an answer.
pub(super) fn with_header(answer: &mut Response, name: &str, description: &str, schema: Schema) {
    let header = Header {
        description: Some(description.to_owned()),
        style: HeaderStyle::Simple,
        required: false,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema_object(schema)),
        example: None,
        examples: Default::default(),
        extensions: Default::default(),
    };
    answer.headers.insert(name.to_owned(), ReferenceOr::Item(header));
}
