//! Re-evaluates every decision in the log. On the facts as decided this takes one pass: the facts of a member are
//! folded a little behind the scan, so that a decision made on slightly older facts than the log held when it was
//! appended finds them. On the facts known now it takes two: first the facts, then the decisions.
//!
//! Memory holds the members who ever claimed, with the days of the activities that conditions name. Changes are passed
//! to the caller page by page. A run can be saved between two pages and resumed in another process, with a result that
//! is identical byte for byte.

mod cost;
mod members;
mod saved;
mod wanted;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use domain::Event;
use domain::claim::{ClaimEvent, Decision, DenialReason};
use domain::facts::{FACT_STREAMS, Facts, FactsNeeded};
use domain::id::{CampaignId, ClaimId, MemberId};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

pub use self::cost::{Cost, RewardCost};
pub use self::saved::NotResumed;

use self::cost::Costs;
use self::members::Members;
use self::wanted::{COLUMNS, Item, Wanted};
use super::AuditError;
use super::because::Because;
use super::history::{FACT_AND_CLAIM_STREAMS, History};
use super::judge::{Basis, ConditionBasis, Difference, FactsBasis, Judgement};
use super::rules::Rules;
use crate::log::{Scan, ScanRange};
use crate::read_models::member_facts::fold_kept_until;

/// How many changes are listed at most; all are counted.
pub const MAX_CHANGES: usize = 1_000;

const CLAIMS: &[&str] = &["claim"];

/// Which decisions to re-evaluate, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReEvaluationRequest {
    /// Only those of this campaign; `None`: all.
    pub campaign: Option<CampaignId>,
    /// The facts and the condition.
    pub basis: Basis,
    /// Only those up to this position of the log.
    pub position: i64,
}

/// The result without the changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// The number of decisions.
    pub decisions: i64,
    /// How many have the same verdict (with facts and condition as decided: the same evidence too).
    pub same: i64,
}

/// The result of a re-evaluation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ReEvaluations")]
pub struct Bulk {
    /// The number of decisions.
    pub decisions: i64,
    /// How many have the same verdict (with facts and condition as decided: the same evidence too).
    pub same: i64,
    /// The first [`MAX_CHANGES`] that differ, in the order of the log.
    pub changed: Vec<Change>,
    /// What the changes would have cost.
    pub cost: Cost,
    /// The position up to which the log was read.
    pub position: i64,
}

/// A decision with another verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ChangedDecision")]
pub struct Change {
    /// The claim.
    pub claim_id: ClaimId,
    /// Its position in the log.
    pub position: i64,
    /// The verdict as decided: `met` or `unmet`.
    pub from: &'static str,
    /// The verdict now; `impossible` when the stored decision contradicts itself or the log.
    pub to: &'static str,
    /// The difference in grants that this decision alone makes: 1, 0 or -1.
    pub stock: i64,
    /// The difference in amount.
    pub amount: i64,
    /// The leaves that differ.
    pub why: Vec<Difference>,
}

