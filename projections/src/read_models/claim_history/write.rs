//! How the claim history reads and writes its rows: in the transaction of a fold, copied where they are many and new, or
//! with one statement that moves the checkpoint as well. What a row says, the fold has decided.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::LazyLock;

use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use uuid::Uuid;

use super::{ClaimRow, columns};
use crate::engine::checkpoint::{CheckpointMove, moved};
use crate::engine::error::FoldError;
use crate::read_models::copy_in::CopyIn;
use crate::read_models::json_text::json_text;

pub(super) async fn load(tx: &mut PgConnection, ids: BTreeSet<Uuid>) -> Result<HashMap<Uuid, ClaimRow>, FoldError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<ClaimRow> = sqlx::query_as(concat!(
        "select claim.* from unnest($1::uuid[]) as wanted(claim_id) cross join lateral (select ",
        columns!(),
        " from claims where claims.claim_id = wanted.claim_id limit 1) as claim"
    ))
    .bind(ids.into_iter().collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.claim_id, row)).collect())
}

/// Claims that have no row yet.
pub(super) async fn copy(tx: &mut PgConnection, rows: &[ClaimRow]) -> Result<(), FoldError> {
    let mut copied = CopyIn::new(17);
    for row in rows {
        copied.row().id(row.claim_id).id(row.member_id).id(row.campaign_id).id(row.reward_id).text(&row.period);
        copied.number(row.amount).text(&row.reward_type).text(&row.status).maybe_text(row.reason.as_deref());
        copied.number(row.condition_version).maybe_moment(row.expires_at).number(row.created_position);
        copied.number(row.position).moment(row.created_at).moment(row.updated_at);
        copied.maybe_text(json_text(row.credit.as_ref())?.as_deref());
        copied.maybe_text(json_text(row.paid.as_ref())?.as_deref());
    }
    Ok(copied.into(tx, "claims", columns!()).await?)
}

/// Claims, and rewards that are perhaps claimed for the first time, under a condition or none.
macro_rules! written {
    ($where:literal) => {
        concat!(
            "claimed as (
                insert into claimed_rewards (reward_id, campaign_id)
                select * from unnest($18::uuid[], $19::uuid[]) ", $where, "
                on conflict (reward_id) do nothing
            )
            insert into claims (", columns!(), ")
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[],
                                 $8::text[], $9::text[], $10::bigint[], $11::timestamptz[], $12::bigint[],
                                 $13::bigint[], $14::timestamptz[], $15::timestamptz[], $16::json[], $17::json[]) ",
            $where, "
            on conflict (claim_id) do update
            set amount = excluded.amount,
                status = excluded.status,
                reason = excluded.reason,
                condition_version = excluded.condition_version,
                expires_at = excluded.expires_at,
                position = excluded.position,
                updated_at = excluded.updated_at,
                credit = excluded.credit,
                paid = excluded.paid"
        )
    };
}
const WRITE: &str = concat!("with ", written!(""));
/// The parameters of both.
const PARAMETERS: usize = 19;
static WRITE_AND_MOVE: LazyLock<String> =
    LazyLock::new(|| format!("with {}, {}", moved(PARAMETERS), written!("where exists (select from moved)")));

pub(super) async fn write(
    tx: &mut PgConnection,
    rewards: BTreeMap<Uuid, Uuid>,
    rows: &[ClaimRow],
) -> Result<(), FoldError> {
    if !rewards.is_empty() || !rows.is_empty() {
        bind(sqlx::query(WRITE), rewards, rows)?.execute(tx).await?;
    }
    Ok(())
}

type Binding<'q> = Query<'q, Postgres, PgArguments>;

/// Binds the parameters of both.
fn bind<'q>(query: Binding<'q>, rewards: BTreeMap<Uuid, Uuid>, rows: &'q [ClaimRow]) -> Result<Binding<'q>, FoldError> {
    let (rewards, campaigns): (Vec<Uuid>, Vec<Uuid>) = rewards.into_iter().unzip();
    let credits = rows.iter().map(|row| json_text(row.credit.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let paid = rows.iter().map(|row| json_text(row.paid.as_ref())).collect::<Result<Vec<_>, _>>()?;
    let query = query
        .bind(rows.iter().map(|row| row.claim_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.member_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.campaign_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.reward_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.period.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.amount).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.reward_type.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.reason.as_deref()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.condition_version).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.expires_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.created_position).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.updated_at).collect::<Vec<_>>())
        .bind(credits)
        .bind(paid)
        .bind(rewards)
        .bind(campaigns);
    Ok(query)
}

/// Claims that have no row yet, and the checkpoint moved; `false`: nothing was done.
pub(super) async fn write_and_move(
    conn: &mut PgConnection,
    rewards: BTreeMap<Uuid, Uuid>,
    rows: &[ClaimRow],
    moving: CheckpointMove,
) -> Result<bool, FoldError> {
    let written = moving.bind(bind(sqlx::query(&WRITE_AND_MOVE), rewards, rows)?).execute(conn).await?;
    Ok(written.rows_affected() > 0)
}
