//! The CEL leaf: a rule for what the typed leaves do not cover, in a closed part of the Common Expression
//! Language. It is checked when it is read (`check`), with types, so that only the documented variables
//! and functions, booleans, whole numbers and texts are in it; what may go wrong later is arithmetic.
//!
//! The work of an evaluation is bounded by what is saved: there are no loops, texts are compared and never
//! built, the tree has at most [`MAX_NODES`] nodes and every function is asked once, [`MAX_CALLS`] of them
//! at most. There is no clock in it and no floating point, so that it is decided the same way for ever.

mod check;
mod problem;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use cel::parser::Expression;
use cel::{Context, Env, ExecutionError, Value};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use problem::CelProblem;

use crate::facts::FactsNeeded;
use crate::name::Name;

/// The longest expression, in characters.
pub const MAX_CHARS: usize = 1_000;
/// The most characters of operators, the parser's work.
pub const MAX_OPERATORS: usize = 160;
/// The most nodes of the tree.
pub const MAX_NODES: usize = 250;
/// The deepest tree.
pub const MAX_NESTING: usize = 24;
/// The most different calls of functions.
pub const MAX_CALLS: usize = 16;
/// Beyond this many expressions all are forgotten and compiled again.
const MAX_CACHED: usize = 1_000;

/// An expression that was checked and compiled; cheap to clone.
#[derive(Debug, Clone)]
pub struct Cel(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    text: String,
    /// Every call is a variable here, named by its place in `calls`.
    tree: Expression,
    calls: Vec<Call>,
    variables: BTreeSet<Variable>,
}

impl PartialEq for Cel {
    fn eq(&self, other: &Self) -> bool {
        self.0.text == other.0.text
    }
}

impl Eq for Cel {}

/// What an expression may know besides what functions tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// The member's local date, as a text.
    Today,
    /// Nickname, bio and picture are set.
    ProfileComplete,
    /// It is the member's birthday.
    Birthday,
    /// It is the day of the year on which the member joined, in a later year.
    JoinAnniversary,
    /// Days from the join date to today.
    DaysSinceJoined,
    /// The member's zone, by name.
    TimeZone,
}

impl Variable {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Today,
        Self::ProfileComplete,
        Self::Birthday,
        Self::JoinAnniversary,
        Self::DaysSinceJoined,
        Self::TimeZone,
    ];

    /// The name in an expression.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Today => "today",
            Self::ProfileComplete => "profileComplete",
            Self::Birthday => "birthday",
            Self::JoinAnniversary => "joinAnniversary",
            Self::DaysSinceJoined => "daysSinceJoined",
            Self::TimeZone => "timeZone",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variable| variable.name() == name)
    }
}

/// A question about the facts with its answer, a whole number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named in the question that each variant documents")]
pub enum Call {
    /// The length of the run of dates with a fact of `kind` that ends today or yesterday.
    Streak { kind: Name },
    /// The dates with a fact of `kind` (`None`: of any) among `days` that end today.
    ActiveDays { kind: Option<Name>, days: u32 },
    /// The facts of `kind` in `days` that end today.
    Count { kind: Name, days: u32 },
    /// The sum of `measure` over them.
    Total { kind: Name, measure: Name, days: u32 },
    /// The qualified referrals by the member.
    Referrals,
}

impl Call {
    /// The name of the function.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Streak { .. } => "streak",
            Self::ActiveDays { .. } => "activeDays",
            Self::Count { .. } => "count",
            Self::Total { .. } => "total",
            Self::Referrals => "referrals",
        }
    }

    fn needs(&self, needed: &mut FactsNeeded) {
        match self {
            Self::Streak { kind } | Self::ActiveDays { kind: Some(kind), .. } => {
                needed.dates.insert(kind.clone());
            }
            Self::ActiveDays { kind: None, .. } => needed.every_kind = true,
            Self::Count { kind, .. } | Self::Total { kind, .. } => {
                needed.tallies.insert(kind.clone());
            }
            Self::Referrals => needed.referrals = true,
        }
    }
}

