//! Readers of single values: texts, numbers, ids, moments, zones. Each knows one rule of the contract
//! and none knows which field it reads.

use std::str::FromStr;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use chrono_tz::Tz;
use domain::Moment;
use domain::name::Name;
use domain::zone::first_moment;
use garde::rules::email::parse_email;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;

use super::Broken;

/// The longest e-mail, in characters.
const MAX_EMAIL_CHARS: usize = 254;
/// The longest URL, in characters.
const MAX_URL_CHARS: usize = 2_048;
/// From here on every float is a whole number: 2⁵³. What JSON wrote may have been one of any length.
const ONLY_WHOLE: f64 = 9_007_199_254_740_992.0;

/// A text as it was sent, for those who judge it themselves.
pub fn string(value: Value) -> Result<String, Broken> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(Broken::wrong_type("a string"))
        }
    }
}

fn clean(text: &str) -> Result<String, Broken> {
    if text.chars().any(char::is_control) {
        return Err(Broken::new("characters", "must not hold control characters"));
    }
    Ok(text.trim().nfc().collect())
}

fn within(text: String, min: usize, max: usize) -> Result<String, Broken> {
    let length = text.chars().count();
    if (min..=max).contains(&length) {
        Ok(text)
    } else {
        Err(Broken::new("length", format!("must have from {min} to {max} characters")))
    }
}

/// A text, normalised (NFC) and trimmed, of so many characters.
pub fn text(min: usize, max: usize) -> impl FnOnce(Value) -> Result<String, Broken> {
    move |value| within(clean(&string(value)?)?, min, max)
}

/// A password: normalised, but not trimmed.
pub fn password(min: usize, max: usize) -> impl FnOnce(Value) -> Result<String, Broken> {
    move |value| {
        let text = string(value)?;
        clean(&text)?;
        within(text.nfc().collect(), min, max)
    }
}

/// An e-mail address.
pub fn email(value: Value) -> Result<String, Broken> {
    let text = within(clean(&string(value)?)?, 3, MAX_EMAIL_CHARS)?;
    parse_email(&text).map_err(|_| Broken::new("email", "must be an e-mail address"))?;
    Ok(text)
}

/// An address of the web, `https` only.
pub fn https_url(value: Value) -> Result<String, Broken> {
    let text = within(clean(&string(value)?)?, 1, MAX_URL_CHARS)?;
    let uri = axum::http::Uri::from_str(&text).ok();
    match uri {
        Some(uri) if uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty()) => Ok(text),
        _ => Err(Broken::new("url", "must be an address that starts with https://")),
    }
}

/// A whole number.
pub fn number(min: i64, max: i64) -> impl FnOnce(Value) -> Result<i64, Broken> {
    move |value| {
        let too_long = |number: &serde_json::Number| number.as_f64().is_some_and(|float| float.abs() >= ONLY_WHOLE);
        match value {
            Value::Number(number) if number.is_f64() && !too_long(&number) => Err(Broken::wrong_type("a whole number")),
            Value::Number(number) => {
                number.as_i64().filter(|number| (min..=max).contains(number)).ok_or_else(|| out_of_range(min, max))
            }
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Err(Broken::wrong_type("a whole number"))
            }
        }
    }
}

fn out_of_range(min: i64, max: i64) -> Broken {
    Broken::new("range", format!("must be from {min} to {max}"))
}

/// A whole number of a query or a header, which have only texts: digits, perhaps after a minus.
pub fn digits(min: i64, max: i64) -> impl FnOnce(Value) -> Result<i64, Broken> {
    move |value| {
        let text = string(value)?;
        let digits = text.strip_prefix('-').unwrap_or(&text);
        if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(Broken::wrong_type("a whole number"));
        }
        // digits that make no number make too large a one
        text.parse().ok().filter(|number| (min..=max).contains(number)).ok_or_else(|| out_of_range(min, max))
    }
}

/// `true` or `false`.
pub fn boolean(value: Value) -> Result<bool, Broken> {
    match value {
        Value::Bool(value) => Ok(value),
        Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            Err(Broken::wrong_type("true or false"))
        }
    }
}

/// An id: a UUID with its hyphens.
pub fn id<T: From<Uuid>>(value: Value) -> Result<T, Broken> {
    let text = string(value)?;
    parse_id(&text).map(T::from).ok_or_else(|| Broken::new("uuid", "must be a UUID"))
}

/// Reads a UUID in the one form that ids have; letters in any case.
#[must_use]
pub fn parse_id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    text.eq_ignore_ascii_case(&id.to_string()).then_some(id)
}

/// One of some words.
pub fn choice<T: Clone + 'static>(
    choices: impl IntoIterator<Item = (&'static str, T)>,
) -> impl FnOnce(Value) -> Result<T, Broken> {
    let choices: Vec<_> = choices.into_iter().collect();
    move |value| {
        let text = string(value)?;
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| choice.clone());
        found.ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            Broken::new("choice", format!("must be one of {}", names.join(", ")))
        })
    }
}

/// A name of an activity kind or a measure.
pub fn name(value: Value) -> Result<Name, Broken> {
    Name::try_from(string(value)?).map_err(|_| Broken::new("format", "must be [a-z][a-z0-9_.-]{0,63}"))
}

/// An IANA time zone.
pub fn zone(value: Value) -> Result<Tz, Broken> {
    string(value)?.parse().map_err(|_| Broken::new("time_zone", "must be an IANA time zone such as Asia/Seoul"))
}

