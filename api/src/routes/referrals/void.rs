//! `POST /referrals/{inviteeId}/void`: staff take a referral out, and no condition counts it any more. What
//! was decided on it stands; it never counts again.

use axum::Json;
use axum::extract::State;
use commands::Receipt;
use domain::Moment;
use domain::referral::{Referral, ReferralCommand, ReferralStatus};

use super::ReferralBody;
use crate::app::input::fields::{Fields, FromFields, Nothing, readers};
use crate::app::problem::Problem;
use crate::http::auth::Operator;
use crate::http::headers::positions::Written;
use crate::http::idempotency::Idempotent;
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;

/// The event that says when it qualified.
const QUALIFIED: &str = "referral.qualified";

pub(super) struct Note(String);

impl FromFields for Note {
    fn read(fields: &mut Fields) -> Option<Self> {
        fields.required("note", readers::note(1)).map(Self)
    }
}

/// Takes a referral out; the note is kept in the log.
pub(super) async fn void(
    State(state): State<AppState>,
    operator: Operator,
    PathId(invitee): PathId,
    _: Query<Nothing>,
    Idempotent(Note(note), key): Idempotent<Note>,
) -> Result<Written<Json<ReferralBody>>, Problem> {
    let id = invitee.to_string();
    let qualified_at = state.ledger.first_recorded_at::<Referral>(&id, QUALIFIED).await?;
    let answer = move |receipt: &Receipt<Referral>| voided(receipt, qualified_at);
    Ok(key.execute(&state.ledger, &id, ReferralCommand::Void { note }, &operator.metadata(), answer).await?)
}

fn voided(receipt: &Receipt<Referral>, qualified_at: Option<Moment>) -> Written<Json<ReferralBody>> {
    let body = ReferralBody {
        invitee_id: receipt.stream_id.to_string(),
        inviter_id: receipt.state.inviter().map(|id| id.to_string()).unwrap_or_default(),
        status: receipt.state.status().map_or("", ReferralStatus::name).to_owned(),
        created_at: receipt.created_at,
        qualified_at,
    };
    Written::by(receipt, Json(body))
}
