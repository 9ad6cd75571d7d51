//! The rule as a tree of sentences, for each version, with how often each part is met, and which parts were missing.

use askama::Template;

use super::Frame;
use super::asked::{Analytics, Version};
use crate::pages::charts::{Bar, Bars, Meter};
use crate::pages::rule::{RuleTree, Step, short};
use crate::pages::text::{Text, say};

/// How many combinations of missing parts are shown.
const MOST: usize = 8;

#[derive(Template)]
#[template(path = "event/rule_met.html")]
pub(super) struct RulePart {
    text: Text,
    measure: String,
    /// The versions: link, name such as `v2`, whether it is the one shown.
    versions: Vec<(String, String, bool)>,
    json: String,
    steps: Vec<Shown>,
    all_met: String,
    missing_of: String,
    missing: Option<Bars>,
}

/// One item of the tree, with its numbers.
struct Shown {
    step: Step,
    meter: Meter,
    count: String,
    rest: String,
}

pub(super) fn of(frame: &Frame<'_>, one: &Analytics) -> RulePart {
    let (text, visit) = (frame.visit.text, frame.visit);
    let asked: Option<i64> = visit.asked("version").and_then(|version| version.parse().ok());
    let by_number = asked.and_then(|asked| one.condition_versions.iter().find(|version| version.version == asked));
    let Some(version) = by_number.or_else(|| one.condition_versions.last()) else {
        return nothing(text);
    };
    let link = |of: &Version| {
        let number = of.version.to_string();
        let href = visit.link(&[("version", Some(&number)), ("met", None)]) + "#rule";
        (href, format!("v{number}"), of.version == version.version)
    };
    let tree = RuleTree::of(text, &version.condition);
    let steps = tree.steps.iter().map(|step| shown(text, version, step.clone())).collect();
    let percent = text.percent(version.met, version.attempts);
    RulePart {
        text,
        measure: say!(
            text,
            "ui-event-judged",
            count = version.attempts,
            version = version.version,
            since = text.moment(version.since)
        ),
        versions: one.condition_versions.iter().rev().take(10).rev().map(link).collect(),
        json: serde_json::to_string_pretty(&version.condition).unwrap_or_default(),
        steps,
        all_met: say!(text, "ui-event-met-in", count = version.met, all = version.attempts, percent = percent),
        missing_of: say!(text, "ui-event-missing-of", count = version.refused),
        missing: (!version.missing.is_empty()).then(|| missing(text, version)),
    }
}

fn nothing(text: Text) -> RulePart {
    RulePart {
        text,
        measure: text.say("ui-event-not-judged"),
        versions: vec![],
        json: String::new(),
        steps: vec![],
        all_met: String::new(),
        missing_of: String::new(),
        missing: None,
    }
}

fn shown(text: Text, version: &Version, step: Step) -> Shown {
    let met = match &step {
        Step::Leaf { path, .. } => version.leaves.iter().find(|leaf| leaf.path == *path).map_or(0, |leaf| leaf.met),
        Step::Open { .. } | Step::Close { .. } => 0,
    };
    Shown {
        step,
        meter: Meter::of(&[("go", met)], version.attempts),
        count: text.number(met),
        rest: say!(text, "ui-event-of-attempts", all = version.attempts, percent = text.percent(met, version.attempts)),
    }
}

fn missing(text: Text, version: &Version) -> Bars {
    let leaves = version.condition.leaves_by_path();
    let name = |paths: &[String]| match paths {
        [] => text.say("ui-event-no-part"),
        [_] | [_, _] => {
            let named = paths.iter().filter_map(|path| leaves.iter().find(|(of, _)| of == path));
            let named: Vec<_> = named
                .map(|(path, leaf)| {
                    let said = short(text, leaf).plain();
                    if path.ends_with("not") { say!(text, "ui-event-not-part", part = said) } else { said }
                })
                .collect();
            named.join(" + ")
        }
        more => say!(text, "ui-event-parts", count = more.len()),
    };
    let bar = |one: &super::asked::Missing| Bar {
        name: name(&one.paths),
        tone: "no",
        number: one.count,
        shown: text.number(one.count),
        last: format!("{} %", text.percent(one.count, version.refused)),
        ..Bar::default()
    };
    Bars::of("mis", version.missing.iter().take(MOST).map(bar).collect())
}
