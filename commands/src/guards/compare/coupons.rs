//! Coupons, as the log has them: which grant is the n-th of its reward, and where each use stands. There may be as many as claims, so
//! that what a few pages of the log change is added to temporary tables, which the database compares.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::id::{ClaimId, RedemptionId, RewardId};
use sqlx::PgConnection;

use super::{CompareError, Compared, difference};
use crate::guards::value::ValueChange;
use crate::log::named_parameters::NamedStatement;

pub(super) const GRANTS: &str = "coupon_grants";
pub(super) const USES: &str = "coupon_uses";

const TEMPORARY: [&str; 2] = [
    "create temporary table derived_coupons (
         reward_id uuid, number bigint, claim_id uuid not null, primary key (reward_id, number)
     ) on commit drop",
    // what is null belongs to a use that went on before it began
    "create temporary table derived_uses (
         redemption_id uuid primary key, claim_id uuid not null, status text not null, expires_at timestamptz(3)
     ) on commit drop",
];

static ADD_GRANTS: NamedStatement = NamedStatement::new(
    "insert into pg_temp.derived_coupons (reward_id, number, claim_id) select reward_id, number, claim_id from {added}",
);

static ADD_USES: NamedStatement = NamedStatement::new(
    "insert into pg_temp.derived_uses as uses (redemption_id, claim_id, status, expires_at)
    select redemption_id, claim_id, status, expires_at from {added}
    on conflict (redemption_id) do update
    set status = excluded.status, expires_at = coalesce(uses.expires_at, excluded.expires_at)",
);

/// Each row beside that of the log, as texts: the first pair that differs.
const COMPARE: [(&str, &str, &str); 2] = [
    (
        GRANTS,
        "select count(*) from coupon_grants",
        "select concat_ws(' ', reward_id, number), log.claim_id::text, stored.claim_id::text
         from pg_temp.derived_coupons as log
         full join coupon_grants as stored using (reward_id, number)
         where log.claim_id is distinct from stored.claim_id
         order by reward_id, number
         limit 1",
    ),
    (
        USES,
        "select count(*) from coupon_uses",
        "select redemption_id::text,
                case when log.status is not null then
                    concat_ws(' ', log.claim_id, log.status, 'until', log.expires_at) end,
                case when stored.status is not null then
                    concat_ws(' ', stored.claim_id, stored.status, 'until', stored.expires_at) end
         from pg_temp.derived_uses as log
         full join coupon_uses as stored using (redemption_id)
         where (log.claim_id, log.status, log.expires_at)
               is distinct from (stored.claim_id, stored.status, stored.expires_at)
         order by redemption_id
         limit 1",
    ),
];

/// Writes what was put aside into the tables, which are empty.
pub(super) const FILL: [&str; 2] = [
    "insert into coupon_grants (reward_id, number, claim_id)
     select reward_id, number, claim_id from pg_temp.derived_coupons",
    "insert into coupon_uses (redemption_id, claim_id, status, expires_at)
     select redemption_id, claim_id, status, expires_at from pg_temp.derived_uses",
];

/// What the pages since the last that were put aside change.
#[derive(Default)]
pub(super) struct Coupons {
    /// How many coupons each reward has handed out so far.
    handed_out: BTreeMap<RewardId, i64>,
    grants: Vec<(RewardId, i64, ClaimId)>,
    uses: BTreeMap<RedemptionId, UseRow>,
}

/// A use.
struct UseRow {
    claim: ClaimId,
    status: &'static str,
    expires_at: Option<DateTime<Utc>>,
}

impl Coupons {
    /// Makes room for what does not fit into memory.
    pub(super) async fn begin(connection: &mut PgConnection) -> Result<Self, CompareError> {
        for sql in TEMPORARY {
            sqlx::query(sql).execute(&mut *connection).await?;
        }
        Ok(Self::default())
    }

    pub(super) fn apply(&mut self, change: &ValueChange) {
        match change {
            ValueChange::CouponGranted { reward_id, claim_id } => {
                let number = self.handed_out.entry(*reward_id).or_default();
                *number += 1;
                self.grants.push((*reward_id, *number, *claim_id));
            }
            ValueChange::CouponUsed { redemption_id, claim_id, status, begins } => {
                let before = self.uses.get(redemption_id).and_then(|row| row.expires_at);
                let begun = begins.flatten().map(domain::Moment::utc);
                let row = UseRow { claim: *claim_id, status: status.name(), expires_at: begun.or(before) };
                self.uses.insert(*redemption_id, row);
            }
            ValueChange::LotGiven { .. }
            | ValueChange::LotMoved { .. }
            | ValueChange::HoldBegun { .. }
            | ValueChange::HoldEnded { .. }
            | ValueChange::Owed { .. }
            | ValueChange::Acted(_)
            | ValueChange::Counted { .. } => {}
        }
    }

    /// Adds what is in memory to the temporary tables, once it is more than `held` rows.
    pub(super) async fn put_aside(&mut self, connection: &mut PgConnection, held: usize) -> Result<(), CompareError> {
        if self.grants.len() + self.uses.len() <= held {
            return Ok(());
        }
        let (grants, uses) = (std::mem::take(&mut self.grants), std::mem::take(&mut self.uses));
        let add = ADD_GRANTS
            .bind()
            .rows("added", grants.iter())
            .column("reward_id", |(reward, _, _)| reward.0)
            .column("number", |(_, number, _)| *number)
            .column("claim_id", |(_, _, claim)| claim.0)
            .end();
        add.query()?.persistent(false).execute(&mut *connection).await?;
        let add = ADD_USES
            .bind()
            .rows("added", uses.iter())
            .column("redemption_id", |(redemption, _)| redemption.0)
            .column("claim_id", |(_, row)| row.claim.0)
            .column("status", |(_, row)| row.status)
            .column("expires_at", |(_, row)| row.expires_at)
            .end();
        add.query()?.persistent(false).execute(&mut *connection).await?;
        Ok(())
    }
}

/// Compares what was put aside with the tables.
pub(super) async fn compared(connection: &mut PgConnection) -> Result<Vec<Compared>, CompareError> {
    let mut all = vec![];
    for (table, count, first) in COMPARE {
        let rows = sqlx::query_scalar(count).fetch_one(&mut *connection).await?;
        let found: Option<(String, Option<String>, Option<String>)> =
            sqlx::query_as(first).persistent(false).fetch_optional(&mut *connection).await?;
        let difference = found.map(|(key, log, row)| difference(table, &key, &log, &row));
        all.push(Compared { table, rows, difference });
    }
    Ok(all)
}
