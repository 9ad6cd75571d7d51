//! How often a reward may be claimed: the period a moment falls into, by name.

use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// How often one member may claim one reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Frequency {
    /// One claim for the whole campaign.
    #[default]
    Once,
    /// One claim a calendar day.
    Daily,
    /// One claim an ISO 8601 week.
    Weekly,
    /// One claim a calendar month.
    Monthly,
}

impl Frequency {
    /// The period that `moment` falls into in the campaign's zone: `once`, `2026-11-21`,
    /// `2026-W47` (ISO 8601 week date) or `2026-11`.
    #[must_use]
    pub fn period(self, moment: Moment, zone: Tz) -> String {
        let local = moment.utc().with_timezone(&zone);
        match self {
            Self::Once => "once".to_owned(),
            Self::Daily => local.format("%Y-%m-%d").to_string(),
            Self::Weekly => local.format("%G-W%V").to_string(),
            Self::Monthly => local.format("%Y-%m").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    #[track_caller]
    fn check(frequency: Frequency, at: &str, zone: &str, expected: &str) {
        let moment = DateTime::parse_from_rfc3339(at).map(Moment::from).unwrap();
        assert_eq!(frequency.period(moment, zone.parse().unwrap()), expected);
    }

    #[test]
    fn a_period_is_named_in_the_zone_of_the_campaign() {
        check(Frequency::Once, "2026-11-21T23:00:00Z", "Asia/Seoul", "once");
        check(Frequency::Daily, "2026-11-21T14:59:59Z", "Asia/Seoul", "2026-11-21");
        check(Frequency::Daily, "2026-11-21T15:00:00Z", "Asia/Seoul", "2026-11-22");
        check(Frequency::Weekly, "2026-11-21T12:00:00Z", "UTC", "2026-W47");
        check(Frequency::Weekly, "2027-01-01T12:00:00Z", "UTC", "2026-W53");
        check(Frequency::Monthly, "2026-12-31T23:30:00-05:00", "UTC", "2027-01");
    }
}
