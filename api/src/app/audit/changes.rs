//! The differences between two JSON documents, by path. It does not know what they mean.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

/// One difference.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "ChangedPart")]
pub struct Changed {
    /// The dotted path; empty for the whole document.
    path: String,
    /// The value before; null if there was none.
    from: Option<Value>,
    /// The value after; null if there is none.
    to: Option<Value>,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |side: &Option<Value>| side.as_ref().map_or("nothing".to_owned(), Value::to_string);
        write!(f, "{}: {} -> {}", self.path, shown(&self.from), shown(&self.to))
    }
}

/// The differences between two values as JSON; there may be no earlier one.
///
/// # Errors
/// One of them cannot be serialised.
pub fn changes<T: Serialize>(from: Option<&T>, to: &T) -> serde_json::Result<Vec<Changed>> {
    let mut found = Vec::new();
    walk(String::new(), Some(&serde_json::to_value(from)?), Some(&serde_json::to_value(to)?), &mut found);
    Ok(found)
}

fn walk(path: String, from: Option<&Value>, to: Option<&Value>, found: &mut Vec<Changed>) {
    match (from, to) {
        (from, to) if from == to => {}
        (Some(Value::Object(from)), Some(Value::Object(to))) => {
            let names: BTreeSet<_> = from.keys().chain(to.keys()).collect();
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(path, from.get(name), to.get(name), found);
            }
        }
        (Some(Value::Array(from)), Some(Value::Array(to))) => {
            for index in 0..from.len().max(to.len()) {
                walk(format!("{path}[{index}]"), from.get(index), to.get(index), found);
            }
        }
        (from, to) => found.push(Changed { path, from: from.cloned(), to: to.cloned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_named_by_its_path() {
        let (from, to) =
            (json!({"a": 1, "b": {"c": [1, 2]}, "d": null}), json!({"a": 1, "b": {"c": [1, 3, 4]}, "d": 7}));
        let lines: Vec<_> = changes(Some(&from), &to).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["b.c[1]: 2 -> 3", "b.c[2]: nothing -> 4", "d: null -> 7"]);
    }
}
