//! What events have cost: what one grant of each reward costs, times its grants that stand, which the dashboard has counted.

use std::collections::{BTreeMap, BTreeSet};

use domain::id::{CampaignId, RewardId};
use domain::value::Currency;
use uuid::Uuid;

use super::answer::CostOfEvent;
use super::view::View;
use crate::engine::error::FoldError;
use crate::read_models::dashboard;

impl View {
    /// What the grants that stand at the position have cost, by event and currency, the dearest first.
    pub(super) async fn costs(mut self) -> Result<Vec<CostOfEvent>, FoldError> {
        let rewards: Vec<(Uuid, Uuid, String, i64)> =
            sqlx::query_as("select reward_id, campaign_id, currency, amount from value_costs")
                .fetch_all(&mut *self.tx)
                .await?;
        // one connection at a time: requests that wait for a second one could wait for each other
        self.tx.commit().await?;
        if rewards.is_empty() {
            return Ok(vec![]);
        }
        let mut counted = dashboard::View::at(&self.pool, self.as_of.position).await?;
        let grants = counted.grants_that_stand().await?;
        let mut costs: BTreeMap<(CampaignId, Currency), (i128, i64)> = BTreeMap::new();
        for (reward, campaign, currency, cost) in rewards {
            let grants = grants.get(&RewardId(reward)).copied().unwrap_or_default();
            let currency = Currency::try_from(currency.clone()).map_err(|_| FoldError::stored("currency", currency))?;
            let sum = costs.entry((CampaignId(campaign), currency)).or_default();
            *sum = (sum.0 + i128::from(grants) * i128::from(cost), sum.1 + grants);
        }
        costs.retain(|_, (_, grants)| *grants != 0);
        let events: BTreeSet<_> = costs.keys().map(|(campaign, _)| campaign.0).collect();
        let names = counted.campaign_names(events).await?;
        let named = costs.into_iter().map(|((campaign_id, currency), (amount, grants))| CostOfEvent {
            campaign_id,
            name: names.get(&campaign_id.0).cloned().unwrap_or_default(),
            currency,
            amount,
            grants,
        });
        let mut costs: Vec<_> = named.collect();
        costs.sort_by_key(|cost| (std::cmp::Reverse(cost.amount), cost.campaign_id, cost.currency));
        Ok(costs)
    }
}
