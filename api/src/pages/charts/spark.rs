//! A sparkline: a few days beside a number, without axes. It need not begin at zero; the caller describes its range.

use askama::Template;

use super::percent;

const WIDTH: f64 = 100.0;
const HEIGHT: f64 = 26.0;
/// The space above the highest point.
const AIR: f64 = 3.0;
/// The height of the line.
const SPAN: f64 = 19.0;

/// Hidden from screen readers, because the numbers are text beside it.
#[derive(Template)]
#[template(
    source = "{% if !way.is_empty() %}<svg class=\"spark{% if small %} s{% endif %}\" aria-hidden=\"true\"><svg \
              viewBox=\"0 0 100 26\" preserveAspectRatio=\"none\" width=\"100%\" height=\"100%\"><path class=\"ln {{ class }}\" \
              d=\"{{ way }}\"/></svg><circle class=\"pt {{ class }}\" cx=\"100%\" cy=\"{{ end }}\" r=\"3.5\"/></svg>{% endif %}",
    ext = "html"
)]
pub(in crate::pages) struct Spark {
    class: &'static str,
    small: bool,
    way: String,
    end: String,
}

impl Spark {
    /// Empty for fewer than two numbers.
    pub(in crate::pages) fn of(numbers: &[i64], class: &'static str) -> Self {
        let (least, most) = (numbers.iter().min().copied(), numbers.iter().max().copied());
        let (Some(least), Some(most), true) = (least, most, numbers.len() > 1) else {
            return Self { class, small: false, way: String::new(), end: String::new() };
        };
        let height = most as f64 - least as f64;
        // a constant line lies in the middle
        let y = |number: i64| match height {
            0.0 => AIR + SPAN / 2.0,
            height => AIR + (most as f64 - number as f64) / height * SPAN,
        };
        let last = numbers.len() - 1;
        let mut way = String::new();
        for (at, number) in numbers.iter().enumerate() {
            way.push(if at == 0 { 'M' } else { 'L' });
            way.push_str(&format!("{:.1} {:.1}", at as f64 * WIDTH / last as f64, y(*number)));
        }
        let end = numbers.last().map_or(0.0, |number| y(*number));
        Self { class, small: false, way, end: percent(end / HEIGHT * 100.0) }
    }

    /// The smaller size for tables.
    pub(in crate::pages) fn small(self) -> Self {
        Self { small: true, ..self }
    }
}
