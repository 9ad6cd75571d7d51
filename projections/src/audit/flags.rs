//! Flags on waiting claims, for whoever decides them: facts that were recorded late, referrals that qualified in a
//! burst, a rule that is no longer met. A flag decides nothing. Only the latest events of the member are read.

use std::collections::HashSet;

use chrono::{DateTime, Days, TimeDelta, Utc};
use domain::Event;
use domain::activity::ActivityEvent;
use domain::claim::Decision;
use domain::condition::{Condition, EvaluationContext, Leaf, LeafEvidence, Seen};
use domain::facts::Facts;
use domain::id::{CampaignId, MemberId};
use domain::member::MemberEvent;
use domain::referral::ReferralEvent;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;

use super::AuditError;
use super::judge::Basis;
use super::rules::Rules;
use crate::read_models::member_facts::{FactsRequest, load_many};

/// How many events are listed for a flag; the latest are.
pub const MAX_NAMED: usize = 20;
/// A fact is late if it was recorded more than this long after it happened.
const LATE_AFTER: TimeDelta = TimeDelta::hours(24);
/// So many referrals …
const BURST: usize = 3;
/// … qualified within so long are a burst.
const BURST_WITHIN: TimeDelta = TimeDelta::hours(1);
/// How many of a member's latest events are read.
const MAX_EVENTS: i64 = 500;

/// The parts of a waiting claim that flags need.
#[derive(Debug, Clone, Copy)]
pub struct Pending<'a> {
    /// Who claims.
    pub member: MemberId,
    /// From which campaign.
    pub campaign: CampaignId,
    /// Its decision.
    pub decision: &'a Decision,
}

/// A reason to look closer at a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// Counted facts were recorded more than 24 hours after they happened.
    LateFacts,
    /// Three or more of the counted referrals were qualified within an hour.
    ReferralBurst,
    /// With the facts that are known now, the rule was not met at the time of the request.
    UnmetNow,
}

impl FlagKind {
    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LateFacts => "late_facts",
            Self::ReferralBurst => "referral_burst",
            Self::UnmetNow => "unmet_now",
        }
    }
}

/// A flag on a claim, with its events. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ClaimFlag")]
pub struct Flag {
    /// Its kind.
    pub flag: FlagKind,
    /// How many events it is about: the late facts, the referrals of a burst, what was taken out since the decision.
    pub count: usize,
    /// Where they stand in the log, in its order: the latest, 20 at most.
    pub positions: Vec<i64>,
}

impl Flag {
    fn of(flag: FlagKind, events: &[i64]) -> Self {
        let positions = events[events.len().saturating_sub(MAX_NAMED)..].to_vec();
        Self { flag, count: events.len(), positions }
    }
}

