//! Which wallets have something that is over and not recorded: for the scheduler, which records it. Found by the ends of lots with
//! something left in them and of open holds, each in an index of its own, so that whoever holds nothing costs nothing.

use chrono::{DateTime, Utc};
use domain::id::MemberId;
use domain::value::UnitCode;
use sqlx::PgPool;
use uuid::Uuid;

/// A wallet in which something is due, and since when.
pub type DueWallet = (MemberId, UnitCode, DateTime<Utc>);

/// Wallets in which something is due at `at`, the longest due first: those of so many lots and holds.
///
/// # Errors
/// The database's.
pub async fn due(pool: &PgPool, at: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<DueWallet>> {
    let rows: Vec<(Uuid, String, DateTime<Utc>)> = sqlx::query_as(
        "select member_id, unit, min(expires_at)
        from (
            (
                select member_id, unit, expires_at
                from wallets_lots
                where free > 0
                  and expires_at <= $1
                order by expires_at, member_id, unit
                limit $2
            )
            union all
            (
                select member_id, unit, expires_at
                from wallets_holds
                where expires_at <= $1
                order by expires_at
                limit $2
            )
        ) as over
        group by member_id, unit
        order by min(expires_at), member_id, unit",
    )
    .bind(at)
    .bind(limit)
    // planned each time: a plan made while the tables were empty would read all of them ever after
    .persistent(false)
    .fetch_all(pool)
    .await?;
    let wallet = |(member, unit, due_at): (Uuid, String, DateTime<Utc>)| {
        let unit = UnitCode::try_from(unit).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok((MemberId(member), unit, due_at))
    };
    rows.into_iter().map(wallet).collect()
}

/// When the next lot or hold is over.
///
/// # Errors
/// The database's.
pub async fn next_due_at(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar(
        "select least(
            (select min(expires_at) from wallets_lots where free > 0 and expires_at is not null),
            (select min(expires_at) from wallets_holds)
        )",
    )
    .persistent(false)
    .fetch_one(pool)
    .await
}
