//! The evidence of a decision, leaf by leaf: which parts of the rule were met, which were needed, the days of a streak,
//! the events that counted. It reads the explanation of a claim, and does not know which page shows it.

mod marks;
mod strip;

use std::collections::HashMap;

use askama::Template;
use chrono::NaiveDate;
use domain::Moment;
use domain::condition::{Condition, LeafEvidence, Seen};
use serde::Deserialize;

use super::rule::{self, RuleTree, Sentence};
use super::text::{Text, say};
use marks::{Mark, marks};
use strip::Strip;

/// How many events are listed for a leaf.
const NAMED: usize = 7;

/// The API's explanation of a claim's status.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explanation {
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) summary: String,
    pub(super) condition: Condition,
    pub(super) condition_version: u32,
    pub(super) met: bool,
    pub(super) evaluated_at: Moment,
    pub(super) time_zone: String,
    pub(super) local_date: NaiveDate,
    pub(super) facts_position: i64,
    pub(super) position: i64,
    pub(super) leaves: Vec<ExplainedLeaf>,
    #[serde(default)]
    pub(super) days: Vec<Day>,
    /// What it has credited and cost, in sentences.
    #[serde(default)]
    pub(super) value: Vec<String>,
    pub(super) steps: Vec<HistoryStep>,
}

/// A leaf of the rule, with its evidence and the events that counted.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct ExplainedLeaf {
    #[serde(flatten)]
    pub(super) evidence: LeafEvidence,
    pub(super) counted: Counted,
}

/// The events that counted.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Counted {
    pub(super) positions: Vec<i64>,
    pub(super) more: bool,
}

/// A day of a streak.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Day {
    pub(super) path: String,
    pub(super) date: NaiveDate,
    pub(super) recorded_at: Moment,
    pub(super) late: bool,
}

/// One event of the claim's history.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct HistoryStep {
    pub(super) step: String,
    pub(super) at: Moment,
    pub(super) actor: String,
    pub(super) note: Option<String>,
    pub(super) text: String,
    pub(super) position: i64,
}

/// The rule as a tree of sentences with its evidence.
#[derive(Template)]
#[template(path = "evidence/tree.html")]
pub(super) struct EvidenceTree {
    steps: Vec<Step>,
}

/// The same evidence as a list of leaves, for a card.
#[derive(Template)]
#[template(path = "evidence/needs.html")]
pub(super) struct Needs {
    leaves: Vec<Leaf>,
}

enum Step {
    Open { name: String, class: &'static str, word: String, depth: usize },
    Leaf { leaf: Box<Leaf>, depth: usize },
    Close { depth: usize },
}

/// A leaf as the template shows it.
pub(super) struct Leaf {
    mark: Mark,
    word: String,
    sentence: Sentence,
    have: String,
    need: Option<String>,
    meter: Option<Meter>,
    strip: Option<Strip>,
    /// The number of events that counted, in words.
    counted: Option<String>,
    /// Their positions in the log, with a link for readers who may see the log.
    events: Vec<(String, Option<String>)>,
    remark: Option<String>,
}

/// A meter of how much of the need is met, in percent.
struct Meter {
    width: String,
    need: Option<&'static str>,
}

/// Makes the link of a position; `None` for readers who may not see the log.
pub(super) type LogLink<'a> = &'a dyn Fn(i64) -> Option<String>;

impl Explanation {
    pub(super) fn tree(&self, text: Text, log: LogLink<'_>) -> EvidenceTree {
        let marks = self.marks();
        let mark_of = |path: &str| marks.get(path).copied().unwrap_or(Mark::Unmet);
        let steps = RuleTree::of(text, &self.condition).steps.into_iter().filter_map(|step| match step {
            rule::Step::Open { path, name, depth, .. } => {
                let mark = mark_of(&path);
                Some(Step::Open { name, class: mark.class(), word: mark.word(text), depth })
            }
            rule::Step::Leaf { path, sentence, depth, .. } => {
                let told = self.leaves.iter().find(|leaf| leaf.evidence.path == path)?;
                let leaf = Box::new(self.leaf(text, told, sentence, mark_of(&path), log));
                Some(Step::Leaf { leaf, depth })
            }
            rule::Step::Close { depth } => Some(Step::Close { depth }),
        });
        EvidenceTree { steps: steps.collect() }
    }

