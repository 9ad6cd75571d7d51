//! Budgets in the fields of a form: a row for each, named as in the API, so that each error finds its field. Rows come and go
//! by buttons, so that it needs no script. Whether budgets are right is for the API to say.

use domain::budget::{MAX_ALERTS, MAX_BUDGETS, Per};
use domain::value::UnitCode;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::pages::form::{Form, FormErrors, number};
use crate::pages::text::{Text, say};

/// The field of all rows together.
pub(in crate::pages) const FIELD: &str = "budgets";
/// The button that adds a row, and the one that removes a row, with its number behind it.
const ADD: &str = "budget";
const REMOVE: &str = "budget-remove:";
/// What is told of a new budget.
const ALERTS: &str = "80, 100";

/// A budget as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct Budget {
    pub(in crate::pages) unit: String,
    pub(in crate::pages) amount: i64,
    pub(in crate::pages) per: String,
    alert_at: Vec<i64>,
}

/// The rows as they are typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::pages) struct Rows(Vec<Row>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    unit: String,
    amount: String,
    per: String,
    alert_at: String,
}

/// The part of a form that has the rows.
pub(in crate::pages) struct BudgetFields {
    pub(in crate::pages) rows: Vec<Vec<Field>>,
    /// What is wrong with all of them together.
    pub(in crate::pages) wrong: Option<String>,
    /// The button that adds a row, if there is room for one.
    pub(in crate::pages) add: Option<&'static str>,
    /// For each row the button that removes it, and what it says to those who cannot see where it stands.
    pub(in crate::pages) removes: Vec<(String, String)>,
}

pub(in crate::pages) struct Field {
    /// Its id and its name.
    pub(in crate::pages) name: String,
    pub(in crate::pages) label: String,
    pub(in crate::pages) value: String,
    pub(in crate::pages) numeric: bool,
    /// Value and words; empty for what is typed.
    pub(in crate::pages) choices: Vec<(&'static str, String)>,
    pub(in crate::pages) wrong: Option<String>,
}

impl Rows {
    pub(in crate::pages) fn of(budgets: &[Budget]) -> Self {
        let row = |budget: &Budget| {
            let alerts: Vec<_> = budget.alert_at.iter().map(i64::to_string).collect();
            let (amount, alert_at) = (budget.amount.to_string(), alerts.join(", "));
            Row { unit: budget.unit.clone(), amount, per: budget.per.clone(), alert_at }
        };
        Self(budgets.iter().map(row).collect())
    }

    /// What came with a form.
    pub(in crate::pages) fn read(form: &Form) -> Self {
        let value = |index: usize, field| form.raw(&name_of(index, field)).trim().to_owned();
        let row = |index: usize| {
            let is_there = form.all(&name_of(index, "unit")).next().is_some();
            is_there.then(|| Row {
                unit: value(index, "unit"),
                amount: value(index, "amount"),
                per: value(index, "per"),
                alert_at: value(index, "alertAt"),
            })
        };
        Self((0..=MAX_BUDGETS).map_while(row).collect())
    }

    /// Does what a button says; `false`: it is no button of theirs.
    pub(in crate::pages) fn press(&mut self, button: &str) -> bool {
        if button == ADD {
            if self.0.len() < MAX_BUDGETS {
                let unit = UnitCode::POINTS.to_owned();
                let (per, alert_at) = (Per::Day.name().to_owned(), ALERTS.to_owned());
                self.0.push(Row { unit, amount: String::new(), per, alert_at });
            }
            return true;
        }
        let Some(index) = button.strip_prefix(REMOVE) else { return false };
        if let Some(index) = index.parse().ok().filter(|index: &usize| *index < self.0.len()) {
            self.0.remove(index);
        }
        true
    }

    pub(in crate::pages) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the API reads them. What is no number goes as it is typed.
    pub(in crate::pages) fn body(&self) -> Value {
        let alerts = |typed: &str| -> Vec<Value> {
            let parts = typed.split(|of: char| of == ',' || of.is_whitespace()).filter(|part| !part.is_empty());
            parts.take(MAX_ALERTS + 1).map(number).collect()
        };
        let budget = |row: &Row| {
            json!({
                "unit": row.unit,
                "amount": number(&row.amount),
                "per": row.per,
                "alertAt": alerts(&row.alert_at),
            })
        };
        self.0.iter().map(budget).collect()
    }