/// The flags of these claims, in the same order. The facts known now are those at the end of the log.
///
/// # Errors
/// See [`AuditError`].
pub async fn flags(conn: &mut PgConnection, claims: &[Pending<'_>]) -> Result<Vec<Vec<Flag>>, AuditError> {
    let rules = Rules::of_all(conn, claims.iter().map(|claim| claim.campaign)).await?;
    let conditions = claims.iter().map(|claim| {
        let basis = Basis::default();
        let rule = rules.get(&claim.campaign).and_then(|rules| rules.by(&basis, claim.decision));
        let (condition, _) = rule.ok_or_else(|| AuditError::Impossible {
            position: claim.decision.facts_position,
            reason: "a decision names a condition that was never there".to_owned(),
        })?;
        Ok(condition.clone())
    });
    let conditions: Vec<Condition> = conditions.collect::<Result<_, AuditError>>()?;
    let requests = claims.iter().zip(&conditions);
    let requests: Vec<FactsRequest> = requests
        .map(|(claim, rule)| FactsRequest { member: claim.member, needed: rule.needs(), claim: None })
        .collect();
    let events = remarkable(conn, claims).await?;
    let known = load_many(conn, &requests).await?;
    let seen = claims.iter().zip(&conditions).zip(known).zip(&events);
    Ok(seen.map(|(((claim, rule), known), events)| of_claim(claim.decision, rule, &known.facts, events)).collect())
}

/// An event that may be a reason for a flag.
#[derive(Debug, Clone)]
struct Remarkable {
    position: i64,
    stream_id: String,
    event: Event,
    recorded_at: DateTime<Utc>,
}

#[derive(sqlx::FromRow)]
struct Row {
    n: i64,
    position: i64,
    aggregate_id: String,
    event_type: String,
    event_version: String,
    payload: String,
    recorded_at: DateTime<Utc>,
}

/// For each claimant: late facts, qualified referrals, and events that took facts out again, in the order of the log.
async fn remarkable(conn: &mut PgConnection, claims: &[Pending<'_>]) -> Result<Vec<Vec<Remarkable>>, AuditError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select wanted.n, event.*
        from unnest($1::text[]) with ordinality as wanted(subject, n)
        cross join lateral (
            select position, aggregate_id, event_type, event_version, payload::text as payload, recorded_at
            from (
                select position, aggregate_id, event_type, event_version, payload, occurred_at, recorded_at
                from events
                where events.subject = wanted.subject and aggregate_type in ('member', 'activity', 'referral')
                order by subject desc, position desc
                limit $2
            ) as latest
            where event_type in ('activity.voided', 'referral.qualified', 'referral.voided',
                                 'member.profile_reopened', 'member.erased')
               or (event_type = 'activity.recorded' and recorded_at - occurred_at > $3 * interval '1 second')
        ) as event
        order by wanted.n, event.position",
    )
    .bind(claims.iter().map(|claim| claim.member.to_string()).collect::<Vec<_>>())
    .bind(MAX_EVENTS)
    .bind(LATE_AFTER.num_seconds())
    // planned each time: a cached plan from an empty log would keep reading all of it
    .persistent(false)
    .fetch_all(conn)
    .await?;
    let mut all: Vec<Vec<Remarkable>> = claims.iter().map(|_| Vec::new()).collect();
    for Row { n, position, aggregate_id, event_type, event_version, payload, recorded_at } in rows {
        let event = Event::decode(&event_type, &event_version, &payload)
            .map_err(|source| AuditError::Event { position, source })?;
        if let Some(of_claim) = usize::try_from(n - 1).ok().and_then(|n| all.get_mut(n)) {
            of_claim.push(Remarkable { position, stream_id: aggregate_id, event, recorded_at });
        }
    }
    Ok(all)
}

fn of_claim(decision: &Decision, rule: &Condition, known: &Facts, events: &[Remarkable]) -> Vec<Flag> {
    let asked = EvaluationContext { on: decision.judged_on(), campaign_starts_on: Some(decision.campaign_starts_on) };
    let looked_at = |event: &Event| rule.leaves().any(|leaf| leaf.looks_at(event, asked));
    let (before, since): (Vec<_>, Vec<_>) = events.iter().partition(|event| event.position <= decision.facts_position);
    let taken_out: HashSet<&str> =
        before.iter().filter(|event| takes_out(&event.event)).map(|event| &*event.stream_id).collect();
    let stands = |event: &&&Remarkable| !takes_out(&event.event) && !taken_out.contains(&*event.stream_id);
    let counted: Vec<_> = before
        .iter()
        .filter(stands)
        .filter(|event| rule.leaves().zip(&decision.evidence).any(|leaf| counts(leaf, &event.event, asked)))
        .collect();

    let mut flags = Vec::new();
    let late = counted.iter().filter(|event| matches!(event.event, Event::Activity(ActivityEvent::Recorded(_))));
    let late: Vec<i64> = late.map(|event| event.position).collect();
    if !late.is_empty() {
        flags.push(Flag::of(FlagKind::LateFacts, &late));
    }
    let referrals = counted.iter().filter(|event| matches!(event.event, Event::Referral(ReferralEvent::Qualified(_))));
    let burst = burst(&referrals.map(|event| (event.position, event.recorded_at)).collect::<Vec<_>>());
    if !burst.is_empty() {
        flags.push(Flag::of(FlagKind::ReferralBurst, &burst));
    }
    let (met, _) = decision.judge_again(rule, known, decision.campaign_starts_on);
    if !met {
        let since = since.iter().filter(|event| takes_out(&event.event) && looked_at(&event.event));
        flags.push(Flag::of(FlagKind::UnmetNow, &since.map(|event| event.position).collect::<Vec<_>>()));
    }
    flags
}

/// Whether an event counted towards a leaf. For a streak only the days of the run count, which ends on the day of the
/// request or the day before.
fn counts((leaf, evidence): (&Leaf, &LeafEvidence), event: &Event, asked: EvaluationContext) -> bool {
    let in_run = match (leaf, evidence.have, event) {
        (Leaf::Streak { .. }, Seen::Number(days), Event::Activity(ActivityEvent::Recorded(fact))) => {
            let first = u64::try_from(days).ok().and_then(|days| asked.on.checked_sub_days(Days::new(days)));
            first.is_some_and(|first| fact.local_date >= first)
        }
        _ => true,
    };
    evidence.met && in_run && leaf.looks_at(event, asked)
}

/// Whether an event takes out a fact that counted before.
fn takes_out(event: &Event) -> bool {
    match event {
        Event::Activity(ActivityEvent::Voided(_))
        | Event::Referral(ReferralEvent::Voided(_))
        | Event::Member(MemberEvent::ProfileReopened(_) | MemberEvent::Erased(_)) => true,
        Event::Activity(ActivityEvent::Recorded(_))
        | Event::Referral(ReferralEvent::Created(_) | ReferralEvent::Qualified(_))
        | Event::Member(_)
        | Event::Campaign(_)
        | Event::Claim(_)
        | Event::Value(_) => false,
    }
}

/// The referrals that qualified within an hour of at least two others.
fn burst(qualified: &[(i64, DateTime<Utc>)]) -> Vec<i64> {
    let mut found: Vec<i64> = qualified
        .windows(BURST)
        .filter(|some| matches!(some, [(_, first), .., (_, last)] if *last - *first <= BURST_WITHIN))
        .flat_map(|some| some.iter().map(|(position, _)| *position))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests;