    pub(super) fn needs(&self, text: Text) -> Needs {
        let marks = self.marks();
        let by_path = self.condition.leaves_by_path();
        let leaf = |(path, leaf): &(String, &domain::condition::Leaf)| {
            let told = self.leaves.iter().find(|told| told.evidence.path == *path)?;
            let mark = marks.get(path).copied().unwrap_or(Mark::Unmet);
            let sentence = rule::sentence(text, leaf);
            Some(Leaf { counted: None, events: vec![], ..self.leaf(text, told, sentence, mark, &|_| None) })
        };
        Needs { leaves: by_path.iter().filter_map(leaf).collect() }
    }

    fn leaf(&self, text: Text, told: &ExplainedLeaf, sentence: Sentence, mark: Mark, log: LogLink<'_>) -> Leaf {
        let LeafEvidence { path, leaf, need, have, error, .. } = &told.evidence;
        let (have_text, need_text) = (
            seen(text, *have),
            matches!(need, Seen::Number(_)).then(|| say!(text, "ui-evidence-of", need = seen(text, *need))),
        );
        let run: Vec<&Day> = self.days.iter().filter(|day| day.path == *path).collect();
        let strip = match (leaf.as_str(), need) {
            ("streak", Seen::Number(days)) => Strip::of(text, *days, &run, self.local_date),
            _ => None,
        };
        let meter = match (need, have) {
            (Seen::Number(need), Seen::Number(have)) if strip.is_none() => Some(Meter::of(*have, *need)),
            _ => None,
        };
        let (counted, events) = counted(text, &told.counted, log);
        let remark = match mark {
            Mark::NotNeeded => Some(text.say("ui-evidence-other-holds")),
            Mark::Absent => Some(text.say("ui-evidence-must-not")),
            Mark::Met | Mark::Unmet => None,
        };
        let remark = if error.is_some() { Some(text.say("ui-evidence-error")) } else { remark };
        let word = mark.word(text);
        Leaf { mark, word, sentence, have: have_text, need: need_text, meter, strip, counted, events, remark }
    }

    /// The result of every part, by its path.
    fn marks(&self) -> HashMap<String, Mark> {
        let met = self.leaves.iter().map(|leaf| (leaf.evidence.path.as_str(), leaf.evidence.met)).collect();
        marks(&self.condition, &met)
    }
}

/// A grouped number, or yes or no.
pub(super) fn seen(text: Text, seen: Seen) -> String {
    match seen {
        Seen::Number(number) => text.number(number),
        Seen::Flag(true) => text.say("ui-evidence-yes"),
        Seen::Flag(false) => text.say("ui-evidence-no"),
    }
}

fn counted(text: Text, counted: &Counted, log: LogLink<'_>) -> (Option<String>, Vec<(String, Option<String>)>) {
    let Counted { positions, more } = counted;
    if positions.is_empty() {
        return (None, vec![]);
    }
    let count = positions.len();
    let words = match (*more, count > NAMED) {
        (true, _) => say!(text, "ui-evidence-counted-more", count = count),
        (false, true) => say!(text, "ui-evidence-counted-latest", count = count),
        (false, false) => say!(text, "ui-evidence-counted", count = count),
    };
    let latest = &positions[count.saturating_sub(NAMED)..];
    (Some(words), latest.iter().map(|position| (text.number(*position), log(*position))).collect())
}

impl Meter {
    /// The need is the whole meter. If there is more than that, the need is at three quarters.
    fn of(have: i128, need: i128) -> Self {
        let need = need.max(1);
        let have = have.max(0);
        let (part, line) = if have > need {
            (have.saturating_mul(75) / need, Some("75%"))
        } else {
            (have.saturating_mul(100) / need, None)
        };
        Self { width: format!("{}%", part.min(100)), need: line }
    }
}

#[cfg(test)]
mod tests;
