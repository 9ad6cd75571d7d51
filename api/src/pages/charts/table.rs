//! The numbers of a chart as a table below it, and as a CSV file.

use askama::Template;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::pages::text::Text;

/// What the table shows where there is no number.
const NONE: &str = "–";

/// A table of numbers.
#[derive(Clone, Template)]
#[template(path = "charts/table.html")]
pub(in crate::pages) struct Table {
    pub(in crate::pages) text: Text,
    /// The headings; the first is that of the row names.
    pub(in crate::pages) columns: Vec<String>,
    pub(in crate::pages) rows: Vec<Row>,
    /// The link to the CSV file; empty if there is none.
    pub(in crate::pages) csv: String,
}

/// One row.
#[derive(Debug, Clone)]
pub(in crate::pages) struct Row {
    pub(in crate::pages) name: String,
    /// The row's name for programs, such as a date.
    pub(in crate::pages) exact: String,
    pub(in crate::pages) cells: Vec<Option<i64>>,
}

impl Table {
    fn shown(&self, cell: Option<&i64>) -> String {
        cell.map_or_else(|| NONE.to_owned(), |number| self.text.number(*number))
    }

    /// The CSV file: plain numbers, and empty fields where there is none.
    pub(in crate::pages) fn file(&self) -> Response {
        const HEADERS: [(HeaderName, HeaderValue); 3] = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
            (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"ledger.csv\"")),
            (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        ];
        (HEADERS, self.csv()).into_response()
    }

    fn csv(&self) -> String {
        let line = |fields: Vec<String>| fields.join(",") + "\r\n";
        let mut file = line(self.columns.iter().map(|column| field(column)).collect());
        for row in &self.rows {
            let cells = row.cells.iter().map(|cell| cell.map_or_else(String::new, |number| number.to_string()));
            file.push_str(&line(std::iter::once(field(&row.exact)).chain(cells).collect()));
        }
        file
    }
}

/// A quoted field. An apostrophe comes before text that a spreadsheet would read as a formula.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use domain::zone::Tz;

    use super::*;
    use crate::app::i18n::Language;

    #[test]
    fn a_file_holds_bare_numbers_and_no_formula() {
        let table = Table {
            text: Text { language: Language::English, zone: Tz::UTC },
            columns: vec!["Day".to_owned(), "=cmd|'x'".to_owned()],
            rows: vec![
                Row { name: "1 Nov".to_owned(), exact: "2026-11-01".to_owned(), cells: vec![Some(1_234)] },
                Row { name: "2 Nov".to_owned(), exact: "a \"b\"".to_owned(), cells: vec![None] },
            ],
            csv: String::new(),
        };
        assert_eq!(table.csv(), "\"Day\",\"'=cmd|'x'\"\r\n\"2026-11-01\",1234\r\n\"a \"\"b\"\"\",\r\n");
        let html = table.render().unwrap();
        assert!(html.contains("1,234") && html.contains(NONE), "{html}");
    }
}
