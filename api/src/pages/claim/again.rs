//! The decision evaluated again: with the facts of that time or of now, and the rule of that time or of now. Shows what
//! differs, and which events caused it.

use askama::Template;
use domain::condition::LeafEvidence;
use serde::Deserialize;

use crate::pages::client::Refused;
use crate::pages::decide::Claim;
use crate::pages::evidence::{Explanation, seen};
use crate::pages::rule;
use crate::pages::text::{Text, say};
use crate::pages::visit::Visit;
use domain::condition::Condition;

/// How many causing events are listed.
const NAMED: usize = 8;

#[derive(Deserialize)]
struct ReEvaluation {
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attempt {
    position: i64,
    decided: Judgement,
    re_evaluated: Judgement,
    differences: Vec<Difference>,
}

#[derive(Deserialize)]
struct Judgement {
    verdict: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Difference {
    path: String,
    decided: Option<LeafEvidence>,
    re_evaluated: Option<LeafEvidence>,
    because: Vec<i64>,
}

/// The event as it is now, with the rule in force.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    condition: Condition,
    condition_version: u32,
}

#[derive(Template)]
#[template(path = "claim/again.html")]
pub(super) struct Again {
    text: Text,
    title: String,
    rule_then: String,
    rule_now: String,
    rule_now_sub: String,
    facts_then: String,
    facts_now: String,
    /// Rows: facts of that time, facts of now.
    rows: Vec<Vec<Result<Cell, Refused>>>,
}

struct Cell {
    met: bool,
    same_verdict: bool,
    words: String,
    because: Vec<(String, String)>,
    more: String,
}

impl Again {
    pub(super) async fn of(visit: &Visit, claim: &Claim, told: &Explanation) -> Self {
        let path = format!("/audit/claims/{}/re-evaluation", claim.id);
        let ask = async |facts, condition| {
            let query = [("facts", facts), ("condition", condition)];
            visit.api.get::<ReEvaluation>(&path, &query).await
        };
        let event_path = format!("/events/{}", claim.event_id);
        let (base, by_rule, by_facts, by_both, event) = tokio::join!(
            ask("asDecided", "asDecided"),
            ask("asDecided", "current"),
            ask("known", "asDecided"),
            ask("known", "current"),
            visit.api.get::<Event>(&event_path, &[]),
        );
        let text = visit.text;
        let then = told.condition_version;
        let now = event.as_ref().map_or(then, |event| event.condition_version);
        let current = event.as_ref().map_or(&told.condition, |event| &event.condition);
        let cell = |answer: Result<ReEvaluation, Refused>, current| cell(visit, told, current, answer);
        let rows = vec![
            vec![cell(base, None), cell(by_rule, Some(current))],
            vec![cell(by_facts, None), cell(by_both, Some(current))],
        ];
        let rule_now_sub = if now == then {
            text.say("ui-again-still-in-force")
        } else {
            say!(text, "ui-again-todays", rule = rule::summary(text, current))
        };
        Self {
            text,
            title: title(text, &rows),
            rule_then: say!(text, "ui-again-rule", version = then),
            rule_now: say!(text, "ui-again-rule", version = now),
            rule_now_sub,
            facts_then: say!(text, "ui-again-up-to", position = told.facts_position),
            facts_now: text.say("ui-again-all-facts"),
            rows,
        }
    }
}

/// The finding of all four evaluations, as a title.
fn title(text: Text, rows: &[Vec<Result<Cell, Refused>>]) -> String {
    let cells: Option<Vec<&Cell>> = rows.iter().flatten().map(|cell| cell.as_ref().ok()).collect();
    text.say(match cells.as_deref() {
        None => "ui-again-partly",
        Some([base, ..]) if !base.same_verdict => "ui-again-wrong",
        Some(cells) if cells.iter().all(|cell| cell.same_verdict) => "ui-again-same",
        Some([.., last]) if !last.same_verdict && last.met => "ui-again-met-now",
        Some([.., last]) if !last.same_verdict => "ui-again-unmet-now",
        Some(_) => "ui-again-differs",
    })
}

/// The attempt that decided the claim, evaluated again.
fn cell(
    visit: &Visit,
    told: &Explanation,
    current: Option<&Condition>,
    answer: Result<ReEvaluation, Refused>,
) -> Result<Cell, Refused> {
    let text = visit.text;
    let attempts = answer?.attempts;
    let attempt = attempts.iter().find(|attempt| attempt.position == told.position).or_else(|| attempts.last());
    let Some(Attempt { decided, re_evaluated, differences, .. }) = attempt else {
        let words = text.say("ui-again-no-attempt");
        return Ok(Cell { met: told.met, same_verdict: true, words, because: vec![], more: String::new() });
    };
    let same_verdict = decided.verdict == re_evaluated.verdict;
    let words = match (differences.as_slice(), same_verdict) {
        ([], _) => text.say("ui-again-nothing-differs"),
        (differences, _) => {
            let rule = current.unwrap_or(&told.condition);
            let said: Vec<_> = differences.iter().take(3).map(|one| difference(text, told, rule, one)).collect();
            said.join(" ")
        }
    };
    let because: Vec<i64> = differences.iter().flat_map(|one| one.because.iter().copied()).collect();
    let named = because.iter().take(NAMED);
    let more = because.len().saturating_sub(NAMED);
    Ok(Cell {
        met: re_evaluated.verdict == "met",
        same_verdict,
        words,
        because: named.map(|at| (text.number(*at), visit.to(&format!("/ui/log/{at}")))).collect(),
        more: if more > 0 { say!(text, "ui-again-and-more", count = more) } else { String::new() },
    })
}

/// One leaf that differs: `7 days in a row with “login”: 7 then, 4 now.`
fn difference(text: Text, told: &Explanation, current: &Condition, one: &Difference) -> String {
    let in_rule = |rule: &Condition| {
        rule.leaves_by_path()
            .into_iter()
            .find(|(path, _)| *path == one.path)
            .map(|(_, leaf)| rule::short(text, leaf).plain())
    };
    let of_now = in_rule(current);
    let of_then = in_rule(&told.condition);
    match (&one.decided, &one.re_evaluated) {
        (Some(then), Some(now)) => {
            let leaf = of_now.or(of_then).unwrap_or_else(|| one.path.clone());
            say!(text, "ui-again-leaf", leaf = leaf, before = seen(text, then.have), after = seen(text, now.have))
        }
        (None, Some(now)) => {
            let leaf = of_now.unwrap_or_else(|| one.path.clone());
            say!(text, "ui-again-leaf-new", leaf = leaf, seen = seen(text, now.have))
        }
        (_, None) => say!(text, "ui-again-leaf-gone", leaf = of_then.unwrap_or_else(|| one.path.clone())),
    }
}
