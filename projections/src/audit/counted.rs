//! The events that counted for each leaf of a decision: the facts that it looked at, as of the position of the
//! decision's facts, without those withdrawn by then. Only the member's latest facts, up to a limit, are read; the
//! result says when earlier ones may be missing.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::activity::ActivityEvent;
use domain::claim::Decision;
use domain::condition::{Condition, EvaluationContext, Leaf, LeafEvidence, Seen};
use domain::id::MemberId;
use domain::referral::ReferralEvent;
use domain::{Event, Moment};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;

use super::AuditError;

/// How many facts of a member are read, latest first.
const MAX_FACTS: i64 = 2_000;
/// How many events are listed for a leaf: the latest.
pub const MAX_COUNTED: usize = 100;
/// How many days are listed for a streak; the latest are.
pub const MAX_DAYS: usize = 31;
/// A fact is late if it was recorded more than this long after it happened.
const LATE_AFTER: TimeDelta = TimeDelta::hours(24);

/// The events that counted for a leaf.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "EventsCounted")]
pub struct Counted {
    /// Their positions in the log, in ascending order: the latest, at most 100.
    pub positions: Vec<i64>,
    /// Whether there are, or may be, earlier ones.
    pub more: bool,
    /// For a streak: the latest days of its run. They are returned separately from the positions.
    #[serde(skip)]
    pub days: Vec<CountedDay>,
}

/// A day of a run, and when its first fact was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CountedDay {
    /// The member's local date.
    pub date: NaiveDate,
    /// When its first fact was recorded.
    pub recorded_at: Moment,
    /// Whether that was more than 24 hours after it happened.
    pub late: bool,
}

/// A fact, with its stream, in which it may be withdrawn.
struct Fact {
    position: i64,
    stream_id: String,
    event: Event,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
}

/// The events that counted for each leaf of a decision, in the order of its evidence. `condition` must be the version
/// that decided.
///
/// # Errors
/// See [`AuditError`].
pub async fn counted(
    conn: &mut PgConnection,
    member: MemberId,
    decision: &Decision,
    condition: &Condition,
) -> Result<Vec<Counted>, AuditError> {
    let facts = latest_facts(conn, member, decision.facts_position).await?;
    let more = i64::try_from(facts.len()).is_ok_and(|facts| facts >= MAX_FACTS);
    let taken_out: HashSet<&str> =
        facts.iter().filter(|fact| takes_out(&fact.event)).map(|fact| &*fact.stream_id).collect();
    let stands = |fact: &&Fact| !taken_out.contains(&*fact.stream_id);
    let on = decision.judged_on();
    let asked = EvaluationContext { on, campaign_starts_on: Some(decision.campaign_starts_on) };
    let of_leaf = |(leaf, evidence): (&Leaf, &LeafEvidence)| {
        let seen: Vec<&Fact> = facts.iter().filter(stands).filter(|fact| leaf.looks_at(&fact.event, asked)).collect();
        let counting = what_counts(leaf, evidence, seen, on);
        let more = counting.len() > MAX_COUNTED || (more && leaf_counts_facts(leaf));
        let mut positions: Vec<i64> = counting.iter().take(MAX_COUNTED).map(|fact| fact.position).collect();
        positions.reverse();
        let days = if matches!(leaf, Leaf::Streak { .. }) { days(&counting) } else { vec![] };
        Counted { positions, more, days }
    };
    Ok(condition.leaves().zip(&decision.evidence).map(of_leaf).collect())
}

/// The latest days with facts, in order.
fn days(counting: &[&Fact]) -> Vec<CountedDay> {
    let mut first: BTreeMap<NaiveDate, &Fact> = BTreeMap::new();
    // facts come latest first, so that the earliest of a day wins
    for fact in counting {
        if let Some(date) = day(&fact.event) {
            first.insert(date, fact);
        }
    }
    let told = first.into_iter().map(|(date, fact)| CountedDay {
        date,
        recorded_at: Moment::from(fact.recorded_at),
        late: fact.recorded_at - fact.occurred_at > LATE_AFTER,
    });
    let told: Vec<_> = told.collect();
    told[told.len().saturating_sub(MAX_DAYS)..].to_vec()
}

