//! What every extractor says of itself: parameters, body, who may call, and the codes it refuses with.

use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{
    HeaderStyle, MediaType, Operation, Parameter, ParameterData, ParameterSchemaOrContent, QueryStyle, ReferenceOr,
    RequestBody, SchemaObject,
};
use aide::operation::set_body;
use schemars::{Schema, json_schema};

use super::refusals::refuse;
use crate::app::input::fields::{FromFields, describe};
use crate::app::problem::Code;
use crate::http::headers::etag::IfMatch;
use crate::http::headers::positions::MinPosition;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{Body, PathId, PathText, Query};

/// Where an operation notes that its path holds an id.
pub(super) const ID_IN_PATH: &str = "x-id-in-path";

pub(super) fn schema_object(json_schema: Schema) -> SchemaObject {
    SchemaObject { json_schema, external_docs: None, example: None }
}

fn parameter(name: &str, description: Option<&str>, required: bool, schema: Schema) -> ParameterData {
    ParameterData {
        name: name.to_owned(),
        description: description.map(str::to_owned),
        required,
        deprecated: None,
        format: ParameterSchemaOrContent::Schema(schema_object(schema)),
        example: None,
        examples: Default::default(),
        explode: None,
        extensions: Default::default(),
    }
}

/// Describes a header of a request.
pub fn header(operation: &mut Operation, name: &str, description: &str, schema: Schema) {
    let parameter_data = parameter(name, Some(description), false, schema);
    operation.parameters.push(ReferenceOr::Item(Parameter::Header { parameter_data, style: HeaderStyle::Simple }));
}

/// Describes that a call needs a token: of any account, or of some roles only.
pub fn needs_token(operation: &mut Operation, some_roles_only: bool) {
    operation.security = vec![[("accessToken".to_owned(), vec![])].into_iter().collect()];
    refuse(operation, &[Code::Unauthenticated, Code::TokenExpired, Code::TokenOutdated]);
    if some_roles_only {
        refuse(operation, &[Code::Forbidden]);
    }
}

impl<T: FromFields> OperationInput for Body<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let described = describe::<T>(&mut ctx.schema);
        let general = [
            Code::MalformedJson,
            Code::ValidationFailed,
            Code::BodyTooLarge,
            Code::RecordTooLarge,
            Code::UnsupportedMediaType,
        ];
        refuse(operation, &general);
        refuse(operation, &described.codes);
        if described.fields.is_empty() {
            return;
        }
        let required = described.at_least_one || described.fields.iter().any(|field| field.required);
        let media = MediaType { schema: Some(schema_object(described.into_object())), ..MediaType::default() };
        let content = [("application/json".to_owned(), media)].into_iter().collect();
        set_body(ctx, operation, RequestBody { content, required, ..RequestBody::default() });
    }
}

impl<T: FromFields> OperationInput for Idempotent<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let schema = json_schema!({"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"});
        header(
            operation,
            "Idempotency-Key",
            "The same again under the same key is answered again, not done again",
            schema,
        );
        let codes = [Code::IdempotencyKeyInvalid, Code::IdempotencyKeyReused, Code::IdempotencyKeyInProgress];
        refuse(operation, &codes);
        Body::<T>::operation_input(ctx, operation);
    }
}

impl<T: FromFields> OperationInput for Query<T> {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let described = describe::<T>(&mut ctx.schema);
        refuse(operation, &[Code::ValidationFailed]);
        refuse(operation, &described.codes);
        for field in described.fields {
            let parameter_data = parameter(&field.name, None, field.required, field.schema);
            operation.parameters.push(ReferenceOr::Item(Parameter::Query {
                parameter_data,
                allow_reserved: false,
                style: QueryStyle::Form,
                allow_empty_value: None,
            }));
        }
    }
}

impl OperationInput for PathId {
    /// Its name stands in the path: the parameter itself is added where the path is known.
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        operation.extensions.insert(ID_IN_PATH.to_owned(), true.into());
        refuse(operation, &[Code::NotFound]);
    }
}

impl OperationInput for PathText {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        refuse(operation, &[Code::NotFound]);
    }
}

impl OperationInput for IfMatch {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let schema = json_schema!({"type": "string", "examples": ["\"7\""]});
        header(operation, "If-Match", "Change it only while its `ETag` is still this one", schema);
        refuse(operation, &[Code::ValidationFailed, Code::ChangedMeanwhile]);
    }
}

impl OperationInput for MinPosition {
    fn operation_input(_: &mut GenContext, operation: &mut Operation) {
        let schema = json_schema!({"type": "integer", "format": "int64", "minimum": 0});
        header(operation, "Ledger-Min-Position", "Wait until the read side has come so far", schema);
        refuse(operation, &[Code::ValidationFailed, Code::ProjectionBehind]);
    }
}
