//! Readers of single values: texts, numbers, ids, moments, zones. Each knows one rule of the contract
//! and its schema, and none knows which field it reads.

use std::str::FromStr;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use domain::Moment;
use domain::identity::{Invisible, all_visible, visible_name};
use domain::name::Name;
use domain::quantity::Whole;
use domain::zone::Tz;
use domain::zone::first_moment;
use garde::rules::email::parse_email;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;
use uuid::Uuid;
use zxcvbn::matching::Match;
use zxcvbn::matching::patterns::MatchPattern;
use zxcvbn::zxcvbn;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{Broken, FromFields, Reader, reader};
use crate::app::problem::{FieldErrors, MAX_ERRORS};

/// The longest e-mail, in characters.
const MAX_EMAIL_CHARS: usize = 254;
/// The longest note, in characters.
const MAX_NOTE_CHARS: usize = 1_000;
/// The longest URL, in characters.
const MAX_URL_CHARS: usize = 2_048;
/// The longest password that is looked up among the common ones.
const COMMON_PASSWORD_CHARS: usize = 24;
/// A password that is found with fewer guesses is too common.
const TOO_FEW_GUESSES: u64 = 500;

/// A value as it was sent, for those who judge it themselves; described as a type is.
pub fn any<S: JsonSchema>() -> impl Reader<Value = Value> {
    reader(|generator| generator.subschema_for::<S>(), Ok)
}

/// A text as it was sent, for those who judge it themselves.
pub fn string() -> impl Reader<Value = String> {
    reader(|_| json_schema!({"type": "string"}), sent_text)
}

