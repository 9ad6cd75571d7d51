//! Claims, newest first, under every filter of the API, each from an index: a member's claims are walked by
//! themselves; all others reward by reward and status by status, and then merged. A window of time is a
//! window of positions, since moments never decrease along the log.

use std::collections::BTreeSet;

use domain::claim::ClaimStatus;
use domain::id::MemberId;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::{ClaimFilter, ClaimRow, columns};

/// Claims, newest first, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut PgConnection, filter: &ClaimFilter, limit: i64) -> sqlx::Result<Vec<ClaimRow>> {
    let mut query = query("", filter, window(conn, filter).await?, limit);
    // a member's claims have one index and one plan; other lists are planned each time, since a plan made while there
    // were few claims would read all of them ever after
    query.build_query_as().persistent(filter.member.is_some()).fetch_all(conn).await
}

/// How PostgreSQL goes about such a list, and how many rows it reads on the way (`explain (analyze)` as JSON).
///
/// # Errors
/// The database's.
pub async fn explain(conn: &mut PgConnection, filter: &ClaimFilter, limit: i64) -> sqlx::Result<serde_json::Value> {
    let window = window(conn, filter).await?;
    let mut query = query("explain (analyze, timing off, format json) ", filter, window, limit);
    query.build_query_scalar().persistent(false).fetch_one(conn).await
}

/// Positions: at this one and after it, and before that one.
type Window = (Option<i64>, Option<i64>);

/// The window of time as one of positions. It is looked up beforehand, so that the planner knows how much it holds:
/// for an unknown window it would rather read and sort all of it than walk to the first few.
async fn window(conn: &mut PgConnection, filter: &ClaimFilter) -> sqlx::Result<Window> {
    if filter.from.is_none() && filter.to.is_none() {
        return Ok((None, None));
    }
    sqlx::query_as(
        "select case when $1::timestamptz is not null then first_position_since($1) end,
                case when $2::timestamptz is not null then first_position_since($2) end",
    )
    .bind(filter.from)
    .bind(filter.to)
    .fetch_one(conn)
    .await
}

/// The statement behind a prefix, such as `explain`.
fn query(prefix: &str, filter: &ClaimFilter, window: Window, limit: i64) -> QueryBuilder<'static, Postgres> {
    let mut query = QueryBuilder::new(prefix);
    match filter.member {
        Some(member) => of_member(&mut query, member, filter, window),
        None => merged(&mut query, filter, window, limit),
    }
    query.push(" order by created_position desc limit ").push_bind(limit);
    query
}

/// The planner must not see the other conditions before it has taken the member's index (`offset 0`).
fn of_member(query: &mut QueryBuilder<'static, Postgres>, member: MemberId, filter: &ClaimFilter, window: Window) {
    query.push("select * from (select ").push(columns!()).push(" from claims where member_id = ").push_bind(member.0);
    within(query, filter, window);
    query.push(" order by member_id desc, created_position desc offset 0) as claims where true");
    if !filter.statuses.is_empty() {
        query.push(" and status = any(").push_bind(names(&filter.statuses)).push(")");
    }
    if let Some(campaign) = filter.campaign {
        query.push(" and campaign_id = ").push_bind(campaign.0);
    }
    if let Some(reward) = filter.reward {
        query.push(" and reward_id = ").push_bind(reward.0);
    }
}

fn merged(query: &mut QueryBuilder<'static, Postgres>, filter: &ClaimFilter, window: Window, limit: i64) {
    let statuses = if filter.statuses.is_empty() { &ClaimStatus::ALL[..] } else { &filter.statuses };
    let of_rewards = filter.campaign.is_some() || filter.reward.is_some();
    query.push("select found.* from unnest(").push_bind(names(statuses)).push("::text[]) as wanted(status)");
    if of_rewards {
        query.push(" cross join (select reward_id from claimed_rewards where true");
        if let Some(campaign) = filter.campaign {
            query.push(" and campaign_id = ").push_bind(campaign.0);
        }
        if let Some(reward) = filter.reward {
            query.push(" and reward_id = ").push_bind(reward.0);
        }
        query.push(") as rewarded");
    }
    query
        .push(" cross join lateral (select ")
        .push(columns!())
        .push(" from claims where claims.status = wanted.status");
    if of_rewards {
        query.push(" and claims.reward_id = rewarded.reward_id");
    }
    within(query, filter, window);
    let order = if of_rewards { "reward_id desc, status desc, " } else { "status desc, " };
    query.push(" order by ").push(order).push("created_position desc limit ").push_bind(limit).push(") as found");
}

fn names(statuses: &[ClaimStatus]) -> Vec<&'static str> {
    statuses.iter().map(|status| status.name()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The cursor and the window.
fn within(query: &mut QueryBuilder<'static, Postgres>, filter: &ClaimFilter, (from, before): Window) {
    let before = filter.before.unwrap_or(i64::MAX).min(before.unwrap_or(i64::MAX));
    query.push(" and created_position < ").push_bind(before);
    if let Some(from) = from {
        query.push(" and created_position >= ").push_bind(from);
    }
}
