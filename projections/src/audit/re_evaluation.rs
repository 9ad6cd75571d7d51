//! Every decision in the log made again. Facts as decided need one fold: the facts of a member stand
//! still a little behind the scan, so that a decision that was made on slightly older facts than the log
//! held when it was written finds them. Facts as known now need the fold first and the decisions after.
//!
//! What is in memory are the members who ever claimed, with the kinds of facts that the conditions
//! name; the list of changes ends after [`MAX_CHANGES`].

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use domain::activity::ActivityEvent;
use domain::claim::{ClaimEvent, Decision, DenialReason};
use domain::condition::{Asked, evaluate};
use domain::facts::{Facts, FactsNeeded};
use domain::id::{CampaignId, ClaimId, MemberId};
use domain::zone::local_date;
use domain::{Event, Moment};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use super::AuditError;
use super::judge::{Basis, ConditionBasis, Difference, FactsBasis, Judgement, Profile, Rules};
use super::scan::{Row, Scan};
use crate::member_facts::fold_until;

/// The most changes that are listed; all of them are counted.
pub const MAX_CHANGES: usize = 1_000;
/// How many facts of one member wait for a decision that was made before them.
const HELD_BACK: usize = 32;

const FACTS: &[&str] = &["member", "activity", "referral"];
const CLAIMS: &[&str] = &["claim"];
const FACTS_AND_CLAIMS: &[&str] = &["member", "activity", "referral", "claim"];

/// All decisions, made again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReEvaluations")]
pub struct Bulk {
    /// How many decisions there are.
    pub decisions: i64,
    /// How many come to the same verdict (on facts and condition as decided: with the same evidence).
    pub same: i64,
    /// The others, in the order of the log, the first [`MAX_CHANGES`] of them.
    pub changed: Vec<Change>,
    /// Up to where the log was read.
    pub position: i64,
}

/// One decision that would be another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangedDecision")]
pub struct Change {
    /// Of which claim.
    pub claim_id: ClaimId,
    /// Where it stands in the log.
    pub position: i64,
    /// The verdict as decided: `met` or `unmet`.
    pub from: &'static str,
    /// The verdict now; `impossible` when the stored decision contradicts itself or the log.
    pub to: &'static str,
    /// The leaves that differ.
    pub why: Vec<Difference>,
}

/// Makes all decisions up to a position again, of one campaign or of all; `None` when there is no such
/// campaign. `progress` is told how many positions are done.
///
/// # Errors
/// See [`AuditError`]. What cannot be decoded is left out: the verification finds it.
pub async fn re_evaluate_all(
    pool: &PgPool,
    campaign: Option<CampaignId>,
    basis: &Basis,
    position: i64,
    mut progress: impl FnMut(i64) + Send,
) -> Result<Option<Bulk>, AuditError> {
    let rules = all_rules(pool, campaign, position).await?;
    if campaign.is_some() && rules.is_empty() {
        return Ok(None);
    }
    let wanted =
        Arc::new(Wanted { campaign, claimants: claimants(pool, position).await?, needed: needed(&rules, basis) });
    let mut fold = Fold { pool, basis, rules, members: HashMap::new(), bulk: Bulk { position, ..Bulk::default() } };
    let passes: &[&'static [&'static str]] = match basis.facts {
        FactsBasis::AsDecided => &[FACTS_AND_CLAIMS],
        FactsBasis::Known => &[FACTS, CLAIMS],
    };
    for streams in passes {
        let wanted = Arc::clone(&wanted);
        let mut scan = Scan::start(pool, position, streams, move |row| wanted.item(row));
        while let Some((done, items)) = scan.next().await? {
            for item in items {
                fold.take_in(item).await?;
            }
            progress(done);
        }
    }
    Ok(Some(fold.bulk))
}

