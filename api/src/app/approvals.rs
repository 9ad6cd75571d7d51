//! The queue of claims that wait for a decision, those that expire first on top, each with its evidence and flags.
//! Flags are computed only for the claims that are shown, and decide nothing.

use chrono::{DateTime, NaiveDate, Utc};
use domain::Moment;
use domain::claim::{ClaimStatus, Price};
use domain::condition::LeafEvidence;
use domain::id::{CampaignId, ClaimId, MemberId};
use projections::audit::{Flag, Pending, flags};
use projections::read_models::claim_history::{self, ClaimRow, Decided, QueuePlace, count_waiting, decisions, waiting};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::app::claim_names::{ClaimNames, EventLine, RewardLine};
use crate::app::claim_value::CreditBody;
use crate::app::problem::Problem;

/// The part of the queue that is requested.
#[derive(Debug, Clone, Copy)]
pub struct QueuePart {
    /// Only claims of this event.
    pub campaign: Option<CampaignId>,
    /// Only claims after this place.
    pub after: Option<QueuePlace>,
    /// The most claims to return.
    pub limit: i64,
}

/// A part of the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    /// Those that expire first come first.
    pub claims: Vec<WaitingClaim>,
    /// How many claims wait under the same filter; counted up to 100,000.
    pub total: i64,
    /// The place to continue from, if there are more.
    pub next: Option<QueuePlace>,
}

/// A claim with everything that its decision needs.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ClaimToDecide")]
pub struct WaitingClaim {
    /// The claim.
    #[schemars(with = "Uuid")]
    pub id: String,
    /// The member who claims.
    #[schemars(with = "Uuid")]
    pub user_id: String,
    /// The event …
    #[schemars(with = "Uuid")]
    pub event_id: String,
    /// … and its reward.
    #[schemars(with = "Uuid")]
    pub reward_id: String,
    /// The reward with its name.
    pub reward: RewardLine,
    /// The event with its name.
    pub event: EventLine,
    /// Its status; `pending` in the queue.
    #[schemars(with = "ClaimStatus")]
    pub status: String,
    /// The period of the claim.
    pub period: String,
    /// What it has credited; null while it waits, where that is nothing, and where it was taken back.
    pub credit: Option<CreditBody>,
    /// What it costs the member, held while it waits; null where that is nothing, or was given back.
    pub paid: Option<Price>,
    /// When it was first requested.
    pub created_at: Moment,
    /// When it expires; null if it does not wait.
    pub expires_at: Option<Moment>,
    /// The evidence: what each leaf of the rule needed and found.
    pub evidence: Vec<LeafEvidence>,
    /// The version of the rule.
    pub condition_version: u32,
    /// The position up to which facts were read.
    pub facts_position: i64,
    /// The moment of the request …
    pub evaluated_at: Moment,
    /// … the member's time zone …
    pub time_zone: &'static str,
    /// … and the member's local date.
    pub local_date: NaiveDate,
    /// The position of its last event.
    pub position: i64,
    /// The sequence of its last event: the entity tag for `If-Match`.
    pub sequence: i64,
    /// Whether it is the reader's own claim, which they cannot decide.
    pub own: bool,
    /// Reasons to look closer. A flag decides nothing.
    pub flags: Vec<Flag>,
}

/// A part of the queue as it is at a moment, for one reader.
///
/// # Errors
/// The database's, or what the log holds is broken.
pub async fn queue(conn: &mut PgConnection, part: QueuePart, at: Moment, reader: MemberId) -> Result<Queue, Problem> {
    let QueuePart { campaign, after, limit } = part;
    // one more row than shown tells whether there are more
    let mut rows = waiting(conn, campaign, at.utc(), after, limit.saturating_add(1)).await?;
    let more = i64::try_from(rows.len()).is_ok_and(|rows| rows > limit);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let total = count_waiting(conn, campaign, at.utc()).await?;
    let next = rows.last().filter(|_| more).and_then(place_of);
    Ok(Queue { claims: told(conn, rows, reader).await?, total, next })
}

/// One claim with everything that its decision needs, whether it still waits or not.
///
/// # Errors
/// The database's, or what the log holds is broken.
pub async fn one(conn: &mut PgConnection, id: ClaimId, reader: MemberId) -> Result<Option<WaitingClaim>, Problem> {
    let row = claim_history::find(&mut *conn, id).await?;
    Ok(told(conn, row.into_iter().collect(), reader).await?.pop())
}

fn place_of(row: &ClaimRow) -> Option<QueuePlace> {
    row.expires_at.map(|expires_at| QueuePlace { expires_at, created_position: row.created_position })
}

async fn told(conn: &mut PgConnection, rows: Vec<ClaimRow>, reader: MemberId) -> Result<Vec<WaitingClaim>, Problem> {
    let decided = decisions(conn, &rows).await?;
    let names = ClaimNames::of(conn, &rows).await?;
    let pending = rows.iter().zip(&decided).filter(|(row, _)| is_pending(row)).map(|(row, decided)| Pending {
        member: MemberId(row.member_id),
        campaign: CampaignId(row.campaign_id),
        decision: &decided.decision,
    });
    let mut flags = flags(conn, &pending.collect::<Vec<_>>()).await?.into_iter();
    let told = rows.into_iter().zip(decided);
    Ok(told
        .map(|(row, decided)| {
            let flags = if is_pending(&row) { flags.next().unwrap_or_default() } else { Vec::new() };
            WaitingClaim::of(row, decided, &names, reader, flags)
        })
        .collect())
}

fn is_pending(row: &ClaimRow) -> bool {
    row.status == ClaimStatus::Pending.name()
}

impl WaitingClaim {
    fn of(row: ClaimRow, decided: Decided, names: &ClaimNames, reader: MemberId, flags: Vec<Flag>) -> Self {
        let Decided { decision, sequence } = decided;
        let moment = |at: DateTime<Utc>| Moment::from(at);
        Self {
            id: row.claim_id.to_string(),
            user_id: row.member_id.to_string(),
            event_id: row.campaign_id.to_string(),
            reward_id: row.reward_id.to_string(),
            reward: names.reward(&row),
            event: names.event(&row),
            own: row.member_id == reader.0,
            status: row.status,
            period: row.period,
            credit: row.credit.map(|credit| credit.0.into()),
            paid: row.paid.map(|paid| paid.0),
            created_at: moment(row.created_at),
            expires_at: row.expires_at.map(moment),
            local_date: decision.judged_on(),
            evidence: decision.evidence,
            condition_version: decision.condition_version,
            facts_position: decision.facts_position,
            evaluated_at: decision.evaluated_at,
            time_zone: decision.time_zone.name(),
            position: row.position,
            sequence,
            flags,
        }
    }
}
