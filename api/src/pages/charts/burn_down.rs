//! A burn-down chart of a stock: the line so far, the forecast dashed, and a band from the fastest to the slowest pace.
//! The caller turns times into percent of the width.

use super::percent;
use super::plot::{Anchor, Plot, Tick};
use super::scale::Scale;
use super::table::Table;
use crate::pages::text::Text;

/// The data of the chart.
pub(in crate::pages) struct BurnDown {
    pub(in crate::pages) label: String,
    /// The points so far; the last one is now.
    pub(in crate::pages) left: Vec<Left>,
    /// The whole stock.
    pub(in crate::pages) quantity: i64,
    /// The label of the last point.
    pub(in crate::pages) now: String,
    pub(in crate::pages) outlook: Option<Outlook>,
    /// The end of the event, and its label.
    pub(in crate::pages) end: Option<(f64, String)>,
    pub(in crate::pages) ticks: Vec<Tick>,
    pub(in crate::pages) table: Table,
}

/// The remaining stock at one point.
pub(in crate::pages) struct Left {
    pub(in crate::pages) x: f64,
    pub(in crate::pages) left: i64,
    pub(in crate::pages) read_out: Vec<String>,
}

/// The forecast. It is clipped at the right edge.
pub(in crate::pages) struct Outlook {
    /// When nothing is left.
    pub(in crate::pages) gone: f64,
    /// The same at the fastest and the slowest pace, if they lead to an end.
    pub(in crate::pages) earliest: f64,
    pub(in crate::pages) latest: f64,
    /// The forecast day, and the range of days.
    pub(in crate::pages) day: String,
    pub(in crate::pages) between: String,
}

impl BurnDown {
    pub(in crate::pages) fn plot(self, text: Text) -> Plot {
        let most = self.left.iter().map(|left| left.left).max().unwrap_or_default().max(self.quantity);
        let scale = Scale::to(most);
        let mut plot = Plot {
            label: self.label,
            zero: percent(100.0),
            grid: scale.lines().into_iter().map(|line| (percent(scale.y(line)), text.number(line))).collect(),
            ticks: self.ticks,
            table: Some(self.table),
            ..Plot::default()
        };
        let points: Vec<_> = self.left.iter().map(|left| (left.x, scale.y(left.left))).collect();
        plot.area("go", &points);
        let last = self.left.last().map(|left| (left.x, left.left));
        if let (Some(outlook), Some((x, left))) = (&self.outlook, last) {
            let to = |gone: f64| cut((x, left as f64), gone, &scale);
            let [fastest, corner, slowest] = far_edge(to(outlook.earliest), to(outlook.latest));
            plot.fan(&[(x, scale.y(left)), fastest, corner, slowest]);
        }
        plot.line("go", &points);
        if let (Some(outlook), Some((x, left))) = (&self.outlook, last) {
            let way = cut((x, left as f64), outlook.gone, &scale);
            plot.line("go dash", &[(x, scale.y(left)), way]);
        }
        if let Some((x, word)) = self.end {
            plot.rule(x, 100.0);
            plot.words("lbl2", (x, 9.0), (-6, 4), Anchor::End, word);
        }
        if let Some((x, left)) = last {
            let place = (x, scale.y(left));
            // the day on which nothing is left has its words on the right
            let is_soon = self.outlook.as_ref().is_some_and(|outlook| outlook.gone - x < 25.0);
            let (dx, anchor) = if x > 70.0 || (is_soon && x > 25.0) { (-10, Anchor::End) } else { (10, Anchor::Start) };
            plot.point("go", place, "4.5");
            plot.words("lbl go", place, (dx, -6), anchor, self.now);
        }
        if let Some(outlook) = self.outlook.filter(|outlook| outlook.gone <= 100.0) {
            let (dx, anchor) = if outlook.gone > 60.0 { (-12, Anchor::End) } else { (26, Anchor::Start) };
            plot.point("no", (outlook.gone, 100.0), "4.5");
            plot.words("lbl no", (outlook.gone, 100.0), (dx, -26), anchor, outlook.day);
            plot.words("lbl2", (outlook.gone, 100.0), (dx, -10), anchor, outlook.between);
        }
        let mut from = 0.0;
        let places: Vec<_> = self.left.iter().map(|left| left.x).collect();
        for (at, left) in self.left.into_iter().enumerate() {
            let to = places.get(at + 1).map_or(left.x, |next| f64::midpoint(left.x, *next));
            plot.hit((from, to), left.x, left.read_out);
            from = to;
        }
        plot
    }
}

/// The line from the remaining stock to zero, clipped at the right edge.
fn cut((x, left): (f64, f64), gone: f64, scale: &Scale) -> (f64, f64) {
    if gone <= 100.0 {
        return (gone.max(x), 100.0);
    }
    // a pace that hardly takes anything leads to a place too far away to divide by
    let share = (gone - 100.0) / (gone - x);
    let at_edge = if share.is_finite() { left * share } else { left };
    (100.0, scale.y_of(at_edge))
}

/// The far edge of the band, from the end of the fastest pace to that of the slowest. Where the fastest leaves nothing, the
/// band goes on along the bottom.
fn far_edge(fastest: (f64, f64), slowest: (f64, f64)) -> [(f64, f64); 3] {
    [fastest, (slowest.0, fastest.1), slowest]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_ends_at_the_edge_however_slow_the_pace() {
        let scale = Scale::to(100);
        assert_eq!(cut((40.0, 50.0), 60.0, &scale), (60.0, 100.0));
        assert_eq!(cut((40.0, 50.0), 160.0, &scale), (100.0, scale.y(25)));
        for gone in [f64::MAX, f64::INFINITY] {
            assert_eq!(cut((40.0, 50.0), gone, &scale), (100.0, scale.y(50)), "{gone}");
        }
    }

    #[test]
    fn the_band_of_a_pace_that_leaves_nothing_goes_on_along_the_bottom() {
        assert_eq!(far_edge((60.0, 100.0), (100.0, 40.0)), [(60.0, 100.0), (100.0, 100.0), (100.0, 40.0)]);
        assert_eq!(far_edge((100.0, 70.0), (100.0, 40.0)), [(100.0, 70.0), (100.0, 70.0), (100.0, 40.0)]);
    }
}
