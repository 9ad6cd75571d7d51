//! Validates a report and determines the calendar day on which the activity counts. Pure functions: the present moment
//! and the member's zone are parameters.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset, TimeDelta, Timelike};
use domain::Moment;
use domain::activity::{LEDGER_SOURCE, Report};
use domain::condition::MAX_MEASURE;
use domain::id::MemberId;
use domain::identity::{all_visible, name_key};
use domain::name::Name;
use domain::zone::Tz;
use domain::zone::Zone;
use unicode_normalization::UnicodeNormalization;

use super::RawActivity;
use crate::app::input::fields::Broken;
use crate::app::input::fields::readers::is_invisible;
use crate::app::problem::FieldErrors;

/// The longest name of a source, in characters.
const MAX_SOURCE_CHARS: usize = 64;
/// The longest id that a source may give a fact, in characters.
const MAX_ID_CHARS: usize = 128;
/// How far the clock of a source may be ahead of ours.
const CLOCK_AHEAD: TimeDelta = TimeDelta::minutes(5);

/// Validates a report. The local date is that in `timeZone`, else in the offset of `occurredAt` unless it is `Z`, else
/// in the member's zone (UTC if unknown).
///
/// # Errors
/// All violations.
pub fn check(raw: &RawActivity, member_zone: Option<Tz>, now: Moment) -> Result<Report, FieldErrors> {
    read(raw, now).map(|reading| reading.in_zone(member_zone))
}

/// A valid report whose calendar day may still depend on the member.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    report: Report,
    stated_zone: Option<Zone>,
}

impl Reading {
    /// The activity without its calendar day.
    pub(super) fn report(&self) -> &Report {
        &self.report
    }

    /// The zone or offset that the report itself gives for its calendar day.
    pub(super) fn states_zone(&self) -> bool {
        self.stated_zone.is_some()
    }

    /// The activity for a member in this zone.
    pub(super) fn in_zone(mut self, member_zone: Option<Tz>) -> Report {
        let member_zone = || Zone::Named(member_zone.unwrap_or(domain::zone::Tz::UTC));
        self.report.time_zone = self.stated_zone.unwrap_or_else(member_zone);
        self.report.local_date = self.report.time_zone.local_date(self.report.occurred_at);
        self.report
    }
}

/// Validates a report without knowing the member.
pub(super) fn read(raw: &RawActivity, now: Moment) -> Result<Reading, FieldErrors> {
    let mut problems = Problems::default();
    let source = problems.text("source", &raw.source, MAX_SOURCE_CHARS);
    let external_id = problems.text("id", &raw.id, MAX_ID_CHARS);
    let member_id = problems.take("memberId", member_id(&raw.member_id));
    let kind = problems.take("kind", name(&raw.kind));
    let occurred = problems.take("occurredAt", instant(&raw.occurred_at, now));
    let stated_zone = raw.time_zone.as_deref().and_then(|text| problems.take("timeZone", zone(text)));
    let measures = problems.measures(&raw.measures);
    let (Some(source), Some(external_id), Some(member_id), Some(kind), Some((occurred_at, offset))) =
        (source, external_id, member_id, kind, occurred)
    else {
        return Err(problems.0);
    };
    if !problems.0.is_empty() {
        return Err(problems.0);
    }
    let stated_zone = stated_zone.or(offset.map(Zone::Offset));
    let time_zone = stated_zone.unwrap_or(Zone::Named(domain::zone::Tz::UTC));
    let local_date = time_zone.local_date(occurred_at);
    let report = Report { source, external_id, member_id, kind, occurred_at, local_date, time_zone, measures };
    Ok(Reading { report, stated_zone })
}

/// Whether the source is the ledger's own name, or a confusable spelling of it.
pub(super) fn is_reserved(source: &str) -> bool {
    source == LEDGER_SOURCE || (!source.is_ascii() && name_key(source) == LEDGER_SOURCE)
}

fn broken(rule: &'static str, message: &str) -> Broken {
    Broken::new(rule, message)
}

#[derive(Default)]
struct Problems(FieldErrors);

