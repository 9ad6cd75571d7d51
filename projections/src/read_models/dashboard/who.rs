//! Who counts as a member, and how many of them have a claim. Of now both are kept; of then, what was done since is
//! undone, or what was done after a mark is done again, whichever is there.

use std::collections::HashMap;

use roaring::RoaringBitmap;
use sqlx::postgres::PgConnection;

use super::counts::Counter;
use super::sets::{self, COUNTED};
use super::view::View;
use crate::engine::error::FoldError;

/// The number of members at a position that is already folded.
///
/// # Errors
/// See [`FoldError`].
pub(crate) async fn members_at(conn: &mut PgConnection, position: i64) -> Result<i64, FoldError> {
    let now = i64::try_from(counted_now(conn).await?.len()).unwrap_or(i64::MAX);
    let since: i64 = sqlx::query_scalar(
        "select coalesce(sum(change), 0)
        from (
            select change
            from dashboard_memberships
            where position > $1
            order by position
        ) as moved",
    )
    .bind(position)
    .fetch_one(conn)
    .await?;
    Ok(now - since)
}

/// Who counts as a member, as of everything that is folded.
async fn counted_now(conn: &mut PgConnection) -> Result<RoaringBitmap, FoldError> {
    // all key columns but the shard, so that the planner uses the primary key
    let shards: Vec<Vec<u8>> = sqlx::query_scalar(
        "select members
        from dashboard_sets
        where what = $1
          and minutes = 0
          and starts_at = '1970-01-01T00:00:00Z'",
    )
    .bind(COUNTED)
    .fetch_all(conn)
    .await?;
    let mut counted = RoaringBitmap::new();
    for shard in &shards {
        counted |= sets::read(shard)?;
    }
    Ok(counted)
}

impl View {
    /// Who counts as a member.
    pub(super) async fn counted(&mut self) -> Result<RoaringBitmap, FoldError> {
        let mut counted = counted_now(&mut self.tx).await?;
        if self.is_past {
            for (member, change) in self.moved(self.as_of.position, i64::MAX).await? {
                if change > 0 {
                    counted.remove(member);
                } else if change < 0 {
                    counted.insert(member);
                }
            }
        }
        Ok(counted)
    }

    /// How many of the members have a claim. A mark knows it; of then, members who came, went or claimed for the first
    /// time since the mark are looked at one by one.
    pub(super) async fn claimants(&mut self, counted: &RoaringBitmap) -> Result<i64, FoldError> {
        let mut claimants = self.counts.get(Counter::Claimants);
        if !self.is_past {
            return Ok(claimants);
        }
        let (mark, position) = (self.marked, self.as_of.position);
        let moved = self.moved(mark, position).await?;
        let touched: Vec<(i32, i64)> = sqlx::query_as(
            "select member.ordinal, member.first_claim_position
            from unnest($1::uuid[]) as wanted(member_id)
            cross join lateral (
                select ordinal, first_claim_position
                from dashboard_members
                where dashboard_members.member_id = wanted.member_id
                limit 1
            ) as member
            where member.first_claim_position <= $3
            union
            select member.ordinal, member.first_claim_position
            from unnest($2::integer[]) as wanted(ordinal)
            cross join lateral (
                select ordinal, first_claim_position
                from dashboard_members
                where dashboard_members.ordinal = wanted.ordinal
                limit 1
            ) as member
            where member.first_claim_position <= $3",
        )
        .bind(self.recent_claimants().into_iter().collect::<Vec<_>>())
        .bind(moved.keys().map(|member| i32::try_from(*member).unwrap_or(i32::MAX)).collect::<Vec<_>>())
        .bind(position)
        .fetch_all(&mut *self.tx)
        .await?;
        for (ordinal, first_claim_position) in touched {
            let member = ordinal.unsigned_abs();
            let counts_now = i64::from(counted.contains(member));
            let counted_at_mark = counts_now - moved.get(&member).copied().unwrap_or_default();
            claimants += counts_now - if first_claim_position <= mark { counted_at_mark } else { 0 };
        }
        Ok(claimants)
    }

    /// Who began (1) or ceased (-1) to count as a member after one position and up to another, all in all.
    async fn moved(&mut self, after: i64, through: i64) -> Result<HashMap<u32, i64>, FoldError> {
        let rows: Vec<(i32, i64)> = sqlx::query_as(
            "select member, sum(change)
            from (
                select member, change
                from dashboard_memberships
                where position > $1
                  and position <= $2
                order by position
            ) as moved
            group by member",
        )
        .bind(after)
        .bind(through)
        .fetch_all(&mut *self.tx)
        .await?;
        Ok(rows.into_iter().map(|(member, change)| (member.unsigned_abs(), change)).collect())
    }
}
