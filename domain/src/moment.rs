//! An instant as the ledger keeps it: UTC, whole milliseconds. It reads no clock.

use chrono::{DateTime, SecondsFormat, Utc};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::written::{date, number, text};

/// An instant in UTC with a resolution of one millisecond; text is RFC 3339 with three digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(DateTime<Utc>);

impl Moment {
    /// Where 1970 begins.
    pub const EPOCH: Self = Self(DateTime::UNIX_EPOCH);

    /// The instant in UTC.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// `2026-11-21T08:00:00.000Z`
    #[must_use]
    pub fn to_text(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl<Tz: chrono::TimeZone> From<DateTime<Tz>> for Moment {
    /// Cuts what is finer than a millisecond. A leap second (`…:60`) is the first second of the next
    /// minute, as it is in PostgreSQL: otherwise it would come back from the log as another text.
    fn from(instant: DateTime<Tz>) -> Self {
        let utc = instant.with_timezone(&Utc);
        Self(DateTime::from_timestamp_millis(utc.timestamp_millis()).unwrap_or(utc))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_text())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_text())
    }
}

impl JsonSchema for Moment {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time", "examples": ["2026-11-21T08:00:00.000Z"]})
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text(deserializer, "an instant as of RFC 3339", |text| match as_written(text) {
            Some(moment) => Ok(moment),
            None => DateTime::parse_from_rfc3339(text).map(Moment::from),
        })
    }
}

/// Reads what [`Moment::to_text`] writes of our era, several times faster than what reads everything: logs are full
/// of it. `None` for all other texts, right or wrong.
fn as_written(text: &str) -> Option<Moment> {
    let bytes: &[u8; 24] = text.as_bytes().try_into().ok()?;
    let marks = [(10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
    if marks.iter().any(|(place, mark)| bytes[*place] != *mark) {
        return None;
    }
    let part = |from: usize, to: usize| number(&bytes[from..to]);
    let time = date(&bytes[..10])?.and_hms_milli_opt(part(11, 13)?, part(14, 16)?, part(17, 19)?, part(20, 23)?)?;
    Some(Moment(time.and_utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let moment: Moment = serde_json::from_value(text.into()).unwrap();
        assert_eq!(moment.to_text(), expected);
        assert_eq!(serde_json::to_value(moment).unwrap(), expected);
    }

    #[test]
    fn what_was_written_is_read_as_by_those_who_read_everything() {
        let texts = [
            "2026-11-21T08:00:00.000Z",
            "2024-02-29T23:59:59.999Z",
            "2026-02-29T00:00:00.000Z",
            "2026-11-21T24:00:00.000Z",
            "2026-11-21T08:00:60.000Z",
            "2026-11-21T08:00:00,000Z",
            "2026-13-21T08:00:00.000Z",
            "2026-11-21t08:00:00.000z",
            "+026-11-21T08:00:00.000Z",
            "2026-11-21T08:00:00.0é0Z",
            "0000-01-01T00:00:00.000Z",
            "2026-11-21 08:00:00.000Z",
        ];
        for text in texts {
            let slow = DateTime::parse_from_rfc3339(text).ok().map(Moment::from);
            let read: Option<Moment> = serde_json::from_value(text.into()).ok();
            assert_eq!(read, slow, "{text}");
        }
        assert_eq!(as_written(texts[0]).map(Moment::to_text).as_deref(), Some(texts[0]));
    }

    #[test]
    fn a_moment_has_whole_milliseconds_and_no_leap_second() {
        check("2026-11-21T08:00:00Z", "2026-11-21T08:00:00.000Z");
        check("2026-11-21T17:00:00.123999+09:00", "2026-11-21T08:00:00.123Z");
        check("1969-12-31T23:59:59.9999Z", "1969-12-31T23:59:59.999Z");
        check("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z");
        check("2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500Z");
    }
}
