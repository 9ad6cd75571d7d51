//! Reads a condition from JSON and says everything that is wrong with it at once, each problem with
//! its dotted path. It knows the grammar, not the meaning.

use chrono::NaiveDate;
use serde_json::{Map, Value, json};

use super::cel::MAX_CHARS;
use super::cel::{Cel, CelProblem};
use super::{
    Condition, Days, Leaf, MAX_DAYS, MAX_DEPTH, MAX_EXPRESSION_CHARS, MAX_LEAVES, MAX_MEASURE, MAX_PROBLEMS, Since,
    Window,
};
use crate::name::Name;
use crate::quantity::{MAX_COUNT, Whole};

/// One thing that is wrong with a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionProblem {
    /// Where: `all[0].streak.days`; empty for the condition as a whole.
    pub path: String,
    /// What.
    pub rule: Rule,
}

/// The rules of the grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// Neither a tree nor a shorthand.
    #[error("must be a condition tree or one of the shorthands {}", SHORTHANDS.map(|(name, _)| name).join(", "))]
    NotACondition,
    /// A node has no key, or more than one.
    #[error("must have exactly one key")]
    OneKey,
    /// No such node or leaf.
    #[error(
        "is no condition; known are all, any, not, streak, activeDays, count, total, referrals, profileComplete, birthday, joinAnniversary, joined, cel"
    )]
    UnknownNode,
    /// No such field in this leaf.
    #[error("is not a field of this condition")]
    UnknownField,
    /// The field must be there.
    #[error("is required")]
    Required,
    /// The value has another type.
    #[error("must be {0}")]
    Type(&'static str),
    /// The number is out of bounds.
    #[error("must be from {0} to {1}")]
    Range(i64, i64),
    /// The text is not in the expected form.
    #[error("must be {0}")]
    Format(&'static str),
    /// A list has no entries.
    #[error("must not be empty")]
    Empty,
    /// The tree is too deep.
    #[error("must not be nested deeper than {MAX_DEPTH}")]
    Depth,
    /// The tree has too many leaves.
    #[error("must not have more than {MAX_LEAVES} leaves")]
    Leaves,
    /// The expressions are too long together.
    #[error("must not have more than {MAX_EXPRESSION_CHARS} characters of expressions in all")]
    Expressions,
    /// An expression breaks a rule of its own.
    #[error(transparent)]
    Cel(CelProblem),
    /// A window ends before it begins.
    #[error("must not be before `from`")]
    Order,
}

impl Rule {
    /// The machine-readable name of the rule.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotACondition => "condition",
            Self::OneKey => "one_key",
            Self::UnknownNode => "unknown_condition",
            Self::UnknownField => "unknown_field",
            Self::Required => "required",
            Self::Type(_) => "type",
            Self::Range(..) => "range",
            Self::Format(_) => "format",
            Self::Empty => "not_empty",
            Self::Depth => "depth",
            Self::Leaves => "leaves",
            Self::Expressions => "expressions",
            Self::Order => "order",
            Self::Cel(problem) => problem.name(),
        }
    }
}

