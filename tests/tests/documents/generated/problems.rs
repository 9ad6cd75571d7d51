//! Every code that an answer can have, with its status and what it means.

use std::fmt::Write as _;

use api::app::problem::Code;

use super::{cell, holds};

#[test]
fn the_problem_reference_has_every_code() {
    let mut made = String::from("| code | status | title | meaning | what to do |\n|---|---|---|---|---|\n");
    for code in Code::ALL {
        let (name, status) = (code.name(), code.status().as_u16());
        let [title, about, remedy] = [code.title(), code.about(), code.remedy()].map(|text| cell(&text));
        writeln!(made, "| `{name}` | {status} | {title} | {about} | {remedy} |").unwrap();
    }
    holds("docs/reference/problems.md", "codes", &made);
}
