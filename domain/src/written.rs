//! Texts in stored events that are more than texts, and dates as this program writes them, read several times faster
//! than by what reads everything: logs are full of them. It does not decide what is a date; whatever is written
//! otherwise is left to `chrono`.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserializer, de};

/// Reads `2026-11-21`; `None` for all other texts, right or wrong.
pub(crate) fn date(text: &[u8]) -> Option<NaiveDate> {
    let text: &[u8; 10] = text.try_into().ok()?;
    if text[4] != b'-' || text[7] != b'-' {
        return None;
    }
    let year = i32::try_from(number(&text[..4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&text[5..7])?, number(&text[8..])?)
}

/// Reads a few digits and nothing else.
pub(crate) fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0')))
}

/// For the date of a stored event.
pub(crate) fn deserialize_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    text(deserializer, "a date", |text| date(text.as_bytes()).map_or_else(|| text.parse(), Ok))
}

/// Reads a text where it stands, without a copy of it; `expected` says what it should be.
pub(crate) fn text<'de, D, T, E>(
    deserializer: D,
    expected: &'static str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    deserializer.deserialize_str(Text { expected, read })
}

struct Text<F> {
    expected: &'static str,
    read: F,
}

impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> de::Visitor<'_> for Text<F> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<R: de::Error>(self, text: &str) -> Result<T, R> {
        (self.read)(text).map_err(R::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_read_as_by_those_who_read_everything() {
        let texts = [
            "2026-11-21",
            "2024-02-29",
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "0000-01-01",
            "9999-12-31",
            "2026-1-1",
            "+2026-01-1",
            "+2026-01-01",
            "-026-01-01",
            "2026/01/01",
            "2026-01-0é",
            " 2026-01-1",
            "",
        ];
        for text in texts {
            let read = deserialize_date(de::value::StrDeserializer::<de::value::Error>::new(text)).ok();
            assert_eq!(read, text.parse().ok(), "{text}");
        }
        assert_eq!(date(b"2026-11-21"), "2026-11-21".parse().ok());
    }
}
