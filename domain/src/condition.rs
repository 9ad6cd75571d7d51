//! A rule over a member's facts: a tree of `all`, `any`, `not` over typed leaves. This file is the
//! tree itself; how it is read is in `parse`, how it is judged in `evaluate`, what was seen in
//! `evidence`. The meaning of every leaf is fixed by the API contract.

pub mod cel;
mod evaluate;
mod evidence;
mod missing;
mod next;
mod parse;
mod schema;
mod sight;

use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

pub use evaluate::{EvaluationContext, evaluate, is_met};
pub use evidence::{LeafEvidence, Seen};
pub use next::next_change;
pub use parse::{ConditionProblem, Rule, holds_expressions};

use cel::{Cel, Variable};

use crate::facts::FactsNeeded;
use crate::name::Name;
use crate::quantity::EXACT;

/// The deepest tree; a lone leaf has depth 1.
pub const MAX_DEPTH: usize = 8;
/// The most leaves a tree may have.
pub const MAX_LEAVES: usize = 50;
/// The most characters that all expressions of a tree may have together: what reading one tree may cost.
pub const MAX_EXPRESSION_CHARS: usize = 10_000;
/// The most problems that are told of one tree.
pub const MAX_PROBLEMS: usize = 20;
/// The most days a streak or a count of active days may ask for: ten years.
pub const MAX_DAYS: i64 = 3_660;
/// The largest absolute value of a measure or a total: 2⁵³, what every JSON reader keeps exactly.
pub const MAX_MEASURE: i64 = EXACT;

/// A condition that has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Every part is met.
    All(Vec<Condition>),
    /// At least one part is met.
    Any(Vec<Condition>),
    /// The part is not met.
    Not(Box<Condition>),
    /// One question about the facts.
    Leaf(Leaf),
}

/// One question about a member's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named in the question that each variant documents")]
pub enum Leaf {
    /// A run of at least `days` consecutive local dates with a fact of `kind`, ending today or
    /// yesterday, of which no date before `since` counts.
    Streak { kind: Name, days: u32, since: Option<Since> },
    /// At least `days` distinct local dates in `window` with a fact of `kind` (`None`: of any kind).
    ActiveDays { kind: Option<Name>, days: u32, window: Window },
    /// At least `count` facts of `kind` in `window`.
    Count { kind: Name, count: i64, window: Window },
    /// The sum of `measure` over the facts of `kind` in `window` is at least `total`.
    Total { kind: Name, measure: Name, total: i64, window: Window },
    /// At least `count` qualified referrals by the member, none before `since`.
    Referrals { count: i64, since: Option<Since> },
    /// Nickname, bio and picture are set.
    ProfileComplete,
    /// It is the member's birthday.
    Birthday,
    /// It is the day of the year on which the member joined, in a later year.
    JoinAnniversary,
    /// The member joined within so many days, not before `from` and not after `to`.
    Joined { within: Option<Days>, from: Option<NaiveDate>, to: Option<NaiveDate> },
    /// The expression is true.
    Cel(Cel),
}

/// Which local dates count, apart from those after today, which never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// So many local days ending with today.
    pub within: Option<Days>,
    /// Not before this day.
    pub since: Option<Since>,
}

/// A number of local days, `[1-9][0-9]{0,3}d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days(pub u32);

/// The first local date that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// A calendar date.
    Date(NaiveDate),
    /// The date on which the campaign starts, in the campaign's zone.
    CampaignStart,
}

impl Condition {
    /// Reads a condition: a tree, or one of the shorthands.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its path below the condition; at most [`MAX_PROBLEMS`]. A tree
    /// that is too large is refused for that alone: it is counted before any of it is read.
    pub fn parse(value: &Value) -> Result<Self, Vec<ConditionProblem>> {
        parse::within_bounds(value)?;
        parse::condition(value)
    }

    /// All questions of the tree, in reading order.
    pub fn leaves(&self) -> Box<dyn Iterator<Item = &Leaf> + '_> {
        match self {
            Self::All(parts) | Self::Any(parts) => Box::new(parts.iter().flat_map(Self::leaves)),
            Self::Not(part) => part.leaves(),
            Self::Leaf(leaf) => Box::new(std::iter::once(leaf)),
        }
    }

    /// All questions of the tree in reading order, each with its path as evidence has it.
    #[must_use]
    pub fn leaves_by_path(&self) -> Vec<(String, &Leaf)> {
        fn walk<'a>(node: &'a Condition, path: &str, found: &mut Vec<(String, &'a Leaf)>) {
            let below = |step: String| if path.is_empty() { step } else { format!("{path}.{step}") };
            let parts = |name: &str, parts: &'a [Condition], found: &mut Vec<(String, &'a Leaf)>| {
                parts
                    .iter()
                    .enumerate()
                    .for_each(|(index, part)| walk(part, &below(format!("{name}[{index}]")), found));
            };
            match node {
                Condition::All(all) => parts("all", all, found),
                Condition::Any(any) => parts("any", any, found),
                Condition::Not(part) => walk(part, &below("not".to_owned()), found),
                Condition::Leaf(leaf) => found.push((path.to_owned(), leaf)),
            }
        }
        let mut found = Vec::new();
        walk(self, "", &mut found);
        found
    }

    /// The expressions of the tree in reading order, each with its path as evidence has it.
    #[must_use]
    pub fn expressions(&self) -> Vec<(String, &Cel)> {
        let leaves = self.leaves_by_path().into_iter();
        leaves
            .filter_map(|(path, leaf)| if let Leaf::Cel(expression) = leaf { Some((path, expression)) } else { None })
            .collect()
    }

    /// The facts that decide this condition.
    #[must_use]
    pub fn needs(&self) -> FactsNeeded {
        let mut needed = FactsNeeded::default();
        for leaf in self.leaves() {
            match leaf {
                Leaf::Streak { kind, .. } | Leaf::ActiveDays { kind: Some(kind), .. } => {
                    needed.dates.insert(kind.clone());
                }
                Leaf::ActiveDays { kind: None, .. } => needed.every_kind = true,
                Leaf::Count { kind, .. } | Leaf::Total { kind, .. } => {
                    needed.tallies.insert(kind.clone());
                }
                Leaf::Referrals { .. } => needed.referrals = true,
                Leaf::Cel(expression) => expression.needs(&mut needed),
                Leaf::ProfileComplete | Leaf::Birthday | Leaf::JoinAnniversary | Leaf::Joined { .. } => {}
            }
        }
        needed
    }

    /// Whether a leaf counts from the start of the campaign.
    #[must_use]
    pub fn counts_from_campaign_start(&self) -> bool {
        self.leaves().any(Leaf::counts_from_campaign_start)
    }

    /// Whether a day of the year is asked for, so that periods follow the member's calendar: the same birthday is two
    /// days of a campaign whose zone is another one.
    #[must_use]
    pub fn is_of_a_day(&self) -> bool {
        self.leaves().any(Leaf::is_of_a_day)
    }

    /// The tree as the API shows and accepts it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::All(parts) => json!({"all": parts.iter().map(Self::to_json).collect::<Vec<_>>()}),
            Self::Any(parts) => json!({"any": parts.iter().map(Self::to_json).collect::<Vec<_>>()}),
            Self::Not(part) => json!({"not": part.to_json()}),
            Self::Leaf(leaf) => leaf.to_json(),
        }
    }
}

