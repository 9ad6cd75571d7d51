//! Qualifies referrals: after every fact of an invitee whose referral is pending, the programme's
//! condition is judged on the invitee's facts. Done twice it changes nothing.

use std::collections::BTreeMap;

use commands::{CommandError, FactsSource, Ledger, Metadata, ReadError};
use domain::Event;
use domain::condition::{Asked, Condition, evaluate};
use domain::facts::FACT_STREAMS;
use domain::id::MemberId;
use domain::member::Member;
use domain::referral::{Qualification, Referral, ReferralCommand, ReferralRefusal};
use domain::zone::local_date;
use futures::future::try_join_all;
use projections::FollowError;
use projections::follow::{Batch, Follower, OnPoison, Outcome};
use projections::log::Entry;
use sqlx::PgConnection;

use crate::clock;
use crate::config::EmailVerification;
use crate::facts::LedgerFacts;

/// The follower that qualifies referrals.
#[derive(Clone)]
pub struct ReferralReactor {
    ledger: Ledger,
    facts: LedgerFacts,
    condition: Condition,
    email_verification: EmailVerification,
}

impl ReferralReactor {
    /// Qualifies by this condition, and only whose e-mail is confirmed where that is required.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        facts: LedgerFacts,
        condition: Condition,
        email_verification: EmailVerification,
    ) -> Self {
        Self { ledger, facts, condition, email_verification }
    }

    /// What the log says of the invitee's e-mail; the event that says so wakes us like any other fact.
    async fn may_count(&self, invitee: MemberId) -> Result<bool, FollowError> {
        match self.email_verification {
            EmailVerification::Off => Ok(true),
            EmailVerification::Required => {
                let member = self.ledger.load::<Member>(&invitee.to_string()).await.map_err(unread)?;
                Ok(member.state.email_is_confirmed())
            }
        }
    }

    async fn consider(&self, invitee: MemberId, cause: &Entry) -> Result<(), FollowError> {
        let referral = self.ledger.load::<Referral>(&invitee.to_string()).await.map_err(unread)?.state;
        let Some(inviter) = referral.inviter().filter(|_| referral.is_pending()) else { return Ok(()) };
        let (facts, facts_position) = self.facts.facts(invitee, self.condition.needs()).await.map_err(unread)?;
        let Some(member) = &facts.member else { return Ok(()) };
        let now = clock::now();
        let judged_on = local_date(member.time_zone, now);
        let (met, evidence) = evaluate(&self.condition, &facts, Asked { on: judged_on, event_starts_on: None });
        if !met || !self.may_count(invitee).await? {
            return Ok(());
        }
        let inviter = self.ledger.load::<Member>(&inviter.to_string()).await.map_err(unread)?.state;
        let Some(time_zone) = inviter.time_zone() else { return Ok(()) };
        let proof = Qualification {
            condition: self.condition.clone(),
            evidence,
            facts_position,
            judged_on,
            local_date: local_date(time_zone, now),
            time_zone,
        };
        let metadata = Metadata::system(now).correlated(cause.correlation_id).caused_by(cause.event_id);
        let command = ReferralCommand::Qualify(Box::new(proof));
        self.ledger.execute::<Referral>(&invitee.to_string(), command, &metadata).await.map_err(unwritten)?;
        Ok(())
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

    async fn handle(&self, _: &mut PgConnection, batch: &Batch) -> Result<Outcome, FollowError> {
        let mut causes = BTreeMap::new();
        for entry in &batch.entries {
            let poison = |reason: String| FollowError::Poison { position: entry.position, reason };
            let event = entry.event().map_err(|error| poison(error.to_string()))?;
            let invitee = match &event {
                Event::Member(_) => entry.aggregate_id.parse().map_err(|_| poison("no member id".to_owned()))?,
                Event::Activity(event) => event.member(),
                Event::Referral(event) => event.invitee(),
                Event::Campaign(_) | Event::Claim(_) => continue,
            };
            causes.insert(invitee, entry);
        }
        try_join_all(causes.into_iter().map(|(invitee, cause)| self.consider(invitee, cause))).await?;
        Ok(Outcome::Handled(batch.through))
    }
}

fn unread(error: ReadError) -> FollowError {
    FollowError::Trouble(error.to_string())
}

fn unwritten(error: CommandError<ReferralRefusal>) -> FollowError {
    FollowError::Trouble(error.to_string())
}
