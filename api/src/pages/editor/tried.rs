//! The right half of the editor: what the draft would have done, beside the version in force, or in a sentence why that is
//! not known; and the button that saves it.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use domain::Moment;

use super::backtest::{Outcome, Who};
use super::growth;
use super::node::FIELDS;
use super::save::Save;
use crate::pages::budgets::rows;
use crate::pages::charts::Plot;
use crate::pages::client::Refused;
use crate::pages::form::FormErrors;
use crate::pages::short_id::ShortId;
use crate::pages::text::{Text, say};
use crate::pages::visit::Visit;

/// As many members of each kind are named.
const NAMED: usize = 6;
/// Longer ones are run only when somebody asks.
pub(super) const CHEAP_MS: u64 = 3_000;

#[derive(Template)]
#[template(path = "editor/tried.html")]
pub(super) struct Tried {
    pub(super) text: Text,
    pub(super) state: State,
    pub(super) save: Save,
}

pub(super) enum State {
    /// Nobody has asked for it, and it may take long.
    Waits(String),
    Refused(NotKnown),
    Known(Box<Known>),
}

/// Why it is not known.
pub(super) struct NotKnown {
    pub(super) sentence: String,
    /// Fields and what is wrong with them.
    pub(super) fields: Vec<(String, String)>,
    pub(super) code: String,
}

pub(super) struct Known {
    pub(super) finding: String,
    pub(super) measure: String,
    /// `Version 3`, where there is one to compare with.
    pub(super) force: Option<String>,
    pub(super) rows: Vec<Row>,
    pub(super) growth_title: String,
    pub(super) plot: Plot,
    pub(super) who: Option<WhoPart>,
    /// How long it took, in all.
    pub(super) took_ms: u64,
}

/// One number of both.
#[derive(Clone)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) draft: String,
    pub(super) force: String,
    pub(super) difference: String,
}

/// Who wins by one of them alone.
pub(super) struct WhoPart {
    pub(super) measure: String,
    pub(super) lists: Vec<Named>,
}

/// Some members, where their pages are, and how many more there are.
pub(super) struct Named {
    pub(super) title: String,
    pub(super) members: Vec<(String, ShortId)>,
    pub(super) rest: String,
}

/// The event in force and what it would have done.
pub(super) struct Force<'a> {
    pub(super) version: i64,
    pub(super) outcome: &'a Outcome,
    /// Whether the draft would be saved as it is.
    pub(super) is_same: bool,
}

/// What is wrong with a field, with the name that the field has on the page.
pub(super) fn labelled(text: Text, (field, message): &(String, String)) -> (String, String) {
    let label = match field.strip_prefix("condition") {
        Some(path) => match path.rsplit('.').next().filter(|last| FIELDS.contains(last)) {
            Some(last) => text.say_of("editor-field", last),
            None => text.say("ui-editor-rule"),
        },
        None if field == "json" => text.say("ui-editor-json"),
        None => rows::label_of(text, field).unwrap_or_else(|| text.say_of("editor-term", field)),
    };
    (field.clone(), format!("{label}: {message}"))
}

impl NotKnown {
    /// Fields of the body of a back-test as they are called here.
    pub(super) fn of(text: Text, refused: &Refused, errors: &FormErrors) -> Self {
        let sentence = match refused.code.as_str() {
            "validation_failed" => say!(text, "ui-editor-not-right", count = errors.fields.len()),
            "overloaded" => text.say("ui-editor-busy"),
            "rate_limited" => text.say("ui-editor-too-often"),
            _ if refused.status == 503 => text.say("ui-editor-too-long"),
            _ => refused.title.clone(),
        };
        Self {
            sentence,
            fields: errors.fields.iter().map(|wrong| labelled(text, wrong)).collect(),
            code: format!("{} {}", refused.status, refused.code),
        }
    }
}

impl Known {
    /// Whether the next one waits until it is asked for.
    fn is_slow(&self) -> bool {
        self.took_ms > CHEAP_MS
    }

    /// `span` is the time that is shown.
    pub(super) fn of(visit: &Visit, draft: &Outcome, force: Option<&Force<'_>>, span: (Moment, Moment)) -> Self {
        let text = visit.text;
        let took_ms = draft.duration_ms + force.map_or(0, |force| force.outcome.duration_ms);
        let positions = force.map_or(draft.position, |force| force.outcome.position.min(draft.position));
        let (from, to) = (text.moment(span.0), text.moment(span.1));
        let position = text.number(positions);
        let measure = say!(text, "ui-editor-measure", from = from, to = to, position = position);
        let number = |name: &str, of: fn(&Outcome) -> i64| Row {
            name: text.say(name),
            draft: text.number(of(draft)),
            force: force.map_or_else(String::new, |force| text.number(of(force.outcome))),
            difference: force.map_or_else(String::new, |force| text.difference(of(draft), of(force.outcome))),
        };
        let sold_out = Row {
            name: text.say("ui-editor-sold-out"),
            draft: sold_out(text, draft),
            force: force.map_or_else(String::new, |force| sold_out(text, force.outcome)),
            difference: force.map_or_else(String::new, |force| later(text, draft, force.outcome)),
        };
        Self {
            finding: finding(text, draft, force),
            measure,
            force: force.map(|force| say!(text, "ui-editor-version", version = force.version)),
            rows: [
                vec![number("ui-editor-granted", |of| of.granted)],
                given(text, draft, force),
                vec![
                    sold_out,
                    number("ui-editor-in-vain", |of| of.denied_out_of_stock),
                    number("ui-editor-over-budget", |of| of.denied_budget_exhausted),
                    number("ui-editor-could-ask", |of| of.members_seen),
                ],
            ]
            .concat(),
            growth_title: say!(text, "ui-editor-growth", zone = text.zone_name()),
            plot: growth::plot(text, draft, force, span),
            who: force.filter(|force| !force.is_same).map(|force| who(visit, &Who::of(draft, force.outcome))),
            took_ms,
        }
    }
}

