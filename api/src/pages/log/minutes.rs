//! Events per minute over the last hour, as bars that link to their minute.

use chrono::TimeDelta;
use domain::Moment;

use crate::pages::log_analytics::{Bucket, LogAnalytics};
use crate::pages::moment::Shown;
use crate::pages::text::say;
use crate::pages::visit::Visit;

const MINUTES: i64 = 60;

/// The data of the chart.
pub(in crate::pages) struct Minutes {
    pub(super) label: String,
    pub(super) bars: Vec<Bar>,
    /// Labels of the axis: position in percent, text anchor, time.
    pub(super) ticks: Vec<(String, &'static str, String)>,
    /// Position and label of the highest bar.
    pub(super) most: Option<(String, String)>,
}

pub(super) struct Bar {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) height: String,
    pub(super) href: String,
    pub(super) title: String,
}

impl Minutes {
    /// `None` if the numbers cannot be read now.
    pub(super) async fn of(visit: &Visit, shown: &Shown) -> Option<Self> {
        let text = visit.text;
        let end = shown.moment().recorded_at;
        let from = Moment::from(end.utc() - TimeDelta::try_minutes(MINUTES - 1)?).to_string();
        let position = shown.at_position();
        let query =
            [("from", from.as_str()), ("bucket", "minute"), ("timeZone", text.zone.name()), ("atPosition", &position)];
        let log: LogAnalytics = visit.api.get("/dashboard/log-analytics", &query).await.ok()?;
        let count = log.timeline.len().max(1) as f64;
        let most = log.timeline.iter().map(|minute| minute.events).max().unwrap_or(0);
        let x = |at: usize| at as f64 * 100.0 / count;
        let bar = |(at, minute): (usize, &Bucket)| {
            let height = 78.0 * minute.events as f64 / most.max(1) as f64;
            let before = minute.last_position.unwrap_or(0).saturating_add(1).to_string();
            Bar {
                x: format!("{:.2}%", x(at) + 0.3),
                y: format!("{:.2}%", 100.0 - height),
                height: format!("{height:.2}%"),
                href: visit.link(&[("before", Some(&before))]),
                title: say!(text, "ui-log-minute", time = text.clock(minute.bucket), count = minute.events),
            }
        };
        let tick = |(part, anchor): (usize, &'static str)| {
            let at = (log.timeline.len().saturating_sub(1)) * part / 4;
            let minute = log.timeline.get(at)?;
            Some((format!("{}%", part * 25), anchor, text.clock(minute.bucket)))
        };
        let highest = log.timeline.iter().position(|minute| minute.events == most && most > 0);
        Some(Self {
            label: say!(text, "ui-log-minutes-label", most = most),
            bars: log.timeline.iter().enumerate().map(bar).collect(),
            ticks: [(0, "start"), (1, "middle"), (2, "middle"), (3, "middle"), (4, "end")]
                .into_iter()
                .filter_map(tick)
                .collect(),
            most: highest.and_then(|at| {
                let minute = log.timeline.get(at)?;
                let said = say!(text, "ui-log-most", count = most, time = text.clock(minute.bucket));
                Some((format!("{:.2}%", x(at).clamp(5.0, 90.0)), said))
            }),
        })
    }
}
