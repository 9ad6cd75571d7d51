//! How payments are read and written in the transaction of a fold. What a row says, the fold has decided.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{SpendRow, columns};
use crate::engine::error::FoldError;

pub(super) async fn load(tx: &mut PgConnection, ids: BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, SpendRow>, FoldError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<SpendRow> = sqlx::query_as(concat!(
        "select spend.* from unnest($1::uuid[]) as wanted(spend_id) cross join lateral (select ",
        columns!(),
        " from spends where spends.spend_id = wanted.spend_id limit 1) as spend"
    ))
    .bind(ids.into_iter().collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.spend_id, row)).collect())
}

pub(super) async fn write(tx: &mut PgConnection, rows: &[SpendRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(concat!(
        "insert into spends (",
        columns!(),
        ")
        select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                             $8::bigint[], $9::text[], $10::timestamptz[], $11::bigint[], $12::bigint[],
                             $13::timestamptz[], $14::timestamptz[])
        on conflict (spend_id) do update
        set captured = excluded.captured,
            refunded = excluded.refunded,
            status = excluded.status,
            position = excluded.position,
            updated_at = excluded.updated_at"
    ))
    .bind(rows.iter().map(|row| row.spend_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.member_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.caller_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.reference.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.unit.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.amount).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.captured).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.refunded).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.expires_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.updated_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
