//! What is said of codes that were added or withdrawn: how many, from which number on, and the root that the log has over their
//! digests. Never a code.

use axum::Json;
use commands::Receipt;
use domain::codes::Codes;
use domain::quantity::Amount;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use crate::app::problem::Problem;
use crate::http::headers::positions::Written;
use crate::http::openapi::Created;

/// Codes that are given or promised.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken(pub(super) i64);

/// Codes were added.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AddedCodes")]
pub(super) struct Added {
    batch_id: Uuid,
    /// The number of the first of them: the n-th grant has the n-th code.
    from: i64,
    count: Amount,
    /// The tree head of RFC 6962 over their keyed digests, in order.
    root: String,
    /// How many codes of the reward are neither given nor promised.
    remaining: i64,
}

/// Codes were withdrawn.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WithdrawnCodes")]
pub(super) struct Withdrawn {
    /// The number of the first of them.
    from: i64,
    count: Amount,
    /// How many codes of the reward are neither given nor promised.
    remaining: i64,
}

pub(super) fn added(receipt: &Receipt<Codes>, taken: Taken) -> Result<Written<Created<Added>>, Problem> {
    let codes = &receipt.state;
    let batch = codes.last_added().ok_or_else(|| Problem::internal("codes", &"added codes are not there"))?;
    let body = Added {
        batch_id: batch.batch_id,
        from: batch.from,
        count: batch.count,
        root: batch.root.clone(),
        remaining: codes.total() - taken.0,
    };
    Ok(Written::by(receipt, Created(body)))
}

pub(super) fn withdrawn(receipt: &Receipt<Codes>, count: Amount, taken: Taken) -> Written<Json<Withdrawn>> {
    let total = receipt.state.total();
    Written::by(receipt, Json(Withdrawn { from: total + 1, count, remaining: total - taken.0 }))
}
