//! Payments, newest first, under every filter of the API, each from an index: a member's payments are walked by themselves, all
//! others status by status, and then merged. A hold that is over counts as expired, whether that was recorded or not: such
//! holds are few, and have an index of their own.

use chrono::{DateTime, Utc};
use domain::id::MemberId;
use domain::spend::SpendStatus;
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::{SpendFilter, SpendRow, columns};

/// Payments as they stand at a moment, newest first, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn list(
    conn: &mut PgConnection,
    filter: SpendFilter,
    at: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<SpendRow>> {
    // planned each time: a plan made while there were few payments would read all of them ever after
    query("", filter, at, limit).build_query_as().persistent(false).fetch_all(conn).await
}

/// How PostgreSQL goes about such a list, and how many rows it reads on the way (`explain (analyze)` as JSON).
///
/// # Errors
/// The database's.
pub async fn explain(
    conn: &mut PgConnection,
    filter: SpendFilter,
    at: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<serde_json::Value> {
    let mut query = query("explain (analyze, timing off, format json) ", filter, at, limit);
    query.build_query_scalar().persistent(false).fetch_one(conn).await
}

type Query = QueryBuilder<'static, Postgres>;

/// The statement behind a prefix, such as `explain`.
fn query(prefix: &str, filter: SpendFilter, at: DateTime<Utc>, limit: i64) -> Query {
    let mut query = QueryBuilder::new(prefix);
    let before = filter.before.unwrap_or(i64::MAX);
    match (filter.member, filter.status) {
        (Some(member), status) => of_member(&mut query, member, status, before, at),
        (None, Some(SpendStatus::Held)) => {
            by_status(&mut query, &[SpendStatus::Held], before, limit, Some(at));
        }
        (None, Some(SpendStatus::Expired)) => {
            query.push("select * from (");
            by_status(&mut query, &[SpendStatus::Expired], before, limit, None);
            query.push(" union all ");
            over(&mut query, before, at);
            query.push(") as found");
        }
        (None, Some(status @ (SpendStatus::Captured | SpendStatus::Released))) => {
            by_status(&mut query, &[status], before, limit, None);
        }
        (None, None) => by_status(&mut query, &SpendStatus::ALL, before, limit, None),
    }
    query.push(" order by created_position desc limit ").push_bind(limit);
    query
}

/// The planner must not see the status before it has taken the member's index (`offset 0`).
fn of_member(query: &mut Query, member: MemberId, status: Option<SpendStatus>, before: i64, at: DateTime<Utc>) {
    query.push("select * from (select ").push(columns!()).push(" from spends where member_id = ").push_bind(member.0);
    query.push(" and created_position < ").push_bind(before);
    query.push(" order by member_id desc, created_position desc offset 0) as spends where true");
    let Some(status) = status else { return };
    query.push(" and ").push_bind(status.name()).push(" = case when status = ").push_bind(SpendStatus::Held.name());
    query.push(" and expires_at <= ").push_bind(at).push(" then ").push_bind(SpendStatus::Expired.name());
    query.push(" else status end");
}

/// Of each of these statuses as many as are asked for; of holds perhaps only those that go on beyond a moment.
fn by_status(query: &mut Query, statuses: &[SpendStatus], before: i64, limit: i64, beyond: Option<DateTime<Utc>>) {
    let names: Vec<_> = statuses.iter().map(|status| status.name()).collect();
    query.push("select found.* from unnest(").push_bind(names).push("::text[]) as wanted(status)");
    query
        .push(" cross join lateral (select ")
        .push(columns!())
        .push(" from spends where spends.status = wanted.status");
    query.push(" and created_position < ").push_bind(before);
    if let Some(at) = beyond {
        query.push(" and expires_at > ").push_bind(at);
    }
    query.push(" order by status desc, created_position desc limit ").push_bind(limit).push(") as found");
}

/// Holds that are over and not recorded so.
fn over(query: &mut Query, before: i64, at: DateTime<Utc>) {
    query.push("select * from (select ").push(columns!()).push(" from spends where status = 'held' and expires_at <= ");
    query.push_bind(at).push(" order by expires_at offset 0) as held where created_position < ").push_bind(before);
}
