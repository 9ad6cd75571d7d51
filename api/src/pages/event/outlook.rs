//! The burn-down and forecast of the reward that runs out first.

use askama::Template;
use chrono::{DateTime, Utc};
use domain::Moment;

use super::Frame;
use super::asked::{Reward, StockAnalytics};
use crate::pages::charts::{BurnDown, Left, Outlook, Plot, Row, Table, Tick};
use crate::pages::part::isolated;
use crate::pages::stock::Forecast;
use crate::pages::text::{Text, say};

#[derive(Template)]
#[template(path = "event/outlook.html")]
pub(in crate::pages) struct OutlookPart {
    title: String,
    measure: String,
    plot: Plot,
}

/// The period of the chart.
struct Span {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

impl Span {
    /// As far ahead as it looks back, or further if the stock lasts longer, but never beyond the end of the event, so that
    /// an event that ends in a year does not squeeze its weeks together.
    fn of(from: DateTime<Utc>, now: Moment, end: Moment, gone: Option<Moment>) -> Self {
        let (now, end) = (now.utc(), end.utc());
        let ahead = now.checked_add_signed(now - from).unwrap_or(end);
        Self { from, to: ahead.max(gone.map_or(ahead, |at| at.utc())).min(end).max(now) }
    }

    /// The position of a moment in percent; above 100 beyond the right edge.
    fn x(&self, at: Moment) -> f64 {
        let whole = (self.to - self.from).num_seconds().max(1) as f64;
        ((at.utc() - self.from).num_seconds() as f64 / whole * 100.0).max(0.0)
    }
}

pub(in crate::pages) fn of(frame: &Frame<'_>, reward: &Reward, one: &StockAnalytics) -> OutlookPart {
    let (text, now) = (frame.visit.text, frame.now.recorded_at);
    let end = frame.event.end_date;
    let forecast = one.forecast.as_ref();
    let gone = forecast.and_then(|forecast| forecast.sold_out_at);
    let span = Span::of(frame.from(frame.now), now, end, gone);
    let (all, remaining) = (one.quantity.unwrap_or_default(), one.remaining.unwrap_or_default());
    let mut left = vec![];
    let starts = one.burn_down.iter().skip(1).map(|next| next.bucket).chain([now]);
    for (bucket, ends) in one.burn_down.iter().zip(starts) {
        let (Some(remaining), true) = (bucket.remaining, bucket.bucket <= now) else { continue };
        if left.is_empty() {
            left.push(Left {
                x: span.x(bucket.bucket),
                left: remaining.saturating_add(bucket.taken),
                read_out: vec![],
            });
        }
        let at = ends.min(now);
        let said =
            [say!(text, "ui-event-n-left", count = remaining), say!(text, "ui-event-n-taken", count = bucket.taken)];
        let read_out = std::iter::once(bucket_name(text, frame, bucket.bucket)).chain(said).collect();
        left.push(Left { x: span.x(at), left: remaining, read_out });
    }
    let title = title(frame, one);
    let chart = BurnDown {
        label: format!(
            "{} {}",
            say!(
                text,
                "ui-event-left-finding",
                reward = isolated(&reward.name),
                all = all,
                left = remaining,
                at = text.moment(now)
            ),
            title.clone()
        ),
        quantity: all,
        now: say!(text, "ui-event-left-now", count = remaining),
        outlook: forecast.and_then(|forecast| outlook(text, &span, forecast)),
        end: (end > now && end.utc() <= span.to).then(|| (span.x(end), text.say("ui-event-ends"))),
        ticks: ticks(text, &span, now),
        left,
        table: table(frame, one),
    };
    let measure = forecast.map(|forecast| pace(text, forecast));
    OutlookPart {
        title,
        measure: measure.unwrap_or_else(|| say!(text, "ui-event-left-of", reward = isolated(&reward.name))),
        plot: chart.plot(text),
    }
}

fn title(frame: &Frame<'_>, one: &StockAnalytics) -> String {
    let text = frame.visit.text;
    match (&one.forecast, one.remaining) {
        (_, Some(..=0)) => text.say("ui-event-nothing-left"),
        (None, _) => text.say("ui-event-no-forecast"),
        (Some(forecast), _) => match forecast.sold_out_in_time() {
            Some(at) => {
                say!(text, "ui-event-sold-out-around", around = Forecast::around(text, frame.now.recorded_at, at))
            }
            None => text.say("ui-event-lasts-to-the-end"),
        },
    }
}

/// `dashed: 88 a day, the mean of 7 days (slowest 68, fastest 112)`.
fn pace(text: Text, forecast: &Forecast) -> String {
    let (pace, over) = (forecast.pace(text), forecast.over);
    let (slowest, fastest) = (forecast.slowest, forecast.fastest);
    if forecast.is_of_hours() {
        say!(text, "ui-event-pace-hours", pace = pace, over = over, slowest = slowest, fastest = fastest)
    } else {
        say!(text, "ui-event-pace-days", pace = pace, over = over, slowest = slowest, fastest = fastest)
    }
}

/// `None` if the stock never runs out at this pace.
fn outlook(text: Text, span: &Span, forecast: &Forecast) -> Option<Outlook> {
    let at = forecast.sold_out_at?;
    let between = match (forecast.earliest, forecast.latest) {
        (Some(earliest), Some(latest)) => {
            let (from, to) = (text.day_of(earliest), text.day_of(latest));
            if from == to {
                say!(text, "ui-event-between", from = text.clock(earliest), to = text.clock(latest))
            } else {
                say!(text, "ui-event-between", from = text.day(from), to = text.day(to))
            }
        }
        _ => String::new(),
    };
    let day = if forecast.is_of_hours() { text.moment(at) } else { text.weekday_and_day(text.day_of(at)) };
    Some(Outlook {
        gone: span.x(at),
        earliest: span.x(forecast.earliest.unwrap_or(at)),
        latest: forecast.latest.map_or(f64::MAX, |latest| span.x(latest)),
        day,
        between,
    })
}

/// Labels for the first and the last day, today, and as many in between as fit.
fn ticks(text: Text, span: &Span, now: Moment) -> Vec<Tick> {
    let (from, to) = (Moment::from(span.from), Moment::from(span.to));
    let today = span.x(now);
    let mut ticks = vec![Tick::at(0.0, text.day(text.day_of(from)))];
    let length = span.to - span.from;
    for quarter in 1..4 {
        let x = f64::from(quarter) * 25.0;
        if (x - today).abs() > 12.0 {
            let at = Moment::from(span.from + length / 4 * quarter);
            ticks.push(Tick::at(x, text.day(text.day_of(at))));
        }
    }
    if today > 10.0 {
        let name = if today > 97.0 { text.day(text.day_of(now)) } else { text.say("ui-event-now") };
        ticks.push(Tick::at(today, name));
    }
    if today < 88.0 {
        ticks.push(Tick::at(100.0, text.day(text.last_day_before(to))));
    }
    ticks
}

/// The name of a bucket.
pub(super) fn bucket_name(text: Text, frame: &Frame<'_>, bucket: Moment) -> String {
    match frame.bucket() {
        "hour" => text.moment(bucket),
        "month" => text.month(text.day_of(bucket)),
        _ => text.day(text.day_of(bucket)),
    }
}

pub(in crate::pages) fn table(frame: &Frame<'_>, one: &StockAnalytics) -> Table {
    let text = frame.visit.text;
    let rows = one.burn_down.iter().map(|bucket| Row {
        name: bucket_name(text, frame, bucket.bucket),
        exact: bucket.bucket.to_string(),
        cells: vec![bucket.remaining, Some(bucket.taken)],
    });
    Table {
        text,
        columns: ["ui-event-from", "ui-event-left-at-its-end", "ui-event-taken"].map(|id| text.say(id)).to_vec(),
        rows: rows.collect(),
        csv: frame.visit.link(&[("fragment", Some("stock.csv"))]),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_picture_looks_as_far_ahead_as_back_and_not_beyond_the_event() {
        let now = Moment::from(DateTime::<Utc>::UNIX_EPOCH);
        let day = |days| now.utc() + TimeDelta::days(days);
        let gone = |days| Some(Moment::from(day(days)));
        let span = |end, gone| Span::of(day(-10), now, Moment::from(day(end)), gone).to;
        assert_eq!(span(300, None), day(10));
        assert_eq!(span(4, None), day(4));
        assert_eq!(span(-1, None), day(0));
        assert_eq!(span(300, gone(2)), day(10));
        assert_eq!(span(300, gone(30)), day(30));
        assert_eq!(span(20, gone(30)), day(20));
    }
}
