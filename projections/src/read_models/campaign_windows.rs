//! Which campaign opens or closes next? One row a campaign: its window and which edges the log has
//! noted. The scheduler asks here; what an edge is, the domain decides.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::Event;
use domain::campaign::{CampaignEvent, Window};
use domain::id::CampaignId;
use sqlx::PgPool;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use crate::engine::error::FoldError;
use crate::engine::follower::OnPoison;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;

/// The projection of this file.
#[derive(Debug, Clone, Copy)]
pub struct CampaignWindows;

#[derive(Debug, Clone, Copy)]
struct Row {
    window: Window,
    ended: bool,
}

type Columns = (Uuid, DateTime<Utc>, DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>, bool);

/// The campaigns for which the clock has something to say at a moment, longest overdue first.
///
/// # Errors
/// The database's.
pub async fn due(pool: &PgPool, at: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<CampaignId>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select campaign_id
        from campaign_windows
        where next_edge_at <= $1
        order by next_edge_at
        limit $2",
    )
    .bind(at)
    .bind(limit)
    // planned each time: a plan made while the table was empty would read all of it ever after
    .persistent(false)
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(CampaignId).collect())
}

/// The next moment at which the clock has something to say.
///
/// # Errors
/// The database's.
pub async fn next_edge_at(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    // as above
    sqlx::query_scalar("select min(next_edge_at) from campaign_windows").persistent(false).fetch_one(pool).await
}

impl Projection for CampaignWindows {
    const NAME: &'static str = "campaign_windows";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["campaign"];
    const TABLES: &'static [&'static str] = &["campaign_windows"];
    const ON_POISON: OnPoison = OnPoison::Park;
    /// Every row is of one campaign, the subject of all its events.
    const SPREAD: Spread = Spread::BySubject;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let ids = batch.iter().map(campaign_id).collect::<Result<BTreeSet<_>, _>>()?;
        let mut rows = load(tx, ids).await?;
        for recorded in batch {
            match &recorded.event {
                Event::Campaign(event) => apply(&mut rows, campaign_id(recorded)?, event),
                Event::Member(_) | Event::Activity(_) | Event::Claim(_) | Event::Referral(_) | Event::Value(_) => {}
            }
        }
        write(tx, &rows).await
    }
}

fn campaign_id(recorded: &Recorded) -> Result<Uuid, FoldError> {
    let id = &recorded.entry.aggregate_id;
    id.parse().map_err(|_| FoldError::stored("campaign id", id))
}

fn apply(rows: &mut BTreeMap<Uuid, Row>, id: Uuid, event: &CampaignEvent) {
    if let CampaignEvent::Created(created) = event {
        rows.insert(id, Row { window: Window::of(&created.terms), ended: false });
    }
    let Some(row) = rows.get_mut(&id) else { return };
    match event {
        CampaignEvent::Revised(revised) => row.window.revise(&revised.terms),
        CampaignEvent::Opened(opened) => row.window.opened(opened),
        CampaignEvent::Closed(closed) => row.window.closed(closed),
        CampaignEvent::Ended(_) => row.ended = true,
        CampaignEvent::Created(_)
        | CampaignEvent::Paused(_)
        | CampaignEvent::Resumed(_)
        | CampaignEvent::RewardAdded(_)
        | CampaignEvent::RewardRevised(_)
        | CampaignEvent::StockChanged(_) => {}
    }
}

async fn load(tx: &mut PgConnection, ids: BTreeSet<Uuid>) -> Result<BTreeMap<Uuid, Row>, FoldError> {
    let rows: Vec<Columns> = sqlx::query_as(
        "select campaign_id, starts_at, ends_at, opened_for, closed_for, ended
        from campaign_windows
        where campaign_id = any($1)",
    )
    .bind(ids.into_iter().collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let row = |(id, starts_at, ends_at, opened_for, closed_for, ended): Columns| {
        let window = Window {
            starts_at: starts_at.into(),
            ends_at: ends_at.into(),
            opened_for: opened_for.map(Into::into),
            closed_for: closed_for.map(Into::into),
        };
        (id, Row { window, ended })
    };
    Ok(rows.into_iter().map(row).collect())
}

async fn write(tx: &mut PgConnection, rows: &BTreeMap<Uuid, Row>) -> Result<(), FoldError> {
    let next_edge = |row: &Row| row.window.next_edge_at().filter(|_| !row.ended).map(|at| at.utc());
    sqlx::query(
        "insert into campaign_windows (campaign_id, starts_at, ends_at, opened_for, closed_for, ended, next_edge_at)
        select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                             $6::boolean[], $7::timestamptz[])
        on conflict (campaign_id) do update
        set starts_at = excluded.starts_at,
            ends_at = excluded.ends_at,
            opened_for = excluded.opened_for,
            closed_for = excluded.closed_for,
            ended = excluded.ended,
            next_edge_at = excluded.next_edge_at",
    )
    .bind(rows.keys().copied().collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.window.starts_at.utc()).collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.window.ends_at.utc()).collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.window.opened_for.map(|at| at.utc())).collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.window.closed_for.map(|at| at.utc())).collect::<Vec<_>>())
    .bind(rows.values().map(|row| row.ended).collect::<Vec<_>>())
    .bind(rows.values().map(next_edge).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
