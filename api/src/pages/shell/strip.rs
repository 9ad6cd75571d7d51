//! The time strip: the moment that is shown, and links to other moments and comparisons.

use super::rail::Rail;
use crate::pages::moment::Shown;
use crate::pages::text::say;
use crate::pages::visit::Visit;

/// The time strip at the top of every staff page.
pub(in crate::pages) struct Strip {
    pub(in crate::pages) position: String,
    pub(in crate::pages) bare_position: i64,
    pub(in crate::pages) time: String,
    pub(in crate::pages) is_then: bool,
    pub(in crate::pages) rail: Option<Rail>,
    /// `Compared with 14 Nov 14:32`.
    pub(in crate::pages) versus: Option<String>,
    pub(in crate::pages) back_to_now: String,
    /// Links to earlier moments: address and name.
    pub(in crate::pages) earlier: Vec<(String, String)>,
    /// Links to other comparisons.
    pub(in crate::pages) compare: Vec<(String, String)>,
    /// The rest of the query, for the form that selects a moment.
    pub(in crate::pages) kept: Vec<(String, String)>,
}

impl Strip {
    pub(super) fn of(visit: &Visit, shown: &Shown, rail: Option<Rail>) -> Self {
        let (text, moment) = (visit.text, shown.moment());
        let time = if shown.is_then() {
            format!("{} {}", text.day(text.day_of(moment.recorded_at)), text.clock_with_seconds(moment.recorded_at))
        } else {
            text.clock_with_seconds(moment.recorded_at)
        };
        let earlier = [("-1h", "ui-moment-hour"), ("-1d", "ui-moment-yesterday"), ("-7d", "ui-moment-week")];
        let compare = [
            ("-1d", "ui-compare-yesterday"),
            ("-7d", "ui-compare-week"),
            ("-28d", "ui-compare-four-weeks"),
            ("none", "ui-compare-nothing"),
        ];
        let links = |name: &str, list: &[(&str, &str)]| {
            list.iter().map(|(value, id)| (visit.link(&[(name, Some(value))]), text.say(id))).collect()
        };
        Self {
            position: text.number(moment.position),
            bare_position: moment.position,
            time: format!("{time} {}", text.zone_name()),
            is_then: shown.is_then(),
            rail,
            versus: shown.versus.map(|stamp| say!(text, "ui-compared", moment = text.moment(stamp.recorded_at))),
            back_to_now: visit.link(&[("at", None)]),
            earlier: links("at", &earlier),
            compare: links("vs", &compare),
            kept: visit.query.iter().filter(|(name, _)| name != "at" && name != "fragment").cloned().collect(),
        }
    }
}
