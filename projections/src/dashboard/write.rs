//! Writes what a batch changed of the dashboard's numbers: one statement per table, and one for what
//! came back to nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::fold::{CampaignRow, MemberRow};
use crate::error::FoldError;

pub(super) async fn write_counts(
    tx: &mut PgConnection,
    counts: BTreeMap<(&'static str, String), i64>,
) -> Result<(), FoldError> {
    let counts: Vec<_> = counts.into_iter().filter(|(_, delta)| *delta != 0).collect();
    if counts.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_counts (what, label, count)
        select * from unnest($1::text[], $2::text[], $3::bigint[])
        on conflict (what, label) do update
        set count = dashboard_counts.count + excluded.count",
    )
    .bind(counts.iter().map(|((what, _), _)| *what).collect::<Vec<_>>())
    .bind(counts.iter().map(|((_, label), _)| label.as_str()).collect::<Vec<_>>())
    .bind(counts.iter().map(|(_, delta)| *delta).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?;
    // a counter that came back to nothing is no row: the same log has the same rows
    sqlx::query("delete from dashboard_counts where count = 0").execute(tx).await?;
    Ok(())
}

pub(super) async fn write_campaigns(tx: &mut PgConnection, rows: BTreeMap<Uuid, CampaignRow>) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_campaigns (campaign_id, run, starts_at, ends_at)
        select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
        on conflict (campaign_id) do update
        set run = excluded.run,
            starts_at = excluded.starts_at,
            ends_at = excluded.ends_at",
    )
    .bind(rows.keys().copied().collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.run.as_str()).collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.starts_at).collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.ends_at).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn write_claims(tx: &mut PgConnection, rows: BTreeMap<Uuid, String>) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    let (ids, statuses): (Vec<Uuid>, Vec<String>) = rows.into_iter().unzip();
    sqlx::query(
        "insert into dashboard_claims (claim_id, status)
        select * from unnest($1::uuid[], $2::text[])
        on conflict (claim_id) do update
        set status = excluded.status",
    )
    .bind(ids)
    .bind(statuses)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn write_members(tx: &mut PgConnection, rows: BTreeMap<Uuid, MemberRow>) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into dashboard_members (member_id, registered_at, counted, claimed)
        select * from unnest($1::uuid[], $2::timestamptz[], $3::boolean[], $4::boolean[])
        on conflict (member_id) do update
        set registered_at = excluded.registered_at,
            counted = excluded.counted,
            claimed = excluded.claimed",
    )
    .bind(rows.keys().copied().collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.registered_at).collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.counted).collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.claimed).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn write_facts(
    tx: &mut PgConnection,
    facts: BTreeMap<(DateTime<Utc>, Uuid), i64>,
) -> Result<(), FoldError> {
    let (fewer, more): (Vec<_>, Vec<_>) =
        facts.into_iter().filter(|(_, delta)| *delta != 0).partition(|(_, delta)| *delta < 0);
    for rows in [&more, &fewer].into_iter().filter(|rows| !rows.is_empty()) {
        sqlx::query(
            "insert into dashboard_facts (occurred_at, member_id, facts)
            select * from unnest($1::timestamptz[], $2::uuid[], $3::bigint[])
            on conflict (occurred_at, member_id) do update
            set facts = dashboard_facts.facts + excluded.facts",
        )
        .bind(rows.iter().map(|((at, _), _)| *at).collect::<Vec<_>>())
        .bind(rows.iter().map(|((_, member), _)| *member).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, delta)| *delta).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    }
    if !fewer.is_empty() {
        sqlx::query(
            "delete from dashboard_facts
            using unnest($1::timestamptz[], $2::uuid[]) as gone(occurred_at, member_id)
            where dashboard_facts.occurred_at = gone.occurred_at
              and dashboard_facts.member_id = gone.member_id
              and dashboard_facts.facts <= 0",
        )
        .bind(fewer.iter().map(|((at, _), _)| *at).collect::<Vec<_>>())
        .bind(fewer.iter().map(|((_, member), _)| *member).collect::<Vec<_>>())
        .execute(tx)
        .await?;
    }
    Ok(())
}
