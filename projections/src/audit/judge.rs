//! Decisions of one claim made again: on the facts as they were read or as they are known now, by the
//! rule that decided or by another one. On the same facts and rule the outcome must be the same, bit
//! for bit.
//!
//! *Known now* means every fact in the log that belongs to the day of asking or to an earlier one, late
//! and corrected ones included: the same rule by local date that conditions follow. A change of the
//! profile has no date of its own and counts from the day on which it was recorded, in the zone of
//! the decision.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::campaign::{CampaignEvent, CampaignTerms};
use domain::claim::{ClaimEvent, Decision};
use domain::condition::{Asked, Condition, LeafEvidence, evaluate};
use domain::facts::Facts;
use domain::id::{CampaignId, ClaimId, MemberId};
use domain::member::MemberEvent;
use domain::zone::local_date;
use domain::{Event, Moment};
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;

use super::AuditError;
use crate::log::{Recorded, read_stream};
use crate::member_facts::fold_until;

/// On which facts a decision is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FactsBasis {
    /// On those that it was made on.
    #[default]
    AsDecided,
    /// On those that the log holds now.
    Known,
}

/// By which condition a decision is made again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ConditionBasis {
    /// By the version that it was made by.
    #[default]
    AsDecided,
    /// By the one in force now, with the start of the campaign as it is now.
    Current,
    /// By this one, with the start of the campaign as it is now.
    Given(Arc<Condition>),
}

/// What decisions are made again on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basis {
    /// The facts.
    pub facts: FactsBasis,
    /// The condition.
    pub condition: ConditionBasis,
}

impl Basis {
    /// Whether nothing may differ at all.
    #[must_use]
    pub fn is_as_decided(&self) -> bool {
        *self == Self::default()
    }
}

/// All decisions of one claim, made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReEvaluation {
    /// Which claim.
    pub claim_id: ClaimId,
    /// Every attempt, grants and denials, in order.
    pub attempts: Vec<Attempt>,
    /// No attempt differs.
    pub same: bool,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReEvaluatedAttempt")]
pub struct Attempt {
    /// Where it stands in the log.
    pub position: i64,
    /// As it was judged.
    pub decided: Judgement,
    /// As it is judged again.
    pub re_evaluated: Judgement,
    /// Verdict and evidence are the same.
    pub same: bool,
    /// The leaves that are not.
    pub differences: Vec<Difference>,
}

/// What a condition said, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Judgement {
    /// `met` or `unmet`.
    pub verdict: &'static str,
    /// What every leaf needed and saw.
    pub evidence: Vec<LeafEvidence>,
}

/// A leaf that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EvidenceDifference")]
pub struct Difference {
    /// Where it stands in the condition.
    pub path: String,
    /// As it was; none when the condition had no such leaf.
    pub decided: Option<LeafEvidence>,
    /// As it is judged again; none when the condition has no such leaf.
    pub re_evaluated: Option<LeafEvidence>,
}

impl Judgement {
    pub(super) fn of(met: bool, evidence: Vec<LeafEvidence>) -> Self {
        Self { verdict: if met { "met" } else { "unmet" }, evidence }
    }

    /// Leaf by leaf, by path.
    pub(super) fn differences(&self, again: &Self) -> Vec<Difference> {
        type Sides<'a> = (Option<&'a LeafEvidence>, Option<&'a LeafEvidence>);
        let mut leaves: BTreeMap<&str, Sides<'_>> = BTreeMap::new();
        for leaf in &self.evidence {
            leaves.entry(&leaf.path).or_default().0 = Some(leaf);
        }
        for leaf in &again.evidence {
            leaves.entry(&leaf.path).or_default().1 = Some(leaf);
        }
        let differing = leaves.into_iter().filter(|(_, (decided, again))| decided != again);
        differing
            .map(|(path, (decided, again))| Difference {
                path: path.to_owned(),
                decided: decided.cloned(),
                re_evaluated: again.cloned(),
            })
            .collect()
    }
}

/// Makes every decision of a claim again, with what the log holds up to `head`; `None` when there is
/// no such claim.
///
/// # Errors
/// See [`AuditError`].
pub async fn re_evaluate(
    conn: &mut PgConnection,
    claim: ClaimId,
    basis: &Basis,
    head: i64,
) -> Result<Option<ReEvaluation>, AuditError> {
    let mut attempts = Vec::new();
    for recorded in stream(conn, "claim", &claim.to_string(), head).await? {
        if let Event::Claim(event) = &recorded.event
            && let Some(decision) = event.decision()
        {
            attempts.push(attempt(conn, recorded.entry.position, event, decision, basis, head).await?);
        }
    }
    let same = attempts.iter().all(|attempt| attempt.same);
    Ok((!attempts.is_empty()).then_some(ReEvaluation { claim_id: claim, attempts, same }))
}

