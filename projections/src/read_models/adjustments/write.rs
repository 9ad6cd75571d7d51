//! How adjustments are read and written in the transaction of a fold. What a row says, the fold has decided.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{AdjustmentRow, columns};
use crate::engine::error::FoldError;

pub(super) async fn load(
    tx: &mut PgConnection,
    ids: BTreeSet<Uuid>,
) -> Result<BTreeMap<Uuid, AdjustmentRow>, FoldError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<AdjustmentRow> = sqlx::query_as(concat!(
        "select adjustment.* from unnest($1::uuid[]) as wanted(adjustment_id) cross join lateral (select ",
        columns!(),
        " from adjustments where adjustments.adjustment_id = wanted.adjustment_id limit 1) as adjustment"
    ))
    .bind(ids.into_iter().collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.adjustment_id, row)).collect())
}

pub(super) async fn write(tx: &mut PgConnection, rows: &[AdjustmentRow]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(concat!(
        "insert into adjustments (",
        columns!(),
        ")
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::uuid[], $6::text[], $7::text[],
                             $8::timestamptz[], $9::uuid[], $10::text[], $11::bigint[], $12::bigint[], $13::bigint[],
                             $14::timestamptz[], $15::timestamptz[])
        on conflict (adjustment_id) do update
        set status = excluded.status,
            expires_at = excluded.expires_at,
            decided_by = excluded.decided_by,
            decision_note = excluded.decision_note,
            position = excluded.position,
            sequence = excluded.sequence,
            updated_at = excluded.updated_at"
    ))
    .bind(rows.iter().map(|row| row.adjustment_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.member_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.unit.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.amount).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.operator_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.note.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.expires_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.decided_by).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.decision_note.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.sequence).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.updated_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