/// What one wants to know first: how many, and until when.
fn finding(text: Text, draft: &Outcome, force: Option<&Force<'_>>) -> String {
    let until = match draft.sold_out_at {
        Some(at) => say!(text, "ui-editor-until", at = text.moment(at)),
        None => text.say("ui-editor-lasts"),
    };
    let granted = draft.granted;
    let Some(force) = force else {
        return say!(text, "ui-editor-would-grant", count = granted, until = until);
    };
    let version = force.version;
    if force.is_same {
        return say!(text, "ui-editor-same", version = version, count = granted, until = until);
    }
    let before = force.outcome.granted;
    match granted - before {
        0 => match (draft.sold_out_at, force.outcome.sold_out_at) {
            (Some(now), Some(before)) if now != before => {
                let (now, before) = (text.moment(now), text.moment(before));
                say!(text, "ui-editor-as-many-until", version = version, count = granted, now = now, before = before)
            }
            _ => say!(text, "ui-editor-as-many", version = version, count = granted),
        },
        more @ 1.. => {
            say!(text, "ui-editor-more", count = more, version = version, now = granted, before = before, until = until)
        }
        fewer => {
            let fewer = fewer.saturating_neg();
            say!(
                text,
                "ui-editor-fewer",
                count = fewer,
                version = version,
                now = granted,
                before = before,
                until = until
            )
        }
    }
}

/// What all grants give and cost, a row for each unit and currency.
fn given(text: Text, draft: &Outcome, force: Option<&Force<'_>>) -> Vec<Row> {
    let of = |outcome: &Outcome| {
        outcome.points.iter().chain(&outcome.cost).map(|(unit, sum)| (unit.clone(), *sum)).collect()
    };
    let mine: BTreeMap<String, i64> = of(draft);
    let theirs: Option<BTreeMap<String, i64>> = force.map(|force| of(force.outcome));
    let units: BTreeSet<&String> = mine.keys().chain(theirs.iter().flat_map(BTreeMap::keys)).collect();
    let sum = |of: &BTreeMap<String, i64>, unit: &String| of.get(unit).copied().unwrap_or(0);
    let row = |unit: &String| Row {
        name: say!(text, "ui-editor-given", unit = unit.clone()),
        draft: text.number(sum(&mine, unit)),
        force: theirs.as_ref().map_or_else(String::new, |theirs| text.number(sum(theirs, unit))),
        difference: theirs
            .as_ref()
            .map_or_else(String::new, |theirs| text.difference(sum(&mine, unit), sum(theirs, unit))),
    };
    units.into_iter().map(row).collect()
}

fn sold_out(text: Text, of: &Outcome) -> String {
    of.sold_out_at.map_or_else(|| text.say("ui-editor-never"), |at| text.moment(at))
}

/// `3 days later`; nothing where one of them never is.
fn later(text: Text, draft: &Outcome, force: &Outcome) -> String {
    let (Some(draft), Some(force)) = (draft.sold_out_at, force.sold_out_at) else { return String::new() };
    let hours = (draft.utc() - force.utc()).num_hours();
    match (hours.abs() >= 48, hours) {
        (_, 0) => "±0".to_owned(),
        (true, 1..) => say!(text, "ui-editor-days-later", count = hours / 24),
        (true, _) => say!(text, "ui-editor-days-earlier", count = -hours / 24),
        (false, 1..) => say!(text, "ui-editor-hours-later", count = hours),
        (false, _) => say!(text, "ui-editor-hours-earlier", count = -hours),
    }
}

fn who(visit: &Visit, who: &Who) -> WhoPart {
    let text = visit.text;
    let named = |members: &[String]| {
        let link = |id: &String| (visit.to(&format!("/ui/members/{id}")), ShortId::of(id));
        members.iter().take(NAMED).map(link).collect::<Vec<_>>()
    };
    let rest = |members: &[String]| match members.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => say!(text, "ui-editor-and-more", count = more),
    };
    if who.is_of_nobody {
        return WhoPart { measure: text.say("ui-editor-who-too-many"), lists: vec![] };
    }
    let list = |title: String, members: &[String]| Named { title, members: named(members), rest: rest(members) };
    WhoPart {
        measure: who.before.map_or_else(
            || text.say("ui-editor-who-all"),
            |before| say!(text, "ui-editor-who-before", before = text.moment(before)),
        ),
        lists: vec![
            list(say!(text, "ui-editor-who-more", count = who.more.len()), &who.more),
            list(say!(text, "ui-editor-who-fewer", count = who.fewer.len()), &who.fewer),
        ],
    }
}
