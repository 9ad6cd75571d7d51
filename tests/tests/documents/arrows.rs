//! Who may know whom. A room is a folder; within a crate the rooms know each other in one direction, and crates do too.
//! Tests are free. Read from the sources' own paths (`crate::room::…`, `super::super::…`, `projections::…`), not from
//! what they mean.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The rooms of a crate by the step that they stand on, from the bottom to the top.
type Steps = &'static [&'static [&'static str]];

/// For each crate: the crates of ours that it may name, and its rooms from the bottom to the top. A room may name those
/// below it; rooms on one step do not know each other.
const CRATES: [(&str, &[&str], Steps); 4] = [
    ("domain", &[], &[]),
    (
        "commands",
        &["domain"],
        &[&["failure", "metrics"], &["log", "guards"], &["ledger", "claims", "wallets", "coupons"]],
    ),
    (
        "projections",
        &["domain"],
        &[&["log"], &["engine"], &["read_models"], &["registry"], &["upkeep"], &["kafka"], &["audit"]],
    ),
    (
        "api",
        &["domain", "commands", "projections"],
        &[&["app"], &["http"], &["routes", "jobs", "pages"], &["config", "embedded"], &["cli"]],
    ),
];

/// Rooms on one step that are two halves of one thing.
const ONE_THING: [(&str, &str, &str); 6] = [
    ("commands", "log", "guards"),
    ("commands", "ledger", "claims"),
    ("commands", "ledger", "wallets"),
    ("commands", "claims", "wallets"),
    ("commands", "ledger", "coupons"),
    ("commands", "claims", "coupons"),
];

/// What a room must not name, although it is not a room of ours.
const STRANGERS: [(&str, &str, &[&str]); 1] = [("api", "app", &["axum", "aide", "hyper"])];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The code of a source without comments and without the module of its tests; every path begins at the crate.
fn code(src: &Path, path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    from_the_crate(&code, &module(path.strip_prefix(src).unwrap()))
}

/// The module that a file of a crate's `src` is: `a/b.rs` is `a::b`.
fn module(file: &Path) -> Vec<String> {
    let named = file.with_extension("");
    let parts = named.components().map(|part| part.as_os_str().to_str().unwrap().to_owned());
    parts.filter(|part| !["lib", "main"].contains(&part.as_str())).collect()
}

/// Writes `super::…` in a module as `crate::…`. An inline module counts as its file.
fn from_the_crate(code: &str, module: &[String]) -> String {
    const UP: &str = "super::";
    let mut read = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(UP) {
        let levels = rest.as_bytes()[at..].chunks(UP.len()).take_while(|chunk| *chunk == UP.as_bytes()).count();
        let above = &module[..module.len().saturating_sub(levels)];
        read.push_str(&rest[..at]);
        read.push_str("crate::");
        above.iter().for_each(|name| read.extend([name, "::"]));
        rest = &rest[at + levels * UP.len()..];
    }
    read + rest
}

#[test]
fn a_path_through_super_is_read_from_the_crate() {
    let module = module(Path::new("log/scan/page.rs"));
    assert_eq!(module, ["log", "scan", "page"]);
    let read = from_the_crate("use super::a;\nuse super::super::b; super::super::super::audit::c()", &module);
    assert_eq!(read, "use crate::log::scan::a;\nuse crate::log::b; crate::audit::c()");
}

/// The names that stand behind `start`, such as the rooms behind `crate::`.
fn named_after<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(start).filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(|char| char.is_alphanumeric() || char == '_' || char == ':') {
            return None;
        }
        let rest = &text[at + start.len()..];
        Some(&rest[..rest.find(|char: char| !char.is_ascii_lowercase() && char != '_').unwrap_or(rest.len())])
    })
}

fn names(text: &str, krate: &str) -> bool {
    named_after(text, &format!("{krate}::")).next().is_some()
}

