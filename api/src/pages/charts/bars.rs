//! A horizontal bar chart. The list is its own table: names, numbers and differences are text. A line marks the number
//! at another moment.

use askama::Template;

use super::{percent, share};

/// The bars of one chart, all on the same scale.
#[derive(Template)]
#[template(path = "charts/bars.html")]
pub(in crate::pages) struct Bars {
    /// More classes: `funnel`, `four`, `mis`.
    class: &'static str,
    rows: Vec<Drawn>,
}

/// One bar.
#[derive(Debug, Clone, Default)]
pub(in crate::pages) struct Bar {
    pub(in crate::pages) name: String,
    /// In small print below the name.
    pub(in crate::pages) note: String,
    pub(in crate::pages) href: Option<String>,
    /// `ink`, `go`, `no`.
    pub(in crate::pages) tone: &'static str,
    pub(in crate::pages) number: i64,
    /// The number as it is shown.
    pub(in crate::pages) shown: String,
    /// The number at the other moment.
    pub(in crate::pages) versus: Option<i64>,
    /// The end of the line: a difference, or a share.
    pub(in crate::pages) last: String,
}

struct Drawn {
    bar: Bar,
    width: String,
    line: Option<String>,
}

impl Bars {
    pub(in crate::pages) fn of(class: &'static str, bars: Vec<Bar>) -> Self {
        let most = bars.iter().flat_map(|bar| [Some(bar.number), bar.versus]).flatten().max().unwrap_or_default();
        let rows = bars.into_iter().map(|bar| Drawn {
            width: percent(share(bar.number, most)),
            line: bar.versus.map(|versus| percent(share(versus, most))),
            bar,
        });
        Self { class, rows: rows.collect() }
    }
}