impl Leaf {
    /// Whether it counts from the start of the campaign.
    #[must_use]
    pub fn counts_from_campaign_start(&self) -> bool {
        match self {
            Self::Streak { since, .. } | Self::Referrals { since, .. } => *since == Some(Since::CampaignStart),
            Self::ActiveDays { window, .. } | Self::Count { window, .. } | Self::Total { window, .. } => {
                window.since == Some(Since::CampaignStart)
            }
            Self::ProfileComplete | Self::Birthday | Self::JoinAnniversary | Self::Joined { .. } | Self::Cel(_) => {
                false
            }
        }
    }

    /// Whether it asks for a day of the year: the birthday, or that of joining.
    #[must_use]
    pub fn is_of_a_day(&self) -> bool {
        match self {
            Self::Birthday | Self::JoinAnniversary => true,
            Self::Cel(expression) => {
                expression.variables().any(|it| matches!(it, Variable::Birthday | Variable::JoinAnniversary))
            }
            Self::Streak { .. }
            | Self::ActiveDays { .. }
            | Self::Count { .. }
            | Self::Total { .. }
            | Self::Referrals { .. }
            | Self::ProfileComplete
            | Self::Joined { .. } => false,
        }
    }

    /// The key of the leaf in the tree.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Streak { .. } => "streak",
            Self::ActiveDays { .. } => "activeDays",
            Self::Count { .. } => "count",
            Self::Total { .. } => "total",
            Self::Referrals { .. } => "referrals",
            Self::ProfileComplete => "profileComplete",
            Self::Birthday => "birthday",
            Self::JoinAnniversary => "joinAnniversary",
            Self::Joined { .. } => "joined",
            Self::Cel(_) => "cel",
        }
    }

    fn to_json(&self) -> Value {
        let mut body = Map::new();
        let mut put = |key: &str, value: Value| {
            body.insert(key.to_owned(), value);
        };
        match self {
            Self::Streak { kind, days, since } => {
                put("kind", json!(kind));
                put("days", json!(days));
                since.iter().for_each(|since| put("since", since.to_json()));
            }
            Self::ActiveDays { kind, days, window } => {
                put("kind", kind.as_ref().map_or(json!("*"), |kind| json!(kind)));
                put("days", json!(days));
                window.write(&mut put);
            }
            Self::Count { kind, count, window } => {
                put("kind", json!(kind));
                put("count", json!(count));
                window.write(&mut put);
            }
            Self::Total { kind, measure, total, window } => {
                put("kind", json!(kind));
                put("measure", json!(measure));
                put("total", json!(total));
                window.write(&mut put);
            }
            Self::Referrals { count, since } => {
                put("count", json!(count));
                since.iter().for_each(|since| put("since", since.to_json()));
            }
            Self::ProfileComplete | Self::Birthday | Self::JoinAnniversary => {}
            Self::Cel(expression) => put("expression", json!(expression.text())),
            Self::Joined { within, from, to } => {
                within.iter().for_each(|within| put("within", json!(format!("{}d", within.0))));
                from.iter().for_each(|from| put("from", json!(from)));
                to.iter().for_each(|to| put("to", json!(to)));
            }
        }
        let mut leaf = Map::new();
        leaf.insert(self.name().to_owned(), Value::Object(body));
        Value::Object(leaf)
    }
}

impl Window {
    fn write(&self, put: &mut impl FnMut(&str, Value)) {
        self.within.iter().for_each(|within| put("within", json!(format!("{}d", within.0))));
        self.since.iter().for_each(|since| put("since", since.to_json()));
    }
}

impl Since {
    fn to_json(self) -> Value {
        match self {
            Self::Date(date) => json!(date),
            Self::CampaignStart => json!("eventStart"),
        }
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        // what was stored once is read for ever: bounds of what may be sent came later
        parse::condition(&value)
            .map_err(|problems| serde::de::Error::custom(format!("{} problems in a condition", problems.len())))
    }
}