/// A name and the tree it stands for.
type Shorthand = (&'static str, fn() -> Value);

/// The names that stand for a condition.
const SHORTHANDS: [Shorthand; 8] = [
    ("DAILY_LOGIN_7_DAYS", || json!({"streak": {"kind": "login", "days": 7}})),
    ("REFER_3_FRIENDS", || json!({"referrals": {"count": 3}})),
    ("COMPLETE_PROFILE", || json!({"profileComplete": {}})),
    ("WRITE_REVIEW", || json!({"count": {"kind": "review", "count": 1}})),
    ("SUBMIT_FEEDBACK", || json!({"count": {"kind": "feedback", "count": 1}})),
    ("COMPLETE_TUTORIAL", || json!({"count": {"kind": "tutorial", "count": 1}})),
    ("BIRTHDAY_LOGIN", || json!({"all": [{"birthday": {}}, logged_in_today()]})),
    ("ANNIVERSARY_LOGIN", || json!({"all": [{"joinAnniversary": {}}, logged_in_today()]})),
];

fn logged_in_today() -> Value {
    json!({"activeDays": {"kind": "login", "days": 1, "within": "1d"}})
}

/// Counts a tree before any of it is read, so that refusing one costs no more than walking over it.
pub(super) fn within_bounds(value: &Value) -> Result<(), Vec<ConditionProblem>> {
    let mut size = Size::default();
    size.add(value, 1);
    let rule = if size.leaves > MAX_LEAVES {
        Rule::Leaves
    } else if size.expression_chars > MAX_EXPRESSION_CHARS {
        Rule::Expressions
    } else {
        return Ok(());
    };
    Err(vec![ConditionProblem { path: String::new(), rule }])
}

/// What reading a tree will cost.
#[derive(Default)]
struct Size {
    leaves: usize,
    /// Of the expressions that will be parsed: each that is not too long by itself.
    expression_chars: usize,
}

impl Size {
    fn add(&mut self, value: &Value, depth: usize) {
        let Value::Object(node) = value else { return };
        // what is too deep, or no single node, is refused where it stands and not read further
        let mut entries = node.iter();
        let (Some((key, body)), None) = (entries.next(), entries.next()) else { return };
        if depth > MAX_DEPTH {
            return;
        }
        match (key.as_str(), body) {
            ("all" | "any", Value::Array(parts)) => parts.iter().for_each(|part| self.add(part, depth + 1)),
            ("not", part) => self.add(part, depth + 1),
            ("all" | "any", _) => {}
            (_, body) => {
                self.leaves += 1;
                let text = if key == "cel" { body.get("expression").and_then(Value::as_str) } else { None };
                let chars = text.map_or(0, |text| text.trim().chars().count());
                self.expression_chars += if chars > MAX_CHARS { 0 } else { chars };
            }
        }
    }
}

/// Whether a value may have expressions in it anywhere: reading them costs more than reading its text.
#[must_use]
pub fn holds_expressions(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(key, value)| key == "cel" || holds_expressions(value)),
        Value::Array(items) => items.iter().any(holds_expressions),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

pub(super) fn condition(value: &Value) -> Result<Condition, Vec<ConditionProblem>> {
    let mut reader = Reader::default();
    let condition = match value {
        Value::String(name) => match SHORTHANDS.iter().find(|(known, _)| known == name) {
            Some((_, tree)) => reader.node(&tree(), "", 1),
            None => reader.problem("", Rule::NotACondition),
        },
        Value::Object(_) => reader.node(value, "", 1),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => reader.problem("", Rule::NotACondition),
    };
    match condition {
        Some(condition) if reader.problems.is_empty() => Ok(condition),
        _ => Err(reader.problems),
    }
}

#[derive(Default)]
struct Reader {
    problems: Vec<ConditionProblem>,
}

fn below(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

impl Reader {
    fn problem<T>(&mut self, path: &str, rule: Rule) -> Option<T> {
        if !self.is_full() {
            self.problems.push(ConditionProblem { path: path.to_owned(), rule });
        }
        None
    }

    /// Whether no more problems are told: the rest need not be read.
    fn is_full(&self) -> bool {
        self.problems.len() >= MAX_PROBLEMS
    }

    fn node(&mut self, value: &Value, path: &str, depth: usize) -> Option<Condition> {
        let Value::Object(node) = value else {
            return self.problem(path, Rule::Type("an object"));
        };
        if depth > MAX_DEPTH {
            return self.problem(path, Rule::Depth);
        }
        let mut entries = node.iter();
        let (Some((key, body)), None) = (entries.next(), entries.next()) else {
            return self.problem(path, Rule::OneKey);
        };
        let path = below(path, key);
        match key.as_str() {
            "all" => self.parts(body, &path, depth).map(Condition::All),
            "any" => self.parts(body, &path, depth).map(Condition::Any),
            "not" => self.node(body, &path, depth + 1).map(|part| Condition::Not(Box::new(part))),
            _ => self.leaf(key, body, &path).map(Condition::Leaf),
        }
    }

    fn parts(&mut self, body: &Value, path: &str, depth: usize) -> Option<Vec<Condition>> {
        let Value::Array(parts) = body else {
            return self.problem(path, Rule::Type("a list of conditions"));
        };
        if parts.is_empty() {
            return self.problem(path, Rule::Empty);
        }
        let mut read = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            if self.is_full() {
                return None;
            }
            read.push(self.node(part, &format!("{path}[{index}]"), depth + 1));
        }
        read.into_iter().collect()
    }

    fn leaf(&mut self, key: &str, body: &Value, path: &str) -> Option<Leaf> {
        let fields: &[&str] = match key {
            "streak" => &["kind", "days", "since"],
            "activeDays" => &["kind", "days", "within", "since"],
            "count" => &["kind", "count", "within", "since"],
            "total" => &["kind", "measure", "total", "within", "since"],
            "referrals" => &["count", "since"],
            "profileComplete" | "birthday" | "joinAnniversary" => &[],
            "joined" => &["within", "from", "to"],
            "cel" => &["expression"],
            _ => return self.problem(path, Rule::UnknownNode),
        };
        let Value::Object(body) = body else {
            return self.problem(path, Rule::Type("an object"));
        };
        let before = self.problems.len();
        for unknown in body.keys().filter(|key| !fields.contains(&key.as_str())).take(MAX_PROBLEMS) {
            self.problem::<()>(&below(path, unknown), Rule::UnknownField);
        }
        let leaf = self.known_leaf(key, body, path);
        if self.problems.len() > before { None } else { leaf }
    }

    /// Reads every field before it gives up, so that all problems are found.
    fn known_leaf(&mut self, key: &str, body: &Map<String, Value>, path: &str) -> Option<Leaf> {
        let since = self.since(body, path);
        Some(match key {
            "streak" => {
                let (kind, days) = (self.name(body, path, "kind"), self.days(body, path));
                Leaf::Streak { kind: kind?, days: days?, since }
            }
            "activeDays" => {
                let any = body.get("kind").and_then(Value::as_str) == Some("*");
                let kind = if any { None } else { Some(self.name(body, path, "kind")) };
                let (days, window) = (self.days(body, path), self.window(body, path, since));
                let kind = match kind {
                    Some(kind) => Some(kind?),
                    None => None,
                };
                Leaf::ActiveDays { kind, days: days?, window }
            }
            "count" => {
                let (kind, window) = (self.name(body, path, "kind"), self.window(body, path, since));
                let count = self.number(body, path, "count", 1, MAX_COUNT);
                Leaf::Count { kind: kind?, count: count?, window }
            }
            "total" => {
                let (kind, measure) = (self.name(body, path, "kind"), self.name(body, path, "measure"));
                let total = self.number(body, path, "total", 1, MAX_MEASURE);
                let window = self.window(body, path, since);
                Leaf::Total { kind: kind?, measure: measure?, total: total?, window }
            }
            "referrals" => Leaf::Referrals { count: self.number(body, path, "count", 1, MAX_COUNT)?, since },
            "profileComplete" => Leaf::ProfileComplete,
            "birthday" => Leaf::Birthday,
            "joinAnniversary" => Leaf::JoinAnniversary,
            "cel" => Leaf::Cel(self.expression(body, path)?),
            _ => {
                let (from, to) = (self.date(body, path, "from"), self.date(body, path, "to"));
                if let (Some(from), Some(to)) = (from, to)
                    && to < from
                {
                    self.problem::<()>(&below(path, "to"), Rule::Order);
                }
                Leaf::Joined { within: self.within(body, path), from, to }
            }
        })
    }

    fn name(&mut self, body: &Map<String, Value>, path: &str, key: &str) -> Option<Name> {
        let path = below(path, key);
        match body.get(key) {
            None => self.problem(&path, Rule::Required),
            Some(Value::String(text)) => match Name::try_from(text.clone()) {
                Ok(name) => Some(name),
                Err(_) => self.problem(&path, Rule::Format("[a-z][a-z0-9_.-]{0,63}")),
            },
            Some(_) => self.problem(&path, Rule::Type("a string")),
        }
    }

    fn expression(&mut self, body: &Map<String, Value>, path: &str) -> Option<Cel> {
        if !body.contains_key("expression") {
            return self.problem(&below(path, "expression"), Rule::Required);
        }
        let text = self.optional_text(body, path, "expression")?;
        match Cel::compile(text) {
            Ok(expression) => Some(expression),
            Err(problem) => self.problem(&below(path, "expression"), Rule::Cel(problem)),
        }
    }

    fn number(&mut self, body: &Map<String, Value>, path: &str, key: &str, min: i64, max: i64) -> Option<i64> {
        let path = below(path, key);
        match body.get(key) {
            None => self.problem(&path, Rule::Required),
            Some(Value::Number(number)) => match Whole::of(number) {
                Whole::Number(number) if (min..=max).contains(&number) => Some(number),
                Whole::Number(_) | Whole::Beyond => self.problem(&path, Rule::Range(min, max)),
                Whole::Fraction => self.problem(&path, Rule::Type("a whole number")),
            },
            Some(_) => self.problem(&path, Rule::Type("a whole number")),
        }
    }

    fn days(&mut self, body: &Map<String, Value>, path: &str) -> Option<u32> {
        let days = self.number(body, path, "days", 1, MAX_DAYS)?;
        u32::try_from(days).ok()
    }

    fn window(&mut self, body: &Map<String, Value>, path: &str, since: Option<Since>) -> Window {
        Window { within: self.within(body, path), since }
    }

    fn within(&mut self, body: &Map<String, Value>, path: &str) -> Option<Days> {
        let text = self.optional_text(body, path, "within")?;
        let digits = text.strip_suffix('d').filter(|digits| {
            (1..=4).contains(&digits.len())
                && !digits.starts_with('0')
                && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        match digits.and_then(|digits| digits.parse().ok()) {
            Some(days) => Some(Days(days)),
            None => self.problem(&below(path, "within"), Rule::Format("a number of days: 1d to 9999d")),
        }
    }

    fn since(&mut self, body: &Map<String, Value>, path: &str) -> Option<Since> {
        if body.get("since").and_then(Value::as_str) == Some("eventStart") {
            return Some(Since::CampaignStart);
        }
        self.date(body, path, "since").map(Since::Date)
    }

    fn date(&mut self, body: &Map<String, Value>, path: &str, key: &str) -> Option<NaiveDate> {
        let text = self.optional_text(body, path, key)?;
        match plain_date(text) {
            Some(date) => Some(date),
            None => self.problem(&below(path, key), Rule::Format("a date: YYYY-MM-DD")),
        }
    }

    fn optional_text<'a>(&mut self, body: &'a Map<String, Value>, path: &str, key: &str) -> Option<&'a str> {
        match body.get(key)? {
            Value::String(text) => Some(text),
            _ => self.problem(&below(path, key), Rule::Type("a string")),
        }
    }
}

/// `YYYY-MM-DD` and nothing else; chrono alone would also read signs, missing zeros and longer years.
fn plain_date(text: &str) -> Option<NaiveDate> {
    let plain = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    if plain { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None }
}
