//! The referral programme: whether a pending referral qualifies now and, where it does not, when to look again without
//! a new fact. It does not know who asks: a fact of the invitee, the clock, or a changed condition.

use commands::{CommandError, FactsSource, Ledger, Metadata, ReadError};
use domain::Moment;
use domain::condition::{Condition, EvaluationContext, evaluate, next_change};
use domain::id::MemberId;
use domain::member::Member;
use domain::referral::{Qualification, Referral, ReferralCommand, ReferralRefusal};
use domain::zone::{local_date, rules};
use projections::log::Entry;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use super::waiting::{self, Waiting};
use crate::app::clock;
use crate::app::facts::LedgerFacts;

/// Whether referrals wait for an e-mail to be confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum EmailVerification {
    /// no
    Off,
    /// yes
    Required,
}

/// The type of the streams of referrals.
const REFERRAL: &str = "referral";

/// Whether referrals qualify.
#[derive(Clone)]
pub struct ReferralProgramme {
    ledger: Ledger,
    facts: LedgerFacts,
    pool: PgPool,
    condition: Condition,
    email_verification: EmailVerification,
    /// By which condition and time zone rules `next_change` was asked.
    judged_by: String,
}

/// Why a referral was not considered; it is again later.
#[derive(Debug, thiserror::Error)]
pub enum NotConsidered {
    /// Something could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The referral could not be qualified.
    #[error(transparent)]
    Command(#[from] CommandError<ReferralRefusal>),
    /// When to look again could not be kept.
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
}

impl ReferralProgramme {
    /// Qualifies by this condition, and only whose e-mail is confirmed where that is required.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        facts: LedgerFacts,
        pool: PgPool,
        condition: Condition,
        email_verification: EmailVerification,
    ) -> Self {
        let told = format!("{} {}", rules::in_force().version(), condition.to_json());
        let judged_by = hex::encode(Sha256::digest(told.as_bytes()));
        Self { ledger, facts, pool, condition, email_verification, judged_by }
    }

    /// What the log says of the invitee's e-mail; the event that says so wakes us like any other fact.
    async fn may_count(&self, invitee: MemberId) -> Result<bool, NotConsidered> {
        match self.email_verification {
            EmailVerification::Off => Ok(true),
            EmailVerification::Required => {
                Ok(self.ledger.load::<Member>(&invitee.to_string()).await?.state.email_is_confirmed())
            }
        }
    }

    /// Qualifies the referral of an invitee if it is pending and the condition is met; otherwise notes when the
    /// condition may be met by time alone. Whether what is noted is another thing now.
    ///
    /// # Errors
    /// See [`NotConsidered`].
    pub async fn consider(&self, invitee: MemberId, cause: Option<&Entry>) -> Result<bool, NotConsidered> {
        Ok(match self.judge(invitee, cause).await? {
            Some(waiting) => waiting::note(&self.pool, invitee, &self.judged_by, waiting).await?,
            // most facts are of members whom nobody brought, and who wait for nothing
            None if cause.is_some_and(|cause| cause.aggregate_type != REFERRAL) => false,
            None => waiting::forget(&self.pool, invitee).await?,
        })
    }

    /// `None` where nothing is waited for.
    async fn judge(&self, invitee: MemberId, cause: Option<&Entry>) -> Result<Option<Waiting>, NotConsidered> {
        let referral = self.ledger.load::<Referral>(&invitee.to_string()).await?.state;
        let Some(inviter) = referral.inviter().filter(|_| referral.is_pending()) else { return Ok(None) };
        let (facts, facts_position) = self.facts.facts(invitee, self.condition.needs()).await?;
        let Some(member) = &facts.member else { return Ok(None) };
        let now = clock::now();
        let judged_on = local_date(member.time_zone, now);
        let (met, evidence) =
            evaluate(&self.condition, &facts, EvaluationContext { on: judged_on, campaign_starts_on: None });
        if !met || !self.may_count(invitee).await? {
            let wakes_at = next_change(&self.condition, &facts, None, now);
            return Ok(Some(Waiting { wakes_at, facts_position }));
        }
        let inviter = self.ledger.load::<Member>(&inviter.to_string()).await?.state;
        let Some(time_zone) = inviter.time_zone() else { return Ok(None) };
        let proof = Qualification {
            condition: self.condition.clone(),
            evidence,
            facts_position,
            judged_on,
            local_date: local_date(time_zone, now),
            time_zone,
        };
        let metadata = Metadata::system(now).dated();
        let metadata = match cause {
            Some(cause) => metadata.correlated(cause.correlation_id).caused_by(cause.event_id),
            None => metadata,
        };
        let command = ReferralCommand::Qualify(Box::new(proof));
        self.ledger.execute::<Referral>(&invitee.to_string(), command, &metadata).await?;
        Ok(None)
    }

    /// The invitees whose moment has come, `limit` at most.
    ///
    /// # Errors
    /// The database's.
    pub async fn due(&self, at: Moment, limit: i64) -> sqlx::Result<Vec<MemberId>> {
        waiting::due(&self.pool, at, limit).await
    }

    /// When the next moment comes.
    ///
    /// # Errors
    /// The database's.
    pub async fn next_moment(&self) -> sqlx::Result<Option<Moment>> {
        waiting::next_moment(&self.pool).await
    }

    /// Pending referrals that were not judged by this condition yet, created after a position: the invitees, each with
    /// the position at which the referral was created.
    ///
    /// # Errors
    /// The database's.
    pub async fn not_judged(&self, after: i64, limit: i64) -> sqlx::Result<Vec<(MemberId, i64)>> {
        waiting::not_judged(&self.pool, &self.judged_by, after, limit).await
    }
}