async fn attempt(
    conn: &mut PgConnection,
    position: i64,
    event: &ClaimEvent,
    decision: &Decision,
    basis: &Basis,
    head: i64,
) -> Result<Attempt, AuditError> {
    let about = event.about();
    let rules = Rules::of(conn, about.campaign_id, head).await?;
    let (condition, starts_on) = rules.by(basis, decision).ok_or_else(|| no_condition(position))?;
    let on = local_date(decision.time_zone, decision.evaluated_at);
    let facts = match basis.facts {
        FactsBasis::AsDecided => fold_until(conn, about.member_id, decision.facts_position).await?,
        FactsBasis::Known => known(conn, about.member_id, head, decision, on).await?,
    };
    let (met, evidence) = evaluate(condition, &facts, Asked { on, event_starts_on: Some(starts_on) });
    let decided = Judgement::of(decision.met, decision.evidence.clone());
    let re_evaluated = Judgement::of(met, evidence);
    let differences = decided.differences(&re_evaluated);
    let same = decided == re_evaluated;
    Ok(Attempt { position, decided, re_evaluated, same, differences })
}

fn no_condition(position: i64) -> AuditError {
    AuditError::Impossible { position, reason: "the decision names a condition that was never there".to_owned() }
}

/// The conditions of one campaign by version, and its terms in force.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    versions: BTreeMap<u32, Arc<Condition>>,
    terms: Option<CampaignTerms>,
}

impl Rules {
    async fn of(conn: &mut PgConnection, campaign: CampaignId, head: i64) -> Result<Self, AuditError> {
        let mut rules = Self::default();
        for recorded in stream(conn, "campaign", &campaign.to_string(), head).await? {
            if let Event::Campaign(event) = &recorded.event {
                rules.take_in(event);
            }
        }
        Ok(rules)
    }

    pub(super) fn take_in(&mut self, event: &CampaignEvent) {
        match event {
            CampaignEvent::Created(created) => {
                self.versions.insert(1, Arc::new(created.condition.clone()));
                self.terms = Some(created.terms.clone());
            }
            CampaignEvent::Revised(revised) => {
                if let Some(condition) = &revised.condition {
                    self.versions.insert(revised.condition_version, Arc::new(condition.clone()));
                }
                self.terms = Some(revised.terms.clone());
            }
            CampaignEvent::Opened(_)
            | CampaignEvent::Closed(_)
            | CampaignEvent::Paused(_)
            | CampaignEvent::Resumed(_)
            | CampaignEvent::Ended(_)
            | CampaignEvent::RewardAdded(_)
            | CampaignEvent::RewardRevised(_)
            | CampaignEvent::StockChanged(_) => {}
        }
    }

    /// Every condition there ever was.
    pub(super) fn conditions(&self) -> impl Iterator<Item = &Arc<Condition>> {
        self.versions.values()
    }

    /// The condition to judge a decision by, and the date on which the campaign starts for it.
    pub(super) fn by<'a>(&'a self, basis: &'a Basis, decision: &Decision) -> Option<(&'a Condition, NaiveDate)> {
        let starts_on = self.terms.as_ref().map(CampaignTerms::starts_on);
        match &basis.condition {
            ConditionBasis::AsDecided => {
                self.versions.get(&decision.condition_version).map(|rule| (&**rule, decision.event_starts_on))
            }
            ConditionBasis::Current => {
                self.versions.last_key_value().zip(starts_on).map(|((_, rule), starts_on)| (&**rule, starts_on))
            }
            ConditionBasis::Given(rule) => Some((rule, starts_on.unwrap_or(decision.event_starts_on))),
        }
    }
}

/// The facts that the log holds now, as far as they belong to the day of asking or an earlier one.
async fn known(
    conn: &mut PgConnection,
    member: MemberId,
    head: i64,
    decision: &Decision,
    on: NaiveDate,
) -> Result<Facts, AuditError> {
    let mut facts = fold_until(conn, member, head).await?;
    let mut profile = Profile::default();
    for recorded in stream(conn, "member", &member.to_string(), head).await? {
        if let Event::Member(event) = &recorded.event {
            profile.take_in(event, recorded.entry.occurred_at);
        }
    }
    if let Some(member) = &mut facts.member {
        member.profile_complete = profile.complete_on(decision, on);
    }
    Ok(facts)
}

/// When a profile became complete and incomplete.
#[derive(Debug, Clone, Default)]
pub(super) struct Profile(Vec<(Moment, bool)>);

impl Profile {
    pub(super) fn take_in(&mut self, event: &MemberEvent, at: Moment) {
        match event {
            MemberEvent::ProfileCompleted(_) => self.0.push((at, true)),
            MemberEvent::ProfileReopened(_) => self.0.push((at, false)),
            MemberEvent::Registered(_)
            | MemberEvent::TimeZoneChanged(_)
            | MemberEvent::RoleChanged(_)
            | MemberEvent::Blocked(_)
            | MemberEvent::Unblocked(_)
            | MemberEvent::Erased(_) => {}
        }
    }

    /// Whether it was complete at the end of a day, in the zone of a decision.
    pub(super) fn complete_on(&self, decision: &Decision, on: NaiveDate) -> bool {
        let until = self.0.iter().take_while(|(at, _)| local_date(decision.time_zone, *at) <= on);
        until.last().is_some_and(|(_, complete)| *complete)
    }
}

async fn stream(conn: &mut PgConnection, stream_type: &str, id: &str, head: i64) -> Result<Vec<Recorded>, AuditError> {
    let entries = read_stream(conn, stream_type, id).await?;
    entries
        .into_iter()
        .filter(|entry| entry.position <= head)
        .map(|entry| {
            let position = entry.position;
            entry.recorded().map_err(|source| AuditError::Event { position, source })
        })
        .collect()
}
