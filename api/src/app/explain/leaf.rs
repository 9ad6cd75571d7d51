//! The questions of a rule in words: what each needs, what was seen, and what is still missing. What a leaf needs
//! is a phrase of its own, its window another one around it, so that every language orders them as it likes.

use chrono::NaiveDate;
use domain::Moment;
use domain::claim::{ChangeKind, RequiredChange};
use domain::condition::{Condition, Leaf, LeafEvidence, Seen, Since, Window};
use projections::audit::{Counted, CountedDay};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::i18n::{Arg, Said, phrases};

/// One question of the rule.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeafTold {
    /// The evidence as it is kept.
    #[serde(flatten)]
    evidence: LeafEvidence,
    /// Whether the rule wants it met: not below an odd number of `not`s.
    wanted: bool,
    /// How much was missing, where it was wanted and is counted.
    #[serde(serialize_with = "seen")]
    #[schemars(with = "Option<Seen>")]
    missing: Option<i128>,
    /// The events that counted.
    counted: Counted,
    /// The question and the answer in words.
    text: Said,
}

/// A day of a streak that counted.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StreakDay")]
pub(super) struct DayTold {
    /// The path of the leaf.
    path: String,
    /// The member's local date.
    date: NaiveDate,
    /// When its first fact was recorded.
    recorded_at: Moment,
    /// Whether that was more than 24 hours after it happened.
    late: bool,
}

/// The days of the streaks among the leaves.
pub(super) fn days(leaves: &[(&Leaf, &LeafEvidence)], counted: &[Counted]) -> Vec<DayTold> {
    let of_leaf = |((_, evidence), counted): (&(&Leaf, &LeafEvidence), &Counted)| -> Vec<DayTold> {
        let path = &evidence.path;
        let told = counted.days.iter().map(|&CountedDay { date, recorded_at, late }| DayTold {
            path: path.clone(),
            date,
            recorded_at,
            late,
        });
        told.collect()
    };
    leaves.iter().zip(counted).flat_map(of_leaf).collect()
}

/// One thing that is still missing.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StepFurther")]
pub(super) struct ExplainedChange {
    path: String,
    leaf: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// How much more, where it is counted.
    #[serde(serialize_with = "seen")]
    #[schemars(with = "Option<Seen>")]
    more: Option<i128>,
    /// It comes, or goes, with time alone.
    waiting: bool,
    /// What to do, in words.
    text: Said,
}

/// As evidence writes numbers, those beyond 64 bits too.
#[expect(clippy::ref_option, reason = "serde hands out a reference to the field")]
fn seen<S: serde::Serializer>(number: &Option<i128>, serializer: S) -> Result<S::Ok, S::Error> {
    number.map(Seen::Number).serialize(serializer)
}

/// All questions of a rule, with what was seen.
pub(super) fn told(condition: &Condition, leaves: &[(&Leaf, &LeafEvidence)], counted: &[Counted]) -> Vec<LeafTold> {
    let mut wanted = Vec::with_capacity(leaves.len());
    wishes(condition, true, &mut wanted);
    let counted = counted.iter().cloned().chain(std::iter::repeat_with(Counted::default));
    let asked = leaves.iter().zip(wanted).zip(counted);
    asked.map(|(((leaf, evidence), wanted), counted)| LeafTold::of(leaf, evidence, wanted, counted)).collect()
}

/// Whether each leaf is wanted, in reading order.
fn wishes(condition: &Condition, wanted: bool, found: &mut Vec<bool>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) => parts.iter().for_each(|part| wishes(part, wanted, found)),
        Condition::Not(part) => wishes(part, !wanted, found),
        Condition::Leaf(_) => found.push(wanted),
    }
}

impl LeafTold {
    fn of(leaf: &Leaf, evidence: &LeafEvidence, wanted: bool, counted: Counted) -> Self {
        let have = match evidence.have {
            Seen::Flag(true) => Arg::from(phrases::explain_yes()),
            Seen::Flag(false) => Arg::from(phrases::explain_no()),
            Seen::Number(number) => count(number),
        };
        let missing = match (evidence.need, evidence.have) {
            (Seen::Number(need), Seen::Number(have)) if wanted => Some(need.saturating_sub(have).max(0)),
            _ => None,
        };
        let what = need(leaf);
        let text = if wanted { phrases::explain_needed(what, have) } else { phrases::explain_unwanted(what, have) };
        Self { evidence: evidence.clone(), wanted, missing, counted, text }
    }
}

