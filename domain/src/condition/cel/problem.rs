//! What is wrong with an expression, in words for who wrote it.

use super::{MAX_CALLS, MAX_CHARS, MAX_NESTING, MAX_NODES, MAX_OPERATORS};

/// One rule that an expression breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CelProblem {
    /// It is empty or too long.
    #[error("must have from 1 to {MAX_CHARS} characters, and no control characters")]
    Length,
    /// It asks for more work than an expression may.
    #[error(
        "must not have more than {MAX_OPERATORS} characters of operators, {MAX_NODES} nodes, {MAX_NESTING} levels and {MAX_CALLS} different calls"
    )]
    Bounds,
    /// It does not parse.
    #[error("must be an expression of the Common Expression Language")]
    Syntax,
    /// No such variable.
    #[error(
        "knows no variable `{0}`; known are today, profileComplete, birthday, joinAnniversary, daysSinceJoined, timeZone"
    )]
    UnknownVariable(String),
    /// No such function.
    #[error(
        "knows no function `{0}`; known are streak(kind), activeDays(kind, days), count(kind, days), total(kind, measure, days), referrals()"
    )]
    UnknownFunction(String),
    /// A function with other arguments than it has.
    #[error("`{0}` must be called as {1}, with literals: names as \"login\", days from 1 to 3660")]
    Arguments(&'static str, &'static str),
    /// A macro that walks over a list.
    #[error("must not use has, all, exists, exists_one, map or filter")]
    Macro,
    /// A part of the language that is left out.
    #[error("must not use {0}")]
    LeftOut(&'static str),
    /// An operator between values of types that it does not take.
    #[error("`{0}` does not take these types")]
    Types(String),
    /// It is true or false of nothing.
    #[error("must be true or false, not a number or a text")]
    NotBoolean,
}

impl CelProblem {
    /// The machine-readable name of the rule.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Bounds => "cel_bounds",
            Self::Syntax => "cel_syntax",
            Self::UnknownVariable(_) => "cel_unknown_variable",
            Self::UnknownFunction(_) => "cel_unknown_function",
            Self::Arguments(..) => "cel_arguments",
            Self::Macro => "cel_macro",
            Self::LeftOut(_) => "cel_left_out",
            Self::Types(_) => "cel_types",
            Self::NotBoolean => "cel_not_boolean",
        }
    }
}
