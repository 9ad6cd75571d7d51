//! Every text that the pages use exists in both languages with the same arguments, and no text is unused.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::*;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// The names of a text's arguments.
fn variables<'a>(pattern: &Pattern<&'a str>, found: &mut BTreeSet<&'a str>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        let (Expression::Select { selector: inline, .. } | Expression::Inline(inline)) = expression;
        if let InlineExpression::VariableReference { id } = inline {
            found.insert(id.name);
        }
        if let Expression::Select { variants, .. } = expression {
            variants.iter().for_each(|variant| variables(&variant.value, found));
        }
    }
}

fn written(source: &'static str) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let parsed = fluent_syntax::parser::parse(source).unwrap();
    let mut all = BTreeMap::new();
    for entry in parsed.body {
        let Entry::Message(message) = entry else { panic!("only messages: {entry:?}") };
        let mut names = BTreeSet::new();
        variables(&message.value.unwrap(), &mut names);
        assert!(all.insert(message.id.name, names).is_none(), "{} is there twice", message.id.name);
    }
    all
}

#[test]
fn both_languages_say_the_same_and_are_filled_with_the_same() {
    let mut known = BTreeMap::new();
    for (folder, english, korean) in messages::ALL {
        let (english, korean) = (written(english), written(korean));
        assert_eq!(english, korean, "{folder}");
        for id in english.keys() {
            assert!(known.insert(*id, *folder).is_none(), "{id} is in two folders");
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
    let mut folders = vec![];
    files(&root, &mut folders);
    let with_texts = folders.iter().filter(|path| path.ends_with("en.ftl")).count();
    assert_eq!(with_texts, messages::ALL.len(), "a folder's texts are named in `messages!`");
}

#[test]
fn everything_that_is_said_is_written_and_everything_written_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/pages");
    let mut paths = vec![];
    files(&root, &mut paths);
    let mut said = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "rs" || end == "html")) {
        let text = fs::read_to_string(path).unwrap();
        for (at, _) in text.match_indices("\"ui-") {
            let rest = &text[at + 1..];
            let id = &rest[..rest.find('"').unwrap()];
            // a prefix or a pattern is not an id
            if !id.ends_with('-') && !id.contains('{') {
                said.insert(id.to_owned());
            }
        }
        for call in ["say_of(\"", "known_of(\""] {
            for (at, _) in text.match_indices(call) {
                let rest = &text[at + call.len()..];
                kinds.insert(format!("ui-{}-", &rest[..rest.find('"').unwrap()]));
            }
        }
    }
    let written: BTreeSet<String> =
        messages::ALL.iter().flat_map(|(_, english, _)| written(english).into_keys()).map(str::to_owned).collect();
    let missing: Vec<_> = said.difference(&written).collect();
    assert!(missing.is_empty(), "said and not written: {missing:#?}");
    let unsaid: Vec<_> =
        written.difference(&said).filter(|id| !kinds.iter().any(|kind| id.starts_with(kind.as_str()))).collect();
    assert!(unsaid.is_empty(), "written and not said: {unsaid:#?}");
}

#[test]
fn numbers_have_groups_and_shares_are_never_rounded_up() {
    let text = Text { language: Language::English, zone: Tz::UTC };
    for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_842_071, "1,842,071"), (-1_000, "−1,000")] {
        assert_eq!(text.number(number), shown);
    }
    assert_eq!(text.number(1_000_000_000_000_i64), "1,000,000,000,000");
    assert_eq!(
        (text.percent(7_663, 12_480), text.percent(0, 0), text.percent(999, 1_000)),
        ("61.4".into(), "0".into(), "99.9".into())
    );
    assert_eq!(
        (text.difference(5, 5), text.difference(284, 102), text.difference(0, 1_011)),
        ("±0".into(), "+182".into(), "−1,011".into())
    );
    assert_eq!(say!(text, "ui-menu-waiting", count = 1), "1 claim waits");
    assert_eq!(say!(text, "ui-menu-waiting", count = 1_234), "1,234 claims wait");
}