/// The member's facts, latest first; all events of the member's own stream, which are few.
async fn latest_facts(conn: &mut PgConnection, member: MemberId, through: i64) -> Result<Vec<Fact>, AuditError> {
    let rows: Vec<Row> = sqlx::query_as(
        "(
            select position, aggregate_id, event_type, event_version, payload::text as payload, occurred_at, recorded_at
            from events
            where subject = $1 and position <= $2 and aggregate_type in ('member', 'activity', 'referral')
            order by subject desc, position desc
            limit $3
        )
        union
        (
            select position, aggregate_id, event_type, event_version, payload::text as payload, occurred_at, recorded_at
            from events
            where aggregate_type = 'member' and aggregate_id = $1 and position <= $2
        )
        order by position desc",
    )
    .bind(member.to_string())
    .bind(through)
    .bind(MAX_FACTS)
    // planned for each run: a cached plan made while the log was empty would scan all of it ever after
    .persistent(false)
    .fetch_all(conn)
    .await?;
    let read = |row: Row| {
        let Row { position, aggregate_id, event_type, event_version, payload, occurred_at, recorded_at } = row;
        let event = Event::decode(&event_type, &event_version, &payload)
            .map_err(|source| AuditError::Event { position, source })?;
        Ok(Fact { position, stream_id: aggregate_id, event, occurred_at, recorded_at })
    };
    rows.into_iter().map(read).collect()
}

#[derive(sqlx::FromRow)]
struct Row {
    position: i64,
    aggregate_id: String,
    event_type: String,
    event_version: String,
    payload: String,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
}

fn takes_out(event: &Event) -> bool {
    matches!(event, Event::Activity(ActivityEvent::Voided(_)) | Event::Referral(ReferralEvent::Voided(_)))
}

/// Narrows what a leaf looks at to what decided it: for a streak the days of its run, for a profile the last change.
fn what_counts<'a>(leaf: &Leaf, evidence: &LeafEvidence, seen: Vec<&'a Fact>, on: NaiveDate) -> Vec<&'a Fact> {
    match (leaf, evidence.have) {
        (Leaf::Streak { .. }, Seen::Number(days)) => {
            let days_of = |fact: &&Fact| day(&fact.event);
            // the run may have ended yesterday
            let end = if seen.iter().any(|fact| days_of(fact) == Some(on)) { Some(on) } else { on.pred_opt() };
            let before =
                end.zip(u64::try_from(days).ok()).and_then(|(end, days)| end.checked_sub_days(Days::new(days)));
            seen.into_iter().filter(|fact| days_of(fact) > before && days_of(fact) <= end).collect()
        }
        (Leaf::ProfileComplete, _) => seen.into_iter().take(1).collect(),
        (
            Leaf::Streak { .. }
            | Leaf::ActiveDays { .. }
            | Leaf::Count { .. }
            | Leaf::Total { .. }
            | Leaf::Referrals { .. }
            | Leaf::Birthday
            | Leaf::JoinAnniversary
            | Leaf::Joined { .. }
            | Leaf::Cel(_),
            _,
        ) => seen,
    }
}

/// Whether a leaf looks at facts other than the few events of the member's own stream.
fn leaf_counts_facts(leaf: &Leaf) -> bool {
    match leaf {
        Leaf::Streak { .. }
        | Leaf::ActiveDays { .. }
        | Leaf::Count { .. }
        | Leaf::Total { .. }
        | Leaf::Referrals { .. }
        | Leaf::Cel(_) => true,
        Leaf::ProfileComplete | Leaf::Birthday | Leaf::JoinAnniversary | Leaf::Joined { .. } => false,
    }
}

fn day(event: &Event) -> Option<NaiveDate> {
    match event {
        Event::Activity(ActivityEvent::Recorded(fact)) => Some(fact.local_date),
        Event::Activity(ActivityEvent::Voided(_))
        | Event::Member(_)
        | Event::Campaign(_)
        | Event::Referral(_)
        | Event::Claim(_)
        | Event::Value(_) => None,
    }
}