    pub(in crate::pages) fn fields(&self, text: Text, errors: Option<&FormErrors>) -> BudgetFields {
        let wrong = |name: &str| {
            let is_of =
                |field: &str| field == name || field.strip_prefix(name).is_some_and(|rest| rest.starts_with('['));
            let found = errors.into_iter().flat_map(|errors| &errors.fields).find(|(field, _)| is_of(field));
            found.map(|(_, message)| message.clone())
        };
        let field = |index: usize, field: &'static str, value: &str| {
            let per = |per: Per| (per.name(), text.say_of("budget-per", per.name()));
            let name = name_of(index, field);
            Field {
                label: text.say_of("budget-field", field),
                value: value.to_owned(),
                numeric: field == "amount",
                choices: if field == "per" { Per::ALL.map(per).to_vec() } else { vec![] },
                wrong: wrong(&name),
                name,
            }
        };
        let row = |(index, row): (usize, &Row)| {
            vec![
                field(index, "amount", &row.amount),
                field(index, "unit", &row.unit),
                field(index, "per", &row.per),
                field(index, "alertAt", &row.alert_at),
            ]
        };
        let remove = |index: usize| (format!("{REMOVE}{index}"), say!(text, "ui-budget-remove-of", number = index + 1));
        BudgetFields {
            rows: self.0.iter().enumerate().map(row).collect(),
            wrong: errors.and_then(|errors| errors.at(FIELD)).map(str::to_owned),
            add: (self.0.len() < MAX_BUDGETS).then_some(ADD),
            removes: (0..self.0.len()).map(remove).collect(),
        }
    }
}

/// The label of a field by its name in an error, such as `budgets[0].amount`; `None`: it is none of theirs.
pub(in crate::pages) fn label_of(text: Text, field: &str) -> Option<String> {
    let rest = field.strip_prefix(FIELD)?;
    let Some((_, own)) = rest.split_once("].") else { return Some(text.say("ui-budget-title")) };
    let own = own.split('[').next().unwrap_or(own);
    Some(text.say_of("budget-field", own))
}

/// The field that an error is shown at: of a list of numbers there is one.
pub(in crate::pages) fn shown_at(field: &str) -> String {
    match field.split_once("].alertAt[") {
        Some((row, _)) if row.starts_with(FIELD) => format!("{row}].alertAt"),
        _ => field.to_owned(),
    }
}

fn name_of(index: usize, field: &str) -> String {
    format!("{FIELD}[{index}].{field}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::i18n::Language;
    use domain::zone::Tz;

    fn form(fields: &[(&str, &str)]) -> Form {
        Form(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    /// The fields that a browser sends of the rows.
    fn sent(rows: &Rows) -> Form {
        let shown = rows.fields(Text { language: Language::Korean, zone: Tz::UTC }, None);
        Form(shown.rows.into_iter().flatten().map(|field| (field.name, field.value)).collect())
    }

    #[test]
    fn budgets_come_out_of_the_form_as_they_went_in() {
        let shown = json!([
            {"unit": "points", "amount": 10_000, "per": "day", "alertAt": [80, 100]},
            {"unit": "KRW", "amount": 5, "per": "total", "alertAt": []},
        ]);
        let budgets: Vec<Budget> = serde_json::from_value(shown.clone()).unwrap();
        let rows = Rows::of(&budgets);
        assert_eq!(Rows::read(&sent(&rows)), rows);
        assert_eq!(rows.body(), shown);
    }

    #[test]
    fn what_is_typed_wrong_goes_as_it_is_typed() {
        let typed = form(&[
            ("budgets[0].unit", " stars "),
            ("budgets[0].amount", "many"),
            ("budgets[0].per", "year"),
            ("budgets[0].alertAt", "50 75,x"),
            ("budgets[2].unit", "points"),
        ]);
        let expected = json!([{"unit": "stars", "amount": "many", "per": "year", "alertAt": [50, 75, "x"]}]);
        assert_eq!(Rows::read(&typed).body(), expected);
    }

    #[test]
    fn rows_come_and_go_by_buttons_within_bounds() {
        let mut rows = Rows::default();
        for _ in 0..MAX_BUDGETS + 5 {
            assert!(rows.press(ADD));
        }
        assert_eq!(rows.body().as_array().map(Vec::len), Some(MAX_BUDGETS));
        assert!(rows.fields(Text { language: Language::English, zone: Tz::UTC }, None).add.is_none());
        for button in ["budget-remove:0", "budget-remove:99", "budget-remove:x"] {
            assert!(rows.press(button));
        }
        assert_eq!(rows.body().as_array().map(Vec::len), Some(MAX_BUDGETS - 1));
        assert!(!rows.press("part:0") && !rows.press("save"));
    }

    #[test]
    fn an_error_is_shown_at_its_field() {
        let text = Text { language: Language::English, zone: Tz::UTC };
        assert_eq!(shown_at("budgets[1].alertAt[0]"), "budgets[1].alertAt");
        assert_eq!(shown_at("budgets[1].amount"), "budgets[1].amount");
        assert_eq!(label_of(text, "budgets[1].alertAt[0]"), label_of(text, "budgets[0].alertAt"));
        assert_eq!(label_of(text, "condition.all[0].days"), None);
    }
}
