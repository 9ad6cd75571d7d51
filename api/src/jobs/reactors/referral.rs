//! Qualifies referrals after facts: after every fact of an invitee whose referral is pending, the programme's
//! condition is judged. Done twice it changes nothing. What time alone brings about is the scheduler's.

mod programme;
mod waiting;

use std::collections::BTreeMap;

use domain::Event;
use domain::facts::FACT_STREAMS;
use futures::future::try_join_all;
use projections::FollowError;
use projections::engine::follower::{Batch, Follower, OnPoison};
use sqlx::PgConnection;

pub use programme::{EmailVerification, NotConsidered, ReferralProgramme};

/// The follower that qualifies referrals.
#[derive(Clone)]
pub struct ReferralReactor {
    programme: ReferralProgramme,
}

impl ReferralReactor {
    /// Qualifies by this programme.
    #[must_use]
    pub fn new(programme: ReferralProgramme) -> Self {
        Self { programme }
    }
}

impl Follower for ReferralReactor {
    fn name(&self) -> &'static str {
        "referral_reactor"
    }

    /// One invitee's referral is nothing to the others.
    fn on_poison(&self) -> OnPoison {
        OnPoison::Park
    }

    /// Two instances would only take the work out of each other's hands.
    fn leased(&self) -> bool {
        true
    }

    fn streams(&self) -> &'static [&'static str] {
        &FACT_STREAMS
    }

    async fn handle(&self, _: &mut PgConnection, batch: &Batch) -> Result<i64, FollowError> {
        let mut causes = BTreeMap::new();
        for entry in &batch.entries {
            let poison = |reason: String| FollowError::Poison { position: entry.position, reason };
            let event = entry.event().map_err(|error| poison(error.to_string()))?;
            let invitee = match &event {
                Event::Member(_) => entry.aggregate_id.parse().map_err(|_| poison("no member id".to_owned()))?,
                Event::Activity(event) => event.member(),
                Event::Referral(event) => event.invitee(),
                Event::Campaign(_) | Event::Claim(_) | Event::Value(_) => continue,
            };
            causes.insert(invitee, entry);
        }
        let considered = causes.into_iter().map(|(invitee, cause)| self.programme.consider(invitee, Some(cause)));
        try_join_all(considered).await.map_err(|error| FollowError::Trouble(error.to_string()))?;
        Ok(batch.through)
    }
}