fn sent_text(value: Value) -> Result<String, Broken> {
    match value {
        Value::String(text) => Ok(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(Broken::wrong_type("a string"))
        }
    }
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

fn normal(text: &str) -> String {
    text.trim().nfc().collect()
}

fn clean(text: &str) -> Result<String, Broken> {
    if has_control(text) {
        return Err(Broken::new("characters", "must not hold control characters"));
    }
    Ok(normal(text))
}

fn within(text: String, min: usize, max: usize) -> Result<String, Broken> {
    let length = text.chars().count();
    if (min..=max).contains(&length) {
        Ok(text)
    } else {
        Err(Broken::new("length", format!("must have from {min} to {max} characters")))
    }
}

fn bounded(min: usize, max: usize) -> Schema {
    json_schema!({"type": "string", "minLength": min, "maxLength": max})
}

/// A name: a text of which everything is seen.
pub fn visible(min: usize, max: usize) -> impl Reader<Value = String> {
    text(min, max).then(|name| match visible_name(&name) {
        Ok(()) => Ok(name),
        Err(invisible) => Err(is_invisible(invisible)),
    })
}

/// What a text breaks that holds what nobody sees.
pub(crate) fn is_invisible(invisible: Invisible) -> Broken {
    Broken::new("invisible_characters", invisible.to_string())
}

/// A text, normalised (NFC) and trimmed, of so many characters.
pub fn text(min: usize, max: usize) -> impl Reader<Value = String> {
    reader(move |_| bounded(min, max), move |value| within(clean(&sent_text(value)?)?, min, max))
}

/// A text of several lines, normalised and trimmed like one of a single line; a line break is one character, however it
/// was sent.
pub fn lines(min: usize, max: usize) -> impl Reader<Value = String> {
    reader(
        move |_| bounded(min, max),
        move |value| {
            let text = sent_text(value)?.replace("\r\n", "\n");
            if text.split('\n').any(has_control) {
                return Err(Broken::new("characters", "must not hold control characters but line breaks"));
            }
            within(normal(&text), min, max)
        },
    )
}

/// Why or how staff did something, in their words; `min` says whether they must.
pub fn note(min: usize) -> impl Reader<Value = String> {
    kept(move || lines(min, MAX_NOTE_CHARS), "Why or how.")
}

/// A text that goes into the log, which forgets nothing: whoever types it is told, behind what it is.
fn kept<R: Reader<Value = String>>(text: impl Fn() -> R + Copy, what: &'static str) -> impl Reader<Value = String> {
    reader(
        move |generator| {
            let mut schema = text().schema(generator);
            let told = format!("{what} It is kept in the log for ever: leave personal data out.");
            schema.insert("description".to_owned(), told.into());
            schema
        },
        move |value| text().read(value),
    )
}

/// Who reports a fact.
pub fn source() -> impl Reader<Value = String> {
    kept(|| visible(1, 64), "Who reports it.")
}

/// The source's own id of a fact.
pub fn external_id() -> impl Reader<Value = String> {
    kept(|| visible(1, 128), "The source's own id of the fact, such as an order number.")
}

/// A password: normalised, but not trimmed.
pub fn password(min: usize, max: usize) -> impl Reader<Value = String> {
    let schema =
        move |_: &mut _| json_schema!({"type": "string", "format": "password", "minLength": min, "maxLength": max});
    reader(schema, move |value| {
        let text = sent_text(value)?;
        clean(&text)?;
        within(text.nfc().collect(), min, max)
    })
}

/// A password that somebody chooses: 8 to 128 characters, and none that is tried before all others.
pub fn new_password() -> impl Reader<Value = String> {
    password(8, 128).then(|chosen| {
        if is_too_common(&chosen) {
            return Err(Broken::new("too_common", "must not be one of the most common passwords"));
        }
        Ok(chosen)
    })
}

/// Whether a password is among the first that are tried, as it is or with the usual replacements of letters.
/// What is longer is not looked at: common passwords are short, and the work grows with the length.
fn is_too_common(password: &str) -> bool {
    let plain: String = password.nfkc().take(COMMON_PASSWORD_CHARS + 1).collect();
    if plain.chars().count() > COMMON_PASSWORD_CHARS {
        return false;
    }
    let estimate = zxcvbn(&plain, &[]);
    // the whole of it, and not a part that is common
    let is_one_word = matches!(estimate.sequence(), [Match { pattern: MatchPattern::Dictionary(_), .. }]);
    let is_one_number = plain.bytes().all(|byte| byte.is_ascii_digit());
    (is_one_word || is_one_number) && estimate.guesses() < TOO_FEW_GUESSES
}

/// An e-mail address.
pub fn email() -> impl Reader<Value = String> {
    let schema =
        |_: &mut _| json_schema!({"type": "string", "format": "email", "minLength": 3, "maxLength": MAX_EMAIL_CHARS});
    reader(schema, |value| {
        let text = within(clean(&sent_text(value)?)?, 3, MAX_EMAIL_CHARS)?;
        all_visible(&text).map_err(is_invisible)?;
        parse_email(&text).map_err(|_| Broken::new("email", "must be an e-mail address"))?;
        Ok(text)
    })
}

/// An address of the web, `https` only.
pub fn https_url() -> impl Reader<Value = String> {
    let schema = |_: &mut _| json_schema!({"type": "string", "format": "uri", "pattern": "^https://", "maxLength": MAX_URL_CHARS});
    reader(schema, |value| {
        let text = within(clean(&sent_text(value)?)?, 1, MAX_URL_CHARS)?;
        let uri = ::http::Uri::from_str(&text).ok();
        match uri {
            Some(uri) if uri.scheme_str() == Some("https") && uri.host().is_some_and(|host| !host.is_empty()) => {
                Ok(text)
            }
            _ => Err(Broken::new("url", "must be an address that starts with https://")),
        }
    })
}

fn whole(min: i64, max: i64) -> Schema {
    let format = if min < i32::MIN.into() || max > i32::MAX.into() { "int64" } else { "int32" };
    json_schema!({"type": "integer", "format": format, "minimum": min, "maximum": max})
}

/// A whole number.
pub fn number(min: i64, max: i64) -> impl Reader<Value = i64> {
    reader(
        move |_| whole(min, max),
        move |value| match value {
            Value::Number(number) => match Whole::of(&number) {
                Whole::Number(number) if (min..=max).contains(&number) => Ok(number),
                Whole::Number(_) | Whole::Beyond => Err(out_of_range(min, max)),
                Whole::Fraction => Err(Broken::wrong_type("a whole number")),
            },
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Err(Broken::wrong_type("a whole number"))
            }
        },
    )
}

fn out_of_range(min: i64, max: i64) -> Broken {
    Broken::new("range", format!("must be from {min} to {max}"))
}

/// A position of the log, in a query or a header; 0 is before its first event.
pub fn position() -> impl Reader<Value = i64> {
    digits(0, i64::MAX)
}

/// A whole number of a query or a header, which have only texts: digits, perhaps after a minus.
pub fn digits(min: i64, max: i64) -> impl Reader<Value = i64> {
    reader(
        move |_| whole(min, max),
        move |value| {
            let text = sent_text(value)?;
            let digits = text.strip_prefix('-').unwrap_or(&text);
            if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(Broken::wrong_type("a whole number"));
            }
            // digits that make no number make too large a one
            text.parse().ok().filter(|number| (min..=max).contains(number)).ok_or_else(|| out_of_range(min, max))
        },
    )
}

/// `true` or `false`.
pub fn boolean() -> impl Reader<Value = bool> {
    reader(
        |_| json_schema!({"type": "boolean"}),
        |value| match value {
            Value::Bool(value) => Ok(value),
            Value::Null | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                Err(Broken::wrong_type("true or false"))
            }
        },
    )
}

