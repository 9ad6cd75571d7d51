//! Grants since midnight by the hour, compared with another day.

use askama::Template;
use chrono::{NaiveDate, Timelike};

use super::Moments;
use super::asked::{Hours, HoursOfDay};
use crate::pages::charts::{Line, LineChart, Plot, ReadOut, Row, Table, Tick};
use crate::pages::text::say;

#[derive(Template)]
#[template(path = "overview/granted.html")]
pub(super) struct GrantedPart {
    title: String,
    measure: String,
    plot: Plot,
}

/// An hour: where it ends in percent, its number, and the total since midnight.
struct Step {
    end: f64,
    granted: i64,
    total: i64,
}

fn steps(day: &HoursOfDay) -> Vec<Step> {
    let hours = day.timeline.len().max(1) as f64;
    let mut total = 0;
    let step = |(at, granted): (usize, i64)| {
        total += granted;
        Step { end: (at + 1) as f64 * 100.0 / hours, granted, total }
    };
    day.timeline.iter().map(|hour| hour.granted).enumerate().map(step).collect()
}

impl Moments<'_> {
    /// The position of a moment within the day, in percent.
    fn place(&self, day: &HoursOfDay, of: domain::Moment) -> f64 {
        let Some(first) = day.timeline.first() else { return 0.0 };
        let hours = day.timeline.len() as f64;
        let passed = (of.utc() - first.bucket.utc()).num_seconds() as f64 / 3_600.0;
        (passed / hours * 100.0).clamp(0.0, 100.0)
    }

    fn other_day(&self) -> Option<NaiveDate> {
        self.versus.map(|versus| self.visit.text.day_of(versus.recorded_at))
    }
}

pub(super) fn of(moments: &Moments<'_>, hours: &Hours) -> GrantedPart {
    let text = moments.visit.text;
    let today = steps(&hours.today);
    let now = moments.place(&hours.today, moments.now.recorded_at);
    let total = today.last().map_or(0, |step| step.total);
    let until = text.clock(moments.now.recorded_at);
    let mut points = vec![(0.0, 0)];
    points.extend(today.iter().filter(|step| step.end <= now).map(|step| (step.end, step.total)));
    points.push((now, total));
    let said = if moments.is_today { say!(text, "ui-overview-n-today", count = total) } else { text.number(total) };
    let mut lines = vec![Line { class: "go", points, area: true, mark: Some((now, total, said)), end: None }];
    let other =
        hours.then.as_ref().zip(moments.other_day()).map(|(then, day)| (steps(then), text.weekday_and_day(day)));
    let mut label = say!(text, "ui-overview-granted-finding", count = total, until = until);
    if let (Some((then, day)), Some(until_then), Some(versus)) = (&other, &hours.until_then, moments.versus) {
        let whole = then.last().map_or(0, |step| step.total);
        let part: i64 = until_then.timeline.iter().map(|hour| hour.granted).sum();
        let until = text.clock(versus.recorded_at);
        let place = hours.then.as_ref().map_or(now, |day| moments.place(day, versus.recorded_at));
        let mut points = vec![(0.0, 0)];
        points.extend(then.iter().map(|step| (step.end, step.total)));
        let mark = (place, part, say!(text, "ui-overview-n-by", count = part, until = until.clone()));
        let end = say!(text, "ui-overview-n-on", count = whole, day = day.clone());
        lines.insert(0, Line { class: "past", points, area: false, mark: Some(mark), end: Some(end) });
        label.push(' ');
        label.push_str(&say!(
            text,
            "ui-overview-granted-finding-then",
            day = day.clone(),
            part = part,
            until = until,
            whole = whole
        ));
    }
    let chart = LineChart {
        label,
        lines,
        ticks: ticks(moments, &hours.today),
        read_outs: read_outs(
            moments,
            hours,
            &today,
            now,
            other.as_ref().map(|(steps, day)| (steps.as_slice(), day.as_str())),
        ),
        table: table(moments, hours),
    };
    GrantedPart {
        title: text.say(if moments.is_today { "ui-overview-since-midnight" } else { "ui-overview-of-the-day" }),
        measure: say!(text, "ui-overview-running-total", zone = text.zone_name()),
        plot: chart.plot(text),
    }
}

/// A label every six hours. On a day that loses or gains an hour they follow the local clock.
fn ticks(moments: &Moments<'_>, day: &HoursOfDay) -> Vec<Tick> {
    let zone = moments.visit.text.zone;
    let hours = day.timeline.len().max(1) as f64;
    let mut ticks: Vec<_> = day
        .timeline
        .iter()
        .enumerate()
        .filter(|(_, hour)| hour.bucket.utc().with_timezone(&zone).hour().is_multiple_of(6))
        .map(|(at, hour)| Tick::at(at as f64 * 100.0 / hours, moments.visit.text.clock(hour.bucket)))
        .collect();
    ticks.push(Tick::at(100.0, "24:00".to_owned()));
    ticks
}

fn read_outs(
    moments: &Moments<'_>,
    hours: &Hours,
    today: &[Step],
    now: f64,
    other: Option<(&[Step], &str)>,
) -> Vec<ReadOut> {
    let text = moments.visit.text;
    let mut from = 0.0;
    let mut told = vec![];
    for (at, step) in today.iter().enumerate() {
        let clock = hours.today.timeline.get(at + 1).map_or("24:00".to_owned(), |next| text.clock(next.bucket));
        let mut lines = vec![clock];
        if step.end <= now {
            lines.push(say!(text, "ui-overview-n-granted", count = step.total));
        }
        if let Some((step, day)) = other.and_then(|(steps, day)| Some((steps.get(at)?, day))) {
            lines.push(say!(text, "ui-overview-n-on", count = step.total, day = day.to_owned()));
        }
        if lines.len() > 1 {
            told.push(ReadOut { from, to: step.end, at: step.end, lines });
        }
        from = step.end;
    }
    told
}

/// The table of the hours.
pub(super) fn table(moments: &Moments<'_>, hours: &Hours) -> Table {
    let text = moments.visit.text;
    let (today, now) = (steps(&hours.today), moments.now.recorded_at);
    let then = hours.then.as_ref().map(steps);
    let mut columns = vec![text.say("ui-overview-hour"), text.day(text.day_of(now))];
    columns.extend(then.is_some().then(|| moments.other_day().map(|day| text.day(day))).flatten());
    let rows = hours.today.timeline.iter().enumerate().map(|(at, hour)| {
        let ends = hours.today.timeline.get(at + 1).map(|next| next.bucket);
        let is_now = hour.bucket <= now && ends.is_none_or(|end| now < end);
        let clock = text.clock(hour.bucket);
        let name = if is_now { say!(text, "ui-overview-so-far", hour = clock, until = text.clock(now)) } else { clock };
        let mut cells = vec![today.get(at).filter(|_| hour.bucket <= now).map(|step| step.granted)];
        cells.extend(then.as_ref().map(|then| then.get(at).map(|step| step.granted)));
        Row { name, exact: hour.bucket.to_string(), cells }
    });
    Table { text, columns, rows: rows.collect(), csv: moments.visit.link(&[("fragment", Some("granted.csv"))]) }
}
