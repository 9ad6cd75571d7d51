//! The primitives of every chart with axes: lines, areas, bars, points, labels and read-outs. It knows coordinates and
//! classes; the charts know what they mean.

use askama::Template;

use super::percent;
use super::table::Table;

/// A plot with its table.
#[derive(Default, Template)]
#[template(path = "charts/plot.html")]
pub(in crate::pages) struct Plot {
    /// The finding, in a sentence.
    pub(super) label: String,
    /// Whether to leave room on the right for labels at the ends of lines.
    pub(super) ends: bool,
    /// The height of zero, from the top.
    pub(super) zero: String,
    /// The grid lines: height and number.
    pub(super) grid: Vec<(String, String)>,
    pub(super) ticks: Vec<Tick>,
    pub(super) bars: Vec<Rect>,
    /// Class and path data.
    pub(super) paths: Vec<(String, String)>,
    /// Vertical lines: position and height.
    pub(super) rules: Vec<(String, String)>,
    pub(super) points: Vec<Point>,
    pub(super) words: Vec<Words>,
    pub(super) hits: Vec<Hit>,
    pub(super) table: Option<Table>,
}

/// The part of a label that its coordinate refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Middle => "middle",
            Self::End => "end",
        }
    }

    /// The anchor that keeps a label within the plot.
    pub(super) fn at(x: f64) -> Self {
        match x {
            x if x < 3.0 => Self::Start,
            x if x > 97.0 => Self::End,
            _ => Self::Middle,
        }
    }
}

/// A label below the axis.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Tick {
    pub(super) x: String,
    pub(super) anchor: Anchor,
    pub(super) text: String,
}

impl Tick {
    pub(in crate::pages) fn at(x: f64, text: String) -> Self {
        Self { x: percent(x), anchor: Anchor::at(x), text }
    }
}

pub(super) struct Rect {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
}

pub(super) struct Point {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) radius: &'static str,
}

/// A label beside a point.
pub(super) struct Words {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) dx: i32,
    pub(super) dy: i32,
    pub(super) anchor: Anchor,
    pub(super) text: String,
}

/// A part of the axis that shows its numbers on hover or focus.
pub(super) struct Hit {
    pub(super) x: String,
    pub(super) width: String,
    pub(super) at: String,
    pub(super) dx: i32,
    pub(super) anchor: Anchor,
    /// The lines of text: offset and text.
    pub(super) lines: Vec<(i32, String)>,
}

impl Hit {
    /// Whether its words end at the cursor, for want of room behind it.
    fn is_before(&self) -> bool {
        self.anchor == Anchor::End
    }
}

impl Plot {
    pub(super) fn rect(&mut self, class: &'static str, (x, width): (f64, f64), (y, height): (f64, f64)) {
        if height > 0.0 {
            let (x, width, y, height) = (percent(x), percent(width), percent(y), percent(height));
            self.bars.push(Rect { class, x, y, width, height });
        }
    }

    pub(super) fn point(&mut self, class: &'static str, (x, y): (f64, f64), radius: &'static str) {
        self.points.push(Point { class, x: percent(x), y: percent(y), radius });
    }

    /// Draws a line through points in percent.
    pub(super) fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        if points.len() > 1 {
            self.paths.push((format!("ln {class}"), way(points)));
        }
    }

    /// Fills the area between a line and zero.
    pub(super) fn area(&mut self, class: &str, points: &[(f64, f64)]) {
        if let (Some(first), Some(last)) = (points.first(), points.last()) {
            let closed = format!("{}L{} 1000L{} 1000Z", way(points), thousandth(last.0), thousandth(first.0));
            self.paths.push((format!("ar {class}"), closed));
        }
    }

    /// Fills a polygon.
    pub(super) fn fan(&mut self, points: &[(f64, f64)]) {
        self.paths.push(("ar fan".to_owned(), format!("{}Z", way(points))));
    }

    pub(super) fn rule(&mut self, x: f64, down_to: f64) {
        self.rules.push((percent(x), percent(down_to)));
    }

    pub(super) fn words(
        &mut self,
        class: &'static str,
        (x, y): (f64, f64),
        (dx, dy): (i32, i32),
        anchor: Anchor,
        text: String,
    ) {
        self.words.push(Words { class, x: percent(x), y: percent(y), dx, dy, anchor, text });
    }

    /// Adds a part of the axis that shows these lines of text beside a cursor.
    pub(super) fn hit(&mut self, (from, to): (f64, f64), at: f64, lines: Vec<String>) {
        let (dx, anchor) = if at > 60.0 { (-8, Anchor::End) } else { (8, Anchor::Start) };
        let down = (14..).step_by(17);
        let lines = down.zip(lines).collect();
        let width = percent((to - from).max(0.0));
        self.hits.push(Hit { x: percent(from), width, at: percent(at), dx, anchor, lines });
    }
}

fn way(points: &[(f64, f64)]) -> String {
    let mut way = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        way.push(if at == 0 { 'M' } else { 'L' });
        way.push_str(&format!("{} {}", thousandth(*x), thousandth(*y)));
    }
    way
}

/// Percent as a coordinate of the nested SVG, which is 1,000 wide and high.
fn thousandth(of_hundred: f64) -> String {
    let text = format!("{:.1}", of_hundred * 10.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
