//! How each part of a rule came out: from which leaves were met, and from what the rule wants of each part. It knows no
//! numbers and no page.

use std::collections::HashMap;

use domain::condition::Condition;

use crate::pages::text::Text;

/// The result of a part of the rule: met, not met, or not met but not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Mark {
    Met,
    Unmet,
    /// Not met, but another part was enough.
    NotNeeded,
    /// Below a `not`, and rightly not met.
    Absent,
}

impl Mark {
    pub(in crate::pages) fn class(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Unmet => "unmet",
            Self::NotNeeded | Self::Absent => "off",
        }
    }

    pub(super) fn word(self, text: Text) -> String {
        text.say(match self {
            Self::Met => "ui-evidence-met",
            Self::Unmet => "ui-evidence-unmet",
            Self::NotNeeded => "ui-evidence-not-needed",
            Self::Absent => "ui-evidence-absent",
        })
    }
}

/// The result of every part of a condition, by its path. `met` says of each leaf whether it was met.
pub(super) fn marks(condition: &Condition, met: &HashMap<&str, bool>) -> HashMap<String, Mark> {
    let mut marks = HashMap::new();
    judge(condition, "", Expectation { wanted: true, needed: true }, met, &mut marks);
    marks
}

/// What the rule expects of a part.
#[derive(Clone, Copy)]
struct Expectation {
    /// Whether the rule wants it met: it is below an even number of `not`s.
    wanted: bool,
    /// Whether the rule fails without it.
    needed: bool,
}

fn is_met(node: &Condition, path: &str, met: &HashMap<&str, bool>) -> bool {
    match node {
        Condition::All(parts) => parts.iter().enumerate().all(|(at, part)| is_met(part, &below(path, "all", at), met)),
        Condition::Any(parts) => parts.iter().enumerate().any(|(at, part)| is_met(part, &below(path, "any", at), met)),
        Condition::Not(part) => !is_met(part, &step(path, "not"), met),
        Condition::Leaf(_) => met.get(path).copied().unwrap_or(false),
    }
}

fn judge(
    node: &Condition,
    path: &str,
    expected: Expectation,
    met: &HashMap<&str, bool>,
    marks: &mut HashMap<String, Mark>,
) {
    let is_so = is_met(node, path, met);
    let is_good = is_so == expected.wanted;
    let mark = match (is_good, is_so, expected.needed) {
        (true, true, _) => Mark::Met,
        (true, false, _) => Mark::Absent,
        (false, _, true) => Mark::Unmet,
        (false, _, false) => Mark::NotNeeded,
    };
    marks.insert(path.to_owned(), mark);
    // if a part is as wanted, none of its parts that are not was needed
    let inner = |wanted: bool| Expectation { wanted, needed: expected.needed && !is_good };
    match node {
        Condition::All(parts) | Condition::Any(parts) => {
            let word = if matches!(node, Condition::All(_)) { "all" } else { "any" };
            for (at, part) in parts.iter().enumerate() {
                judge(part, &below(path, word, at), inner(expected.wanted), met, marks);
            }
        }
        Condition::Not(part) => judge(part, &step(path, "not"), inner(!expected.wanted), met, marks),
        Condition::Leaf(_) => {}
    }
}

fn below(path: &str, word: &str, at: usize) -> String {
    step(path, &format!("{word}[{at}]"))
}

fn step(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}
