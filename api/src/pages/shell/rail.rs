//! The rail: thirty days of the log as bars, up to the moment that is shown, with a mark at the moment of comparison.
//! Each bar links to the end of its day.

use chrono::{Days, NaiveDate};
use domain::Moment;
use domain::zone::{Tz, first_moment};

use crate::pages::charts::percent;
use crate::pages::log_analytics::{Bucket, LogAnalytics, Mark};
use crate::pages::moment::{Shown, Stamp};
use crate::pages::text::{Text, say};
use crate::pages::visit::Visit;

const DAYS: u64 = 30;
/// The base line and the greatest height of the bars, in pixels.
const BASE: f64 = 28.0;
const HIGHEST: f64 = 24.0;

/// The data of the rail.
pub(in crate::pages) struct Rail {
    pub(in crate::pages) label: String,
    pub(in crate::pages) first_day: String,
    pub(in crate::pages) bars: Vec<Bar>,
    /// Marks of changes: position in percent, and text.
    pub(in crate::pages) marks: Vec<(String, String)>,
    pub(in crate::pages) at: Line,
    pub(in crate::pages) versus: Option<Line>,
}

/// One day.
pub(in crate::pages) struct Bar {
    pub(in crate::pages) x: String,
    pub(in crate::pages) y: String,
    pub(in crate::pages) height: String,
    pub(in crate::pages) is_today: bool,
    /// Whether it is not later than the moment that is shown.
    pub(in crate::pages) is_upto: bool,
    pub(in crate::pages) href: String,
    pub(in crate::pages) title: String,
}

/// A moment on the rail.
pub(in crate::pages) struct Line {
    pub(in crate::pages) x: String,
    pub(in crate::pages) label: String,
}

/// The period of the rail, in a time zone.
struct Span {
    first: NaiveDate,
    zone: Tz,
}

impl Span {
    /// The position of a moment, in percent.
    fn x(&self, moment: Moment) -> f64 {
        let date = domain::zone::local_date(self.zone, moment);
        let day = (date - self.first).num_days() as f64;
        let midnight = first_moment(date, self.zone).utc();
        let part = (moment.utc() - midnight).num_seconds() as f64 / 86_400.0;
        ((day + part.clamp(0.0, 1.0)) * 100.0 / DAYS as f64).clamp(0.0, 100.0)
    }
}

impl Rail {
    /// `None` if the log cannot be read now; the page is then shown without it.
    pub(in crate::pages) async fn of(visit: &Visit, shown: &Shown) -> Option<Self> {
        let text = visit.text;
        // nothing later than that moment is drawn, so that the page never changes
        let shown_at = shown.moment();
        let today = text.day_of(shown_at.recorded_at);
        let span = Span { first: today.checked_sub_days(Days::new(DAYS - 1))?, zone: text.zone };
        let from = first_moment(span.first, text.zone).to_string();
        let position = shown.at_position();
        let query =
            [("from", from.as_str()), ("bucket", "day"), ("timeZone", text.zone.name()), ("atPosition", &position)];
        let log: LogAnalytics = visit.api.get("/dashboard/log-analytics", &query).await.ok()?;
        let most = log.timeline.iter().map(|day| day.events).max().unwrap_or(0).max(1);
        let bars = log.timeline.iter().map(|day| bar(visit, &span, day, most, today, shown)).collect();
        let marks = log.marks.iter().map(|mark| (percent(span.x(mark.at)), title(text, mark))).collect();
        let now_label = if shown.is_then() { text.moment(shown_at.recorded_at) } else { text.say("ui-rail-now") };
        let line = |stamp: Stamp, label: String| Line { x: percent(span.x(stamp.recorded_at)), label };
        let events_today = log.timeline.last().map_or(0, |day| day.events);
        Some(Self {
            label: say!(text, "ui-rail", first = text.day(span.first), last = text.day(today), count = events_today),
            first_day: say!(text, "ui-rail-from", day = text.day(span.first)),
            bars,
            marks,
            at: line(shown_at, now_label),
            versus: shown.versus.map(|stamp| line(stamp, text.moment(stamp.recorded_at))),
        })
    }
}

fn bar(visit: &Visit, span: &Span, day: &Bucket, most: i64, today: NaiveDate, shown: &Shown) -> Bar {
    let text = visit.text;
    let date = text.day_of(day.bucket);
    let height = HIGHEST * day.events as f64 / most as f64;
    let is_today = date == today;
    let end = day.last_position.map(|position| position.to_string());
    Bar {
        x: percent(span.x(day.bucket) + 0.4),
        y: format!("{:.2}", BASE - height),
        height: format!("{height:.2}"),
        is_today,
        is_upto: day.bucket <= shown.moment().recorded_at,
        href: visit.link(&[("at", end.as_deref().filter(|_| !is_today || shown.is_then()))]),
        title: say!(text, "ui-rail-day", day = text.weekday_and_day(date), count = day.events),
    }
}

fn title(text: Text, mark: &Mark) -> String {
    let name = mark.name.clone();
    match (mark.kind.as_str(), mark.version) {
        ("opened", _) => say!(text, "ui-rail-opened", name = name),
        ("ended", _) => say!(text, "ui-rail-ended", name = name),
        (_, version) => say!(text, "ui-rail-rule", name = name, version = version.unwrap_or(1)),
    }
}
