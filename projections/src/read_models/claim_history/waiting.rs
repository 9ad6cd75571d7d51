//! Which claims wait for a decision? Those that expire first come first, for all campaigns or one. A claim whose time
//! is over is left out, even before its expiry is recorded. The decision of each is read from its stream.

use chrono::{DateTime, Utc};
use domain::Event;
use domain::claim::{ClaimStatus, Decision};
use domain::id::CampaignId;
use sqlx::postgres::PgConnection;
use sqlx::{Postgres, QueryBuilder};

use super::{ClaimRow, columns};
use crate::engine::error::FoldError;

/// Waiting claims are counted up to this number.
pub const MAX_COUNTED: i64 = 100_000;

/// A place in the queue, taken from the claim at that place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePlace {
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// The position of the request.
    pub created_position: i64,
}

/// The claims that wait for a decision at a moment, after a place in the queue.
///
/// # Errors
/// The database's.
pub async fn waiting(
    conn: &mut PgConnection,
    campaign: Option<CampaignId>,
    at: DateTime<Utc>,
    after: Option<QueuePlace>,
    limit: i64,
) -> sqlx::Result<Vec<ClaimRow>> {
    // planned each time: a cached plan from an empty table would keep reading all of it
    page("", campaign, at, after, limit).build_query_as().persistent(false).fetch_all(conn).await
}

/// PostgreSQL's plan of such a page with the rows that it reads (`explain (analyze)` as JSON), for tests.
///
/// # Errors
/// The database's.
pub async fn explain_waiting(
    conn: &mut PgConnection,
    campaign: Option<CampaignId>,
    at: DateTime<Utc>,
    after: Option<QueuePlace>,
    limit: i64,
) -> sqlx::Result<serde_json::Value> {
    let mut query = page("explain (analyze, timing off, format json) ", campaign, at, after, limit);
    query.build_query_scalar().persistent(false).fetch_one(conn).await
}

/// The statement with a prefix such as `explain`.
fn page(
    prefix: &str,
    campaign: Option<CampaignId>,
    at: DateTime<Utc>,
    after: Option<QueuePlace>,
    limit: i64,
) -> QueryBuilder<'static, Postgres> {
    let mut query = QueryBuilder::new(prefix);
    query.push(concat!("select ", columns!(), " from claims"));
    which(&mut query, campaign, at);
    if let Some(QueuePlace { expires_at, created_position }) = after {
        query.push(" and expires_at >= ").push_bind(expires_at);
        query.push(" and (expires_at, created_position) > (").push_bind(expires_at);
        query.push(", ").push_bind(created_position).push(")");
    }
    query.push(" order by expires_at, created_position limit ").push_bind(limit);
    query
}

/// How many claims wait for a decision at a moment, [`MAX_COUNTED`] at most.
///
/// # Errors
/// The database's.
pub async fn count_waiting(
    conn: &mut PgConnection,
    campaign: Option<CampaignId>,
    at: DateTime<Utc>,
) -> sqlx::Result<i64> {
    let mut query = QueryBuilder::new("select count(*) from (select from claims");
    which(&mut query, campaign, at);
    query.push(" limit ").push_bind(MAX_COUNTED).push(") as waiting");
    query.build_query_scalar().persistent(false).fetch_one(conn).await
}

fn which(query: &mut QueryBuilder<'_, Postgres>, campaign: Option<CampaignId>, at: DateTime<Utc>) {
    // this also excludes claims without expiry, and lets the planner use the partial index
    query.push(" where expires_at > ").push_bind(at);
    if let Some(campaign) = campaign {
        query.push(" and campaign_id = ").push_bind(campaign.0);
    }
}

/// The decision of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The decision that its status is based on.
    pub decision: Decision,
    /// The sequence of the last event that its row includes.
    pub sequence: i64,
}

/// The decisions of these claims, in the same order: read from their streams, as far as the rows include them.
///
/// # Errors
/// See [`FoldError`].
pub async fn decisions(conn: &mut PgConnection, claims: &[ClaimRow]) -> Result<Vec<Decided>, FoldError> {
    let rows: Vec<(i64, String, String, String, i64)> = sqlx::query_as(
        "select decided.position, decided.event_type, decided.event_version, decided.payload, last.sequence
        from unnest($1::text[], $2::bigint[], $3::boolean[]) with ordinality as wanted(id, position, denied, n)
        cross join lateral (
            select position, event_type, event_version, payload::text as payload
            from events
            where aggregate_type = 'claim' and aggregate_id = wanted.id and events.position <= wanted.position
              and event_type = any(case when wanted.denied then array['claim.denied']
                                        else array['claim.submitted', 'claim.granted'] end)
            order by aggregate_type desc, aggregate_id desc, sequence desc
            limit 1
        ) as decided
        cross join lateral (
            select sequence
            from events
            where aggregate_type = 'claim' and aggregate_id = wanted.id and events.position <= wanted.position
            order by aggregate_type desc, aggregate_id desc, sequence desc
            limit 1
        ) as last
        order by wanted.n",
    )
    .bind(claims.iter().map(|claim| claim.claim_id.to_string()).collect::<Vec<_>>())
    .bind(claims.iter().map(|claim| claim.position).collect::<Vec<_>>())
    .bind(claims.iter().map(|claim| claim.status == ClaimStatus::Denied.name()).collect::<Vec<_>>())
    .persistent(false)
    .fetch_all(conn)
    .await?;
    if rows.len() != claims.len() {
        return Err(FoldError::stored("claims", "some have no decision in the log"));
    }
    rows.into_iter()
        .map(|(position, event_type, version, payload, sequence)| {
            let event = Event::decode(&event_type, &version, &payload)
                .map_err(|source| FoldError::Event { position, source })?;
            match event {
                Event::Claim(event) => event.decision().cloned().map(|decision| Decided { decision, sequence }),
                Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) | Event::Value(_) => {
                    None
                }
            }
            .ok_or_else(|| FoldError::stored("claim", &event_type))
        })
        .collect()
}
