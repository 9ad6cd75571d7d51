//! What a row keeps as JSON, written as its event has it. It does not know what it means.

use serde::Serialize;
use sqlx::types::Json;

use crate::engine::error::FoldError;

/// The text of a value, where there is one.
pub(crate) fn json_text<T: Serialize>(value: Option<&Json<T>>) -> Result<Option<String>, FoldError> {
    let text = value.map(|value| serde_json::to_string(&value.0)).transpose();
    text.map_err(|error| FoldError::stored("JSON", error.to_string()))
}
