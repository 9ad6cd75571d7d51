//! Who came before? The last claim that took from a reward or a campaign before some position: what a member who
//! came too late is told.

use domain::claim::ClaimStatus;
use domain::id::{CampaignId, RewardId};
use sqlx::PgPool;

/// How many claims, latest first, are looked at. Whoever is further back came long before the last one.
const MAX_CLAIMS: i64 = 1_000;

/// Of what there is not enough for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scarce {
    /// The stock of a reward.
    Reward(RewardId),
    /// The budget of a campaign.
    Campaign(CampaignId),
}

/// The claims of one reward or campaign that were asked for before a position, latest first; what is still denied
/// took nothing. The step that took is looked up in each claim's own stream.
macro_rules! last_taken {
    ($of:literal) => {
        concat!(
            "select max(taken.position)
            from (
                select asked.claim_id
                from claimed_rewards
                cross join unnest($4::text[]) as wanted(status)
                cross join lateral (
                    select claim_id, created_position from claims
                    where claims.reward_id = claimed_rewards.reward_id and claims.status = wanted.status
                      and created_position < $2
                    order by reward_id desc, status desc, created_position desc
                    limit $3
                ) as asked
                where claimed_rewards.",
            $of,
            " = $1
                order by asked.created_position desc
                limit $3
            ) as claim
            cross join lateral (
                select position from events
                where aggregate_type = 'claim' and aggregate_id = claim.claim_id::text and position < $2
                  and event_type in ('claim.granted', 'claim.submitted')
                order by sequence desc
                limit 1
            ) as taken"
        )
    };
}

/// The position at which the last claim before `position` was granted, or promised until somebody decides.
///
/// # Errors
/// The database's.
pub async fn last_taken_before(pool: &PgPool, scarce: Scarce, position: i64) -> sqlx::Result<Option<i64>> {
    let (sql, id) = match scarce {
        Scarce::Reward(reward) => (last_taken!("reward_id"), reward.0),
        Scarce::Campaign(campaign) => (last_taken!("campaign_id"), campaign.0),
    };
    let statuses = ClaimStatus::ALL.iter().filter(|status| **status != ClaimStatus::Denied);
    let statuses: Vec<_> = statuses.map(|status| status.name()).collect();
    sqlx::query_scalar(sql).bind(id).bind(position).bind(MAX_CLAIMS).bind(statuses).fetch_one(pool).await
}
