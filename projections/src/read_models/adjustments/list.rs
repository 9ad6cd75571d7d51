//! Adjustments, newest first, under every filter of the API, each from an index: a member's are walked by themselves, all others
//! status by status, and then merged.

use domain::adjustment::AdjustmentStatus;
use domain::id::AdjustmentId;
use sqlx::{PgConnection, PgPool, Postgres, QueryBuilder};

use super::{AdjustmentFilter, AdjustmentRow, columns};

/// One adjustment.
///
/// # Errors
/// The database's.
pub async fn find(pool: &PgPool, id: AdjustmentId) -> sqlx::Result<Option<AdjustmentRow>> {
    let sql = concat!("select ", columns!(), " from adjustments where adjustment_id = $1");
    sqlx::query_as(sql).bind(id.0).fetch_optional(pool).await
}

/// Adjustments, newest first, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn list(conn: &mut PgConnection, filter: AdjustmentFilter, limit: i64) -> sqlx::Result<Vec<AdjustmentRow>> {
    let mut query = QueryBuilder::<Postgres>::new("");
    let before = filter.before.unwrap_or(i64::MAX);
    match filter.member {
        Some(member) => {
            // the planner must not see the status before it has taken the member's index
            query.push("select * from (select ").push(columns!()).push(" from adjustments where member_id = ");
            query.push_bind(member.0).push(" and created_position < ").push_bind(before);
            query.push(" order by member_id desc, created_position desc offset 0) as adjustments where true");
            if let Some(status) = filter.status {
                query.push(" and status = ").push_bind(status.name());
            }
        }
        None => {
            let statuses = filter.status.map_or_else(|| AdjustmentStatus::ALL.to_vec(), |status| vec![status]);
            let names: Vec<_> = statuses.into_iter().map(AdjustmentStatus::name).collect();
            query.push("select found.* from unnest(").push_bind(names).push("::text[]) as wanted(status)");
            query.push(" cross join lateral (select ").push(columns!()).push(" from adjustments");
            query.push(" where adjustments.status = wanted.status and created_position < ").push_bind(before);
            query.push(" order by status desc, created_position desc limit ").push_bind(limit).push(") as found");
        }
    }
    query.push(" order by created_position desc limit ").push_bind(limit);
    // planned each time: a plan made while there were few would read all of them ever after
    query.build_query_as().persistent(false).fetch_all(conn).await
}
