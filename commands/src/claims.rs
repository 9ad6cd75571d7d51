//! A member asks for a reward: one load (campaign, facts, claim), one pure decision, one append.
//! Facts come as a value from whoever keeps them; this crate never sees their tables.

pub(crate) mod campaigns;
pub(crate) mod counting;
pub(crate) mod dry_run;
pub(crate) mod known_state;
mod steps;
mod value;

use std::sync::Arc;

use domain::Moment;
use domain::budget::BudgetShortfall;
use domain::campaign::{Campaign, CampaignStatus, CampaignTerms, RewardTerms};
use domain::claim::{Claim, ClaimCommand, ClaimRefusal, ClaimStatus, DecisionInputs, EarlierClaim, Shortage, Subject};
use domain::condition::Condition;
use domain::event::StoredEvent;
use domain::facts::{Facts, FactsNeeded, MemberFacts};
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use domain::member::Returned;
use domain::period::Frequency;
use domain::programme::Programme;
use domain::unit::Unit as ValueUnit;
use domain::value::Reference;
use domain::zone::Tz;
use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};

use crate::Retry;
use crate::StreamKey;
use crate::claims::campaigns::KnownCampaign;
use crate::guards::GuardRefusal;
use crate::ledger::{CommandError, Ledger, stream_key};
use crate::log::coalesce::ReadError;
use crate::log::metadata::Metadata;
use crate::log::receipt::Receipt;
use crate::log::stored_answers::AnswerFromReceipt;
use crate::log::streams::Loaded;
use value::{Moving, Wanted};

/// Facts about a member, and what became of a claim before.
#[derive(Debug, Clone)]
pub struct FactsAndClaim {
    /// What is known of the member, as far as it is needed.
    pub facts: Facts,
    /// The position of the log up to which that is folded.
    pub position: i64,
    /// All events of the claim; `None`: the source did not read them.
    pub claim: Option<Vec<StoredEvent>>,
}

/// Where the facts about a member come from.
pub trait FactsSource: Send + Sync {
    /// What is known of the member, as far as it is needed, and the position of the log up to which
    /// it is folded. It must hold every fact that was in the log when it was asked for.
    fn facts(&self, member: MemberId, needed: FactsNeeded) -> BoxFuture<'_, Result<(Facts, i64), ReadError>>;

    /// The same, and all events of a claim where the source reads both at once: one query instead of two. It must hold
    /// every event that was in the log when it was asked for.
    fn facts_and_claim(
        &self,
        member: MemberId,
        needed: FactsNeeded,
        _claim: ClaimId,
    ) -> BoxFuture<'_, Result<FactsAndClaim, ReadError>> {
        async move {
            let (facts, position) = self.facts(member, needed).await?;
            Ok(FactsAndClaim { facts, position, claim: None })
        }
        .boxed()
    }
}

/// A member's request for a reward.
#[derive(Debug, Clone)]
pub struct ClaimRequest {
    /// What.
    pub reward_id: RewardId,
    /// For whom.
    pub member_id: MemberId,
    /// What the member calls it, where they claim as often as they pay.
    pub reference: Option<Reference>,
    /// The moment of asking.
    pub at: Moment,
    /// Whether a member who has made or changed the campaign is refused.
    pub refuse_own_campaign: bool,
}

impl ClaimRequest {
    /// For which period it is asked, in the zone of the periods.
    fn period(&self, terms: &CampaignTerms, zone: Tz) -> Result<String, ClaimError> {
        match (&self.reference, terms.frequency.needs_a_reference()) {
            (Some(reference), true) => Ok(Frequency::period_of_reference(reference)),
            (None, false) => Ok(terms.frequency.period(self.at, zone)),
            (None, true) => Err(ClaimError::ReferenceMissing),
            (Some(_), false) => Err(ClaimError::ReferenceUnasked),
        }
    }
}

/// Why a claim could not even be denied.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// The member asked before, and that claim is not open any more.
    #[error("claimed before: {}", status.name())]
    AlreadyClaimed {
        /// Which claim.
        claim_id: ClaimId,
        /// Where it stands.
        status: ClaimStatus,
        /// The position of its last event.
        position: i64,
    },
    /// There is no such reward.
    #[error("there is no such reward")]
    RewardUnknown,
    /// There is no such member.
    #[error("there is no such member")]
    MemberUnknown,
    /// Members claim as often as they pay, and say which claim they mean.
    #[error("claims in this event need a reference")]
    ReferenceMissing,
    /// There is one claim in a period, which is what it is called by.
    #[error("claims in this event have no reference")]
    ReferenceUnasked,
    /// The command failed.
    #[error(transparent)]
    Command(#[from] CommandError<ClaimRefusal>),
}

