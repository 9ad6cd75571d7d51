//! A line chart over time, with at most two lines and labels at their ends.

use super::plot::{Anchor, Plot, Tick};
use super::scale::Scale;
use super::table::Table;
use crate::pages::text::Text;

/// The data of the chart.
pub(in crate::pages) struct LineChart {
    /// The finding, as a text alternative.
    pub(in crate::pages) label: String,
    /// The lines; the last one is drawn on top.
    pub(in crate::pages) lines: Vec<Line>,
    pub(in crate::pages) ticks: Vec<Tick>,
    pub(in crate::pages) read_outs: Vec<ReadOut>,
    pub(in crate::pages) table: Table,
}

/// One line.
pub(in crate::pages) struct Line {
    /// `go`; what it is compared with: `past`, `ink`.
    pub(in crate::pages) class: &'static str,
    /// The position in percent, and the number.
    pub(in crate::pages) points: Vec<(f64, i64)>,
    /// Whether the area below it is filled.
    pub(in crate::pages) area: bool,
    /// A marked point, and its label.
    pub(in crate::pages) mark: Option<(f64, i64, String)>,
    /// The label at its right end.
    pub(in crate::pages) end: Option<String>,
}

/// The text that is shown for a part of the axis.
pub(in crate::pages) struct ReadOut {
    pub(in crate::pages) from: f64,
    pub(in crate::pages) to: f64,
    pub(in crate::pages) at: f64,
    pub(in crate::pages) lines: Vec<String>,
}

impl LineChart {
    pub(in crate::pages) fn plot(self, text: Text) -> Plot {
        let numbers = |line: &Line| line.points.iter().map(|(_, number)| *number).max();
        let marked = |line: &Line| line.mark.as_ref().map(|(_, number, _)| *number);
        let most = self.lines.iter().flat_map(|line| [numbers(line), marked(line)]).flatten().max();
        let scale = Scale::to(most.unwrap_or_default());
        let mut plot = Plot {
            label: self.label,
            ends: self.lines.iter().any(|line| line.end.is_some()),
            zero: super::percent(100.0),
            grid: scale.lines().into_iter().map(|line| (super::percent(scale.y(line)), text.number(line))).collect(),
            ticks: self.ticks,
            table: Some(self.table),
            ..Plot::default()
        };
        let places: Vec<Vec<_>> = self
            .lines
            .iter()
            .map(|line| line.points.iter().map(|(x, number)| (*x, scale.y(*number))).collect())
            .collect();
        for (line, points) in self.lines.iter().zip(&places).filter(|(line, _)| line.area) {
            plot.area(line.class, points);
        }
        for (line, points) in self.lines.iter().zip(&places) {
            plot.line(line.class, points);
        }
        let highest = self.lines.iter().filter_map(|line| Some((marked(line)?, line.class == "go"))).max();
        for line in self.lines {
            let is_go = line.class == "go";
            if let Some((x, number, words)) = line.mark {
                let is_above = highest == Some((number, is_go));
                let (dx, anchor) = match x {
                    x if x < 30.0 => (10, Anchor::Start),
                    x if x > 75.0 || is_above => (-9, Anchor::End),
                    _ => (10, Anchor::Start),
                };
                let place = (x, scale.y(number));
                plot.point(line.class, place, if is_go { "4.5" } else { "3.5" });
                let class = match line.class {
                    "past" => "lbl past",
                    "ink" => "lbl ink",
                    _ => "lbl go",
                };
                plot.words(class, place, (dx, if is_above { -8 } else { 15 }), anchor, words);
            }
            if let (Some(words), Some((x, number))) = (line.end, line.points.last()) {
                let class = if is_go { "lbl go end" } else { "lbl past end" };
                plot.words(class, (*x, scale.y(*number)), (10, 4), Anchor::Start, words);
            }
        }
        for read_out in self.read_outs {
            plot.hit((read_out.from, read_out.to), read_out.at, read_out.lines);
        }
        plot
    }
}
