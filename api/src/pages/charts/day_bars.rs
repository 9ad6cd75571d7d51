//! Two numbers for each day, one bar upwards and one downwards from the same line. A dotted line marks a change between
//! two days.

use super::plot::{Anchor, Plot, Tick};
use super::table::Table;
use super::{percent, share};

/// The length of the longest bar, in percent of the height.
const LONGEST: f64 = 42.0;
const MIDDLE: f64 = 50.0;
/// The width of a bar, as a part of the width of its day.
const WIDTH: f64 = 0.72;

/// The data of the chart.
pub(in crate::pages) struct DayBars {
    pub(in crate::pages) label: String,
    pub(in crate::pages) days: Vec<Day>,
    /// The names of the upward and the downward number.
    pub(in crate::pages) words: (String, String),
    /// The day of each change, counted from 0, and its label.
    pub(in crate::pages) rules: Vec<(f64, String)>,
    pub(in crate::pages) table: Table,
}

/// One day.
pub(in crate::pages) struct Day {
    pub(in crate::pages) up: i64,
    pub(in crate::pages) down: i64,
    /// The label below the axis, if this day has one.
    pub(in crate::pages) tick: Option<String>,
    pub(in crate::pages) read_out: Vec<String>,
}

impl DayBars {
    pub(in crate::pages) fn plot(self) -> Plot {
        let most = self.days.iter().map(|day| day.up.max(day.down)).max().unwrap_or_default();
        let width = 100.0 / self.days.len().max(1) as f64;
        let mut plot = Plot { label: self.label, zero: percent(MIDDLE), table: Some(self.table), ..Plot::default() };
        for (at, day) in self.days.into_iter().enumerate() {
            let from = at as f64 * width;
            let middle = from + width / 2.0;
            let across = (from + width * (1.0 - WIDTH) / 2.0, width * WIDTH);
            let (up, down) = (share(day.up, most) * LONGEST / 100.0, share(day.down, most) * LONGEST / 100.0);
            plot.rect("go", across, (MIDDLE - up, up));
            plot.rect("no", across, (MIDDLE, down));
            plot.ticks.extend(day.tick.map(|tick| Tick::at(middle, tick)));
            plot.hit((from, from + width), middle, day.read_out);
        }
        for (day, name) in self.rules {
            let x = (day * width).clamp(0.0, 100.0);
            let (dx, anchor) = if x < 50.0 { (5, Anchor::Start) } else { (-5, Anchor::End) };
            plot.rule(x, MIDDLE);
            plot.words("lbl2", (x, 0.8), (dx, 8), anchor, name);
        }
        let (up, down) = self.words;
        plot.words("lbl go", (0.0, 17.0), (0, 0), Anchor::Start, up);
        plot.words("lbl no", (0.0, 96.7), (0, 2), Anchor::Start, down);
        plot
    }
}
