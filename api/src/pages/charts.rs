//! Charts as SVG of our own, coloured by class, so that they follow both themes, any width and the reader's letters. A
//! chart is a template: `{{ chart|safe }}`. What is drawn is by percent; lines and areas are in an inner picture that is
//! stretched. Each plot says its finding to those who do not see it, and has the same numbers as a table and as CSV.
//! Charts know no page: titles, words and numbers are handed in.

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

/// A place in a picture, as SVG has it.
fn percent(of_hundred: f64) -> String {
    let text = format!("{of_hundred:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}%")
}

/// So much of a whole, from 0 to 100; nothing of nothing.
fn share(part: i64, whole: i64) -> f64 {
    if whole <= 0 { 0.0 } else { (part as f64 / whole as f64 * 100.0).clamp(0.0, 100.0) }
}
