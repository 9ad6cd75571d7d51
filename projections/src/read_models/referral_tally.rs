//! Who brought whom, and what became of it? One row per invitee, the tally of an inviter, and the
//! pending referrals among members who did something. What qualifies is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::Event;
use domain::id::MemberId;
use domain::referral::{ReferralEvent, ReferralStatus};
use sqlx::postgres::PgConnection;
use sqlx::{PgPool, Postgres, QueryBuilder};
use uuid::Uuid;

use crate::engine::error::FoldError;
use crate::engine::follower::OnPoison;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;

/// The projection of this file.
#[derive(Debug, Clone, Copy)]
pub struct ReferralTally;

/// One invitation.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ReferralRow {
    /// Who signed up.
    pub invitee_id: Uuid,
    /// Whose code it was.
    pub inviter_id: Uuid,
    /// `pending`, `qualified` or `voided`.
    pub status: String,
    /// The position of its first event: the place in lists.
    pub created_position: i64,
    /// When the invitee signed up.
    pub created_at: DateTime<Utc>,
    /// When it qualified, if it ever did.
    pub qualified_at: Option<DateTime<Utc>>,
    /// The inviter's calendar day for which it counts.
    pub qualified_on: Option<NaiveDate>,
}

/// Which invitations.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReferralFilter {
    /// Of this inviter.
    pub inviter: Option<MemberId>,
    /// In this status.
    pub status: Option<ReferralStatus>,
    /// Created before this position: the cursor.
    pub before: Option<i64>,
}

const COLUMNS: &str =
    "select invitee_id, inviter_id, status, created_position, created_at, qualified_at, qualified_on from referrals";

/// Invitations, newest first, `limit` at most.
///
/// # Errors
/// The database's.
pub async fn list(pool: &PgPool, filter: ReferralFilter, limit: i64) -> sqlx::Result<Vec<ReferralRow>> {
    let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
    query.push(" where created_position < ").push_bind(filter.before.unwrap_or(i64::MAX));
    if let Some(inviter) = filter.inviter {
        query.push(" and inviter_id = ").push_bind(inviter.0);
    }
    if let Some(status) = filter.status {
        query.push(" and status = ").push_bind(status.name());
    }
    query.push(" order by created_position desc limit ").push_bind(limit);
    query.build_query_as().fetch_all(pool).await
}

impl Projection for ReferralTally {
    const NAME: &'static str = "referral_tally";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["referral"];
    const TABLES: &'static [&'static str] = &["referrals"];
    const ON_POISON: OnPoison = OnPoison::Park;
    /// Every row is of one invitation, whose events all have the inviter as their subject.
    const SPREAD: Spread = Spread::BySubject;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut rows = load(tx, batch).await?;
        for recorded in batch {
            match &recorded.event {
                Event::Referral(event) => apply(&mut rows, event, recorded),
                Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Claim(_) | Event::Value(_) => {}
            }
        }
        write(tx, rows.into_values().collect()).await
    }
}

fn apply(rows: &mut BTreeMap<Uuid, ReferralRow>, event: &ReferralEvent, recorded: &Recorded) {
    let at = recorded.entry.recorded_at.utc();
    let row = rows.entry(event.invitee().0).or_insert_with(|| ReferralRow {
        invitee_id: event.invitee().0,
        inviter_id: event.inviter().0,
        status: ReferralStatus::Pending.name().to_owned(),
        created_position: recorded.entry.position,
        created_at: at,
        qualified_at: None,
        qualified_on: None,
    });
    match event {
        ReferralEvent::Created(_) => {}
        ReferralEvent::Qualified(qualified) => {
            ReferralStatus::Qualified.name().clone_into(&mut row.status);
            row.qualified_at = Some(at);
            row.qualified_on = Some(qualified.local_date);
        }
        ReferralEvent::Voided(_) => ReferralStatus::Voided.name().clone_into(&mut row.status),
    }
}

async fn load(tx: &mut PgConnection, batch: &[Recorded]) -> Result<BTreeMap<Uuid, ReferralRow>, FoldError> {
    let invitees: BTreeSet<Uuid> = batch
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Referral(event) => Some(event.invitee().0),
            Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Claim(_) | Event::Value(_) => None,
        })
        .collect();
    let rows: Vec<ReferralRow> = sqlx::query_as(
        "select referral.*
        from unnest($1::uuid[]) as wanted(invitee_id)
        cross join lateral (
            select invitee_id, inviter_id, status, created_position, created_at, qualified_at, qualified_on
            from referrals
            where referrals.invitee_id = wanted.invitee_id
            limit 1
        ) as referral",
    )
    .bind(invitees.into_iter().collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.invitee_id, row)).collect())
}

async fn write(tx: &mut PgConnection, rows: Vec<ReferralRow>) -> Result<(), FoldError> {
    sqlx::query(
        "insert into referrals (invitee_id, inviter_id, status, created_position, created_at, qualified_at, qualified_on)
        select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::timestamptz[], $6::timestamptz[],
                             $7::date[])
        on conflict (invitee_id) do update
        set status = excluded.status,
            qualified_at = excluded.qualified_at,
            qualified_on = excluded.qualified_on",
    )
    .bind(rows.iter().map(|row| row.invitee_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.inviter_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.status.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.qualified_at).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.qualified_on).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
