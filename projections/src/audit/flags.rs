//! What an operator may want to know before deciding a claim: counted facts that came late, referrals that were qualified
//! all at once, a rule that is met no more. A flag decides nothing. What is looked at is bounded: the latest events of
//! the member, and no others.

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

/// How many events are named for a flag: the latest.
pub const MAX_NAMED: usize = 20;
/// A fact that is recorded so long after it happened is late.
const LATE_AFTER: TimeDelta = TimeDelta::hours(24);
/// So many referrals …
const BURST: usize = 3;
/// … qualified within so long are a burst.
const BURST_WITHIN: TimeDelta = TimeDelta::hours(1);
/// How many events of a member are looked at, the latest ones.
const MAX_EVENTS: i64 = 500;

/// A claim that waits for a decision, as far as flags look at it.
#[derive(Debug, Clone, Copy)]
pub struct Pending<'a> {
    /// Who claims.
    pub member: MemberId,
    /// From which campaign.
    pub campaign: CampaignId,
    /// How it was judged.
    pub decision: &'a Decision,
}

/// What may be wrong with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FlagKind {
    /// Counted facts were recorded more than 24 hours after they happened.
    LateFacts,
    /// Three or more of the counted referrals were qualified within an hour.
    ReferralBurst,
    /// On the facts that are known now, the rule would not be met at the moment of asking.
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

/// Something that an operator may want to look at. It decides nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ClaimFlag")]
pub struct Flag {
    /// What.
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

/// The flags of some claims, in their order. Facts known now are those of the end of the log.
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
    let requests: Vec<FactsRequest> =
        requests.map(|(claim, rule)| FactsRequest { member: claim.member, needed: rule.needs() }).collect();
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

/// Of each claimant the late facts, the qualified referrals and what took something out again, in the order of the log.
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
    // planned each time: a plan made while the log was empty would read all of it ever after
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

/// Whether an event is among what made a leaf met. Of a run, only its own days count: it ends on the day of asking or
/// on the day before, and was there a fact on the day before its first, the run would be longer.
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

/// Whether an event takes out what counted before.
fn takes_out(event: &Event) -> bool {
    match event {
        Event::Activity(ActivityEvent::Voided(_))
        | Event::Referral(ReferralEvent::Voided(_))
        | Event::Member(MemberEvent::ProfileReopened(_) | MemberEvent::Erased(_)) => true,
        Event::Activity(ActivityEvent::Recorded(_))
        | Event::Referral(ReferralEvent::Created(_) | ReferralEvent::Qualified(_))
        | Event::Member(_)
        | Event::Campaign(_)
        | Event::Claim(_) => false,
    }
}

/// Those of some referrals that were qualified with at least two others within an hour.
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
