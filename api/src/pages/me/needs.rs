//! A rule in words for the member: each requirement, how much of it is met, and the smallest change that would meet the
//! rule. The domain computes that change ([`smallest_change`]).

use chrono::{Days, NaiveDate};
use domain::claim::{ChangeKind, KnownProfile, RequiredChange, smallest_change};
use domain::condition::{Condition, Leaf, LeafEvidence, Seen, Since, Window};
use fluent_bundle::FluentArgs;

use super::asked::Streak;
use super::dots::Dots;
use crate::pages::text::{Text, say};

/// An item of a rule, as a flat list for the template.
pub(super) enum Step {
    /// Opens a group: `One of these`.
    Open(String),
    /// A requirement.
    Need(Need),
    /// Closes a group.
    Close,
}

/// A requirement: a leaf of the rule, with its evidence.
pub(super) struct Need {
    pub(super) what: String,
    /// The expression, if the leaf is one.
    pub(super) code: Option<String>,
    pub(super) seen: String,
    pub(super) met: bool,
    pub(super) dots: Option<Dots>,
}

/// The context: what is known of the member besides the evidence.
pub(super) struct Around<'a> {
    pub(super) text: Text,
    /// The streaks of the kinds that the rules need, as far as they were read.
    pub(super) streaks: &'a [Streak],
    /// The member's date at the moment of the evidence.
    pub(super) today: NaiveDate,
    /// Whether the evidence is that of now: only then are dots drawn.
    pub(super) now: bool,
}

impl Around<'_> {
    /// The last day of the current run of a kind, if known.
    fn ends_on(&self, kind: &str) -> Option<NaiveDate> {
        self.streaks.iter().find(|streak| streak.kind == kind)?.last_on
    }

    /// The next day that can extend a run.
    fn next_day(&self, kind: &str) -> Option<NaiveDate> {
        let known = self.streaks.iter().any(|streak| streak.kind == kind);
        let done_today = self.ends_on(kind) == Some(self.today);
        if known { if done_today { self.today.succ_opt() } else { Some(self.today) } } else { None }
    }
}

/// All requirements, in the order of the rule.
pub(super) fn steps(around: &Around<'_>, condition: &Condition, evidence: &[LeafEvidence]) -> Vec<Step> {
    let mut steps = vec![];
    let mut evidence = evidence.iter();
    match condition {
        // a list means "all of these" without a heading
        Condition::All(parts) => parts.iter().for_each(|part| walk(around, part, true, &mut evidence, &mut steps)),
        other => walk(around, other, true, &mut evidence, &mut steps),
    }
    steps
}

fn walk<'e>(
    around: &Around<'_>,
    node: &Condition,
    wanted: bool,
    evidence: &mut impl Iterator<Item = &'e LeafEvidence>,
    steps: &mut Vec<Step>,
) {
    let (parts, word) = match node {
        Condition::All(parts) => (parts, if wanted { "ui-me-all" } else { "ui-me-not-all" }),
        Condition::Any(parts) => (parts, if wanted { "ui-me-any" } else { "ui-me-none" }),
        Condition::Not(part) => return walk(around, part, !wanted, evidence, steps),
        Condition::Leaf(leaf) => {
            steps.extend(evidence.next().map(|seen| Step::Need(need(around, leaf, wanted, seen))));
            return;
        }
    };
    steps.push(Step::Open(around.text.say(word)));
    parts.iter().for_each(|part| walk(around, part, wanted, evidence, steps));
    steps.push(Step::Close);
}

fn need(around: &Around<'_>, leaf: &Leaf, wanted: bool, evidence: &LeafEvidence) -> Need {
    let text = around.text;
    let met = evidence.met == wanted;
    let seen = match (evidence.have, evidence.need) {
        (Seen::Number(have), Seen::Number(need)) if wanted && !met => {
            say!(text, "ui-me-of", have = text.number(have), need = text.number(need))
        }
        (Seen::Number(have), _) if wanted => text.number(have),
        (Seen::Number(_) | Seen::Flag(_), _) => text.say(if met { "ui-me-yes" } else { "ui-me-no" }),
    };
    let dots = match leaf {
        Leaf::Streak { kind, days, .. } if around.now && wanted && !met => {
            around.next_day(kind.as_str()).and_then(|next| Dots::of(text, *days, evidence.have, next, around.today))
        }
        _ => None,
    };
    let code = if let Leaf::Cel(expression) = leaf { Some(expression.text().to_owned()) } else { None };
    let what = if wanted { what(text, leaf) } else { unwanted(text, leaf) };
    Need { what, code, seen, met, dots }
}