async fn all_rules(
    pool: &PgPool,
    campaign: Option<CampaignId>,
    position: i64,
) -> Result<HashMap<CampaignId, Rules>, AuditError> {
    let rows: Vec<(String, String, String, String)> = sqlx::query_as(
        "select aggregate_id, event_type, event_version, payload::text
        from events
        where aggregate_type = 'campaign'
          and position <= $1
          and ($2::text is null or aggregate_id = $2)
        order by position",
    )
    .bind(position)
    .bind(campaign.map(|campaign| campaign.to_string()))
    .persistent(false)
    .fetch_all(pool)
    .await?;
    let mut rules: HashMap<CampaignId, Rules> = HashMap::new();
    for (id, event_type, version, payload) in rows {
        if let (Ok(id), Ok(Event::Campaign(event))) = (id.parse(), Event::decode(&event_type, &version, &payload)) {
            rules.entry(id).or_default().take_in(&event);
        }
    }
    Ok(rules)
}

async fn claimants(pool: &PgPool, position: i64) -> Result<HashSet<Uuid>, AuditError> {
    let subjects: Vec<String> =
        sqlx::query_scalar("select distinct subject from events where aggregate_type = 'claim' and position <= $1")
            .bind(position)
            .persistent(false)
            .fetch_all(pool)
            .await?;
    Ok(subjects.iter().filter_map(|subject| subject.parse().ok()).collect())
}

fn needed(rules: &HashMap<CampaignId, Rules>, basis: &Basis) -> FactsNeeded {
    let mut all = FactsNeeded::default();
    let mut add = |needed: FactsNeeded| {
        all.dates.extend(needed.dates);
        all.tallies.extend(needed.tallies);
        all.every_kind |= needed.every_kind;
        all.referrals |= needed.referrals;
    };
    if let ConditionBasis::Given(condition) = &basis.condition {
        add(condition.needs());
    }
    rules.values().flat_map(Rules::conditions).for_each(|condition| add(condition.needs()));
    all
}

/// What is kept of the log.
struct Wanted {
    campaign: Option<CampaignId>,
    claimants: HashSet<Uuid>,
    needed: FactsNeeded,
}

/// A piece of the log that matters.
enum Item {
    Fact { position: i64, member: Uuid, event: Box<Event>, at: Moment },
    Decision { position: i64, claim: ClaimId, event: Box<ClaimEvent> },
}

impl Wanted {
    fn item(&self, row: Row<'_>) -> Option<Item> {
        let position = row.position;
        let member: Uuid = row.subject.parse().ok()?;
        if !self.claimants.contains(&member) {
            return None;
        }
        match row.event().ok()? {
            Event::Claim(event) => {
                let ours = self.campaign.is_none_or(|campaign| event.about().campaign_id == campaign);
                (ours && event.decision().is_some()).then_some(Item::Decision {
                    position,
                    claim: row.stream_id.parse().ok()?,
                    event: Box::new(event),
                })
            }
            event => self.matters(&event).then(|| Item::Fact {
                position,
                member,
                event: Box::new(event),
                at: row.occurred_at,
            }),
        }
    }

    fn matters(&self, event: &Event) -> bool {
        let kind = match event {
            Event::Member(_) | Event::Referral(_) => return true,
            Event::Campaign(_) | Event::Claim(_) => return false,
            Event::Activity(ActivityEvent::Recorded(fact)) => &fact.kind,
            Event::Activity(ActivityEvent::Voided(fact)) => &fact.kind,
        };
        self.needed.every_kind || self.needed.dates.contains(kind) || self.needed.tallies.contains(kind)
    }
}

struct Fold<'a> {
    pool: &'a PgPool,
    basis: &'a Basis,
    rules: HashMap<CampaignId, Rules>,
    members: HashMap<Uuid, Member>,
    bulk: Bulk,
}

/// The facts of one member, a little behind the scan.
#[derive(Default)]
struct Member {
    facts: Facts,
    /// The position of the last fact in `facts`.
    folded: i64,
    held_back: VecDeque<(i64, Event)>,
    profile: Profile,
}

impl Member {
    fn take_in(&mut self, position: i64, event: Event, at: Moment) {
        if let Event::Member(event) = &event {
            self.profile.take_in(event, at);
        }
        self.held_back.push_back((position, event));
        if self.held_back.len() > HELD_BACK {
            self.fold_next();
        }
    }

    fn fold_next(&mut self) {
        if let Some((position, event)) = self.held_back.pop_front() {
            self.facts.apply(&event);
            self.folded = position;
        }
    }

