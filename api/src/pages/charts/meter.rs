//! A meter: a bar within a bar. The numbers are text beside it.

use askama::Template;

use super::{percent, share};

/// Parts of a whole, from the left.
#[derive(Template)]
#[template(
    source = "<svg class=\"meter\" aria-hidden=\"true\"><rect class=\"bar bg\" width=\"100%\" height=\"100%\" rx=\"3\"/>{% for (class, x, \
              width) in parts %}<rect class=\"bar {{ class }}\" x=\"{{ x }}\" width=\"{{ width }}\" height=\"100%\" rx=\"3\"/>{% \
              endfor %}</svg>",
    ext = "html"
)]
pub(in crate::pages) struct Meter {
    parts: Vec<(&'static str, String, String)>,
}

impl Meter {
    /// Makes a meter from parts, each with a class and a number.
    pub(in crate::pages) fn of(parts: &[(&'static str, i64)], whole: i64) -> Self {
        let mut from = 0.0;
        let mut drawn = vec![];
        for (class, part) in parts {
            let width = share(*part, whole).min(100.0 - from);
            if width > 0.0 {
                drawn.push((*class, percent(from), percent(width)));
            }
            from += width;
        }
        Self { parts: drawn }
    }
}