/// Re-evaluates all decisions; `None` when there is no such campaign. `progress` is called with the name of the pass
/// and the number of positions read.
///
/// # Errors
/// See [`AuditError`]. An event that cannot be decoded is skipped; the verification reports it.
pub async fn re_evaluate_all(
    pool: &PgPool,
    order: ReEvaluationRequest,
    mut progress: impl FnMut(&'static str, i64) + Send,
) -> Result<Option<Bulk>, AuditError> {
    let position = order.position;
    let Some(mut run) = Run::start(pool, order).await? else { return Ok(None) };
    let mut changed = Vec::new();
    while let Some(step) = run.next().await? {
        progress(step.reads, step.done);
        changed.extend(step.changed);
        changed.truncate(MAX_CHANGES);
    }
    let Totals { decisions, same } = run.totals();
    Ok(Some(Bulk { decisions, same, changed, cost: run.cost(), position }))
}

/// A re-evaluation in progress.
#[derive(Debug)]
pub struct Run {
    pool: PgPool,
    order: ReEvaluationRequest,
    /// The hash of the log at the last position: a saved run resumes on the same log only.
    hash: String,
    wanted: Arc<Wanted>,
    rules: HashMap<CampaignId, Rules>,
    members: Members,
    totals: Totals,
    costs: Costs,
    pass: usize,
    done: i64,
    /// The scan that reads pages ahead; `None` before the first page of a pass.
    scan: Option<Scan<Item>>,
}

/// The result of one page.
#[derive(Debug)]
pub struct ReEvaluationProgress {
    /// The name of the pass: `facts` or `decisions`.
    pub reads: &'static str,
    /// The last position read.
    pub done: i64,
    /// The decisions that differ.
    pub changed: Vec<Change>,
}

impl Run {
    /// Starts a re-evaluation; `None` when there is no such campaign.
    ///
    /// # Errors
    /// The database's.
    pub async fn start(pool: &PgPool, order: ReEvaluationRequest) -> Result<Option<Self>, AuditError> {
        let rules = all_rules(pool, order.campaign, order.position).await?;
        if order.campaign.is_some() && rules.is_empty() {
            return Ok(None);
        }
        let hash = saved::hash_at(&mut *pool.acquire().await?, order.position).await?;
        let claimants = claimants(pool, order.position).await?;
        let wanted = Wanted { campaign: order.campaign, claimants, needed: needed(&rules, &order.basis) };
        Ok(Some(Self {
            pool: pool.clone(),
            order,
            hash,
            wanted: Arc::new(wanted),
            rules,
            members: Members::default(),
            totals: Totals::default(),
            costs: Costs::default(),
            pass: 0,
            done: 0,
            scan: None,
        }))
    }

    /// The totals so far.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals
    }

    /// What the changes so far would have cost.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.costs.sum()
    }

    /// The position at which the run ends.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.order.position
    }

    fn passes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        match self.order.basis.facts {
            FactsBasis::AsDecided => &[("decisions", &FACT_AND_CLAIM_STREAMS)],
            FactsBasis::Known => &[("facts", &FACT_STREAMS), ("decisions", CLAIMS)],
        }
    }

    /// Re-evaluates the next page; `None` at the end.
    ///
    /// # Errors
    /// See [`AuditError`].
    pub async fn next(&mut self) -> Result<Option<ReEvaluationProgress>, AuditError> {
        while let Some((reads, streams)) = self.passes().get(self.pass).copied() {
            let mut scan = self.scan.take().unwrap_or_else(|| {
                let wanted = Arc::clone(&self.wanted);
                let piece = ScanRange { after: self.done, through: self.order.position, streams, columns: COLUMNS };
                Scan::of(&self.pool, piece, move |row| wanted.item(row))
            });
            let Some((done, items)) = scan.next().await? else {
                (self.pass, self.done) = (self.pass + 1, 0);
                continue;
            };
            self.scan = Some(scan);
            let mut changed = Vec::new();
            for item in items {
                changed.extend(self.take_in(item).await?);
            }
            self.done = done;
            return Ok(Some(ReEvaluationProgress { reads, done, changed }));
        }
        Ok(None)
    }

    async fn take_in(&mut self, item: Item) -> Result<Option<Change>, AuditError> {
        match item {
            Item::Fact { position, member, fact } => {
                self.members.take_in(member, position, fact);
                Ok(None)
            }
            Item::ReEvaluationProgress { position, claim, event } => match event.decision() {
                Some(decision) => self.decide(position, claim, &event, decision).await,
                None => {
                    self.costs.step(claim, &event);
                    Ok(None)
                }
            },
        }
    }

    async fn decide(
        &mut self,
        position: i64,
        claim: ClaimId,
        event: &ClaimEvent,
        decision: &Decision,
    ) -> Result<Option<Change>, AuditError> {
        self.totals.decisions += 1;
        let again = self.judge(position, event, decision).await?;
        let met = again.as_ref().map_or(decision.met, |(met, _)| *met);
        self.costs.decision(claim, event, met);
        let decided = Judgement::of(decision.met, decision.evidence.clone());
        let again = again.map(|(met, evidence)| Judgement::of(met, evidence));
        let same = again.as_ref().is_some_and(|again| {
            if self.order.basis.is_as_decided() { *again == decided } else { again.verdict == decided.verdict }
        });
        if same {
            self.totals.same += 1;
            return Ok(None);
        }
        let (to, why) = match again {
            Some(again) => (again.verdict, self.why(event, decision, &decided, &again).await?),
            None => ("impossible", vec![]),
        };
        let stock = cost::of_decision(event, met);
        let amount = stock * event.about().amount.get();
        Ok(Some(Change { claim_id: claim, position, from: decided.verdict, to, stock, amount, why }))
    }

    /// The leaves that differ. This reads the member's later facts from the log.
    async fn why(
        &self,
        event: &ClaimEvent,
        decision: &Decision,
        decided: &Judgement,
        again: &Judgement,
    ) -> Result<Vec<Difference>, AuditError> {
        let Some(rules) = self.rules.get(&event.about().campaign_id) else { return Ok(vec![]) };
        let history = match self.order.basis.facts {
            FactsBasis::AsDecided => None,
            FactsBasis::Known => {
                let mut conn = self.pool.acquire().await?;
                Some(History::of(&mut conn, event.member(), self.order.position).await?)
            }
        };
        let because = Because { decision, basis: &self.order.basis, rules, history: history.as_ref() };
        Ok(decided.differences(again, |path| because.of_leaf(path)))
    }

    /// `None` when the decision cannot have been made as it is stored.
    async fn judge(
        &mut self,
        position: i64,
        event: &ClaimEvent,
        decision: &Decision,
    ) -> Result<Option<(bool, Vec<domain::condition::LeafEvidence>)>, AuditError> {
        let rules = self.rules.get(&event.about().campaign_id);
        let rule = rules.and_then(|rules| rules.by(&self.order.basis, decision));
        let Some((condition, starts_on)) = rule.filter(|_| is_possible(position, event, decision)) else {
            return Ok(None);
        };
        let judge = |facts: &Facts| decision.judge_again(condition, facts, starts_on);
        let member = self.members.of(event.member().0);
        Ok(Some(match self.order.basis.facts {
            FactsBasis::Known => judge(member.known(decision, decision.judged_on())),
            FactsBasis::AsDecided => match member.until(decision.facts_position) {
                Some(facts) => judge(facts),
                None => judge(&older(&self.pool, event.member(), decision.facts_position).await?),
            },
        }))
    }
}