    /// Folds up to a position; `None` when it is beyond already.
    fn until(&mut self, position: i64) -> Option<&mut Facts> {
        while self.held_back.front().is_some_and(|(next, _)| *next <= position) {
            self.fold_next();
        }
        (self.folded <= position).then_some(&mut self.facts)
    }
}

impl Fold<'_> {
    async fn take_in(&mut self, item: Item) -> Result<(), AuditError> {
        match item {
            Item::Fact { position, member, event, at } => {
                self.members.entry(member).or_default().take_in(position, *event, at);
                Ok(())
            }
            Item::Decision { position, claim, event } => self.decide(position, claim, &event).await,
        }
    }

    async fn decide(&mut self, position: i64, claim: ClaimId, event: &ClaimEvent) -> Result<(), AuditError> {
        let Some(decision) = event.decision() else { return Ok(()) };
        self.bulk.decisions += 1;
        let decided = Judgement::of(decision.met, decision.evidence.clone());
        let again = self.judge(position, event, decision).await?;
        let same = again.as_ref().is_some_and(|again| {
            if self.basis.is_as_decided() { *again == decided } else { again.verdict == decided.verdict }
        });
        if same {
            self.bulk.same += 1;
        } else if self.bulk.changed.len() < MAX_CHANGES {
            let (to, why) = match again {
                Some(again) => (again.verdict, decided.differences(&again)),
                None => ("impossible", vec![]),
            };
            self.bulk.changed.push(Change { claim_id: claim, position, from: decided.verdict, to, why });
        }
        Ok(())
    }

    /// `None` when the decision cannot have been made as it is stored.
    async fn judge(
        &mut self,
        position: i64,
        event: &ClaimEvent,
        decision: &Decision,
    ) -> Result<Option<Judgement>, AuditError> {
        let rules = self.rules.get(&event.about().campaign_id);
        let rule = rules.and_then(|rules| rules.by(self.basis, decision));
        let Some((condition, starts_on)) = rule.filter(|_| is_possible(position, event, decision)) else {
            return Ok(None);
        };
        let on = local_date(decision.time_zone, decision.evaluated_at);
        let asked = Asked { on, event_starts_on: Some(starts_on) };
        let member = event.member();
        let folded = self.members.entry(member.0).or_default();
        let (met, evidence) = match self.basis.facts {
            FactsBasis::Known => {
                let complete = folded.profile.complete_on(decision, on);
                let facts = folded.until(i64::MAX);
                if let Some(member) = facts.and_then(|facts| facts.member.as_mut()) {
                    member.profile_complete = complete;
                }
                evaluate(condition, &folded.facts, asked)
            }
            FactsBasis::AsDecided => match folded.until(decision.facts_position) {
                Some(facts) => evaluate(condition, facts, asked),
                None => evaluate(condition, &self.older(member, decision.facts_position).await?, asked),
            },
        };
        Ok(Some(Judgement::of(met, evidence)))
    }

    /// Facts from before what is folded already: from the log, which is rarely needed.
    async fn older(&self, member: MemberId, position: i64) -> Result<Facts, AuditError> {
        let mut conn = self.pool.acquire().await?;
        Ok(fold_until(&mut conn, member, position).await?)
    }
}

/// A step rests on facts from before it, and its outcome is one that the verdict allows.
fn is_possible(position: i64, event: &ClaimEvent, decision: &Decision) -> bool {
    let fits = match event {
        ClaimEvent::Granted(_) | ClaimEvent::Submitted(_) => decision.met,
        ClaimEvent::Denied(denied) => match denied.reason {
            DenialReason::ConditionUnmet => !decision.met,
            DenialReason::LimitReached | DenialReason::BudgetExhausted | DenialReason::OutOfStock => decision.met,
            DenialReason::MemberBlocked | DenialReason::EventNotActive => true,
        },
        ClaimEvent::Approved(_)
        | ClaimEvent::Rejected(_)
        | ClaimEvent::Expired(_)
        | ClaimEvent::Fulfilled(_)
        | ClaimEvent::FulfilmentFailed(_)
        | ClaimEvent::Reversed(_) => true,
    };
    fits && decision.facts_position < position
}
