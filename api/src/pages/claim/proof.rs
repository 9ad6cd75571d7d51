//! The place of one of the claim's events in the chain, whether the last verification covered it, and the checkpoints
//! that include it.

use askama::Template;
use domain::Moment;
use serde::Deserialize;

use crate::pages::evidence::Explanation;
use crate::pages::moment::Shown;
use crate::pages::part::part;
use crate::pages::proof::Chain;
use crate::pages::text::{Text, say};
use crate::pages::visit::Visit;

/// How many checkpoints are listed.
const CHECKPOINTS: usize = 2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    position: i64,
    finished_at: Option<Moment>,
    checks: Vec<Check>,
}

#[derive(Deserialize)]
struct Check {
    name: String,
    ok: bool,
}

#[derive(Deserialize)]
struct Checkpoints {
    checkpoints: Vec<Checkpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Checkpoint {
    position: i64,
    at: Moment,
    key_id: String,
}

#[derive(Template)]
#[template(path = "claim/proof.html")]
pub(super) struct Proof {
    text: Text,
    /// The claim's events to choose from: position, name, whether it is the one shown.
    choices: Vec<(i64, String, bool)>,
    kept: Vec<(String, String)>,
    chain: String,
    verified: Option<Verified>,
    verification: String,
    checkpoints: Vec<(String, String, String)>,
}

struct Verified {
    holds: bool,
    title: String,
    words: String,
}

impl Proof {
    pub(super) async fn of(visit: &Visit, shown: &Shown, told: &Explanation) -> Self {
        let text = visit.text;
        let positions: Vec<i64> = told.steps.iter().map(|step| step.position).collect();
        let asked = visit.asked("event").and_then(|position| position.parse().ok());
        let position = asked.filter(|position| positions.contains(position)).unwrap_or(told.position);
        let (chain, verified, checkpoints) = tokio::join!(
            Chain::around(visit, position),
            async { if shown.is_then() { None } else { verified(visit, position).await } },
            async { if shown.is_then() { vec![] } else { checkpoints(visit, position).await } },
        );
        let head = shown.moment().position;
        let choice = |step: &crate::pages::evidence::HistoryStep| {
            let name = say!(text, "ui-proof-choice", position = step.position, step = text.say_of("step", &step.step));
            (step.position, name, step.position == position)
        };
        let kept = visit.query.iter().filter(|(name, _)| name != "event").cloned().collect();
        Self {
            text,
            choices: told.steps.iter().map(choice).collect(),
            kept,
            chain: part(text, chain.map(|chain| chain.until(head))),
            verified,
            verification: visit.to("/ui/verification"),
            checkpoints,
        }
    }
}

/// Whether the last verification covered the event, and found no difference.
async fn verified(visit: &Visit, position: i64) -> Option<Verified> {
    let text = visit.text;
    let last: Verification = visit.api.get("/audit/verification", &[]).await.ok()?;
    let at = text.moment(last.finished_at?);
    let chain_holds = last.checks.iter().filter(|check| check.name == "hash_chain").all(|check| check.ok);
    if last.position < position {
        let words = say!(text, "ui-proof-not-yet-so", position = last.position, at = at);
        return Some(Verified { holds: false, title: text.say("ui-proof-not-yet"), words });
    }
    let title = text.say(if chain_holds { "ui-proof-holds" } else { "ui-proof-broken" });
    Some(Verified { holds: chain_holds, title, words: say!(text, "ui-proof-checked", count = last.position, at = at) })
}

/// The latest checkpoints that include the event. Older ones would prove more, but may not be kept by anybody.
async fn checkpoints(visit: &Visit, position: i64) -> Vec<(String, String, String)> {
    let text = visit.text;
    let kept: Result<Checkpoints, _> = visit.api.get("/audit/checkpoints", &[("limit", "20")]).await;
    let kept = kept.map(|kept| kept.checkpoints).unwrap_or_default();
    let covering = kept.into_iter().filter(|one| one.position >= position).take(CHECKPOINTS);
    covering.map(|one| (text.number(one.position), text.moment(one.at), one.key_id)).collect()
}