/// A calendar date.
pub fn date(value: Value) -> Result<NaiveDate, Broken> {
    plain_date(&string(value)?).ok_or_else(|| Broken::new("date", "must be a date: YYYY-MM-DD"))
}

/// `YYYY-MM-DD` and nothing else.
fn plain_date(text: &str) -> Option<NaiveDate> {
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (date.format("%Y-%m-%d").to_string() == text).then_some(date)
}

/// A moment as it was sent: whether its offset says where it happened is for others to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instant {
    /// The moment.
    pub moment: Moment,
    /// The offset, unless it was `Z`.
    pub offset: Option<FixedOffset>,
}

fn parse_instant(text: &str) -> Option<Instant> {
    let sent = DateTime::parse_from_rfc3339(text).ok()?;
    let moment = Moment::from(sent);
    if !(1..=9_999).contains(&moment.utc().year()) {
        return None;
    }
    Some(Instant { moment, offset: (!text.ends_with(['Z', 'z'])).then(|| *sent.offset()) })
}

/// A moment with its offset from UTC.
pub fn instant(value: Value) -> Result<Instant, Broken> {
    parse_instant(&string(value)?)
        .ok_or_else(|| Broken::new("instant", "must be RFC 3339 with an offset, as 2026-11-21T08:00:00Z"))
}

/// A moment, or a date that stands for its first moment in some zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstantOrDate {
    /// A moment.
    Instant(Moment),
    /// A date.
    Date(NaiveDate),
}

impl InstantOrDate {
    /// The moment it stands for in a zone.
    #[must_use]
    pub fn in_zone(self, zone: Tz) -> Moment {
        match self {
            Self::Instant(moment) => moment,
            Self::Date(date) => first_moment(date, zone),
        }
    }
}

/// A moment with its offset, or a date.
pub fn instant_or_date(value: Value) -> Result<InstantOrDate, Broken> {
    let text = string(value)?;
    if let Some(date) = plain_date(&text).filter(|date| (1..=9_998).contains(&date.year())) {
        return Ok(InstantOrDate::Date(date));
    }
    parse_instant(&text)
        .map(|instant| InstantOrDate::Instant(instant.moment))
        .ok_or_else(|| Broken::new("instant", "must be RFC 3339 with an offset, or a date"))
}

/// The form in which a name is compared: without regard to case.
#[must_use]
pub fn folded(text: &str) -> String {
    text.to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_normalised_and_trimmed() {
        assert_eq!(text(1, 10)(json!("  Cafe\u{301} ")), Ok("Café".to_owned()));
        assert_eq!(text(1, 10)(json!("a\nb")).unwrap_err().rule, "characters");
        assert_eq!(text(1, 10)(json!("   ")).unwrap_err().rule, "length");
    }

    #[test]
    fn a_number_of_any_length_is_out_of_range_and_a_fraction_is_none() {
        let rule = |text: &str| number(1, 200)(serde_json::from_str(text).unwrap()).map_err(|broken| broken.rule);
        assert_eq!(rule("200"), Ok(200));
        for long in ["0", "201", "-1", "18446744073709551616", "123456789012345678901234567890", "-1e30"] {
            assert_eq!(rule(long), Err("range"), "{long}");
        }
        for other in ["1.0", "1.5", "1e2", "\"7\"", "true", "null"] {
            assert_eq!(rule(other), Err("type"), "{other}");
        }
    }

    #[test]
    fn a_number_of_a_query_is_digits_alone() {
        let rule = |text: &str| digits(1, 200)(json!(text)).map_err(|broken| broken.rule);
        assert_eq!(rule("200"), Ok(200));
        for long in ["0", "201", "-1", "99999999999999999999"] {
            assert_eq!(rule(long), Err("range"), "{long}");
        }
        for other in ["", "-", "+5", " 5", "5 ", "0x5", "1.0", "1e2", "٥"] {
            assert_eq!(rule(other), Err("type"), "{other}");
        }
    }

    #[test]
    fn an_instant_must_carry_an_offset() {
        assert!(instant(json!("2026-11-21T08:00:00")).is_err());
        assert_eq!(instant(json!("2026-11-21T08:00:00Z")).unwrap().offset, None);
        assert!(instant(json!("2026-11-21T08:00:00+09:00")).unwrap().offset.is_some());
    }

    #[test]
    fn a_date_is_the_first_moment_of_its_local_day() {
        let moment =
            |date: &str, zone: &str| instant_or_date(json!(date)).unwrap().in_zone(zone.parse().unwrap()).to_text();
        assert_eq!(moment("2026-11-01", "Asia/Seoul"), "2026-10-31T15:00:00.000Z");
        // midnight was skipped here
        assert_eq!(moment("2018-11-04", "America/Sao_Paulo"), "2018-11-04T03:00:00.000Z");
    }

    #[test]
    fn an_id_has_one_form() {
        assert!(parse_id("0190A0A0-0000-7000-8000-000000000000").is_some());
        for other in ["{0190a0a0-0000-7000-8000-000000000000}", "0190a0a0000070008000000000000000", "me"] {
            assert!(parse_id(other).is_none(), "{other}");
        }
    }

    #[test]
    fn only_https_is_an_address() {
        assert!(https_url(json!("https://example.org/me.png")).is_ok());
        for other in ["http://example.org/", "javascript:alert(1)", "https://", "example.org", "https:///x"] {
            assert!(https_url(json!(other)).is_err(), "{other}");
        }
    }
}
