//! What became of the claims? One row per claim with its current status, newest first under every
//! filter of the API. Evidence and the single steps stay in the log. Who came before whom is in
//! `ahead`, how lists are walked in `list`.

mod ahead;
mod list;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::claim::{ClaimEvent, ClaimStatus, Decision};
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres};
use uuid::Uuid;

pub use ahead::{MAX_NAMED, Scarce, Winners, winners_before};
pub use list::{explain, list};

use crate::checkpoint::{Moving, moved};
use crate::copied::{self, Copied};
use crate::error::FoldError;
use crate::follow::Rest;
use crate::log::Recorded;
use crate::projection::{Projection, Spread};

/// The projection of this file.
#[derive(Debug, Clone, Copy)]
pub struct ClaimHistory;

/// One claim.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
#[expect(missing_docs, reason = "the fields are those of a claim as the API shows it")]
pub struct ClaimRow {
    pub claim_id: Uuid,
    pub member_id: Uuid,
    pub campaign_id: Uuid,
    pub reward_id: Uuid,
    pub period: String,
    pub amount: i64,
    pub reward_type: String,
    /// A name of [`ClaimStatus`].
    pub status: String,
    /// Why it is denied, while it is.
    pub reason: Option<String>,
    pub condition_version: i64,
    /// When a pending claim is too late.
    pub expires_at: Option<DateTime<Utc>>,
    /// The position of its first event: the place in lists.
    pub created_position: i64,
    /// The position of its last event.
    pub position: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Which claims. What is left out does not filter.
#[derive(Debug, Clone, Default)]
pub struct ClaimFilter {
    /// In one of these statuses; none named: in any.
    pub statuses: Vec<ClaimStatus>,
    /// Of this member.
    pub member: Option<MemberId>,
    /// In this campaign.
    pub campaign: Option<CampaignId>,
    /// Of this reward.
    pub reward: Option<RewardId>,
    /// Created at or after this moment.
    pub from: Option<DateTime<Utc>>,
    /// Created before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Created before this position: the cursor.
    pub before: Option<i64>,
}

/// The columns of a claim, in the order of the row.
macro_rules! columns {
    () => {
        "claim_id, member_id, campaign_id, reward_id, period, amount, reward_type, status, reason,
         condition_version, expires_at, created_position, position, created_at, updated_at"
    };
}
use columns;

/// The pending claims that are too late at a moment, longest overdue first.
///
/// # Errors
/// The database's.
pub async fn overdue(pool: &PgPool, at: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<ClaimId>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select claim_id
        from claims
        where expires_at <= $1
        order by expires_at
        limit $2",
    )
    .bind(at)
    .bind(limit)
    // planned each time: a plan made while the table was empty would read all of it ever after
    .persistent(false)
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(ClaimId).collect())
}

/// The next moment at which a pending claim is too late.
///
/// # Errors
/// The database's.
pub async fn next_expiry_at(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    // as above
    sqlx::query_scalar("select min(expires_at) from claims").persistent(false).fetch_one(pool).await
}

/// One claim.
///
/// # Errors
/// The database's.
pub async fn find(pool: &PgPool, claim: ClaimId) -> sqlx::Result<Option<ClaimRow>> {
    sqlx::query_as(concat!("select ", columns!(), " from claims where claim_id = $1"))
        .bind(claim.0)
        .fetch_optional(pool)
        .await
}

