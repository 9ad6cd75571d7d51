//! Interventions by an operator, with the rule that the relay never skips an event.

use sqlx::PgPool;

use super::NAME;
use crate::upkeep::error::InterventionError;
use crate::upkeep::intervention::{self, Intervention, InterventionKind, InterventionOutcome};

const LEAVES_NOTHING_OUT: &str = "the relay cannot skip an event: consumers of the topic would never know that it is \
    missing. Raise the topic's max.message.bytes, then run `reward-ledger projections retry relay`";

/// Retries or skips the events that a follower could not process. A stopped follower then resumes by itself; parked
/// streams are folded before this returns.
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