/// What a leaf asks for.
fn need(leaf: &Leaf) -> Said {
    match leaf {
        Leaf::Streak { kind, days, since } => {
            since_when(*since, phrases::explain_streak(i64::from(*days), kind.as_str()))
        }
        Leaf::ActiveDays { kind: Some(kind), days, window } => {
            in_window(*window, phrases::explain_active_days(i64::from(*days), kind.as_str()))
        }
        Leaf::ActiveDays { kind: None, days, window } => {
            in_window(*window, phrases::explain_any_active_days(i64::from(*days)))
        }
        Leaf::Count { kind, count, window } => in_window(*window, phrases::explain_count(*count, kind.as_str())),
        Leaf::Total { kind, measure, total, window } => {
            in_window(*window, phrases::explain_total(*total, measure.as_str(), kind.as_str()))
        }
        Leaf::Referrals { count, since } => since_when(*since, phrases::explain_referrals(*count)),
        Leaf::ProfileComplete => phrases::explain_profile(),
        Leaf::Birthday => phrases::explain_birthday(),
        Leaf::JoinAnniversary => phrases::explain_anniversary(),
        Leaf::Cel(expression) => phrases::explain_expression(expression.text()),
        Leaf::Joined { within, from, to } => {
            let mut what = phrases::explain_joined();
            if let Some(to) = to {
                what = phrases::explain_until(what, to.to_string());
            }
            if let Some(from) = from {
                what = phrases::explain_since(what, from.to_string());
            }
            match within {
                Some(days) => phrases::explain_within(what, i64::from(days.0)),
                None => what,
            }
        }
    }
}

fn in_window(window: Window, what: Said) -> Said {
    let what = since_when(window.since, what);
    match window.within {
        Some(days) => phrases::explain_within(what, i64::from(days.0)),
        None => what,
    }
}

fn since_when(since: Option<Since>, what: Said) -> Said {
    match since {
        Some(Since::Date(date)) => phrases::explain_since(what, date.to_string()),
        Some(Since::CampaignStart) => phrases::explain_since_event_start(what),
        None => what,
    }
}

/// A number as words are filled with it; what 64 bits do not hold is its digits.
fn count(number: i128) -> Arg {
    i64::try_from(number).map_or_else(|_| Arg::from(number.to_string()), Arg::from)
}

impl ExplainedChange {
    /// None when the leaf is not there, which evidence of another tree would be.
    pub(super) fn of(step: RequiredChange, leaves: &[(&Leaf, &LeafEvidence)]) -> Option<Self> {
        let (leaf, evidence) = leaves.get(step.leaf)?;
        let (more, waiting, text) = match step.kind {
            ChangeKind::More(more) => (Some(more), false, more_of(leaf, more)?),
            ChangeKind::Complete => (None, false, phrases::explain_complete_profile()),
            ChangeKind::WaitForDay => (None, true, phrases::explain_wait(need(leaf))),
            ChangeKind::LetPass => (None, true, phrases::explain_let_pass(need(leaf))),
            ChangeKind::Undo => (None, false, phrases::explain_open_profile()),
        };
        let (path, name, kind) = (evidence.path.clone(), evidence.leaf.clone(), evidence.kind.clone());
        Some(Self { path, leaf: name, kind, more, waiting, text })
    }
}

/// So much more of what a leaf counts; the others are not counted.
fn more_of(leaf: &Leaf, more: i128) -> Option<Said> {
    let more = count(more);
    Some(match leaf {
        Leaf::Streak { kind, since, .. } => since_when(*since, phrases::explain_more_in_a_row(more, kind.as_str())),
        Leaf::ActiveDays { kind: Some(kind), window, .. } => {
            in_window(*window, phrases::explain_more_days(more, kind.as_str()))
        }
        Leaf::ActiveDays { kind: None, window, .. } => in_window(*window, phrases::explain_more_days_of_any(more)),
        Leaf::Count { kind, window, .. } => in_window(*window, phrases::explain_more_times(more, kind.as_str())),
        Leaf::Total { kind, measure, window, .. } => {
            in_window(*window, phrases::explain_more_in_total(more, measure.as_str(), kind.as_str()))
        }
        Leaf::Referrals { since, .. } => since_when(*since, phrases::explain_more_referrals(more)),
        Leaf::ProfileComplete | Leaf::Birthday | Leaf::JoinAnniversary | Leaf::Joined { .. } | Leaf::Cel(_) => {
            return None;
        }
    })
}
