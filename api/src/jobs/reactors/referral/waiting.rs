//! When each pending referral is looked at next without a new fact. The rows are derived: one that is missing, or was made
//! by another condition, is made anew.

use chrono::{DateTime, Utc};
use domain::Moment;
use domain::id::MemberId;
use sqlx::PgPool;
use uuid::Uuid;

/// A pending referral whose condition is not met.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    /// When time alone may change that, if ever.
    pub(super) wakes_at: Option<Moment>,
    /// Up to where the facts were read.
    pub(super) facts_position: i64,
}

/// Nothing is waited for; whether it was.
pub(super) async fn forget(pool: &PgPool, invitee: MemberId) -> sqlx::Result<bool> {
    let done = sqlx::query("delete from waiting_referrals where invitee_id = $1").bind(invitee.0).execute(pool).await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps when to look again, unless somebody did who has seen more facts; whether it is kept.
pub(super) async fn note(pool: &PgPool, invitee: MemberId, judged_by: &str, waiting: Waiting) -> sqlx::Result<bool> {
    let Waiting { wakes_at, facts_position } = waiting;
    let done = sqlx::query(
        "insert into waiting_referrals (invitee_id, wakes_at, judged_by, facts_position)
        values ($1, $2, $3, $4)
        on conflict (invitee_id) do update
        set wakes_at = excluded.wakes_at,
            judged_by = excluded.judged_by,
            facts_position = excluded.facts_position
        where waiting_referrals.facts_position <= excluded.facts_position",
    )
    .bind(invitee.0)
    .bind(wakes_at.map(Moment::utc))
    .bind(judged_by)
    .bind(facts_position)
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn due(pool: &PgPool, at: Moment, limit: i64) -> sqlx::Result<Vec<MemberId>> {
    let invitees: Vec<Uuid> =
        sqlx::query_scalar("select invitee_id from waiting_referrals where wakes_at <= $1 order by wakes_at limit $2")
            .bind(at.utc())
            .bind(limit)
            .fetch_all(pool)
            .await?;
    Ok(invitees.into_iter().map(MemberId).collect())
}

pub(super) async fn next_moment(pool: &PgPool) -> sqlx::Result<Option<Moment>> {
    let next: Option<DateTime<Utc>> = sqlx::query_scalar(
        "select wakes_at from waiting_referrals where wakes_at is not null order by wakes_at limit 1",
    )
    .fetch_optional(pool)
    .await?;
    Ok(next.map(Moment::from))
}

pub(super) async fn not_judged(
    pool: &PgPool,
    judged_by: &str,
    after: i64,
    limit: i64,
) -> sqlx::Result<Vec<(MemberId, i64)>> {
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(
        "select pending.invitee_id, pending.created_position
        from referrals as pending
        where pending.status = 'pending'
          and pending.created_position > $2
          and not exists (
              select from waiting_referrals
              where waiting_referrals.invitee_id = pending.invitee_id and waiting_referrals.judged_by = $1
          )
        order by pending.created_position
        limit $3",
    )
    .bind(judged_by)
    .bind(after)
    .bind(limit)
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|(invitee, position)| (MemberId(invitee), position)).collect())
}