impl Problems {
    fn report(&mut self, field: &str, Broken { rule, message, .. }: Broken) {
        self.0.report(field, rule, message);
    }

    fn take<T>(&mut self, field: &str, read: Result<T, Broken>) -> Option<T> {
        read.map_err(|broken| self.report(field, broken)).ok()
    }

    /// A part of an activity's identity: no invisible characters, which would make equal-looking ids differ.
    fn text(&mut self, field: &str, text: &str, max_chars: usize) -> Option<String> {
        let visible = |text: String| all_visible(&text).map(|()| text).map_err(is_invisible);
        self.take(field, plain(text, max_chars).and_then(visible))
    }

    fn measures(&mut self, raw: &BTreeMap<String, i64>) -> BTreeMap<Name, i64> {
        let mut measures = BTreeMap::new();
        for (text, value) in raw {
            if self.0.is_full() {
                break;
            }
            let field = format!("measures.{text}");
            let in_range = (-MAX_MEASURE..=MAX_MEASURE).contains(value);
            let value = if in_range { Ok(*value) } else { Err(broken("range", "must be from -2^53 to 2^53")) };
            if let (Some(name), Some(value)) = (self.take(&field, name(text)), self.take(&field, value))
                && measures.insert(name, value).is_some()
            {
                self.report(&field, broken("duplicate_key", "must not be there twice"));
            }
        }
        measures
    }
}

/// A text, trimmed and normalised (NFC), of at least one character.
fn plain(text: &str, max_chars: usize) -> Result<String, Broken> {
    if text.chars().any(char::is_control) {
        return Err(broken("characters", "must not hold control characters"));
    }
    let text: String = text.trim().nfc().collect();
    match text.chars().count() {
        0 => Err(broken("required", "is required")),
        chars if chars > max_chars => Err(broken("length", &format!("must have at most {max_chars} characters"))),
        _ => Ok(text),
    }
}

fn name(text: &str) -> Result<Name, Broken> {
    if text.is_empty() {
        return Err(broken("required", "is required"));
    }
    Name::try_from(text.to_owned()).map_err(|_| broken("format", "must be [a-z][a-z0-9_.-]{0,63}"))
}

fn member_id(text: &str) -> Result<MemberId, Broken> {
    if text.is_empty() {
        return Err(broken("required", "is required"));
    }
    let id: Option<MemberId> = text.parse().ok();
    id.filter(|id| text.eq_ignore_ascii_case(&id.to_string())).ok_or_else(|| broken("uuid", "must be a UUID"))
}

fn zone(text: &str) -> Result<Zone, Broken> {
    let zone: Result<Tz, _> = text.parse();
    zone.map(Zone::Named).map_err(|_| broken("time_zone", "must be an IANA time zone such as Asia/Seoul"))
}

/// The moment, and the offset if it tells the local time of the source.
fn instant(text: &str, now: Moment) -> Result<(Moment, Option<FixedOffset>), Broken> {
    if text.is_empty() {
        return Err(broken("required", "is required"));
    }
    let sent = DateTime::parse_from_rfc3339(text)
        .map_err(|_| broken("instant", "must be RFC 3339 with an offset, as 2026-11-21T08:00:00Z"))?;
    let moment = Moment::from(without_leap_second(sent));
    if moment.utc() < DateTime::UNIX_EPOCH {
        return Err(broken("range", "must not be before 1970"));
    }
    if moment.utc() > now.utc() + CLOCK_AHEAD {
        return Err(broken("range", "must not be more than five minutes ahead"));
    }
    // RFC 3339: "-00:00" means that the local offset is unknown
    let nowhere = text.ends_with(['Z', 'z']) || text.ends_with("-00:00");
    Ok((moment, (!nowhere).then(|| *sent.offset())))
}

/// Turns a leap second into the last moment before it, since neither the log nor a calendar has a sixty-first second.
fn without_leap_second(sent: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
    if sent.nanosecond() < 1_000_000_000 { sent } else { sent.with_nanosecond(999_999_999).unwrap_or(sent) }
}
