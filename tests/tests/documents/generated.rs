//! What stands in a document between `<!-- made from the code: NAME -->` and `<!-- end -->` is made from the code and
//! compared with it. `make docs` (`WRITE_DOCUMENTS=1`) writes it anew.

mod command_line;
mod configuration;
mod events;
mod metrics;
mod problems;
mod routes;

use std::fs;

use tests::support::folder;

use super::markdown::Document;

/// Compares the part of this name in a document with what the code says, or writes it.
fn holds(path: &str, name: &str, made: &str) {
    let document = Document::read(path);
    let begin = format!("<!-- made from the code: {name} -->\n");
    let (before, rest) = document.text.split_once(&begin).unwrap_or_else(|| panic!("{path} has no {begin}"));
    let (written, after) = rest.split_once("<!-- end -->").unwrap_or_else(|| panic!("{path} has no end of {name}"));
    if written == made {
        return;
    }
    assert!(std::env::var_os("WRITE_DOCUMENTS").is_some(), "{path} is not what the code says: run `make docs`\n{made}");
    let text = format!("{before}{begin}{made}<!-- end -->{after}");
    fs::write(folder::workspace().join(path), text).expect("the document is written");
}

/// One line of text, fit for a cell of a table.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}
