//! How budgets are read: how much of a unit, or of money, may be given in a period, and which parts of it are told when they are
//! gone. It knows no resource.

use domain::budget::{Budget, BudgetUnit, MAX_ALERTS, MAX_BUDGETS, Per};
use domain::quantity::Percent;
use schemars::json_schema;
use serde_json::Value;

use super::fields::{Broken, Fields, FromFields, Reader, describe, read, reader, readers};
use super::value::{amount, quantity};

/// What is told where nobody says what to tell.
const TOLD_BY_DEFAULT: [i64; 2] = [80, 100];

/// The field with the budgets of one scope; the outer `None` is a broken rule. `path` is where it stands in the body.
pub fn budgets(fields: &mut Fields, path: &str) -> Option<Option<Vec<Budget>>> {
    let field = path.rsplit('.').next().unwrap_or(path);
    let raw = reader(|generator| describe::<Budget>(generator).into_object(), Ok::<Value, Broken>);
    let Some(sent) = fields.optional(field, readers::list(0, MAX_BUDGETS, raw))? else { return Some(None) };
    let mut budgets = Vec::with_capacity(sent.len());
    for (index, value) in sent.into_iter().enumerate() {
        match read::<Budget>(value, &format!("{path}[{index}].")) {
            Ok(budget) => budgets.push(Some(budget)),
            Err(errors) => {
                fields.report_all(errors);
                budgets.push(None);
            }
        }
    }
    let budgets: Option<Vec<Budget>> = budgets.into_iter().collect();
    let budgets = budgets?;
    if let Err(refusal) = domain::budget::check(&budgets) {
        fields.report(field, Broken::new("invalid", refusal.to_string()));
        return None;
    }
    Some(Some(budgets))
}

impl FromFields for Budget {
    fn read(fields: &mut Fields) -> Option<Self> {
        let unit = fields.required("unit", budget_unit());
        let amount = fields.required("amount", amount());
        let per = fields.required("per", readers::choice(Per::ALL.map(|per| (per.name(), per))));
        let alert_at = fields.optional("alertAt", readers::list(0, MAX_ALERTS, quantity::<Percent>(1, 100)));
        let by_default = || TOLD_BY_DEFAULT.into_iter().filter_map(|part| Percent::try_from(part).ok()).collect();
        Some(Self { unit: unit?, amount: amount?, per: per?, alert_at: alert_at?.unwrap_or_else(by_default) })
    }
}

fn budget_unit() -> impl Reader<Value = BudgetUnit> {
    let schema = |_: &mut _| json_schema!({"type": "string", "pattern": "^([A-Z]{3}|[a-z][a-z0-9_.-]{0,63})$"});
    let read = |text: String| BudgetUnit::try_from(text).map_err(|not| Broken::new("format", not.to_string()));
    readers::string().then(read).shown_as(reader(schema, Ok::<Value, Broken>))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[derive(Debug)]
    struct Body(Option<Vec<Budget>>);

    impl FromFields for Body {
        fn read(fields: &mut Fields) -> Option<Self> {
            Some(Self(budgets(fields, "budgets")?))
        }
    }

    fn wrong(budgets: Value) -> Vec<(String, String)> {
        let errors = read::<Body>(json!({ "budgets": budgets }), "").unwrap_err();
        errors.iter().map(|error| (error.field().to_owned(), error.rule().to_owned())).collect()
    }

    #[test]
    fn what_is_told_is_80_and_100_percent_unless_somebody_says_otherwise() {
        let sent = json!({"budgets": [{"unit": "points", "amount": 1, "per": "day"},
            {"unit": "KRW", "amount": 2, "per": "total", "alertAt": []}]});
        let told = read::<Body>(sent, "").unwrap().0.unwrap();
        let parts: Vec<Vec<i64>> =
            told.iter().map(|budget| budget.alert_at.iter().map(|part| part.get()).collect()).collect();
        assert_eq!(parts, [vec![80, 100], vec![]]);
        assert!(read::<Body>(json!({}), "").unwrap().0.is_none());
    }

    #[test]
    fn what_is_wrong_is_named_where_it_stands() {
        let one = json!({"unit": "points", "amount": 1, "per": "day"});
        let names = |errors: Vec<(String, String)>| errors.into_iter().map(|(field, _)| field).collect::<Vec<_>>();
        assert_eq!(
            names(wrong(json!([one, {"unit": "Points", "amount": 1.5, "per": "year", "alertAt": [0]}]))),
            ["budgets[1].unit", "budgets[1].amount", "budgets[1].per", "budgets[1].alertAt[0]"]
        );
        assert_eq!(names(wrong(json!([{"unit": "grants", "amount": 0, "per": "day", "more": 1}]))).len(), 3);
        assert_eq!(names(wrong(json!([one, one]))), ["budgets"]);
        assert_eq!(names(wrong(json!("points"))), ["budgets"]);
        assert_eq!(names(wrong(json!(["points"]))), ["budgets[0]"]);
    }
}
