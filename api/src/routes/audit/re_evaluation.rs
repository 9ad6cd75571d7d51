//! Every attempt of a claim, judged again on the facts as they were: the same condition, the same
//! facts and the same moment must give the same verdict and evidence, bit for bit.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use domain::campaign::CampaignEvent;
use domain::claim::{ClaimEvent, Decision};
use domain::condition::{Asked, Condition, LeafEvidence, evaluate};
use domain::event::Event;
use domain::id::CampaignId;
use domain::zone::local_date;
use projections::log::{Recorded, read_stream};
use projections::member_facts::fold_until;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::callers::Auditor;
use crate::extract::{PathId, Query};
use crate::fields::{Fields, FromFields, readers};
use crate::positions::{At, MinPosition};
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// What to judge by: as yet only what the decision was made by.
pub(super) struct By;

impl FromFields for By {
    fn read(fields: &mut Fields) -> Option<Self> {
        let as_decided = || readers::choice([("asDecided", ())]);
        let facts = fields.optional("facts", as_decided());
        let condition = fields.optional("condition", as_decided());
        facts.and(condition).map(|_| Self)
    }
}

/// Makes the decisions of one claim again.
pub(super) async fn re_evaluate(
    State(state): State<AppState>,
    _: Auditor,
    PathId(claim): PathId,
    min: MinPosition,
    _: Query<By>,
) -> Result<At<Json<ReEvaluation>>, Problem> {
    let mut connection = state.pool.acquire().await?;
    let head = min.within(projections::log::head(&mut connection).await?.position)?;
    let mut attempts = Vec::new();
    for recorded in stream(&mut connection, "claim", &claim.to_string()).await? {
        if let Event::Claim(event) = &recorded.event
            && let Some(decision) = event.decision()
        {
            attempts.push(attempt(&mut connection, recorded.entry.position, event, decision).await?);
        }
    }
    if attempts.is_empty() {
        return Err(Problem::new(Code::NotFound));
    }
    let same = attempts.iter().all(|attempt| attempt.same);
    Ok(At(head, Json(ReEvaluation { claim_id: claim, attempts, same })))
}

async fn attempt(
    connection: &mut PgConnection,
    position: i64,
    event: &ClaimEvent,
    decision: &Decision,
) -> Result<Attempt, Problem> {
    let about = event.about();
    let condition = condition(connection, about.campaign_id, decision.condition_version).await?;
    let facts = fold_until(connection, about.member_id, decision.facts_position).await?;
    let on = local_date(decision.time_zone, decision.evaluated_at);
    let asked = Asked { on, event_starts_on: Some(decision.event_starts_on) };
    let (met, evidence) = evaluate(&condition, &facts, asked);
    let decided = Judgement::of(decision.met, &decision.evidence);
    let re_evaluated = Judgement::of(met, &evidence);
    let differences = differences(&decided, &re_evaluated);
    let same = decided == re_evaluated;
    Ok(Attempt { position, decided, re_evaluated, same, differences })
}

/// The condition of a campaign in one of its versions.
async fn condition(connection: &mut PgConnection, campaign: CampaignId, version: u32) -> Result<Condition, Problem> {
    let mut found = None;
    for recorded in stream(connection, "campaign", &campaign.to_string()).await? {
        match recorded.event {
            Event::Campaign(CampaignEvent::Created(created)) if version == 1 => found = Some(created.condition),
            Event::Campaign(CampaignEvent::Revised(revised)) if revised.condition_version == version => {
                found = revised.condition.or(found);
            }
            Event::Campaign(_) | Event::Member(_) | Event::Activity(_) | Event::Referral(_) | Event::Claim(_) => {}
        }
    }
    found.ok_or_else(|| Problem::internal("re-evaluation", &"a decision names a condition that was never there"))
}

async fn stream(connection: &mut PgConnection, stream_type: &str, id: &str) -> Result<Vec<Recorded>, Problem> {
    let entries = read_stream(connection, stream_type, id).await?;
    entries
        .into_iter()
        .map(|entry| entry.recorded().map_err(|error| Problem::internal("re-evaluation", &error)))
        .collect()
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReEvaluation {
    claim_id: Uuid,
    attempts: Vec<Attempt>,
    same: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    position: i64,
    decided: Judgement,
    re_evaluated: Judgement,
    same: bool,
    differences: Vec<Difference>,
}

/// The verdict, and the evidence as the text that would be stored.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Judgement {
    verdict: &'static str,
    evidence: Vec<Value>,
}

impl Judgement {
    fn of(met: bool, evidence: &[LeafEvidence]) -> Self {
        Self { verdict: if met { "met" } else { "unmet" }, evidence: evidence.iter().map(|leaf| json!(leaf)).collect() }
    }
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Difference {
    path: String,
    decided: Option<Value>,
    re_evaluated: Option<Value>,
}

/// Leaf by leaf, by path.
fn differences(decided: &Judgement, re_evaluated: &Judgement) -> Vec<Difference> {
    let mut leaves: BTreeMap<String, (Option<Value>, Option<Value>)> = BTreeMap::new();
    let path = |leaf: &Value| leaf.get("path").and_then(Value::as_str).unwrap_or_default().to_owned();
    for leaf in &decided.evidence {
        leaves.entry(path(leaf)).or_default().0 = Some(leaf.clone());
    }
    for leaf in &re_evaluated.evidence {
        leaves.entry(path(leaf)).or_default().1 = Some(leaf.clone());
    }
    let differing = leaves.into_iter().filter(|(_, (decided, re_evaluated))| decided != re_evaluated);
    differing.map(|(path, (decided, re_evaluated))| Difference { path, decided, re_evaluated }).collect()
}
