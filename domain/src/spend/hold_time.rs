//! For how long something is held for a later payment: text such as `15m`, which comes back as it was given.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::campaign::PendingExpiry;

/// For how long something is held: a whole number of seconds, minutes, hours or days, at most thirty days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HoldTime(PendingExpiry);

/// The text is not the time of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a whole number of s, m, h or d, from 1s to 30d, such as 15m")]
pub struct NotAHoldTime;

impl HoldTime {
    const MAX: chrono::TimeDelta = chrono::TimeDelta::days(30);

    /// The time.
    #[must_use]
    pub fn duration(self) -> chrono::TimeDelta {
        self.0.duration()
    }
}

impl Default for HoldTime {
    /// A quarter of an hour.
    fn default() -> Self {
        Self(PendingExpiry::minutes(15))
    }
}

impl TryFrom<String> for HoldTime {
    type Error = NotAHoldTime;

    fn try_from(text: String) -> Result<Self, NotAHoldTime> {
        let time = PendingExpiry::try_from(text).map_err(|_| NotAHoldTime)?;
        if time.duration() <= Self::MAX { Ok(Self(time)) } else { Err(NotAHoldTime) }
    }
}

impl From<HoldTime> for String {
    fn from(time: HoldTime) -> Self {
        time.0.into()
    }
}

impl JsonSchema for HoldTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "HoldTime".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        PendingExpiry::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_lasts_from_a_second_to_thirty_days() {
        for good in ["1s", "15m", "720h", "30d"] {
            assert_eq!(HoldTime::try_from(good.to_owned()).map(String::from).as_deref(), Ok(good));
        }
        for bad in ["0s", "31d", "721h", "15", "m", "1.5h", ""] {
            assert_eq!(HoldTime::try_from(bad.to_owned()), Err(NotAHoldTime), "{bad}");
        }
        assert_eq!(String::from(HoldTime::default()), "15m");
    }
}