impl From<EarlierClaim> for ClaimError {
    fn from(EarlierClaim { claim_id, status, position }: EarlierClaim) -> Self {
        Self::AlreadyClaimed { claim_id, status, position }
    }
}

impl From<ReadError> for ClaimError {
    fn from(error: ReadError) -> Self {
        Self::Command(error.into())
    }
}

/// Everything that one attempt to decide a claim request has read.
pub(crate) struct Attempt {
    pub(crate) claim_id: ClaimId,
    pub(crate) campaign: Arc<KnownCampaign>,
    pub(crate) claim: Loaded<Claim>,
    pub(crate) inputs: DecisionInputs,
    pub(crate) moving: Moving,
}

impl Ledger {
    /// Decides a claim and writes the decision. A denial is a decision: see the receipt's state.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn request_reward(
        &self,
        request: ClaimRequest,
        facts: &dyn FactsSource,
        metadata: &Metadata,
    ) -> Result<Receipt<Claim>, ClaimError> {
        self.request_reward_storing(request, facts, metadata, &AnswerFromReceipt::none()).await
    }

    /// The same, and stores the answer in the transaction of the decision.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn request_reward_storing(
        &self,
        request: ClaimRequest,
        facts: &dyn FactsSource,
        metadata: &Metadata,
        answer: &AnswerFromReceipt<Claim>,
    ) -> Result<Receipt<Claim>, ClaimError> {
        let mut short = None;
        let mut retry = self.retry();
        loop {
            let (campaign_id, campaign) =
                self.campaign_with(request.reward_id).await?.ok_or(ClaimError::RewardUnknown)?;
            if let Some(price) = campaign.loaded.state.reward(request.reward_id).and_then(RewardTerms::price) {
                let wallet = Wanted::from([(price.unit.clone(), vec![])]);
                self.turn_on(&mut retry, request.member_id, &wallet).await.map_err(CommandError::from)?;
            }
            let attempt = self.attempt(&request, campaign_id, campaign, facts, short.clone()).await?;
            let (claim_id, campaign) = (attempt.claim_id, attempt.campaign.clone());
            match self.write_attempt(attempt, metadata.clone().dated(), answer).await {
                Err(CommandError::Conflict(stream)) => {
                    if !self.after_conflict(&mut retry, &stream, campaign_id).await {
                        return Err(CommandError::Conflict(stream).into());
                    }
                    short = None; // the limits may be others by now
                }
                // a shortage is denied, and a denial takes nothing that could be short
                Err(CommandError::Guard(refusal)) if short.is_none() => {
                    short = Some(shortage_of(&refusal).ok_or(CommandError::Guard(refusal))?);
                }
                // nothing was appended, so that no append has looked whether the campaign was the latest
                Ok(receipt) if receipt.appended == 0 => {
                    let latest = self.latest_campaign(campaign_id).await?;
                    let same = latest.loaded.sequence == campaign.loaded.sequence;
                    if same || !retry.after_outdated(&campaign.loaded.stream).await {
                        return Ok(receipt);
                    }
                    short = None;
                }
                outcome => return outcome.map_err(|error| refused(claim_id, error)),
            }
        }
    }

    /// Writes what was decided; where the claim takes from a wallet, together with what is due in it.
    async fn write_attempt(
        &self,
        attempt: Attempt,
        metadata: Metadata,
        answer: &AnswerFromReceipt<Claim>,
    ) -> Result<Receipt<Claim>, CommandError<ClaimRefusal>> {
        let Attempt { claim_id, campaign, claim, inputs, moving } = attempt;
        let caps = moving.caps.clone();
        let at = inputs.asked_at;
        let request = ClaimCommand::Request(Box::new(inputs));
        let mut expects = vec![(campaign.loaded.stream.clone(), campaign.loaded.sequence)];
        expects.extend_from_slice(&moving.expects);
        if moving.wallets.is_empty() {
            let store = self.store().with(metadata, expects).on(claim).storing(answer.clone()).capped_by(caps);
            return self.run(&claim_id.to_string(), request, store).await;
        }
        let unit = self.unit(metadata);
        moving.record_due(&unit, claim_id, at).await?;
        let receipt = unit.execute_capped(claim, request, expects, caps).await?;
        if receipt.appended == 0 { Ok(receipt) } else { unit.commit_last(receipt, answer).await }
    }

    /// A campaign that goes on is waited for together with all other requests, so that whoever changes it often cannot
    /// outrun them again and again.
    async fn after_conflict(&self, retry: &mut Retry, stream: &StreamKey, campaign: CampaignId) -> bool {
        if stream.stream_type == <ValueUnit as cqrs_es::Aggregate>::TYPE {
            return retry.after_outdated(stream).await;
        }
        if stream.stream_type == <Programme as cqrs_es::Aggregate>::TYPE {
            self.shared.programme.forget();
            return retry.after_outdated(stream).await;
        }
        if stream.stream_type != <Campaign as cqrs_es::Aggregate>::TYPE {
            return retry.after_conflict(stream).await;
        }
        let again = retry.after_outdated(stream).await;
        self.shared.campaigns.forget(campaign);
        again
    }

    /// Reads all that decides a claim request in a campaign.
    pub(crate) async fn attempt(
        &self,
        request: &ClaimRequest,
        campaign_id: CampaignId,
        campaign: Arc<KnownCampaign>,
        facts: &dyn FactsSource,
        short: Option<Short>,
    ) -> Result<Attempt, ClaimError> {
        let own = request.refuse_own_campaign && campaign.is_by(request.member_id);
        let mut offer = Offer::of(request, campaign_id, &campaign.loaded.state, own)?;
        let (claim_id, known, claim) = if offer.condition.is_of_a_day() {
            // the member's own calendar names the period: the claim is known once the member is
            let known = facts.facts(request.member_id, offer.condition.needs()).await?;
            let member = known.0.member.as_ref().ok_or(ClaimError::MemberUnknown)?;
            let zone = offer.terms.zone_of_periods(offer.condition, member.time_zone);
            offer.about.period = request.period(offer.terms, zone)?;
            let claim_id = offer.claim_id();
            (claim_id, known, self.load::<Claim>(&claim_id.to_string()).await?)
        } else {
            let claim_id = offer.claim_id();
            let read = facts.facts_and_claim(request.member_id, offer.condition.needs(), claim_id);
            let FactsAndClaim { facts, position, claim } = read.await?;
            let stream = claim_id.to_string();
            let claim = match claim {
                Some(events) => Loaded::fold(stream_key::<Claim>(&stream), &events)?,
                None => self.load::<Claim>(&stream).await?,
            };
            (claim_id, (facts, position), claim)
        };
        let (facts, facts_position) = known;
        let earlier = match &facts.returned {
            Some(returned) => self.earlier_claim(&offer.about, returned, request.at).await?,
            None => None,
        };
        let (reward, terms) = (offer.reward, offer.terms);
        let mut inputs = offer.decision_inputs(request, facts, facts_position, earlier, short)?;
        let wanted = value::asked_by(reward, &claim.state, request.at);
        let mut moving = self.moving(Some(reward), request.member_id, inputs.time_zone, &wanted, None).await?;
        self.count_in(&mut moving, (campaign_id, terms), reward, request.at).await?;
        inputs.value.clone_from(&moving.value);
        if inputs.shortage.is_none() && inputs.value.as_ref().is_some_and(|value| value.pay(request.at).is_err()) {
            let short = self.short_now(&inputs.about, &moving).await?;
            (inputs.shortage, inputs.budget) = Short::told(short);
        }
        Ok(Attempt { claim_id, campaign, claim, inputs, moving })
    }

    /// What an earlier account of a returned member got for the same, so that a person does not get it twice. What was
    /// only denied, or expired, was not got. Earlier accounts are erased, so that none of them asks meanwhile.
    async fn earlier_claim(
        &self,
        about: &Subject,
        returned: &Returned,
        at: Moment,
    ) -> Result<Option<EarlierClaim>, ReadError> {
        let ids = returned.former_ids.iter().map(|former| ClaimId::of(about.reward_id, *former, &about.period));
        let read = try_join_all(ids.map(|claim_id| async move {
            let claim = self.load::<Claim>(&claim_id.to_string()).await?;
            let status = claim.state.status_at(at).filter(|status| !status.is_open());
            Ok::<_, ReadError>(status.map(|status| EarlierClaim { claim_id, status, position: claim.position }))
        }));
        Ok(read.await?.into_iter().flatten().next())
    }
}