impl Projection for ClaimHistory {
    const NAME: &'static str = "claim_history";
    const VERSION: i32 = 2;
    const STREAMS: &'static [&'static str] = &["claim"];
    const TABLES: &'static [&'static str] = &["claims", "claimed_rewards"];
    const LATE_INDEXES: &'static [&'static str] =
        &["claims_of_a_member", "claims_of_a_reward_by_status", "claims_by_status", "claims_by_expiry"];
    /// Every claim is of one member, the subject of its events; that a reward was claimed is noted once, whoever
    /// comes first.
    const SPREAD: Spread = Spread::BySubject;
    /// Who has just claimed looks whether it is there.
    const REST: Rest = Rest::ms(0, 25);

    const AT_ONCE: bool = true;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut rows = load(tx, begun_before(batch)?).await?;
        let known: HashSet<_> = rows.keys().copied().collect();
        apply_all(&mut rows, batch)?;
        let (mut old, mut new): (Vec<_>, Vec<_>) = rows.into_values().partition(|row| known.contains(&row.claim_id));
        let rewards = rewards_of(&new);
        if copied::is_worth_it(new.len()) {
            new.sort_unstable_by_key(|row| row.created_position);
            copy(tx, &new).await?;
        } else {
            old.append(&mut new);
        }
        write(tx, rewards, &old).await
    }

    async fn fold_at_once(
        &self,
        conn: &mut PgConnection,
        batch: &[Recorded],
        moving: Moving,
    ) -> Result<bool, FoldError> {
        if copied::is_worth_it(batch.len()) || !begun_before(batch)?.is_empty() {
            return Ok(false);
        }
        let mut rows = HashMap::new();
        apply_all(&mut rows, batch)?;
        let rows: Vec<_> = rows.into_values().collect();
        let query = bind(sqlx::query(&WRITE_AND_MOVE), rewards_of(&rows), &rows);
        Ok(moving.bind(query).execute(conn).await?.rows_affected() > 0)
    }
}

/// Of claims that are new.
fn rewards_of(rows: &[ClaimRow]) -> BTreeMap<Uuid, Uuid> {
    rows.iter().map(|row| (row.reward_id, row.campaign_id)).collect()
}

fn apply_all(rows: &mut HashMap<Uuid, ClaimRow>, batch: &[Recorded]) -> Result<(), FoldError> {
    for recorded in batch {
        match &recorded.event {
            Event::Claim(event) => apply(rows, claim_id(recorded)?, event, recorded),
            Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) => {}
        }
    }
    Ok(())
}

/// The claims that have rows already: those of which the batch does not have the first event.
fn begun_before(batch: &[Recorded]) -> Result<BTreeSet<Uuid>, FoldError> {
    let (mut begun, mut before) = (HashSet::new(), BTreeSet::new());
    for recorded in batch {
        let id = claim_id(recorded)?;
        if recorded.entry.sequence == 1 {
            begun.insert(id);
        } else if !begun.contains(&id) {
            before.insert(id);
        }
    }
    Ok(before)
}

fn claim_id(recorded: &Recorded) -> Result<Uuid, FoldError> {
    let id = &recorded.entry.aggregate_id;
    id.parse().map_err(|_| FoldError::stored("claim id", id))
}

fn apply(rows: &mut HashMap<Uuid, ClaimRow>, id: Uuid, event: &ClaimEvent, recorded: &Recorded) {
    let entry = &recorded.entry;
    let about = event.about();
    let row = rows.entry(id).or_insert_with(|| ClaimRow {
        claim_id: id,
        member_id: about.member_id.0,
        campaign_id: about.campaign_id.0,
        reward_id: about.reward_id.0,
        period: about.period.clone(),
        amount: about.amount.get(),
        reward_type: about.reward_type.name().to_owned(),
        status: ClaimStatus::Denied.name().to_owned(),
        reason: None,
        condition_version: 0,
        expires_at: None,
        created_position: entry.position,
        position: entry.position,
        created_at: entry.recorded_at.utc(),
        updated_at: entry.recorded_at.utc(),
    });
    row.position = entry.position;
    row.updated_at = entry.recorded_at.utc();
    match event {
        // a blocked member who asks again does not change what was decided before
        ClaimEvent::Denied(denied) if row.is_open() => {
            row.decided(ClaimStatus::Denied, &denied.decision);
            row.reason = Some(denied.reason.name().to_owned());
        }
        ClaimEvent::Denied(_) => {}
        ClaimEvent::Submitted(submitted) => {
            row.amount = submitted.about.amount.get();
            row.decided(ClaimStatus::Pending, &submitted.decision);
            row.expires_at = Some(submitted.expires_at.utc());
        }
        ClaimEvent::Granted(granted) => {
            row.amount = granted.about.amount.get();
            row.decided(ClaimStatus::Granted, &granted.decision);
        }
        ClaimEvent::Approved(_) => row.stands(ClaimStatus::Granted),
        ClaimEvent::Rejected(_) => row.stands(ClaimStatus::Rejected),
        ClaimEvent::Expired(_) => row.stands(ClaimStatus::Expired),
        ClaimEvent::Fulfilled(_) => row.stands(ClaimStatus::Fulfilled),
        ClaimEvent::FulfilmentFailed(_) => row.stands(ClaimStatus::FulfilmentFailed),
        ClaimEvent::Reversed(_) => row.stands(ClaimStatus::Reversed),
    }
}

