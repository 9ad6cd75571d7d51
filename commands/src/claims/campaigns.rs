//! What every claim needs of its campaign, kept at hand. It may be stale: whoever decides by it also
//! says which version was read, and the append refuses when the campaign has gone on since.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use domain::Moment;
use domain::campaign::Campaign;
use domain::id::{CampaignId, MemberId, RewardId};
use futures::FutureExt;
use sqlx::PgPool;
use uuid::Uuid;

use crate::ledger::{Ledger, Shared, stream_key};
use crate::log::coalesce::{Coalescer, Gathering, ReadError};
use crate::log::lookups;
use crate::log::streams::Loaded;

/// Beyond this many campaigns all are forgotten and read again.
const MAX_CACHED: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Campaigns {
    known: RwLock<HashMap<CampaignId, Arc<KnownCampaign>>>,
    /// A reward never changes its campaign.
    of_reward: RwLock<HashMap<RewardId, CampaignId>>,
}

/// A campaign, and who has made or changed it.
#[derive(Debug)]
pub(crate) struct KnownCampaign {
    pub(crate) loaded: Loaded<Campaign>,
    /// As the events say; others than members are none.
    actors: HashSet<String>,
}

impl KnownCampaign {
    /// Whether a member has made or changed it.
    pub(crate) fn is_by(&self, member: MemberId) -> bool {
        self.actors.contains(&member.to_string())
    }
}

impl Campaigns {
    fn cached(&self, id: CampaignId) -> Option<Arc<KnownCampaign>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    fn keep(&self, id: CampaignId, known: Arc<KnownCampaign>) {
        let mut cache = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(id, known);
    }

    pub(crate) fn forget(&self, id: CampaignId) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Gathers the campaigns of rewards that are wanted at the same moment: when a reward opens, everybody asks at once.
pub(crate) type RewardReader = Coalescer<RewardId, Option<CampaignId>>;

/// Every reward by its own walk over the index.
const READ_CAMPAIGNS: &str = "
select stock.campaign_id
from unnest($1::uuid[]) with ordinality as wanted(reward_id, place)
left join lateral (
    select campaign_id from reward_stock where reward_stock.reward_id = wanted.reward_id limit 1
) as stock on true
order by wanted.place";

pub(crate) fn reader(pool: &PgPool) -> RewardReader {
    lookups::gathered(pool, Gathering::WhileSlow, |conn, rewards: Vec<RewardId>| {
        let ids: Vec<Uuid> = rewards.into_iter().map(|reward| reward.0).collect();
        async move {
            let found: Vec<Option<Uuid>> = sqlx::query_scalar(READ_CAMPAIGNS).bind(ids).fetch_all(conn).await?;
            Ok(found.into_iter().map(|campaign| campaign.map(CampaignId)).collect())
        }
        .boxed()
    })
}

impl Shared {
    async fn campaign_of(&self, reward: RewardId) -> Result<Option<CampaignId>, ReadError> {
        let cached = self.campaigns.of_reward.read().unwrap_or_else(PoisonError::into_inner).get(&reward).copied();
        if cached.is_some() {
            return Ok(cached);
        }
        let Some(campaign) = self.rewards.read(reward).await? else { return Ok(None) };
        let mut cache = self.campaigns.of_reward.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(reward, campaign);
        Ok(Some(campaign))
    }
}

/// What is taken of a reward, by the guard that no grant passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommittedStock {
    /// Which campaign hands it out.
    pub campaign_id: CampaignId,
    /// How many grants there are; `None` is without limit.
    pub quantity: Option<i64>,
    /// Grants promised to pending claims.
    pub held: i64,
    /// Grants given.
    pub granted: i64,
    /// When the log took the reward in.
    pub added_at: Option<Moment>,
}

impl Ledger {
    /// What is taken of a reward at this moment; none where there is no such reward.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn committed_stock_of(&self, reward: RewardId) -> Result<Option<CommittedStock>, ReadError> {
        let sql = "select s.campaign_id, s.quantity, s.held, s.granted, (
                       select e.recorded_at
                       from events e
                       where e.aggregate_type = 'campaign' and e.aggregate_id = s.campaign_id::text
                         and e.event_type = 'campaign.reward_added' and e.payload ->> 'rewardId' = s.reward_id::text
                   )
                   from reward_stock s
                   where s.reward_id = $1";
        type Row = (Uuid, Option<i64>, i64, i64, Option<DateTime<Utc>>);
        let row: Option<Row> = sqlx::query_as(sql).bind(reward.0).fetch_optional(&self.shared.pool).await?;
        Ok(row.map(|(campaign, quantity, held, granted, added_at)| CommittedStock {
            campaign_id: CampaignId(campaign),
            quantity,
            held,
            granted,
            added_at: added_at.map(Moment::from),
        }))
    }

    /// The campaign that hands out a reward, by id; none for a reward that does not exist.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn campaign_of(&self, reward: RewardId) -> Result<Option<CampaignId>, ReadError> {
        self.shared.campaign_of(reward).await
    }

    /// A campaign as the log has it now, for those who decide without an append that would notice.
    pub(crate) async fn latest_campaign(&self, id: CampaignId) -> Result<Arc<KnownCampaign>, ReadError> {
        let stream = stream_key::<Campaign>(&id.to_string());
        let events = self.shared.streams.read(stream.clone()).await?;
        let loaded = Loaded::fold(stream, &events)?;
        let known = Arc::new(KnownCampaign { loaded, actors: events.into_iter().map(|event| event.actor).collect() });
        self.shared.campaigns.keep(id, known.clone());
        Ok(known)
    }

    /// The campaign that hands out a reward, possibly as it was a moment ago.
    pub(crate) async fn campaign_with(
        &self,
        reward: RewardId,
    ) -> Result<Option<(CampaignId, Arc<KnownCampaign>)>, ReadError> {
        let Some(id) = self.shared.campaign_of(reward).await? else { return Ok(None) };
        let cached = self.shared.campaigns.cached(id);
        if let Some(known) = cached.filter(|known| known.loaded.state.reward(reward).is_some()) {
            return Ok(Some((id, known)));
        }
        Ok(Some((id, self.latest_campaign(id).await?)))
    }
}
