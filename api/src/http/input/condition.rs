//! Reads a condition from a field of a body, and reports its errors by path. It does not know which field.

use domain::condition::Condition;

use crate::app::input::fields::{Broken, Reader, readers};
use crate::http::openapi::ConditionInput;

/// A condition. Each error in it is reported with its path.
pub(crate) fn condition() -> impl Reader<Value = Condition> {
    readers::any::<ConditionInput>().then(|value| {
        Condition::parse(&value).map_err(|problems| {
            let broken = problems.into_iter().map(|problem| {
                let at = if problem.path.is_empty() { String::new() } else { format!(".{}", problem.path) };
                Broken::new(problem.rule.name(), problem.rule.to_string()).within(&at)
            });
            Broken::all(broken).unwrap_or_else(|| Broken::wrong_type("a condition"))
        })
    })
}