/// The requirement of a leaf, in words.
fn what(text: Text, leaf: &Leaf) -> String {
    match leaf {
        Leaf::Streak { kind, days, since } => {
            let thing = thing(text, kind.as_str());
            say!(text, "ui-me-need-streak", days = *days, thing = thing, window = window(text, None, *since))
        }
        Leaf::ActiveDays { kind: Some(kind), days, window } => {
            let thing = thing(text, kind.as_str());
            say!(text, "ui-me-need-days", days = *days, thing = thing, window = of(text, *window))
        }
        Leaf::ActiveDays { kind: None, days, window } => {
            say!(text, "ui-me-need-any-days", days = *days, window = of(text, *window))
        }
        Leaf::Count { kind, count, window } => {
            let counted = counted(text, kind.as_str(), i128::from(*count));
            say!(text, "ui-me-need-count", counted = counted, window = of(text, *window))
        }
        Leaf::Total { kind, measure, total, window } => {
            let (measure, thing) = (text.say_of("measure", measure.as_str()), thing(text, kind.as_str()));
            say!(text, "ui-me-need-total", total = *total, measure = measure, thing = thing, window = of(text, *window))
        }
        Leaf::Referrals { count, since } => {
            say!(text, "ui-me-need-referrals", count = *count, window = window(text, None, *since))
        }
        Leaf::ProfileComplete => text.say("ui-me-need-profile"),
        Leaf::Birthday => text.say("ui-me-need-birthday"),
        Leaf::JoinAnniversary => text.say("ui-me-need-anniversary"),
        Leaf::Joined { within, from, to } => {
            let within = within.map(|days| say!(text, "ui-me-within", days = days.0));
            let from = from.map(|day| say!(text, "ui-me-since", day = text.day_with_year(day)));
            let to = to.map(|day| say!(text, "ui-me-until", day = text.day_with_year(day)));
            let when: String = [within, from, to].into_iter().flatten().collect();
            say!(text, "ui-me-need-joined", when = when)
        }
        Leaf::Cel(_) => text.say("ui-me-need-rule"),
    }
}

/// The same below a `not`.
fn unwanted(text: Text, leaf: &Leaf) -> String {
    match leaf {
        Leaf::Count { kind, count: 1, window } => {
            say!(text, "ui-me-need-none", thing = thing(text, kind.as_str()), window = of(text, *window))
        }
        other => say!(text, "ui-me-need-not", what = what(text, other)),
    }
}

/// The name of an activity, such as `login`; its kind if no text names it.
fn thing(text: Text, kind: &str) -> String {
    text.known_of("thing", kind, &FluentArgs::new()).unwrap_or_else(|| format!("“{kind}”"))
}

/// `3 reviews`.
fn counted(text: Text, kind: &str, count: i128) -> String {
    let mut args = FluentArgs::new();
    match i64::try_from(count) {
        Ok(count) => args.set("count", count),
        Err(_) => args.set("count", count.to_string()),
    }
    let known = text.known_of("counted", kind, &args);
    known.unwrap_or_else(|| format!("{} × “{kind}”", text.number(count)))
}

fn of(text: Text, Window { within, since }: Window) -> String {
    window(text, within.map(|days| days.0), since)
}

/// The days that count, as a part of a sentence.
fn window(text: Text, within: Option<u32>, since: Option<Since>) -> String {
    let within = within.map(|days| say!(text, "ui-me-within", days = days));
    let since = since.map(|since| match since {
        Since::Date(day) => say!(text, "ui-me-since", day = text.day_with_year(day)),
        Since::CampaignStart => text.say("ui-me-since-start"),
    });
    [within, since].into_iter().flatten().collect()
}

/// What comes next for the member.
pub(super) enum Next {
    /// What is missing.
    Missing(Vec<String>),
    /// The member has to wait for a day.
    OnTheDay,
    /// The member can do nothing.
    Nothing,
}

/// The smallest change that would meet the rule, in words.
pub(super) fn next(around: &Around<'_>, condition: &Condition, evidence: &[LeafEvidence], known: KnownProfile) -> Next {
    let Some(changes) = smallest_change(condition, evidence, known) else { return Next::Nothing };
    let leaves: Vec<_> = condition.leaves().collect();
    if !changes.is_empty() && changes.iter().all(|change| change.kind == ChangeKind::WaitForDay) {
        return Next::OnTheDay;
    }
    let missing = changes.iter().filter_map(|change| Some(missing(around, leaves.get(change.leaf)?, change))).collect();
    Next::Missing(missing)
}

fn missing(around: &Around<'_>, leaf: &Leaf, change: &RequiredChange) -> String {
    let text = around.text;
    match (change.kind, leaf) {
        (ChangeKind::More(more), Leaf::Streak { kind, .. }) => {
            let thing = thing(text, kind.as_str());
            let days = i64::try_from(more).unwrap_or(i64::MAX);
            let last = around.next_day(kind.as_str()).zip(u64::try_from(days - 1).ok());
            match last.and_then(|(first, more)| first.checked_add_days(Days::new(more))) {
                Some(last) => {
                    let last = text.weekday_and_day(last);
                    say!(text, "ui-me-missing-streak-until", days = days, thing = thing, last = last)
                }
                None => say!(text, "ui-me-missing-streak", days = days, thing = thing),
            }
        }
        (ChangeKind::More(more), Leaf::ActiveDays { kind, .. }) => {
            let days = i64::try_from(more).unwrap_or(i64::MAX);
            match kind {
                Some(kind) => say!(text, "ui-me-missing-days", days = days, thing = thing(text, kind.as_str())),
                None => say!(text, "ui-me-missing-any-days", days = days),
            }
        }
        (ChangeKind::More(more), Leaf::Count { kind, .. }) => counted(text, kind.as_str(), more),
        (ChangeKind::More(more), Leaf::Total { measure, kind, .. }) => {
            let (measure, thing) = (text.say_of("measure", measure.as_str()), thing(text, kind.as_str()));
            say!(text, "ui-me-missing-total", more = text.number(more), measure = measure, thing = thing)
        }
        (ChangeKind::More(more), Leaf::Referrals { .. }) => {
            say!(text, "ui-me-missing-referrals", count = i64::try_from(more).unwrap_or(i64::MAX))
        }
        (ChangeKind::Complete, _) => text.say("ui-me-missing-profile"),
        (ChangeKind::LetPass | ChangeKind::Undo, other) => say!(text, "ui-me-missing-end", what = what(text, other)),
        (ChangeKind::More(_) | ChangeKind::WaitForDay, other) => what(text, other),
    }
}
