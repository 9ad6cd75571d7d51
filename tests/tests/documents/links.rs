//! Every relative link leads to a file and, where it has one, to a heading; every file that is named is there; every
//! document can be reached from the README. Other sites are not asked.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use tests::support::folder;

use super::markdown::Document;

/// The path that a link of a document leads to, and its anchor; none for other sites.
fn target(document: &Document, link: &str) -> Option<(String, Option<String>)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = match link.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (link, None),
    };
    let mut parts: Vec<&str> = document.path.split('/').collect();
    if !path.is_empty() {
        parts.pop();
        for part in path.split('/') {
            match part {
                "." | "" => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
    }
    Some((parts.join("/"), anchor))
}

#[test]
fn links_lead_to_files_and_headings() {
    let documents = Document::all();
    let anchors: BTreeMap<&str, Vec<String>> = documents.iter().map(|it| (&*it.path, it.anchors())).collect();
    let mut broken = Vec::new();
    let mut looked_at = 0;
    for document in &documents {
        for (link, line) in document.links() {
            let Some((path, anchor)) = target(document, &link) else { continue };
            looked_at += 1;
            let leads = folder::workspace().join(&path).exists();
            let named = anchor.is_none_or(|anchor| anchors.get(&*path).is_some_and(|known| known.contains(&anchor)));
            if !leads || !named {
                broken.push(format!("{}:{line}: {link}", document.path));
            }
        }
    }
    assert!(looked_at > 50, "only {looked_at} links were looked at");
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn files_that_are_named_are_there() {
    let path =
        Regex::new(r"^[a-z_.][A-Za-z0-9_.-]*(/[A-Za-z0-9_.-]+)+(/|\.(rs|sql|md|toml|ftl|java|py|json))$").unwrap();
    let mut missing = Vec::new();
    let mut looked_at = 0;
    for document in Document::all() {
        for (code, line) in document.code_spans() {
            if path.is_match(&code) && !code.starts_with("target/") {
                looked_at += 1;
                if !folder::workspace().join(&code).exists() {
                    missing.push(format!("{}:{line}: {code}", document.path));
                }
            }
        }
    }
    assert!(looked_at > 50, "only {looked_at} paths were looked at");
    assert!(missing.is_empty(), "files that are named and not there:\n{}", missing.join("\n"));
}

#[test]
fn every_document_is_reached_from_the_readme() {
    let documents = Document::all();
    let mut reached = BTreeSet::from(["README.md".to_owned()]);
    let mut waiting = vec!["README.md".to_owned()];
    while let Some(path) = waiting.pop() {
        let Some(document) = documents.iter().find(|it| it.path == path) else { continue };
        for (link, _) in document.links() {
            if let Some((path, _)) = target(document, &link)
                && reached.insert(path.clone())
            {
                waiting.push(path);
            }
        }
    }
    let lost: Vec<_> = documents.iter().map(|it| &it.path).filter(|path| !reached.contains(*path)).collect();
    assert!(lost.is_empty(), "no link leads to {lost:?}");
}
