//! Who is who: the ordinal by which sets know a member, and what decides whether it counts as one.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use std::collections::BTreeSet;
use uuid::Uuid;

use super::fold::ById;
use crate::engine::error::FoldError;

/// A member, or somebody who may become one.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct MemberRow {
    pub(super) member_id: Uuid,
    pub(super) ordinal: i32,
    /// `None` before somebody registers under the id, and after an erasure.
    pub(super) registered_at: Option<DateTime<Utc>>,
    /// Registered, role USER, not erased.
    pub(super) counted: bool,
    pub(super) first_claim_position: Option<i64>,
}

impl MemberRow {
    /// The ordinal, as sets have it.
    pub(super) fn member(&self) -> u32 {
        self.ordinal.unsigned_abs()
    }
}

/// The members whom a batch mentions.
pub(super) struct Members {
    rows: ById<MemberRow>,
    changed: BTreeSet<Uuid>,
    next_ordinal: i32,
}

impl Members {
    pub(super) async fn load(tx: &mut PgConnection, wanted: BTreeSet<Uuid>) -> Result<Self, FoldError> {
        let rows: Vec<MemberRow> = sqlx::query_as(
            "select member.*
            from unnest($1::uuid[]) as wanted(member_id)
            cross join lateral (
                select member_id, ordinal, registered_at, counted, first_claim_position
                from dashboard_members
                where dashboard_members.member_id = wanted.member_id
                limit 1
            ) as member",
        )
        .bind(wanted.into_iter().collect::<Vec<_>>())
        .fetch_all(&mut *tx)
        .await?;
        // not `max`, which reads all of them by a plan that was made for an empty table
        let last: Option<i32> =
            sqlx::query_scalar("select ordinal from dashboard_members order by ordinal desc limit 1")
                .fetch_optional(tx)
                .await?;
        let rows = rows.into_iter().map(|row| (row.member_id, row)).collect();
        Ok(Self { rows, changed: BTreeSet::new(), next_ordinal: last.map_or(0, |ordinal| ordinal + 1) })
    }

    /// A member as it is known; whoever is mentioned for the first time gets the next ordinal.
    pub(super) fn known(&mut self, id: Uuid) -> &MemberRow {
        self.row(id)
    }

    /// A member that changes.
    pub(super) fn change(&mut self, id: Uuid) -> &mut MemberRow {
        self.changed.insert(id);
        self.row(id)
    }

    fn row(&mut self, id: Uuid) -> &mut MemberRow {
        self.rows.entry(id).or_insert_with(|| {
            self.changed.insert(id);
            let ordinal = self.next_ordinal;
            self.next_ordinal += 1;
            MemberRow { member_id: id, ordinal, registered_at: None, counted: false, first_claim_position: None }
        })
    }

    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        let rows: Vec<_> = self.changed.iter().filter_map(|id| self.rows.get(id)).collect();
        if rows.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into dashboard_members (member_id, ordinal, registered_at, counted, first_claim_position)
            select * from unnest($1::uuid[], $2::integer[], $3::timestamptz[], $4::boolean[], $5::bigint[])
            on conflict (member_id) do update
            set registered_at = excluded.registered_at,
                counted = excluded.counted,
                first_claim_position = excluded.first_claim_position",
        )
        .bind(rows.iter().map(|row| row.member_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.ordinal).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.registered_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.counted).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.first_claim_position).collect::<Vec<_>>())
        .execute(tx)
        .await?;
        Ok(())
    }
}
