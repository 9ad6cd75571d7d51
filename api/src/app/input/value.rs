//! How value is read, wherever it is named: units, amounts, references and when something is over. It knows no resource.

use std::fmt::Display;

use domain::quantity::{Amount, DelayDays, LifeDays, MAX_COUNT, MAX_DAYS};
use domain::spend::HoldTime;
use domain::value::{Currency, Days, EndOf, Expiry, NotAUnitCode, Reference, UnitCode};
use schemars::json_schema;
use serde_json::Value;

use super::fields::{Broken, Fields, FromFields, Reader, reader, readers};

/// The code of a programme's own unit.
pub fn unit_code() -> impl Reader<Value = UnitCode> {
    let schema = |_: &mut _| json_schema!({"type": "string", "pattern": "^[a-z][a-z0-9_.-]{0,63}$", "not": {"const": UnitCode::RESERVED}});
    readers::string()
        .then(|text| {
            UnitCode::try_from(text).map_err(|not| match not {
                NotAUnitCode::NotAName => Broken::new("format", not.to_string()),
                NotAUnitCode::Reserved => Broken::new("reserved", not.to_string()),
            })
        })
        .shown_as(reader(schema, Ok::<Value, Broken>))
}

/// A currency.
pub fn currency() -> impl Reader<Value = Currency> {
    let schema = |_: &mut _| json_schema!({"type": "string", "pattern": "^[A-Z]{3}$"});
    let read = |text: String| Currency::try_from(text).map_err(|not| Broken::new("format", not.to_string()));
    readers::string().then(read).shown_as(reader(schema, Ok::<Value, Broken>))
}

/// How much.
pub fn amount() -> impl Reader<Value = Amount> {
    quantity(1, MAX_COUNT)
}

/// After how many days.
pub fn delay_days() -> impl Reader<Value = DelayDays> {
    quantity(0, MAX_DAYS)
}

/// A number that means something, within its bounds.
pub fn quantity<Q: TryFrom<i64, Error: Display>>(min: i64, max: i64) -> impl Reader<Value = Q> {
    readers::number(min, max).then(|number| Q::try_from(number).map_err(|not| Broken::new("range", not.to_string())))
}

/// What a caller calls something of its own.
pub fn reference() -> impl Reader<Value = Reference> {
    let read = |text: String| Reference::try_from(text).map_err(|not| Broken::new("length", not.to_string()));
    readers::visible(1, Reference::MAX_CHARS).then(read)
}

/// For how long points are held.
pub fn hold_time() -> impl Reader<Value = HoldTime> {
    let read = |text: String| HoldTime::try_from(text).map_err(|not| Broken::new("duration", not.to_string()));
    readers::text(0, 20).then(read)
}

impl FromFields for Expiry {
    /// `{"days"}`, `{"days", "endOf"}` or `{"date"}`.
    fn read(fields: &mut Fields) -> Option<Self> {
        let days = fields.optional("days", quantity::<LifeDays>(1, MAX_DAYS));
        let end_of = fields.optional("endOf", readers::choice([("month", EndOf::Month), ("year", EndOf::Year)]));
        let date = fields.optional("date", readers::date());
        match (days?, end_of?, date?) {
            (Some(days), end_of, None) => Some(Self::Days(Days { days, end_of })),
            (None, None, Some(date)) => Some(Self::Date { date }),
            (None, Some(_), None) => broken(fields, "days", "required", "is required beside `endOf`"),
            (None, None, None) => broken(fields, "days", "required", "is required, or `date`"),
            (_, _, Some(_)) => broken(fields, "date", "contradiction", "stands alone"),
        }
    }
}

fn broken<T>(fields: &mut Fields, field: &str, rule: &'static str, message: &str) -> Option<T> {
    fields.report(field, Broken::new(rule, message));
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::input::fields::read;
    use serde_json::json;

    #[test]
    fn what_is_given_is_over_after_days_or_on_a_date() {
        for good in [json!({"days": 30}), json!({"days": 1, "endOf": "year"}), json!({"date": "2027-01-31"})] {
            assert_eq!(read::<Expiry>(good.clone(), "expiry.").map(|read| json!(read)), Ok(good));
        }
        for (bad, field) in [
            (json!({}), "expiry.days"),
            (json!({"endOf": "month"}), "expiry.days"),
            (json!({"days": 0}), "expiry.days"),
            (json!({"days": 3_661}), "expiry.days"),
            (json!({"days": 1, "date": "2027-01-31"}), "expiry.date"),
            (json!({"date": "2027-01-31", "endOf": "month"}), "expiry.date"),
            (json!({"days": 1, "endOf": "week"}), "expiry.endOf"),
            (json!({"date": "31.1.2027"}), "expiry.date"),
            (json!("never"), "expiry"),
        ] {
            let errors = read::<Expiry>(bad.clone(), "expiry.").unwrap_err();
            assert_eq!(errors[0].field(), field, "{bad}");
        }
    }

    #[test]
    fn a_unit_is_a_name_that_means_nothing_else() {
        let rule = |code: &str| unit_code().read(json!(code)).map(String::from).map_err(|broken| broken.rule);
        assert_eq!(rule("points"), Ok("points".to_owned()));
        assert_eq!((rule("KRW"), rule("grants"), rule("")), (Err("format"), Err("reserved"), Err("format")));
    }
}
