//! A claim request that is decided on what the caller knows already, so that nothing is read for it. What the caller
//! knows may be wrong: the append refuses what the log has gone on from since.

use domain::campaign::Campaign;
use domain::claim::{Claim, ClaimCommand, Shortage};
use domain::facts::Facts;
use domain::id::{CampaignId, ClaimId};

use crate::claims::{ClaimError, ClaimRequest, Offer, refused};
use crate::ledger::stream_key;
use crate::ledger::unit::Unit;
use crate::log::receipt::Receipt;
use crate::log::streams::Loaded;

/// What decides a claim request.
#[derive(Debug)]
pub struct KnownToClaim<'a> {
    /// Which campaign hands out the reward …
    pub campaign_id: CampaignId,
    /// … and as what it stands in the log.
    pub campaign: &'a Loaded<Campaign>,
    /// What is known of the member …
    pub facts: Facts,
    /// … up to this position of the log.
    pub facts_position: i64,
    /// What the guards of the log refused the claim for, when it comes back from there.
    pub shortage: Option<Shortage>,
}

impl Unit<'_> {
    /// Decides a member's request for a reward; its events wait for [`Unit::commit`]. `claim` is asked for the claim as
    /// it stands, if the member asked before.
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn request_reward(
        &self,
        request: ClaimRequest,
        known: KnownToClaim<'_>,
        claim: impl FnOnce(ClaimId) -> Option<Loaded<Claim>>,
    ) -> Result<Receipt<Claim>, ClaimError> {
        let KnownToClaim { campaign_id, campaign, facts, facts_position, shortage } = known;
        let mut offer = Offer::of(request, campaign_id, &campaign.state, false).ok_or(ClaimError::RewardUnknown)?;
        let member = facts.member.as_ref().ok_or(ClaimError::MemberUnknown)?;
        let zone = offer.terms.zone_of_periods(offer.condition, member.time_zone);
        offer.about.period = offer.terms.frequency.period(request.at, zone);
        let claim_id = offer.claim_id();
        let inputs = offer.decision_inputs(request, facts, facts_position, None, shortage)?;
        let claim = claim(claim_id).unwrap_or_else(|| Loaded::nothing(stream_key::<Claim>(&claim_id.to_string())));
        let expects = vec![(campaign.stream.clone(), campaign.sequence)];
        let decided = self.execute_on(claim, ClaimCommand::Request(Box::new(inputs)), expects).await;
        decided.map_err(|error| refused(claim_id, error))
    }
}
