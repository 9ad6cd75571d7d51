//! `GET /audit/claims/{id}/re-evaluation`: every attempt of a claim judged again, on the facts and by
//! the condition that are asked for.

use axum::Json;
use axum::extract::State;
use domain::id::ClaimId;
use projections::audit::{Basis, ConditionBasis, FactsBasis, ReEvaluation};

use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Auditor;
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;

/// What to judge by.
pub(super) struct By(pub(super) Basis);

impl FromFields for By {
    fn read(fields: &mut Fields) -> Option<Self> {
        let facts = [("asDecided", FactsBasis::AsDecided), ("known", FactsBasis::Known)];
        let condition = [("asDecided", ConditionBasis::AsDecided), ("current", ConditionBasis::Current)];
        let facts = fields.optional("facts", readers::choice(facts));
        let condition = fields.optional("condition", readers::choice(condition));
        Some(Self(Basis { facts: facts?.unwrap_or_default(), condition: condition?.unwrap_or_default() }))
    }
}

/// Makes the decisions of one claim again.
pub(super) async fn re_evaluate(
    State(state): State<AppState>,
    _: Auditor,
    PathId(claim): PathId,
    min: MinPosition,
    Query(By(basis)): Query<By>,
) -> Result<At<Json<ReEvaluation>>, Problem> {
    let head = min.reached_by_log(&state).await?;
    let mut connection = state.heavy_read().await?;
    let made = projections::audit::re_evaluate(&mut connection, ClaimId(claim), &basis, head).await?;
    Ok(At(head, Json(made.ok_or_else(|| Problem::new(Code::NotFound))?)))
}
