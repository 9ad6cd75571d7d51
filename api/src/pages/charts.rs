//! Charts as inline SVG, coloured by class, so that they follow both themes, any width and the reader's font size. A
//! chart is a template: `{{ chart|safe }}`. Positions are in percent; lines and areas are in a nested SVG that is
//! stretched. Each plot has a text alternative that states its finding, and the same numbers as a table and as CSV.
//! Charts know no page: titles, words and numbers are passed in.

mod bars;
mod burn_down;
mod day_bars;
mod line;
mod meter;
mod plot;
mod scale;
mod spark;
mod table;

pub(super) use bars::{Bar, Bars};
pub(super) use burn_down::{BurnDown, Left, Outlook};
pub(super) use day_bars::{Day, DayBars};
pub(super) use line::{Line, LineChart, ReadOut};
pub(super) use meter::Meter;
pub(super) use plot::{Plot, Tick};
pub(super) use spark::Spark;
pub(super) use table::{Row, Table};

/// A coordinate in percent, as SVG writes it.
pub(super) fn percent(of_hundred: f64) -> String {
    let text = format!("{of_hundred:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}

/// A part of a whole in percent, at most 100; 0 if the whole is 0.
fn share(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { (part as f64 / whole as f64 * 100.0).clamp(0.0, 100.0) }
}
