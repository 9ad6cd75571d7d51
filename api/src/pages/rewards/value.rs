//! The fields of the form about what a claim moves: its price and cost, of which unit its points are, and how long they
//! are good. They are called as in the API, so that each error finds its field.

use serde_json::{Map, Value, json};

use super::add::AddForm;
use crate::pages::form::{Form, number};
use crate::pages::text::Text;

/// The names of the fields in the order in which they stand.
const FIELDS: [&str; 12] = [
    "codes",
    "maxUses",
    "bound",
    "price.amount",
    "price.unit",
    "unit",
    "expiry",
    "expiry.days",
    "expiry.date",
    "availableAfterDays",
    "cost.amount",
    "cost.currency",
];
/// What is yes or no; nothing chosen is no.
const YES: [&str; 2] = ["codes", "bound"];
/// The ways to say when points and coupons are over.
const EXPIRIES: [&str; 6] = ["", "never", "days", "month", "year", "date"];

/// A field with its label, what is typed, and what is wrong with it.
pub(super) struct ValueField {
    pub(super) name: &'static str,
    pub(super) label: String,
    pub(super) value: String,
    pub(super) example: &'static str,
    /// How it is typed: `numeric`, `text` or, for a date, its format.
    pub(super) mode: &'static str,
    /// Value, words, whether it is chosen; empty for what is typed.
    pub(super) choices: Vec<(&'static str, String, bool)>,
    pub(super) wrong: Option<String>,
}

pub(super) fn fields(text: Text, form: &AddForm) -> Vec<ValueField> {
    let field = |name: &'static str| {
        let value = form.value(name).to_owned();
        let (mode, example) = match name {
            "price.unit" | "unit" => ("text", "points"),
            "cost.currency" => ("text", "KRW"),
            "expiry.date" => ("text", "2026-12-31"),
            _ => ("numeric", ""),
        };
        let choice = |kind: &'static str| {
            let words = text.say_of("rewards-expiry", if kind.is_empty() { "unit" } else { kind });
            (kind, words, kind == value)
        };
        let answer = |is: &str| text.say(if is.is_empty() { "ui-rewards-no" } else { "ui-rewards-yes" });
        ValueField {
            name,
            label: text.say_of("rewards-value", &name.replace('.', "-")),
            choices: match name {
                "expiry" => EXPIRIES.map(choice).to_vec(),
                name if YES.contains(&name) => ["", "true"].map(|is| (is, answer(is), is == value)).to_vec(),
                _ => vec![],
            },
            value,
            example,
            mode,
            wrong: form.wrong(name).map(|wrong| wrong.message.clone()),
        }
    };
    FIELDS.map(field).into()
}

/// The parts of the request body that have fields of their own. What is empty is left out.
pub(super) fn body(form: &Form) -> Map<String, Value> {
    let mut body = Map::new();
    for (part, text) in [("price", "unit"), ("cost", "currency")] {
        let mut of = Map::new();
        of.extend(form.text(&format!("{part}.amount")).map(|amount| ("amount".to_owned(), number(amount))));
        of.extend(form.text(&format!("{part}.{text}")).map(|name| (text.to_owned(), Value::from(name))));
        if !of.is_empty() {
            body.insert(part.to_owned(), of.into());
        }
    }
    body.extend(YES.iter().filter(|name| form.text(name).is_some()).map(|name| ((*name).to_owned(), true.into())));
    body.extend(expiry(form).map(|expiry| ("expiry".to_owned(), expiry)));
    body
}

/// Days or a date that are typed count even where nothing was chosen.
fn expiry(form: &Form) -> Option<Value> {
    let (days, date) = (form.text("expiry.days").map(number), form.text("expiry.date"));
    let with = |end_of: Option<&str>| {
        let mut expiry = Map::new();
        expiry.extend(days.clone().map(|days| ("days".to_owned(), days)));
        expiry.extend(end_of.map(|end| ("endOf".to_owned(), Value::from(end))));
        Value::Object(expiry)
    };
    match form.text("expiry") {
        None if days.is_some() => Some(with(None)),
        None => date.map(|date| json!({ "date": date })),
        Some("days") => Some(with(None)),
        Some(end @ ("month" | "year")) => Some(with(Some(end))),
        Some("date") => Some(json!({ "date": date.unwrap_or_default() })),
        Some(other) => Some(Value::from(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(typed: &[(&str, &str)], expected: Value) {
        let form = Form(typed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect());
        assert_eq!(Value::Object(body(&form)), expected, "{typed:?}");
    }

    #[test]
    fn what_is_typed_becomes_what_the_api_reads() {
        check(&[("price.amount", ""), ("expiry", ""), ("cost.currency", " ")], json!({}));
        check(
            &[("price.amount", "100"), ("cost.amount", "450"), ("cost.currency", "KRW")],
            json!({"price": {"amount": 100}, "cost": {"amount": 450, "currency": "KRW"}}),
        );
        check(&[("codes", "true"), ("bound", "")], json!({"codes": true}));
        check(&[("price.unit", "stars")], json!({"price": {"unit": "stars"}}));
        check(&[("price.amount", "1.5")], json!({"price": {"amount": "1.5"}}));
        check(&[("expiry", "never"), ("expiry.days", "30")], json!({"expiry": "never"}));
        check(&[("expiry", "month"), ("expiry.days", "30")], json!({"expiry": {"days": 30, "endOf": "month"}}));
        check(&[("expiry", "days")], json!({"expiry": {}}));
        check(&[("expiry", ""), ("expiry.days", "30")], json!({"expiry": {"days": 30}}));
        check(&[("expiry", "date"), ("expiry.date", "2026-12-31")], json!({"expiry": {"date": "2026-12-31"}}));
    }
}
