//! That few codes of a reward are left is told once until codes are added.

use std::collections::BTreeSet;

use domain::codes::{Codes, CodesCommand};
use domain::id::RewardId;
use uuid::Uuid;

use super::CodesError;
use crate::ledger::Ledger;
use crate::log::coalesce::ReadError;
use crate::log::metadata::Metadata;

impl Ledger {
    /// Waits until this process has handed out codes of rewards that may have few left.
    pub async fn low_on_codes(&self) -> BTreeSet<RewardId> {
        self.shared.low_codes.take().await
    }

    /// All rewards that ever had codes: what was handed out when nobody told of it is among them.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn rewards_with_codes(&self) -> Result<BTreeSet<RewardId>, ReadError> {
        let sql = "select distinct aggregate_id from events where aggregate_type = 'codes'";
        let ids: Vec<String> = sqlx::query_scalar(sql).fetch_all(&self.shared.pool).await?;
        Ok(ids.iter().filter_map(|id| Uuid::parse_str(id).ok()).map(RewardId).collect())
    }

    /// Tells that few codes of a reward are left, if so it is and nobody has told; whether it was told now.
    ///
    /// # Errors
    /// See [`CodesError`].
    pub async fn tell_low_codes(&self, reward: RewardId, metadata: &Metadata) -> Result<bool, CodesError> {
        let (about, stock) = self.reward_with_codes(reward).await?;
        let command = CodesCommand::NoteLow { about, committed: stock.held + stock.granted };
        Ok(self.execute::<Codes>(&reward.to_string(), command, metadata).await?.appended > 0)
    }
}
