//! Who came before? The claims that held a reward's stock or a campaign's budget at some position: what a member
//! who came too late is told. Who holds what now is a question of the guards.

use domain::claim::{ClaimEventType, ClaimStatus};
use domain::id::{CampaignId, RewardId};
use sqlx::PgPool;

/// How many winners are named at most: those who asked first.
pub const MAX_NAMED: usize = 1_000;
/// How many claims are looked at in one query …
const PAGE_CLAIMS: i64 = 1_000;
/// … and in how many queries. Nearly every claim that is looked at is a winner: the others gave back what they had.
const MAX_PAGES: usize = 10;

/// Of what there is not enough for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scarce {
    /// The stock of a reward.
    Reward(RewardId),
    /// The budget of a campaign.
    Campaign(CampaignId),
}

/// Who held all there was.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Winners {
    /// Where each was granted, or promised until somebody decides, in the order of the log: of those who asked
    /// first, [`MAX_NAMED`] at most.
    pub positions: Vec<i64>,
    /// The last of all these positions, named or not.
    pub last: Option<i64>,
}

/// The claims of one reward or campaign that were asked for before a position and did more than be denied: the place
/// where each was asked for, and the step by which it held something then, if it did. That step is looked up in
/// each claim's own stream. A claim that is denied now may have waited for a decision before; one that was refused
/// and nothing else never held anything, and has an index that does not know it.
macro_rules! held {
    ($of:literal, $order:literal) => {
        concat!(
            "select asked.created_position, taken.position
            from (
                select asked.claim_id, asked.created_position
                from claimed_rewards
                cross join lateral (
                    select one.claim_id, one.created_position
                    from unnest($5::text[]) as wanted(status)
                    cross join lateral (
                        select claim_id, created_position from claims
                        where claims.reward_id = claimed_rewards.reward_id and claims.status = wanted.status
                          and created_position > $2 and created_position < $3
                        order by reward_id ",
            $order,
            ", status ",
            $order,
            ", created_position ",
            $order,
            " limit $4
                    ) as one
                    union all
                    (
                        select claim_id, created_position from claims
                        where claims.reward_id = claimed_rewards.reward_id
                          and status = 'denied' and position > created_position
                          and created_position > $2 and created_position < $3
                        order by reward_id ",
            $order,
            ", created_position ",
            $order,
            " limit $4
                    )
                ) as asked
                where claimed_rewards.",
            $of,
            " = $1
                order by asked.created_position ",
            $order,
            " limit $4
            ) as asked
            cross join lateral (
                select max(position) filter (where event_type = any($6)) as position
                from (
                    select position, event_type from events
                    where aggregate_type = 'claim' and aggregate_id = asked.claim_id::text and position < $3
                      and event_type = any($7)
                    order by sequence desc
                    limit 1
                ) as step
            ) as taken
            order by asked.created_position"
        )
    };
}

/// A claim's place in lists, and where it took what it held.
type Asked = (i64, Option<i64>);

/// Who held the stock or the budget right before `position`.
///
/// # Errors
/// The database's.
pub async fn winners_before(pool: &PgPool, scarce: Scarce, position: i64) -> sqlx::Result<Winners> {
    let (first, latest, id) = match scarce {
        Scarce::Reward(reward) => (held!("reward_id", "asc"), held!("reward_id", "desc"), reward.0),
        Scarce::Campaign(campaign) => (held!("campaign_id", "asc"), held!("campaign_id", "desc"), campaign.0),
    };
    let statuses = ClaimStatus::ALL.iter().filter(|status| **status != ClaimStatus::Denied);
    let statuses: Vec<_> = statuses.map(|status| status.name()).collect();
    let takes_stock = steps(|committed| committed > 0);
    let moves_stock = steps(|committed| committed != 0);
    let page = async |sql: &'static str, after: i64| -> sqlx::Result<Vec<Asked>> {
        let query = sqlx::query_as(sql).bind(id).bind(after).bind(position).bind(PAGE_CLAIMS).bind(&statuses);
        query.bind(&takes_stock).bind(&moves_stock).fetch_all(pool).await
    };
    let (mut positions, mut after, mut all) = (Vec::new(), 0, false);
    for _ in 0..MAX_PAGES {
        let claims = page(first, after).await?;
        positions.extend(claims.iter().filter_map(|(_, taken)| *taken));
        let Some((asked, _)) = claims.last().filter(|_| is_full(&claims)) else {
            all = true;
            break;
        };
        if positions.len() >= MAX_NAMED {
            break;
        }
        after = *asked;
    }
    let mut last = positions.iter().copied().max();
    if !all {
        // among those who asked last: who asked before them and took later had waited for a thousand others
        last = page(latest, 0).await?.into_iter().filter_map(|(_, taken)| taken).max().max(last);
    }
    positions.truncate(MAX_NAMED);
    positions.sort_unstable();
    Ok(Winners { positions, last })
}

/// The stored names of the steps that change by how much a claim takes from the stock.
fn steps(wanted: impl Fn(i64) -> bool) -> Vec<&'static str> {
    let is_wanted = |step: &&ClaimEventType| wanted(step.transition().committed());
    ClaimEventType::ALL.iter().filter(is_wanted).map(|step| step.name()).collect()
}

fn is_full(page: &[Asked]) -> bool {
    i64::try_from(page.len()).is_ok_and(|claims| claims >= PAGE_CLAIMS)
}
