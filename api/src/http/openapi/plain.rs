//! The same said in the words that generators of clients understand: they make an enum of `enum`, and a class that
//! holds anything of a choice of constants.

use serde_json::{Value, json};

/// Makes every choice of constant texts, however deep, an `enum` whose description tells what each of them means.
pub(super) fn enums(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some((names, meanings)) = fields.get("oneOf").and_then(constants) {
                fields.remove("oneOf");
                let about = fields.get("description").and_then(Value::as_str).unwrap_or_default();
                let description = format!("{about}{meanings}");
                fields.insert("type".to_owned(), "string".into());
                fields.insert("enum".to_owned(), json!(names));
                fields.insert("description".to_owned(), description.trim().into());
            }
            fields.values_mut().for_each(enums);
        }
        Value::Array(items) => items.iter_mut().for_each(enums),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The constants and, as a list in Markdown, what they mean; none where the choice has something else in it.
fn constants(choice: &Value) -> Option<(Vec<String>, String)> {
    let mut meanings = String::new();
    let mut names = Vec::new();
    for one in choice.as_array()? {
        let name = one.get("const")?.as_str()?;
        let meaning = one.get("description").and_then(Value::as_str).unwrap_or_default();
        meanings.push_str(&format!("\n- `{name}`: {meaning}"));
        names.push(name.to_owned());
    }
    Some((names, meanings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_constants_is_an_enum_and_any_other_choice_stays() {
        let other = json!({"oneOf": [{"const": "a"}, {"type": "integer"}]});
        let mut schema = json!({
            "properties": {"status": {"description": "Where.", "oneOf": [
                {"const": "a", "type": "string", "description": "First."},
                {"const": "b", "type": "string", "description": "Second."},
            ]}, "other": other},
        });
        enums(&mut schema);
        let wanted =
            json!({"type": "string", "enum": ["a", "b"], "description": "Where.\n- `a`: First.\n- `b`: Second."});
        assert_eq!(schema["properties"]["status"], wanted);
        assert_eq!(schema["properties"]["other"], other);
    }
}
