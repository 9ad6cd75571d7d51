//! A rule while it is written: a tree as the form holds it, in which every value is a text as it was typed. What is wrong
//! with it is told by the API; here it is only put into the shape that the API reads, and back.

use std::collections::BTreeMap;

use domain::condition::{Condition, Leaf};
use serde_json::{Map, Value, json};

use crate::pages::form::number;

/// What a leaf asks for, and the fields that it may have.
pub(super) const KINDS: [(&str, &[&str]); 10] = [
    ("streak", &["kind", "days", "since"]),
    ("activeDays", &["kind", "days", "within", "since"]),
    ("count", &["kind", "count", "within", "since"]),
    ("total", &["kind", "measure", "total", "within", "since"]),
    ("referrals", &["count", "since"]),
    ("profileComplete", &[]),
    ("birthday", &[]),
    ("joinAnniversary", &[]),
    ("joined", &["within", "from", "to"]),
    ("cel", &["expression"]),
];
/// All fields of leaves as the form has them. A day for `since` stands in a field of its own.
pub(super) const FIELDS: [&str; 11] =
    ["kind", "measure", "days", "count", "total", "within", "since", "sinceDay", "from", "to", "expression"];
/// The value of `since` that means a day.
pub(super) const SINCE_DAY: &str = "day";
/// The value of `since` that means the start of the event, as in a condition.
pub(super) const SINCE_START: &str = "eventStart";

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    /// Parts and how they belong together. None of them is a rule that is not written yet.
    Group(Word, Vec<Node>),
    /// A question about the facts.
    Leaf(Question),
}

/// How the parts of a group belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    All,
    Any,
    Not,
}

impl Word {
    pub(super) const EVERY: [Self; 3] = [Self::All, Self::Any, Self::Not];

    /// The key in a condition.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Any => "any",
            Self::Not => "not",
        }
    }

    pub(super) fn of(name: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|word| word.name() == name)
    }
}

/// A question as it is typed. What was typed for another kind stays, until the rule is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) kind: &'static str,
    pub(super) values: BTreeMap<&'static str, String>,
}

impl Node {
    /// As a condition is shown.
    pub(super) fn of(condition: &Condition) -> Self {
        let all = |parts: &[Condition]| parts.iter().map(Self::of).collect();
        match condition {
            Condition::All(parts) => Self::Group(Word::All, all(parts)),
            Condition::Any(parts) => Self::Group(Word::Any, all(parts)),
            Condition::Not(part) => Self::Group(Word::Not, vec![Self::of(part)]),
            Condition::Leaf(leaf) => Self::Leaf(Question::of(leaf)),
        }
    }

    /// With what a new part begins: a question that can be tried as it is.
    pub(super) fn fresh() -> Self {
        let values = [("kind", "login"), ("days", "7")].map(|(field, value)| (field, value.to_owned()));
        Self::Leaf(Question { kind: "streak", values: values.into() })
    }

    /// Parts that are not one belong together as `not` alone cannot say.
    pub(super) fn group(word: Word, parts: Vec<Self>) -> Self {
        match word {
            Word::Not if parts.len() > 1 => Self::Group(word, vec![Self::Group(Word::Any, parts)]),
            Word::All | Word::Any | Word::Not => Self::Group(word, parts),
        }
    }

    /// As the API reads it, whether it is right or not.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Group(Word::Not, parts) => json!({"not": parts.first().map_or_else(|| json!({}), Self::to_json)}),
            Self::Group(word, parts) => json!({word.name(): parts.iter().map(Self::to_json).collect::<Vec<_>>()}),
            Self::Leaf(question) => json!({question.kind: question.body()}),
        }
    }

    /// How many questions it has.
    pub(super) fn leaves(&self) -> usize {
        match self {
            Self::Group(_, parts) => parts.iter().map(Self::leaves).sum(),
            Self::Leaf(_) => 1,
        }
    }

    /// How deep it is; a lone question is 1.
    pub(super) fn depth(&self) -> usize {
        match self {
            Self::Group(_, parts) => 1 + parts.iter().map(Self::depth).max().unwrap_or_default(),
            Self::Leaf(_) => 1,
        }
    }
}

impl Question {
    fn of(leaf: &Leaf) -> Self {
        let kind = KINDS.iter().find(|(kind, _)| *kind == leaf.name()).map_or("cel", |(kind, _)| kind);
        let tree = Condition::Leaf(leaf.clone()).to_json();
        let mut values = BTreeMap::new();
        for field in FIELDS {
            let Some(value) = tree.get(kind).and_then(|body| body.get(field)) else { continue };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match field {
                "within" => values.insert(field, text.trim_end_matches('d').to_owned()),
                "since" if text != SINCE_START => {
                    values.insert("sinceDay", text);
                    values.insert(field, SINCE_DAY.to_owned())
                }
                _ => values.insert(field, text),
            };
        }
        Self { kind, values }
    }

    pub(super) fn value(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }

    fn body(&self) -> Map<String, Value> {
        let fields = KINDS.iter().find(|(kind, _)| *kind == self.kind).map_or(&[] as &[_], |(_, fields)| fields);
        let written = |field: &&str| {
            let text = self.value(field).trim();
            let value = match *field {
                "since" if text == SINCE_DAY => Some(Value::from(self.value("sinceDay").trim())),
                "since" if text != SINCE_START => None,
                _ if text.is_empty() => None,
                "days" | "count" | "total" => Some(number(text)),
                "within" => Some(Value::from(format!("{text}d"))),
                _ => Some(Value::from(text)),
            };
            value.map(|value| ((*field).to_owned(), value))
        };
        fields.iter().filter_map(written).collect()
    }
}