/// What a campaign offers to a member who asks now.
struct Offer<'a> {
    about: Subject,
    reward: &'a RewardTerms,
    terms: &'a CampaignTerms,
    condition: &'a Arc<Condition>,
    condition_version: u32,
    campaign_status: CampaignStatus,
    own: bool,
}

impl<'a> Offer<'a> {
    fn of(request: &ClaimRequest, campaign_id: CampaignId, state: &'a Campaign, own: bool) -> Result<Self, ClaimError> {
        let known = (state.terms(), state.reward(request.reward_id), state.condition(), state.status(request.at));
        let (Some(terms), Some(reward), Some((condition, condition_version)), Some(campaign_status)) = known else {
            return Err(ClaimError::RewardUnknown);
        };
        let about = Subject {
            member_id: request.member_id,
            reward_id: request.reward_id,
            campaign_id,
            first_id: None,
            period: request.period(terms, terms.time_zone)?,
            amount: reward.amount,
            reward_type: reward.reward_type,
        };
        Ok(Self { about, reward, terms, condition, condition_version, campaign_status, own })
    }

    fn claim_id(&self) -> ClaimId {
        ClaimId::of(self.about.reward_id, self.about.member_id, &self.about.period)
    }

    fn decision_inputs(
        self,
        request: &ClaimRequest,
        facts: Facts,
        facts_position: i64,
        earlier: Option<EarlierClaim>,
        short: Option<Short>,
    ) -> Result<DecisionInputs, ClaimError> {
        let (shortage, budget) = Short::told(short);
        let first_id = facts.returned.as_ref().map(|returned| returned.first_id);
        let MemberFacts { blocked, time_zone, .. } = *facts.member.as_ref().ok_or(ClaimError::MemberUnknown)?;
        Ok(DecisionInputs {
            about: Subject { first_id, ..self.about },
            own_campaign: self.own,
            blocked,
            campaign_status: self.campaign_status,
            approval: self.terms.approval,
            pending_expires_after: self.terms.pending_expires_after,
            condition: Arc::clone(self.condition),
            condition_version: self.condition_version,
            campaign_starts_on: self.terms.starts_on(),
            facts: Arc::new(facts),
            facts_position,
            time_zone,
            asked_at: request.at,
            earlier,
            shortage,
            budget,
            value: None,
        })
    }
}