/// Reads facts from the log that are older than what is folded already; rarely needed.
async fn older(pool: &PgPool, member: MemberId, position: i64) -> Result<Facts, AuditError> {
    let mut conn = pool.acquire().await?;
    Ok(fold_kept_until(&mut conn, member, position).await?)
}

async fn all_rules(
    pool: &PgPool,
    campaign: Option<CampaignId>,
    position: i64,
) -> Result<HashMap<CampaignId, Rules>, AuditError> {
    let rows: Vec<(i64, String, String, String, String)> = sqlx::query_as(
        "select position, aggregate_id, event_type, event_version, payload::text
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
    for (position, id, event_type, version, payload) in rows {
        if let (Ok(id), Ok(Event::Campaign(event))) = (id.parse(), Event::decode(&event_type, &version, &payload)) {
            rules.entry(id).or_default().take_in(position, &event);
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

/// Checks that a decision rests on facts from before it, and that its outcome is one that the verdict allows.
fn is_possible(position: i64, event: &ClaimEvent, decision: &Decision) -> bool {
    let fits = match event {
        ClaimEvent::Granted(_) | ClaimEvent::Submitted(_) => decision.met,
        ClaimEvent::Denied(denied) => match denied.reason {
            DenialReason::ConditionUnmet => !decision.met,
            DenialReason::LimitReached
            | DenialReason::BudgetExhausted
            | DenialReason::OutOfStock
            | DenialReason::InsufficientPoints => decision.met,
            DenialReason::MemberBlocked | DenialReason::CampaignNotActive => true,
        },
        ClaimEvent::Approved(_)
        | ClaimEvent::Rejected(_)
        | ClaimEvent::Expired(_)
        | ClaimEvent::Withdrawn(_)
        | ClaimEvent::Fulfilled(_)
        | ClaimEvent::FulfilmentFailed(_)
        | ClaimEvent::Reversed(_)
        | ClaimEvent::Credited(_) => true,
    };
    fits && decision.facts_position < position
}