/// The step that a room stands on.
fn step(rooms: Steps, room: &str) -> Option<usize> {
    rooms.iter().position(|step| step.contains(&room))
}

fn may_know(krate: &str, rooms: Steps, from: &str, to: &str) -> bool {
    let one_thing =
        ONE_THING.iter().any(|(of, a, b)| *of == krate && [*a, *b].contains(&from) && [*a, *b].contains(&to));
    from == to || one_thing || step(rooms, from) > step(rooms, to)
}

#[test]
fn every_arrow_between_rooms_and_crates_runs_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let (mut wrong, mut arrows) = (BTreeSet::new(), 0);
    for (krate, may_name, rooms) in CRATES {
        let src = root.join(krate).join("src");
        let mut files = vec![];
        sources(&src, &mut files);
        for path in files {
            let (shown, text) = (path.strip_prefix(root).unwrap().display().to_string(), code(&src, &path));
            for (other, ..) in CRATES {
                if other != krate && !may_name.contains(&other) && names(&text, other) && !is_room(krate, other) {
                    wrong.insert(format!("{shown} names the crate {other}"));
                }
            }
            let first = path.strip_prefix(&src).unwrap().components().next().unwrap();
            let room = first.as_os_str().to_str().unwrap().trim_end_matches(".rs");
            for stranger in
                STRANGERS.iter().filter(|(of, at, _)| *of == krate && *at == room).flat_map(|(.., list)| *list)
            {
                if names(&text, stranger) {
                    wrong.insert(format!("{shown} names {stranger}"));
                }
            }
            if step(rooms, room).is_none() {
                continue;
            }
            assert!(!text.contains("crate::{"), "{shown}: write a line for each room, so that it can be read here");
            for to in named_after(&text, "crate::").filter(|to| step(rooms, to).is_some()) {
                arrows += 1;
                if !may_know(krate, rooms, room, to) {
                    wrong.insert(format!("{shown} names {to}, and {room} must not know it"));
                }
            }
        }
    }
    assert!(arrows > 500, "the sources are read: {arrows} arrows");
    assert!(wrong.is_empty(), "arrows that run back: {wrong:#?}");
}

/// `api::cli::projections` is a command, not the crate.
fn is_room(krate: &str, name: &str) -> bool {
    krate == "api" && name == "projections"
}

/// A new folder at the top of a crate takes its place in the list.
#[test]
fn every_room_stands_on_a_step() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for (krate, _, rooms) in CRATES.into_iter().filter(|(.., rooms)| !rooms.is_empty()) {
        for entry in std::fs::read_dir(root.join(krate).join("src")).unwrap() {
            let entry = entry.unwrap();
            let mut files = vec![];
            if entry.path().is_dir() {
                sources(&entry.path(), &mut files);
                if files.is_empty() {
                    continue;
                }
            }
            let name = entry.file_name().into_string().unwrap();
            let room = name.trim_end_matches(".rs");
            let is_ground = ["lib", "main"].contains(&room);
            assert!(is_ground || step(rooms, room).is_some(), "{krate}/src/{name} stands on no step of the list");
        }
    }
}

/// The routes of one resource do not know those of another; what they share is beside them.
#[test]
fn routes_do_not_import_each_other() {
    const SHARED: [&str; 6] = ["lists", "claim_body", "claim_list", "budget_body", "member_facts", "whole_log"];
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("api/src");
    let root = src.join("routes");
    let mut files = vec![];
    sources(&root, &mut files);
    assert!(files.len() > 20, "the routes are read");
    let mut wrong = BTreeSet::new();
    for path in files {
        let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
        let own = first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        let text = code(&src, &path);
        assert!(!text.contains("crate::routes::{"), "{}: write a line for each route", path.display());
        for other in named_after(&text, "crate::routes::") {
            if other != own && !other.is_empty() && !SHARED.contains(&other) {
                wrong.insert(format!("{} names {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "routes that know each other: {wrong:#?}");
}
