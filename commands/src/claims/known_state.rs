//! Decides a claim request from state that the caller already has; only wallets that a price is taken from are read. That
//! state may be stale: the append then fails, because the streams have moved on.

use domain::campaign::Campaign;
use domain::claim::{Claim, ClaimCommand};
use domain::facts::Facts;
use domain::id::{CampaignId, ClaimId};

use crate::claims::value::asked_by;
use crate::claims::{ClaimError, ClaimRequest, Offer, Short, refused};
use crate::ledger::stream_key;
use crate::ledger::unit::Unit;
use crate::log::receipt::Receipt;
use crate::log::streams::Loaded;

/// The state that decides a claim request.
#[derive(Debug)]
pub struct KnownState<'a> {
    /// The campaign of the reward …
    pub campaign_id: CampaignId,
    /// … and its state.
    pub campaign: &'a Loaded<Campaign>,
    /// The facts about the member …
    pub facts: Facts,
    /// … up to this position of the log.
    pub facts_position: i64,
    /// The guard that refused the claim at an earlier attempt, if any.
    pub short: Option<Short>,
}

impl Unit<'_> {
    /// Decides a member's request for a reward; its events are appended by [`Unit::commit`]. `claim` returns the
    /// current claim, if the member has requested it before.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn request_reward(
        &self,
        request: ClaimRequest,
        known: KnownState<'_>,
        claim: impl FnOnce(ClaimId) -> Option<Loaded<Claim>>,
    ) -> Result<Receipt<Claim>, ClaimError> {
        let KnownState { campaign_id, campaign, facts, facts_position, short } = known;
        let mut offer = Offer::of(&request, campaign_id, &campaign.state, false)?;
        let member = facts.member.as_ref().ok_or(ClaimError::MemberUnknown)?;
        let zone = offer.terms.zone_of_periods(offer.condition, member.time_zone);
        offer.about.period = request.period(offer.terms, zone)?;
        let claim_id = offer.claim_id();
        let (reward, terms) = (offer.reward, offer.terms);
        let mut inputs = offer.decision_inputs(&request, facts, facts_position, None, short)?;
        let claim = claim(claim_id).unwrap_or_else(|| Loaded::nothing(stream_key::<Claim>(&claim_id.to_string())));
        let wanted = asked_by(reward, &claim.state, request.at);
        let zone = inputs.time_zone;
        let mut moving = self.ledger().moving(Some(reward), request.member_id, zone, &wanted, Some(self)).await?;
        self.ledger().count_in(&mut moving, (campaign_id, terms), reward, request.at).await?;
        inputs.value = moving.value;
        let mut expects = vec![(campaign.stream.clone(), campaign.sequence)];
        expects.extend(moving.expects);
        let request = ClaimCommand::Request(Box::new(inputs));
        let decided = self.execute_capped(claim, request, expects, moving.caps).await;
        decided.map_err(|error| refused(claim_id, error))
    }
}
