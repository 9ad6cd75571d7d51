//! Re-evaluates the decisions of one claim: on the facts as decided or as known now, by the condition that decided or
//! by another one. With the same facts and condition the result must be identical, byte for byte.
//!
//! *Known now* means every fact in the log that belongs to the day of asking or to an earlier one, late
//! and corrected ones included: the same rule by local date that conditions follow. A change of the
//! profile has no date of its own and counts from the day on which it was recorded, in the zone of
//! the decision.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::Event;
use domain::claim::Decision;
use domain::condition::{Condition, LeafEvidence};
use domain::id::ClaimId;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;

use super::AuditError;
use super::because::Because;
use super::history::{History, stream};
use super::rules::Rules;

/// The facts that a decision is re-evaluated on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FactsBasis {
    /// Those that it was made on.
    #[default]
    AsDecided,
    /// Those that the log holds now.
    Known,
}

/// The condition that a decision is re-evaluated by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ConditionBasis {
    /// The version that decided.
    #[default]
    AsDecided,
    /// The version in force now, with the campaign's present start.
    Current,
    /// This one, with the campaign's present start.
    Given(Arc<Condition>),
}

/// What decisions are re-evaluated on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basis {
    /// The facts.
    pub facts: FactsBasis,
    /// The condition.
    pub condition: ConditionBasis,
}

impl Basis {
    /// Whether the result must be identical to the decision.
    #[must_use]
    pub fn is_as_decided(&self) -> bool {
        *self == Self::default()
    }
}

/// All decisions of one claim, re-evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReEvaluation {
    /// The claim.
    pub claim_id: ClaimId,
    /// Every attempt in order, granted or denied.
    pub attempts: Vec<Attempt>,
    /// Whether no attempt differs.
    pub same: bool,
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReEvaluatedAttempt")]
pub struct Attempt {
    /// Its position in the log.
    pub position: i64,
    /// The stored judgement.
    pub decided: Judgement,
    /// The judgement of the re-evaluation.
    pub re_evaluated: Judgement,
    /// Whether verdict and evidence are the same.
    pub same: bool,
    /// The leaves that differ.
    pub differences: Vec<Difference>,
}

/// The verdict of a condition and its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Judgement {
    /// `met` or `unmet`.
    pub verdict: &'static str,
    /// What each leaf needed and saw.
    pub evidence: Vec<LeafEvidence>,
}

/// A leaf that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EvidenceDifference")]
pub struct Difference {
    /// Its path in the condition.
    pub path: String,
    /// The stored leaf; `null` when the condition had no such leaf.
    pub decided: Option<LeafEvidence>,
    /// The leaf of the re-evaluation; `null` when the condition has no such leaf.
    pub re_evaluated: Option<LeafEvidence>,
    /// The positions of the events that caused the difference: facts after those of the decision, and changes of the
    /// condition or the start. Empty when a condition given in the request is the cause, or when the stored decision
    /// does not follow from the log.
    pub because: Vec<i64>,
}

impl Judgement {
    pub(super) fn of(met: bool, evidence: Vec<LeafEvidence>) -> Self {
        Self { verdict: if met { "met" } else { "unmet" }, evidence }
    }

    /// The leaves that differ, by path; `because` tells which events caused it.
    pub(super) fn differences(&self, again: &Self, because: impl Fn(&str) -> Vec<i64>) -> Vec<Difference> {
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
                because: because(path),
            })
            .collect()
    }
}

/// Re-evaluates every decision of a claim with the log up to `head`; `None` when there is no such claim.
///
/// # Errors
/// See [`AuditError`].
pub async fn re_evaluate(
    conn: &mut PgConnection,
    claim: ClaimId,
    basis: &Basis,
    head: i64,
) -> Result<Option<ReEvaluation>, AuditError> {
    let stream = stream(conn, "claim", &claim.to_string(), head).await?;
    let steps: Vec<_> = stream
        .iter()
        .filter_map(
            |step| if let Event::Claim(event) = &step.event { Some((step.entry.position, event)) } else { None },
        )
        .collect();
    let Some((_, first)) = steps.first() else { return Ok(None) };
    let rules = Rules::of(conn, first.about().campaign_id, head).await?;
    let history = History::of(conn, first.member(), head).await?;
    let decisions = steps.iter().filter_map(|(position, event)| Some((*position, event.decision()?)));
    let attempts: Vec<_> = decisions
        .map(|(position, decision)| attempt(position, decision, basis, &rules, &history))
        .collect::<Result<_, _>>()?;
    let same = attempts.iter().all(|attempt| attempt.same);
    Ok(Some(ReEvaluation { claim_id: claim, attempts, same }))
}

fn attempt(
    position: i64,
    decision: &Decision,
    basis: &Basis,
    rules: &Rules,
    history: &History,
) -> Result<Attempt, AuditError> {
    let (condition, starts_on) = rules.by(basis, decision).ok_or_else(|| AuditError::Impossible {
        position,
        reason: "the decision names a condition that was never there".to_owned(),
    })?;
    let facts = match basis.facts {
        FactsBasis::AsDecided => history.until(decision.facts_position),
        FactsBasis::Known => history.known(decision, decision.judged_on()),
    };
    let (met, evidence) = decision.judge_again(condition, &facts, starts_on);
    let decided = Judgement::of(decision.met, decision.evidence.clone());
    let re_evaluated = Judgement::of(met, evidence);
    let because = Because { decision, basis, rules, history: Some(history) };
    let differences = decided.differences(&re_evaluated, |path| because.of_leaf(path));
    let same = decided == re_evaluated;
    Ok(Attempt { position, decided, re_evaluated, same, differences })
}