/// Why an expression has no value; it is then not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CelError {
    /// A number is beyond 64 bits.
    Overflow,
    /// Something is divided by 0.
    DivisionByZero,
    /// It asks for the zone or the join date of somebody who is not registered.
    MemberUnknown,
    /// Anything else; what is checked when it is saved leaves nothing else.
    Failed,
}

/// What an expression is evaluated on.
pub(super) struct Seen<'a> {
    /// The answers to the calls, in their order.
    pub(super) answers: Vec<i128>,
    pub(super) today: String,
    pub(super) profile_complete: bool,
    pub(super) birthday: bool,
    pub(super) join_anniversary: bool,
    pub(super) days_since_joined: Option<i64>,
    pub(super) time_zone: Option<&'a str>,
}

impl Cel {
    /// Checks and compiles an expression, once for all who use the same.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn compile(text: &str) -> Result<Self, CelProblem> {
        static COMPILED: LazyLock<Mutex<HashMap<String, Cel>>> = LazyLock::new(Mutex::default);
        let text = text.trim();
        let cache = || COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cache().get(text) {
            return Ok(known.clone());
        }
        let compiled = Self(Arc::new(check::compile(text)?));
        let mut cache = cache();
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(text.to_owned(), compiled.clone());
        Ok(compiled)
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The functions it asks, each with what it asks for, once.
    #[must_use]
    pub fn calls(&self) -> &[Call] {
        &self.0.calls
    }

    /// The variables it looks at.
    pub fn variables(&self) -> impl Iterator<Item = Variable> + '_ {
        self.0.variables.iter().copied()
    }

    pub(super) fn needs(&self, needed: &mut FactsNeeded) {
        self.0.calls.iter().for_each(|call| call.needs(needed));
    }

    /// Whether it is true.
    pub(super) fn judge(&self, seen: &Seen<'_>) -> Result<bool, CelError> {
        static OPERATORS_ALONE: LazyLock<Arc<Env>> = LazyLock::new(Arc::default);
        let mut context = Context::with_env(OPERATORS_ALONE.clone());
        context.set_variable_resolver(seen);
        match Value::resolve(&self.0.tree, &context) {
            Ok(Value::Bool(value)) => Ok(value),
            Ok(_) => Err(CelError::Failed),
            Err(error) => Err(why(&error)),
        }
    }
}

fn why(error: &ExecutionError) -> CelError {
    match error {
        ExecutionError::Overflow(..) => CelError::Overflow,
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => CelError::DivisionByZero,
        ExecutionError::UndeclaredReference(name) if place(name).is_some() => CelError::Overflow,
        ExecutionError::UndeclaredReference(_) => CelError::MemberUnknown,
        _ => CelError::Failed,
    }
}

/// The name under which the answer to a call stands in the tree; no expression can spell it.
fn name_of(place: usize) -> String {
    format!("${place}")
}

fn place(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse().ok()
}

impl VariableResolver for Seen<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        if let Some(place) = place(name) {
            let answer = i64::try_from(*self.answers.get(place)?).ok()?;
            return Some(CowVal::owned(CelInt::from(answer)));
        }
        Some(match Variable::of(name)? {
            Variable::Today => CowVal::owned(CelString::from(self.today.as_str())),
            Variable::ProfileComplete => CowVal::owned(CelBool::from(self.profile_complete)),
            Variable::Birthday => CowVal::owned(CelBool::from(self.birthday)),
            Variable::JoinAnniversary => CowVal::owned(CelBool::from(self.join_anniversary)),
            Variable::DaysSinceJoined => CowVal::owned(CelInt::from(self.days_since_joined?)),
            Variable::TimeZone => CowVal::owned(CelString::from(self.time_zone?)),
        })
    }
}
