//! How coupons are read and written in the transaction of a fold. What a row says, the fold has decided.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{CouponRow, columns};
use crate::engine::error::FoldError;

pub(super) async fn load(tx: &mut PgConnection, ids: BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, CouponRow>, FoldError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<CouponRow> = sqlx::query_as(concat!(
        "select coupon.* from unnest($1::uuid[]) as wanted(coupon_id) cross join lateral (select ",
        columns!(),
        " from coupons where coupons.coupon_id = wanted.coupon_id limit 1) as coupon"
    ))
    .bind(ids.into_iter().collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.coupon_id, row)).collect())
}

pub(super) async fn write(tx: &mut PgConnection, rows: &[CouponRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(concat!(
        "insert into coupons (",
        columns!(),
        ")
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::bigint[], $7::boolean[],
                             $8::bigint[], $9::boolean[], $10::bigint[], $11::bigint[], $12::timestamptz[],
                             $13::timestamptz[])
        on conflict (coupon_id) do update
        set uses = excluded.uses,
            voided = excluded.voided,
            position = excluded.position,
            updated_at = excluded.updated_at"
    ))
    .bind(rows.iter().map(|row| row.coupon_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.member_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.reward_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.campaign_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.expires_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.max_uses).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.bound).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.uses).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.voided).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.updated_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
