//! What became of the claims? One row per claim with its current status, newest first under every
//! filter of the API. Evidence and the single steps stay in the log. Who came before whom is in
//! `ahead`, how lists are walked in `list`, what waits for a decision in `waiting`, how the rows are written in `write`.

mod ahead;
mod list;
mod waiting;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use domain::Event;
use domain::claim::{ClaimEvent, ClaimStatus, Credit, Decision, Price};
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use domain::spend::Paid;
use sqlx::postgres::PgConnection;
use sqlx::types::Json;
use sqlx::{PgExecutor, PgPool};
use uuid::Uuid;

pub use ahead::{MAX_NAMED, Scarce, Winners, winners_before};
pub use list::{explain, list};
pub use waiting::{Decided, MAX_COUNTED, QueuePlace, count_waiting, decisions, explain_waiting, waiting};

use self::write::{copy, load, write, write_and_move};
use crate::engine::checkpoint::CheckpointMove;
use crate::engine::error::FoldError;
use crate::engine::follower::BatchInterval;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;
use crate::read_models::copy_in;

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
    /// Why it is denied, while it is, or why it was withdrawn.
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
    /// What it has credited, unless it was taken back.
    pub credit: Option<Json<Credit>>,
    /// What it costs the member, held or paid, unless that was given back. From which lots is in the log.
    pub paid: Option<Json<Price>>,
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
         condition_version, expires_at, created_position, position, created_at, updated_at, credit, paid"
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

/// The pending claims of a member, oldest first.
///
/// # Errors
/// The database's.
pub async fn pending_of(pool: &PgPool, member: MemberId, limit: i64) -> sqlx::Result<Vec<ClaimId>> {
    let ids: Vec<Uuid> = sqlx::query_scalar(
        "select claim_id
        from claims
        where member_id = $1 and status = 'pending'
        order by created_position
        limit $2",
    )
    .bind(member.0)
    .bind(limit)
    // as above
    .persistent(false)
    .fetch_all(pool)
    .await?;
    Ok(ids.into_iter().map(ClaimId).collect())
}

/// One claim.
///
/// # Errors
/// The database's.
pub async fn find(conn: impl PgExecutor<'_>, claim: ClaimId) -> sqlx::Result<Option<ClaimRow>> {
    sqlx::query_as(concat!("select ", columns!(), " from claims where claim_id = $1"))
        .bind(claim.0)
        .fetch_optional(conn)
        .await
}

impl Projection for ClaimHistory {
    const NAME: &'static str = "claim_history";
    const VERSION: i32 = 2;
    const STREAMS: &'static [&'static str] = &["claim"];
    const TABLES: &'static [&'static str] = &["claims", "claimed_rewards"];
    const LATE_INDEXES: &'static [&'static str] = &[
        "claims_of_a_member",
        "claims_of_a_reward_by_status",
        "claims_by_status",
        "claims_waiting",
        "claims_waiting_in_a_campaign",
    ];
    /// Every claim is of one member, the subject of its events; that a reward was claimed is noted once, whoever
    /// comes first.
    const SPREAD: Spread = Spread::BySubject;
    /// Who has just claimed looks whether it is there.
    const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(0, 25);

    const FOLDS_IN_ONE_STATEMENT: bool = true;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut rows = load(tx, begun_before(batch)?).await?;
        let known: HashSet<_> = rows.keys().copied().collect();
        apply_all(&mut rows, batch)?;
        let (mut old, mut new): (Vec<_>, Vec<_>) = rows.into_values().partition(|row| known.contains(&row.claim_id));
        let rewards = rewards_of(&new);
        if copy_in::is_worth_it(new.len()) {
            new.sort_unstable_by_key(|row| row.created_position);
            copy(tx, &new).await?;
        } else {
            old.append(&mut new);
        }
        write(tx, rewards, &old).await
    }

    async fn fold_in_one_statement(
        &self,
        conn: &mut PgConnection,
        batch: &[Recorded],
        moving: CheckpointMove,
    ) -> Result<bool, FoldError> {
        if copy_in::is_worth_it(batch.len()) || !begun_before(batch)?.is_empty() {
            return Ok(false);
        }
        let mut rows = HashMap::new();
        apply_all(&mut rows, batch)?;
        let rows: Vec<_> = rows.into_values().collect();
        write_and_move(conn, rewards_of(&rows), &rows, moving).await
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
            Event::Member(_) | Event::Activity(_) | Event::Campaign(_) | Event::Referral(_) | Event::Value(_) => {}
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
        credit: None,
        paid: None,
    });
    row.position = entry.position;
    row.updated_at = entry.recorded_at.utc();
    let status = event.event_type().status_after(ClaimStatus::named(&row.status));
    match event {
        ClaimEvent::Denied(denied) if status == ClaimStatus::Denied => {
            row.decided(status, &denied.decision);
            row.reason = Some(denied.reason.name().to_owned());
        }
        ClaimEvent::Denied(_) => {}
        ClaimEvent::Submitted(submitted) => {
            row.amount = submitted.about.amount.get();
            row.decided(status, &submitted.decision);
            row.expires_at = Some(submitted.expires_at.utc());
            row.paid = submitted.paid.as_ref().map(price);
        }
        ClaimEvent::Granted(granted) => {
            row.amount = granted.about.amount.get();
            row.decided(status, &granted.decision);
            row.credit = granted.credit.clone().map(Json);
            row.paid = granted.paid.as_ref().map(price);
        }
        ClaimEvent::Approved(approved) => {
            row.move_to(status);
            row.credit = approved.credit.clone().map(Json);
        }
        ClaimEvent::Credited(credited) => {
            row.move_to(status);
            row.credit = Some(Json(credited.credit.clone()));
        }
        ClaimEvent::Withdrawn(withdrawn) => {
            row.give_back(status);
            row.reason = Some(withdrawn.reason.name().to_owned());
        }
        ClaimEvent::Rejected(_) | ClaimEvent::Expired(_) | ClaimEvent::Reversed(_) => row.give_back(status),
        ClaimEvent::Fulfilled(_) | ClaimEvent::FulfilmentFailed(_) => row.move_to(status),
    }
}

/// What was paid, without the lots.
fn price(paid: &Paid) -> Json<Price> {
    Json(Price { unit: paid.unit.clone(), amount: paid.amount })
}

impl ClaimRow {
    fn decided(&mut self, status: ClaimStatus, decision: &Decision) {
        self.move_to(status);
        self.condition_version = decision.condition_version.into();
    }

    fn give_back(&mut self, status: ClaimStatus) {
        self.move_to(status);
        self.credit = None;
        self.paid = None;
    }

    fn move_to(&mut self, status: ClaimStatus) {
        status.name().clone_into(&mut self.status);
        self.reason = None;
        self.expires_at = None;
    }
}