impl ClaimRow {
    fn is_open(&self) -> bool {
        [ClaimStatus::Denied, ClaimStatus::Expired].iter().any(|open| open.is_open() && open.name() == self.status)
    }

    fn decided(&mut self, status: ClaimStatus, decision: &Decision) {
        self.stands(status);
        self.condition_version = decision.condition_version.into();
    }

    fn stands(&mut self, status: ClaimStatus) {
        status.name().clone_into(&mut self.status);
        self.reason = None;
        self.expires_at = None;
    }
}

async fn load(tx: &mut PgConnection, ids: BTreeSet<Uuid>) -> Result<HashMap<Uuid, ClaimRow>, FoldError> {
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
async fn copy(tx: &mut PgConnection, rows: &[ClaimRow]) -> Result<(), FoldError> {
    let mut copied = Copied::new(15);
    for row in rows {
        copied.row().id(row.claim_id).id(row.member_id).id(row.campaign_id).id(row.reward_id).text(&row.period);
        copied.number(row.amount).text(&row.reward_type).text(&row.status).maybe_text(row.reason.as_deref());
        copied.number(row.condition_version).maybe_moment(row.expires_at).number(row.created_position);
        copied.number(row.position).moment(row.created_at).moment(row.updated_at);
    }
    copied.into(tx, "claims", columns!()).await
}

/// Claims, and rewards that are perhaps claimed for the first time, under a condition or none.
macro_rules! written {
    ($where:literal) => {
        concat!(
            "claimed as (
                insert into claimed_rewards (reward_id, campaign_id)
                select * from unnest($16::uuid[], $17::uuid[]) ", $where, "
                on conflict (reward_id) do nothing
            )
            insert into claims (", columns!(), ")
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::bigint[], $7::text[],
                                 $8::text[], $9::text[], $10::bigint[], $11::timestamptz[], $12::bigint[],
                                 $13::bigint[], $14::timestamptz[], $15::timestamptz[]) ", $where, "
            on conflict (claim_id) do update
            set amount = excluded.amount,
                status = excluded.status,
                reason = excluded.reason,
                condition_version = excluded.condition_version,
                expires_at = excluded.expires_at,
                position = excluded.position,
                updated_at = excluded.updated_at"
        )
    };
}
const WRITE: &str = concat!("with ", written!(""));
/// The parameters of both.
const PARAMETERS: usize = 17;
static WRITE_AND_MOVE: LazyLock<String> =
    LazyLock::new(|| format!("with {}, {}", moved(PARAMETERS), written!("where exists (select from moved)")));

async fn write(tx: &mut PgConnection, rewards: BTreeMap<Uuid, Uuid>, rows: &[ClaimRow]) -> Result<(), FoldError> {
    if !rewards.is_empty() || !rows.is_empty() {
        bind(sqlx::query(WRITE), rewards, rows).execute(tx).await?;
    }
    Ok(())
}

type Binding<'q> = Query<'q, Postgres, PgArguments>;

/// Binds the parameters of both.
fn bind<'q>(query: Binding<'q>, rewards: BTreeMap<Uuid, Uuid>, rows: &'q [ClaimRow]) -> Binding<'q> {
    let (rewards, campaigns): (Vec<Uuid>, Vec<Uuid>) = rewards.into_iter().unzip();
    query
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
        .bind(rewards)
        .bind(campaigns)
}