/// A claim request can be refused for one reason only; every other "no" is a decision.
fn refused(claim_id: ClaimId, error: CommandError<ClaimRefusal>) -> ClaimError {
    match error {
        CommandError::Refused { refusal: ClaimRefusal::AlreadyClaimed { status }, position } => {
            ClaimError::AlreadyClaimed { claim_id, status, position }
        }
        CommandError::Refused { refusal: ClaimRefusal::ClaimedBefore(earlier), .. } => earlier.into(),
        error => error.into(),
    }
}

/// What the guards refused a claim for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short {
    /// What there is too little of.
    pub shortage: Shortage,
    /// The budget that leaves no room, where that is the reason.
    pub budget: Option<BudgetShortfall>,
}

impl Short {
    fn of(shortage: Shortage) -> Self {
        Self { shortage, budget: None }
    }

    fn told(short: Option<Self>) -> (Option<Shortage>, Option<BudgetShortfall>) {
        short.map_or((None, None), |short| (Some(short.shortage), short.budget))
    }
}

/// What a violated guard means for a claim; `None` if the guard is not about claims.
#[must_use]
pub fn shortage_of(refusal: &GuardRefusal) -> Option<Short> {
    match refusal {
        GuardRefusal::LimitReached => Some(Short::of(Shortage::LimitReached)),
        GuardRefusal::BudgetExhausted { budget } => {
            Some(Short { shortage: Shortage::BudgetExhausted, budget: budget.as_deref().cloned() })
        }
        GuardRefusal::OutOfStock => Some(Short::of(Shortage::OutOfStock)),
        GuardRefusal::BelowCommitted { .. }
        | GuardRefusal::PeriodsInUse
        | GuardRefusal::NameTaken
        | GuardRefusal::AlsoRefused { .. } => None,
    }
}