/// `true` or `false` in a query, which has only texts.
pub fn flag() -> impl Reader<Value = bool> {
    reader(
        |_| json_schema!({"type": "boolean"}),
        |value| match sent_text(value)?.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(Broken::wrong_type("true or false")),
        },
    )
}

/// A list of so many items, each read by the same reader.
pub fn list<R: Reader>(min: usize, max: usize, item: R) -> impl Reader<Value = Vec<R::Value>> {
    List { min, max, item }
}

/// An item with fields of its own. What is wrong with it is said of the item alone, for lists whose other
/// items are taken all the same.
pub fn each<T: FromFields>() -> impl Reader<Value = Result<T, FieldErrors>> {
    reader(|generator| super::describe::<T>(generator).into_object(), |value| Ok(super::read(value, "")))
}

struct List<R> {
    min: usize,
    max: usize,
    item: R,
}

impl<R: Reader> Reader for List<R> {
    type Value = Vec<R::Value>;

    fn read(&self, value: Value) -> Result<Self::Value, Broken> {
        let Value::Array(items) = value else { return Err(Broken::wrong_type("a list")) };
        if !(self.min..=self.max).contains(&items.len()) {
            let (min, max) = (self.min, self.max);
            return Err(Broken::new("length", format!("must have from {min} to {max} items")));
        }
        let (mut read, mut broken) = (Vec::with_capacity(items.len()), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            match self.item.read(item) {
                Ok(item) => read.push(item),
                Err(rule) => broken.push(rule.within(&format!("[{index}]"))),
            }
            if broken.len() >= MAX_ERRORS {
                break;
            }
        }
        Broken::all(broken).map_or(Ok(read), Err)
    }

    fn schema(&self, generator: &mut SchemaGenerator) -> Schema {
        let items = self.item.schema(generator);
        json_schema!({"type": "array", "items": items, "minItems": self.min, "maxItems": self.max})
    }
}

/// An id: a UUID with its hyphens.
pub fn id<T: From<Uuid>>() -> impl Reader<Value = T> {
    reader(
        |_| json_schema!({"type": "string", "format": "uuid"}),
        |value| {
            let text = sent_text(value)?;
            parse_id(&text).map(T::from).ok_or_else(|| Broken::new("uuid", "must be a UUID"))
        },
    )
}

/// Reads a UUID in the one form that ids have; letters in any case.
#[must_use]
pub fn parse_id(text: &str) -> Option<Uuid> {
    let id = Uuid::try_parse(text).ok()?;
    text.eq_ignore_ascii_case(&id.to_string()).then_some(id)
}

/// One of some words.
pub fn choice<T: Clone + 'static>(choices: impl IntoIterator<Item = (&'static str, T)>) -> impl Reader<Value = T> {
    Choice(choices.into_iter().collect())
}

struct Choice<T>(Vec<(&'static str, T)>);

impl<T> Choice<T> {
    fn names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(name, _)| *name).collect()
    }
}

impl<T: Clone> Reader for Choice<T> {
    type Value = T;

    fn read(&self, value: Value) -> Result<T, Broken> {
        let text = sent_text(value)?;
        let found = self.0.iter().find(|(name, _)| *name == text).map(|(_, choice)| choice.clone());
        found.ok_or_else(|| Broken::new("choice", format!("must be one of {}", self.names().join(", "))))
    }

    fn schema(&self, _: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": self.names()})
    }
}

/// A name of an activity kind or a measure.
pub fn name() -> impl Reader<Value = Name> {
    reader(
        |_| json_schema!({"type": "string", "pattern": "^[a-z][a-z0-9_.-]{0,63}$"}),
        |value| Name::try_from(sent_text(value)?).map_err(|_| Broken::new("format", "must be [a-z][a-z0-9_.-]{0,63}")),
    )
}

/// An IANA time zone.
pub fn zone() -> impl Reader<Value = Tz> {
    let schema =
        |_: &mut _| json_schema!({"type": "string", "description": "An IANA time zone", "examples": ["Asia/Seoul"]});
    reader(schema, |value| {
        let zone = sent_text(value)?.parse();
        zone.map_err(|_| Broken::new("time_zone", "must be an IANA time zone such as Asia/Seoul"))
    })
}

