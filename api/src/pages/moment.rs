//! The moment of the log that a page shows, and the moment it is compared with. `?at=` and `?vs=` take a position or a
//! time. A time redirects to its position, so that a shared link is exact.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _, Utc};
use domain::Moment;
use domain::zone::Tz;
use serde::Deserialize;

use super::client::Refused;
use super::failure::Failure;
use super::text::say;
use super::visit::Visit;

/// A position of the log, and the time its event was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Stamp {
    pub(super) position: i64,
    pub(super) recorded_at: Moment,
}

/// The moments of a page.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// The position that can be read now.
    pub(super) now: Stamp,
    /// The earlier moment that was asked for, if any.
    pub(super) then: Option<Stamp>,
    /// The moment of comparison that was asked for, if any.
    pub(super) versus: Option<Stamp>,
    /// The key figures of now, for the menu.
    pub(super) summary: Summary,
}

/// The key figures, as far as the shell shows them.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub(super) claims: Waiting,
    pub(super) as_of: Stamp,
}

/// The claims that wait, from the counts by status.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Waiting {
    pub(super) pending: i64,
}

impl Shown {
    /// The moment that is shown. All numbers of the page are as of its position.
    pub(super) fn moment(&self) -> Stamp {
        self.then.unwrap_or(self.now)
    }

    /// Its position as a value of `atPosition`.
    pub(super) fn at_position(&self) -> String {
        self.moment().position.to_string()
    }

    /// Whether an earlier moment is shown: then nothing is live, and nothing can be changed.
    pub(super) fn is_then(&self) -> bool {
        self.then.is_some()
    }

    /// The moment of now alone, for pages that show none.
    ///
    /// # Errors
    /// The API's.
    pub(super) async fn now(visit: &Visit) -> Result<Self, Refused> {
        let summary: Summary = visit.api.now("/dashboard").await?;
        Ok(Self { now: summary.as_of, then: None, versus: None, summary })
    }

    /// Reads it from the query of a page.
    ///
    /// # Errors
    /// A redirect to the position that a time means; an error for anything that is neither a time nor a position.
    pub(super) async fn of(visit: &Visit) -> Result<Self, Failure> {
        let summary: Summary = visit.api.now("/dashboard").await?;
        let now = summary.as_of;
        let (then, versus) = (visit.asked("at"), visit.asked("vs").filter(|vs| *vs != "none"));
        let (then, versus) = (stamp(visit, "at", then, now).await?, stamp(visit, "vs", versus, now).await?);
        Ok(Self { now, then, versus, summary })
    }

    /// The moment of comparison: the one that was asked for, or the one this long before. `None` if the log is younger,
    /// or the reader wants no comparison.
    pub(super) async fn versus_or(&self, visit: &Visit, before: TimeDelta) -> Result<Option<Stamp>, Refused> {
        if self.versus.is_some() || visit.asked("vs") == Some("none") {
            return Ok(self.versus);
        }
        let time = Moment::from(self.moment().recorded_at.utc() - before);
        let before: Result<Summary, _> = visit.api.past("/dashboard", &[("atTime", &time.to_string())]).await;
        match before.map(|summary| summary.as_of) {
            Ok(stamp) => Ok(Some(stamp).filter(|stamp| stamp.position > 0)),
            Err(refused) if refused.status == 400 => Ok(None),
            Err(refused) => Err(refused),
        }
    }
}

/// The position that `at` or `vs` means.
async fn stamp(visit: &Visit, name: &str, asked: Option<&str>, now: Stamp) -> Result<Option<Stamp>, Failure> {
    let Some(asked) = asked else { return Ok(None) };
    if asked.bytes().all(|byte| byte.is_ascii_digit()) {
        let summary: Summary = visit.api.get("/dashboard", &[("atPosition", asked)]).await?;
        return Ok(Some(summary.as_of));
    }
    let Some(time) = time(asked, visit.text.zone, now.recorded_at) else {
        return Err(not_a_moment(visit, name));
    };
    let found = at_time(visit, time).await?;
    let position = found.position.to_string();
    Err(Failure::Elsewhere(visit.link(&[(name, Some(&position))])))
}

async fn at_time(visit: &Visit, time: Moment) -> Result<Stamp, Refused> {
    let summary: Summary = visit.api.get("/dashboard", &[("atTime", &time.to_string())]).await?;
    Ok(summary.as_of)
}

fn not_a_moment(visit: &Visit, name: &str) -> Failure {
    Failure::from(Refused {
        status: 400,
        code: "validation_failed".to_owned(),
        title: visit.text.say("ui-moment-unknown"),
        detail: say!(visit.text, "ui-moment-how", name = name.to_owned(), zone = visit.text.zone_name()),
        errors: vec![],
        instance: String::new(),
        more: serde_json::Map::new(),
    })
}

/// `-7d`, `-1h`, `-30m` before now; a time with an offset; a local time or day of the reader.
fn time(text: &str, zone: Tz, now: Moment) -> Option<Moment> {
    let text = text.trim();
    if let Some(before) = text.strip_prefix('-') {
        let (number, unit) = before.split_at_checked(before.len().checked_sub(1)?)?;
        let number = i64::from(u32::from_str(number).ok()?);
        let before = match unit {
            "d" => TimeDelta::try_days(number)?,
            "h" => TimeDelta::try_hours(number)?,
            "m" => TimeDelta::try_minutes(number)?,
            _ => return None,
        };
        return now.utc().checked_sub_signed(before).map(Moment::from);
    }
    if let Ok(exact) = DateTime::parse_from_rfc3339(text) {
        return Some(Moment::from(exact.with_timezone(&Utc)));
    }
    let forms = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    let local = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let midnight = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(|date| date.and_time(NaiveTime::MIN));
    let local = local.or_else(midnight)?;
    zone.from_local_datetime(&local).earliest().map(Moment::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_people_write_it() {
        let now = Moment::from(Utc.with_ymd_and_hms(2026, 11, 21, 5, 32, 8).unwrap());
        let utc = |text: &str| time(text, Tz::UTC, now).map(|moment| moment.to_string());
        for (text, meant) in [
            ("-7d", "2026-11-14T05:32:08.000Z"),
            ("-1h", "2026-11-21T04:32:08.000Z"),
            (" -30m ", "2026-11-21T05:02:08.000Z"),
            ("2026-11-14 14:32", "2026-11-14T14:32:00.000Z"),
            ("2026-11-14T14:32:06", "2026-11-14T14:32:06.000Z"),
            ("2026-11-14", "2026-11-14T00:00:00.000Z"),
            ("2026-11-14T14:32:06+09:00", "2026-11-14T05:32:06.000Z"),
        ] {
            assert_eq!(utc(text).as_deref(), Some(meant), "{text}");
        }
        for text in
            ["", "-", "-d", "-7", "-7y", "-é", "yesterday", "14:32", "2026-13-01", "-99999999999d", "-4294967295d"]
        {
            assert_eq!(utc(text), None, "{text}");
        }
    }
}
