//! A batch of codes as it is sent: CSV or NDJSON, and the key that it was sent under.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, RequestBody, SchemaObject};
use aide::operation::set_body;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use schemars::json_schema;

use crate::app::coupons::batch::Form;
use crate::app::i18n::phrases;
use crate::app::input::fields::{BATCH_BODY_LIMIT_BYTES, Nothing};
use crate::app::problem::{Code, Problem};
use crate::http::idempotency::{Idempotent, Key, with_secret_body};
use crate::http::input::extract::raw_bytes;
use crate::http::openapi::refuse;
use crate::http::state::AppState;

/// The body of an upload.
pub(super) struct Upload {
    pub(super) form: Form,
    pub(super) bytes: Bytes,
    pub(super) key: Key,
}

const CSV: &str = "text/csv";
const NDJSON: &str = "application/x-ndjson";

impl FromRequest<AppState> for Upload {
    type Rejection = Response;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Response> {
        let read = async |request: Request| {
            let form = form(request.headers());
            let bytes = raw_bytes(request, BATCH_BODY_LIMIT_BYTES).await?;
            form.map(|form| (bytes, form))
        };
        let (bytes, form, key) = with_secret_body(request, state, read).await?;
        Ok(Self { form, bytes, key })
    }
}

fn form(headers: &HeaderMap) -> Result<Form, Problem> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_plain = !headers.contains_key(header::CONTENT_ENCODING);
    match media.as_str() {
        CSV if is_plain => Ok(Form::Csv),
        NDJSON if is_plain => Ok(Form::Ndjson),
        _ => Err(Problem::new(Code::UnsupportedMediaType).detail(phrases::codes_are_a_table())),
    }
}

impl OperationInput for Upload {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        Idempotent::<Nothing>::operation_input(ctx, operation);
        refuse(operation, &[Code::MalformedJson, Code::BodyTooLarge, Code::UnsupportedMediaType]);
        let media = |example: &str| {
            let schema = json_schema!({"type": "string", "minLength": 1});
            let schema = SchemaObject { json_schema: schema, external_docs: None, example: None };
            MediaType { schema: Some(schema), example: Some(example.into()), ..MediaType::default() }
        };
        let csv = (CSV.to_owned(), media("code\nSUMMER-7KQ2\nSUMMER-9XW4\n"));
        let ndjson = (NDJSON.to_owned(), media("{\"code\": \"SUMMER-7KQ2\"}\n{\"code\": \"SUMMER-9XW4\"}\n"));
        let content = [csv, ndjson].into_iter().collect();
        set_body(ctx, operation, RequestBody { content, required: true, ..RequestBody::default() });
    }
}