/// A calendar date.
pub fn date() -> impl Reader<Value = NaiveDate> {
    reader(
        |_| json_schema!({"type": "string", "format": "date"}),
        |value| plain_date(&sent_text(value)?).ok_or_else(|| Broken::new("date", "must be a date: YYYY-MM-DD")),
    )
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
pub fn instant() -> impl Reader<Value = Instant> {
    reader(
        |_| json_schema!({"type": "string", "format": "date-time"}),
        |value| {
            parse_instant(&sent_text(value)?)
                .ok_or_else(|| Broken::new("instant", "must be RFC 3339 with an offset, as 2026-11-21T08:00:00Z"))
        },
    )
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
pub fn instant_or_date() -> impl Reader<Value = InstantOrDate> {
    // one plain type: clients in typed languages make a type of its own of a choice
    let schema = |_: &mut _| {
        json_schema!({
            "type": "string",
            "description": "An instant with its offset, or a date: its first moment in the time zone",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2}))?$",
            "examples": ["2026-11-21", "2026-11-21T08:00:00Z"],
        })
    };
    reader(schema, |value| {
        let text = sent_text(value)?;
        if let Some(date) = plain_date(&text).filter(|date| (1..=9_998).contains(&date.year())) {
            return Ok(InstantOrDate::Date(date));
        }
        parse_instant(&text)
            .map(|instant| InstantOrDate::Instant(instant.moment))
            .ok_or_else(|| Broken::new("instant", "must be RFC 3339 with an offset, or a date"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_is_normalised_and_trimmed() {
        assert_eq!(text(1, 10).read(json!("  Cafe\u{301} ")), Ok("Café".to_owned()));
        assert_eq!(text(1, 10).read(json!("a\nb")).unwrap_err().rule, "characters");
        assert_eq!(text(1, 10).read(json!("   ")).unwrap_err().rule, "length");
    }

    #[test]
    fn a_text_of_several_lines_has_line_breaks_and_no_other_control_characters() {
        assert_eq!(lines(1, 10).read(json!(" a\nb\r\n\nCafe\u{301}\n")), Ok("a\nb\n\nCafé".to_owned()));
        assert_eq!(lines(1, 10).read(json!("\n\r\n")).unwrap_err().rule, "length");
        for control in ["a\tb", "a\rb", "a\u{7}", "a\u{85}b", "a\u{0}"] {
            assert_eq!(lines(1, 10).read(json!(control)).unwrap_err().rule, "characters", "{control:?}");
        }
        assert_eq!(note(1).read(json!("first\nsecond")), Ok("first\nsecond".to_owned()));
    }

    #[test]
    fn the_first_passwords_that_are_tried_are_none() {
        let rule = |text: &str| new_password().read(json!(text)).map_err(|broken| broken.rule);
        for common in
            ["password", "12345678", "qwertyui", "Password1", "passw0rd", "iloveyou", "11111111", "ｐａｓｓｗｏｒｄ"]
        {
            assert_eq!(rule(common), Err("too_common"), "{common}");
        }
        for usable in ["ledger-demo", "eight-or-more", "correct horse battery", "wrong horse 8", "비밀번호를 정해요"]
        {
            assert!(rule(usable).is_ok(), "{usable}");
        }
        assert_eq!(rule("1234567"), Err("length"));
        assert_eq!(rule(&"a".repeat(128)).map(|password| password.len()), Ok(128));
    }

    #[test]
    fn a_number_of_any_length_is_out_of_range_and_a_fraction_is_none() {
        let rule = |text: &str| number(1, 200).read(serde_json::from_str(text).unwrap()).map_err(|broken| broken.rule);
        for (text, number) in [("200", 200), ("25.0", 25), ("1e2", 100), ("1.0", 1)] {
            assert_eq!(rule(text), Ok(number), "{text}");
        }
        for long in ["0", "201", "-1", "1e3", "0.0", "18446744073709551616", "123456789012345678901234567890", "-1e30"]
        {
            assert_eq!(rule(long), Err("range"), "{long}");
        }
        for other in ["1.5", "0.1e-5", "\"7\"", "\"25.0\"", "true", "null"] {
            assert_eq!(rule(other), Err("type"), "{other}");
        }
    }

    #[test]
    fn a_number_of_a_query_is_digits_alone() {
        let rule = |text: &str| digits(1, 200).read(json!(text)).map_err(|broken| broken.rule);
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
        assert!(instant().read(json!("2026-11-21T08:00:00")).is_err());
        assert_eq!(instant().read(json!("2026-11-21T08:00:00Z")).unwrap().offset, None);
        assert!(instant().read(json!("2026-11-21T08:00:00+09:00")).unwrap().offset.is_some());
    }

    #[test]
    fn a_date_is_the_first_moment_of_its_local_day() {
        let moment = |date: &str, zone: &str| {
            instant_or_date().read(json!(date)).unwrap().in_zone(zone.parse().unwrap()).to_text()
        };
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
        assert!(https_url().read(json!("https://example.org/me.png")).is_ok());
        for other in ["http://example.org/", "javascript:alert(1)", "https://", "example.org", "https:///x"] {
            assert!(https_url().read(json!(other)).is_err(), "{other}");
        }
    }
}
