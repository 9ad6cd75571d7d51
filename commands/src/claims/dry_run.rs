//! What a claim request would be answered now, without a trace: the same reads, the same decision and the same limits as
//! of a real one, but the limits are looked up instead of taken from, and nothing is appended.

use std::sync::Arc;

use domain::Moment;
use domain::campaign::Campaign;
use domain::claim::{Claim, ClaimCommand, ClaimRefusal, Subject};
use domain::event::Event;
use domain::id::{CampaignId, MemberId, RewardId};

use crate::ClaimError;
use crate::ClaimRequest;
use crate::FactsSource;
use crate::Loaded;
use crate::claims::value::Moving;
use crate::claims::{Attempt, Short, shortage_of};
use crate::guards::{Caps, GrantChange, GuardChange, Guards, changes_of, tables};
use crate::ledger::CommandError;
use crate::ledger::Ledger;
use crate::log::coalesce::ReadError;
use crate::log::receipt::Receipt;

impl Ledger {
    /// Decides a claim and writes nothing. The receipt shows the claim as it would stand; `appended` counts what
    /// would have been appended, and `position` is that of the last event that is really there (0: none).
    ///
    /// # Errors
    /// See [`ClaimError`].
    pub async fn dry_run_reward(
        &self,
        request: ClaimRequest,
        facts: &dyn FactsSource,
    ) -> Result<Receipt<Claim>, ClaimError> {
        let campaign_id = self.campaign_of(request.reward_id).await?.ok_or(ClaimError::RewardUnknown)?;
        let campaign = self.latest_campaign(campaign_id).await?;
        let mut attempt = self.attempt(&request, campaign_id, campaign, facts, None).await?;
        let (decided, changes) = decide(&attempt)?;
        if !changes.iter().filter_map(GuardChange::grants).any(|change| change.held + change.granted > 0) {
            return Ok(decided);
        }
        let caps = attempt.moving.caps.clone();
        let mut limits = self.limits_for(&attempt.inputs.about, &changes, &caps).await?;
        match limits.apply(&changes, &caps) {
            Ok(()) => Ok(decided),
            Err(refusal) => {
                let short = shortage_of(&refusal).ok_or(CommandError::Guard(refusal))?;
                (attempt.inputs.shortage, attempt.inputs.budget) = (Some(short.shortage), short.budget);
                Ok(decide(&attempt)?.0)
            }
        }
    }

    /// What the limits would refuse one more grant for at this moment. Who cannot pay is told so only where they could have
    /// been granted it.
    pub(crate) async fn short_now(&self, about: &Subject, moving: &Moving) -> Result<Option<Short>, ReadError> {
        let (member_id, campaign_id, reward_id) = (about.counted_for(), about.campaign_id, about.reward_id);
        let counted = moving.value.as_ref().and_then(|value| value.counted.clone()).map(Box::new);
        let grant = GrantChange { member_id, campaign_id, reward_id, held: 0, granted: 1, keeps_stock: false, counted };
        let changes = [GuardChange::Grants(grant)];
        let mut limits = self.limits_for(about, &changes, &moving.caps).await?;
        Ok(limits.apply(&changes, &moving.caps).err().as_ref().and_then(shortage_of))
    }

    async fn limits_for(
        &self,
        about: &Subject,
        changes: &[GuardChange],
        caps: &[Arc<Caps>],
    ) -> Result<Guards, ReadError> {
        let (member, reward, campaign) = (about.counted_for(), about.reward_id, about.campaign_id);
        let mut guards = Guards::default();
        let mut connection = self.shared.pool.acquire().await?;
        tables::load_rewards(&mut connection, &mut guards, std::iter::once((reward, campaign))).await?;
        tables::load_members(&mut connection, &mut guards, &[(member, campaign)]).await?;
        let wanted = guards.spent.unknown(changes, caps).collect();
        guards.spent.learn(&mut connection, wanted).await?;
        Ok(guards)
    }

    /// What the limits leave of the rewards of a campaign to one member, by id.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn availability_of(
        &self,
        campaign_id: CampaignId,
        campaign: &Campaign,
        member: MemberId,
    ) -> Result<Vec<RewardAvailability>, ReadError> {
        let mut guards = Guards::default();
        let mut connection = self.shared.pool.acquire().await?;
        let wanted = campaign.rewards().map(|(reward, _)| (reward, campaign_id));
        tables::load_rewards(&mut connection, &mut guards, wanted).await?;
        tables::load_members(&mut connection, &mut guards, &[(member, campaign_id)]).await?;
        let available = guards.rewards.iter().map(|(reward, stock)| RewardAvailability {
            reward: *reward,
            remaining: stock.remaining(),
            limit_reached: guards.limit_reached(member, campaign_id, *reward),
        });
        let mut available: Vec<_> = available.collect();
        available.sort_unstable_by_key(|one| one.reward);
        Ok(available)
    }
}

/// What the limits leave of one reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RewardAvailability {
    /// Of which reward.
    pub reward: RewardId,
    /// How many grants are left of it for anybody; `None` is without limit.
    pub remaining: Option<i64>,
    /// Whether the member has all grants that one member may have, of it or of its campaign.
    pub limit_reached: bool,
}

/// Decides on what was read: the claim after it, and what its events would take from the limits.
fn decide(attempt: &Attempt) -> Result<(Receipt<Claim>, Vec<GuardChange>), ClaimError> {
    let Loaded { state, stream, sequence, position, created_at, updated_at } = attempt.claim.clone();
    let mut state = state;
    let asked_at: Moment = attempt.inputs.asked_at;
    let request = ClaimCommand::Request(Box::new(attempt.inputs.clone()));
    let events = state.decide(request).map_err(|refusal| match refusal {
        ClaimRefusal::AlreadyClaimed { status } => {
            ClaimError::AlreadyClaimed { claim_id: attempt.claim_id, status, position }
        }
        ClaimRefusal::ClaimedBefore(earlier) => earlier.into(),
        refusal @ (ClaimRefusal::Unknown
        | ClaimRefusal::StepNotAllowed { .. }
        | ClaimRefusal::OwnCampaign
        | ClaimRefusal::OwnClaim
        | ClaimRefusal::Expired { .. }
        | ClaimRefusal::TooManyLots { .. }
        | ClaimRefusal::NotYetExpired { .. }) => ClaimError::Command(CommandError::Refused { refusal, position }),
    })?;
    events.iter().for_each(|event| state.evolve(event));
    let appended = events.len();
    let changes = events.into_iter().filter_map(|event| changes_of(&Event::Claim(event), &stream.stream_id)).collect();
    let receipt = Receipt {
        state,
        stream_id: stream.stream_id,
        sequence,
        position,
        appended,
        created_at: created_at.or(Some(asked_at)),
        updated_at: if appended > 0 { Some(asked_at) } else { updated_at },
    };
    Ok((receipt, changes))
}
