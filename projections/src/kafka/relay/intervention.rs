//! Interventions, with the rule of the relay: it leaves nothing out.

use sqlx::PgPool;

use super::NAME;
use crate::upkeep::error::InterventionError;
use crate::upkeep::intervention::{self, Intervention, InterventionKind, InterventionOutcome};

const LEAVES_NOTHING_OUT: &str = "the relay cannot skip an event: consumers of the topic would never know that it is \
    missing. Raise the topic's max.message.bytes, then run `reward-ledger projections retry relay`";

/// Has a follower try again what is in its way, or leave it out. A stopped one goes on by itself then; parked streams are
/// folded here and now.
///
/// # Errors
/// See [`InterventionError`].
pub async fn intervene(
    pool: &PgPool,
    name: &str,
    intervention: &Intervention,
) -> Result<InterventionOutcome, InterventionError> {
    if intervention.step == InterventionKind::Skip && name == NAME {
        return Err(InterventionError::Refused(LEAVES_NOTHING_OUT));
    }
    intervention::intervene(pool, name, intervention).await
}
