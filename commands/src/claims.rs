//! A member asks for a reward: one load (campaign, facts, claim), one pure decision, one append.
//! Facts come as a value from whoever keeps them; this crate never sees their tables.

use std::sync::Arc;

use domain::Moment;
use domain::campaign::Campaign;
use domain::claim::{Claim, ClaimCommand, ClaimRefusal, Request, Shortage, Subject};
use domain::facts::{Facts, FactsNeeded, MemberFacts};
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use futures::future::BoxFuture;

use crate::append::GuardRefusal;
use crate::coalesce::ReadError;
use crate::metadata::Metadata;
use crate::streams::Loaded;
use crate::{ATTEMPTS, CommandError, Ledger, Receipt, StreamKey};

/// Where the facts about a member come from.
pub trait FactsSource: Send + Sync {
    /// What is known of the member, as far as it is needed, and the position of the log up to which
    /// it is folded. It must hold every fact that was in the log when it was asked for.
    fn facts(&self, member: MemberId, needed: FactsNeeded) -> BoxFuture<'_, Result<(Facts, i64), ReadError>>;
}

/// A member's wish for a reward.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// What.
    pub reward_id: RewardId,
    /// For whom.
    pub member_id: MemberId,
    /// The moment of asking.
    pub at: Moment,
}

/// Why a claim could not even be denied.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// There is no such reward.
    #[error("there is no such reward")]
    RewardUnknown,
    /// There is no such member.
    #[error("there is no such member")]
    MemberUnknown,
    /// The command failed.
    #[error(transparent)]
    Command(#[from] CommandError<ClaimRefusal>),
}

impl From<ReadError> for ClaimError {
    fn from(error: ReadError) -> Self {
        Self::Command(error.into())
    }
}

impl Ledger {
    /// Decides a claim and writes the decision. A denial is a decision: see the receipt's state.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn request_reward(
        &self,
        ask: Ask,
        facts: &dyn FactsSource,
        metadata: &Metadata,
    ) -> Result<Receipt<Claim>, ClaimError> {
        let mut shortage = None;
        let mut attempt = 1;
        loop {
            let (campaign_id, campaign) = self.campaign_with(ask.reward_id).await?.ok_or(ClaimError::RewardUnknown)?;
            let request = self.request(ask, campaign_id, &campaign, facts, shortage).await?;
            let id = ClaimId::of(ask.reward_id, ask.member_id, &request.about.period).to_string();
            let command = ClaimCommand::Request(Box::new(request));
            let expects = vec![(campaign.stream.clone(), campaign.sequence)];
            match self.run::<Claim>(&id, command, metadata.clone(), expects, None).await {
                Err(CommandError::Conflict(stale)) if attempt < ATTEMPTS => self.forget_stale(&stale, campaign_id),
                Err(CommandError::Guard(refusal)) if attempt < ATTEMPTS => {
                    shortage = Some(shortage_of(&refusal).ok_or(CommandError::Guard(refusal))?);
                }
                outcome => return Ok(outcome?),
            }
            attempt += 1;
        }
    }

    fn forget_stale(&self, stale: &StreamKey, campaign: CampaignId) {
        if stale.stream_type == <Campaign as cqrs_es::Aggregate>::TYPE {
            self.shared.campaigns.forget(campaign);
        }
    }

    async fn request(
        &self,
        ask: Ask,
        campaign_id: CampaignId,
        campaign: &Loaded<Campaign>,
        source: &dyn FactsSource,
        shortage: Option<Shortage>,
    ) -> Result<Request, ClaimError> {
        let state = &campaign.state;
        let (Some(terms), Some((condition, condition_version)), Some(reward), Some(campaign_status)) =
            (state.terms(), state.condition(), state.reward(ask.reward_id), state.status(ask.at))
        else {
            return Err(ClaimError::RewardUnknown);
        };
        let (facts, facts_position) = source.facts(ask.member_id, condition.needs()).await?;
        let MemberFacts { blocked, time_zone, .. } = *facts.member.as_ref().ok_or(ClaimError::MemberUnknown)?;
        Ok(Request {
            about: Subject {
                member_id: ask.member_id,
                reward_id: ask.reward_id,
                campaign_id,
                period: terms.frequency.period(ask.at, terms.time_zone),
                amount: reward.amount,
                reward_type: reward.reward_type,
            },
            blocked,
            campaign_status,
            approval: terms.approval,
            pending_expires_after: terms.pending_expires_after,
            condition: Arc::clone(condition),
            condition_version,
            event_starts_on: terms.starts_on(),
            facts: Arc::new(facts),
            facts_position,
            time_zone,
            asked_at: ask.at,
            shortage,
        })
    }
}

fn shortage_of(refusal: &GuardRefusal) -> Option<Shortage> {
    match refusal {
        GuardRefusal::LimitReached => Some(Shortage::LimitReached),
        GuardRefusal::BudgetExhausted => Some(Shortage::BudgetExhausted),
        GuardRefusal::OutOfStock => Some(Shortage::OutOfStock),
        GuardRefusal::BelowCommitted | GuardRefusal::NameTaken | GuardRefusal::AlsoRefused { .. } => None,
    }
}
