//! A rule in the fields of a form: `r.0.1.days` is the days of the second part of the first part. What a node is stands in
//! `is`; its parts are numbered without a gap.

use std::collections::HashMap;

use domain::condition::MAX_DEPTH;

use super::node::{FIELDS, KINDS, Node, Question, Word};
use crate::pages::form::Form;

/// The field that says what a node is.
pub(super) const IS: &str = "is";
/// The whole rule.
const ROOT: &str = "r";
/// Deeper than a rule may be, so that the API says what is wrong with it.
const DEEPEST: usize = MAX_DEPTH + 2;

/// The name of a node in the form.
pub(super) fn name_of(path: &[usize]) -> String {
    path.iter().fold(ROOT.to_owned(), |name, index| format!("{name}.{index}"))
}

/// The rule that a form holds. A form has a bound of its own for its fields.
pub(super) fn read(form: &Form) -> Option<Node> {
    let fields: HashMap<_, _> = form.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    node(&fields, ROOT, 1)
}

fn node(fields: &HashMap<&str, &str>, name: &str, depth: usize) -> Option<Node> {
    let is = fields.get(format!("{name}.{IS}").as_str())?;
    if let Some(word) = Word::of(is) {
        let part = |index: usize| node(fields, &format!("{name}.{index}"), depth + 1);
        let parts = if depth < DEEPEST { (0..).map_while(part).collect() } else { vec![] };
        return Some(Node::group(word, parts));
    }
    let kind = KINDS.iter().find(|(kind, _)| kind == is).or(KINDS.first()).map(|(kind, _)| *kind)?;
    let value = |field: &'static str| {
        let value = fields.get(format!("{name}.{field}").as_str())?.trim();
        (!value.is_empty()).then(|| (field, value.to_owned()))
    };
    Some(Node::Leaf(Question { kind, values: FIELDS.into_iter().filter_map(value).collect() }))
}
