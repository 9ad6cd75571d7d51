//! Numbers by name, as bars from zero. The list itself is the table: names, numbers and differences are text. A line marks
//! what each number was at another moment.

use askama::Template;

use super::{percent, share};

/// Lines of one list, all to the same scale.
#[derive(Template)]
#[template(path = "charts/bars.html")]
pub(in crate::pages) struct Bars {
    /// Further classes: `funnel`, `four`, `mis`.
    class: &'static str,
    rows: Vec<Drawn>,
}

/// One number.
#[derive(Debug, Clone, Default)]
pub(in crate::pages) struct Bar {
    pub(in crate::pages) name: String,
    /// In small letters below the name.
    pub(in crate::pages) note: String,
    pub(in crate::pages) href: Option<String>,
    /// `ink`, `go`, `no`.
    pub(in crate::pages) tone: &'static str,
    pub(in crate::pages) number: i64,
    /// As it is shown.
    pub(in crate::pages) shown: String,
    /// What it was.
    pub(in crate::pages) versus: Option<i64>,
    /// The last word of the line: a difference, or a share.
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
