//! Reads what a batch is judged by and is not known yet. It judges nothing.

use std::collections::HashSet;

use domain::id::{CampaignId, RewardId};
use sqlx::{PgConnection, Row};

use super::decide::Known;
use crate::guards::{GrantChange, GuardChange, tables};
use crate::log::append::{Append, StreamKey};
use crate::log::named_parameters::NamedStatement;

impl Known {
    /// Learns all that a batch is judged by. Streams that it writes to are looked up under the lock of
    /// the head alone: without it, those that nobody touched lately are left to the constraints.
    pub(super) async fn learn(
        &mut self,
        connection: &mut PgConnection,
        batch: &[&Append],
        locked: bool,
    ) -> Result<(), sqlx::Error> {
        self.learn_streams(connection, batch, locked).await?;
        self.learn_room_for_grants(connection, batch).await?;
        self.learn_spent(connection, batch).await?;
        for change in batch.iter().flat_map(|append| append.guards.iter()) {
            self.learn_limits(connection, change).await?;
        }
        Ok(())
    }

    async fn learn_streams(
        &mut self,
        connection: &mut PgConnection,
        batch: &[&Append],
        locked: bool,
    ) -> Result<(), sqlx::Error> {
        let read = batch.iter().flat_map(|append| append.expects.iter().map(|(key, _)| key));
        let written = batch.iter().flat_map(|append| append.events.iter().map(|event| &event.stream));
        let needed = read.chain(written.filter(|_| locked));
        let mut unknown: Vec<&StreamKey> = needed.filter(|key| !self.streams.contains_key(key)).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        unknown.sort_unstable();
        unknown.dedup();
        self.streams.extend(last_sequences(connection, &unknown).await?);
        Ok(())
    }

    /// What is left of the rewards and campaigns that claims take from, and of the claimants' own limits.
    async fn learn_room_for_grants(
        &mut self,
        connection: &mut PgConnection,
        batch: &[&Append],
    ) -> Result<(), sqlx::Error> {
        let changes = batch.iter().flat_map(|append| append.guards.iter());
        let grants: Vec<&GrantChange> = changes.filter_map(GuardChange::grants).collect();
        let rows = &mut self.guards;
        tables::load_rewards(connection, rows, grants.iter().map(|grant| (grant.reward_id, grant.campaign_id))).await?;
        let limited = |grant: &&&GrantChange| {
            rows.rewards.get(&grant.reward_id).is_some_and(|stock| stock.per_member_limit.is_some())
                || rows.campaigns.get(&grant.campaign_id).is_some_and(|budget| budget.per_member_limit.is_some())
        };
        let limited: Vec<_> = grants.iter().filter(limited).map(|grant| (grant.member_id, grant.campaign_id)).collect();
        if limited.is_empty() {
            return Ok(());
        }
        tables::load_members(connection, rows, &limited).await
    }

    /// What is counted in the periods of the budgets that limit these grants.
    async fn learn_spent(&mut self, connection: &mut PgConnection, batch: &[&Append]) -> Result<(), sqlx::Error> {
        if batch.iter().all(|append| append.caps.is_empty()) {
            return Ok(());
        }
        let spent = &mut self.guards.spent;
        spent.keep_small();
        let mut wanted = HashSet::new();
        for append in batch {
            wanted.extend(spent.unknown(&append.guards, &append.caps));
        }
        spent.learn(connection, wanted.into_iter().collect()).await
    }

    /// What a change of limits is measured against.
    async fn learn_limits(&mut self, connection: &mut PgConnection, change: &GuardChange) -> Result<(), sqlx::Error> {
        let rows = &mut self.guards;
        match change {
            GuardChange::Campaign { campaign_id, name_key, per_member_limit, .. } => {
                rows.names.clear();
                tables::load_names(connection, rows, name_key, *campaign_id).await?;
                let wanted = std::iter::once((RewardId::default(), *campaign_id));
                tables::load_rewards(connection, rows, wanted).await?;
                tables::load_most_of_a_member(connection, rows, *campaign_id, *per_member_limit).await
            }
            GuardChange::Quantity { reward_id, .. } => {
                let wanted = std::iter::once((*reward_id, CampaignId::default()));
                tables::load_rewards(connection, rows, wanted).await
            }
            GuardChange::Reward { .. } | GuardChange::Grants(_) | GuardChange::Claimed { .. } => Ok(()),
        }
    }
}

static LAST_SEQUENCES: NamedStatement = NamedStatement::new(
    "select coalesce(last.sequence, 0) as sequence
    from {wanted}
    left join lateral (
        select e.sequence
        from events e
        where e.aggregate_type = wanted.stream_type and e.aggregate_id = wanted.stream_id
        order by e.sequence desc
        limit 1
    ) last on true
    order by wanted.number",
);

/// The last sequence of each stream; 0 where there is none.
async fn last_sequences(
    connection: &mut PgConnection,
    keys: &[&StreamKey],
) -> Result<Vec<(StreamKey, i64)>, sqlx::Error> {
    let wanted = LAST_SEQUENCES.bind().rows("wanted", keys.iter());
    let wanted = wanted.column("stream_type", |key| key.stream_type).column("stream_id", |key| &*key.stream_id);
    let rows = wanted.numbered().end().query()?.fetch_all(connection).await?;
    let sequences = rows.iter().map(|row| row.try_get("sequence")).collect::<Result<Vec<i64>, _>>()?;
    Ok(keys.iter().map(|key| (*key).clone()).zip(sequences).collect())
}
