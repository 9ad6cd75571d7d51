//! Both files say the same things, with the same variables, and each in its own language.

use std::collections::{BTreeMap, BTreeSet};

use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};

use super::*;
use crate::app::problem::Code;

/// The variables of every message and attribute of a file.
fn messages(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let resource = FluentResource::try_new(source(language).to_owned()).expect("the file can be read");
    let mut found = BTreeMap::new();
    for entry in resource.entries() {
        let Entry::Message(message) = entry else { continue };
        let id = message.id.name.to_owned();
        let value = message.value.as_ref().map(variables).unwrap_or_default();
        assert!(found.insert(id.clone(), value).is_none(), "{id} is there twice in {language:?}");
        for attribute in &message.attributes {
            found.insert(format!("{id}.{}", attribute.id.name), variables(&attribute.value));
        }
    }
    found
}

fn variables(pattern: &Pattern<&str>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        let (selector, variants) = match expression {
            Expression::Inline(inline) => (inline, &[][..]),
            Expression::Select { selector, variants } => (selector, &variants[..]),
        };
        if let InlineExpression::VariableReference { id } = selector {
            names.insert(id.name.to_owned());
        }
        names.extend(variants.iter().flat_map(|variant| variables(&variant.value)));
    }
    names
}

#[test]
fn both_languages_say_the_same_with_the_same_variables() {
    assert_eq!(messages(Language::English), messages(Language::Korean));
}

#[test]
fn every_code_and_every_phrase_has_its_words_and_nothing_else_has() {
    let mut wanted = BTreeMap::new();
    for code in Code::ALL {
        for attribute in ["", ".about", ".remedy"] {
            wanted.insert(format!("problem-{}{attribute}", code.name()), BTreeSet::new());
        }
    }
    for (id, variables) in phrases::ALL {
        wanted.insert((*id).to_owned(), variables.iter().map(|name| (*name).to_owned()).collect());
    }
    let mut said = messages(Language::English);
    said.retain(|id, _| !id.starts_with("rule-")); // those are held against the sources, below
    assert_eq!(said, wanted);
}

/// What a call says: the last of its literals that is a text, with 7 for what is filled in.
fn sentence(call: &str) -> Option<String> {
    let mut literals = Vec::new();
    let mut rest = call;
    while let Some((before, behind)) = rest.split_once('"') {
        let end = behind.match_indices('"').map(|(at, _)| at).find(|at| !behind[..*at].ends_with('\\'))?;
        literals.push((before.ends_with("format!("), behind[..end].replace("\\\"", "\"")));
        rest = &behind[end + 1..];
    }
    let (is_format, mut text) = literals.into_iter().rfind(|(_, text)| text.contains(' ') && text.len() > 5)?;
    while is_format && let (Some(from), Some(to)) = (text.find('{'), text.find('}')) {
        text.replace_range(from..=to, "7");
    }
    Some(text)
}

#[test]
fn every_rule_that_is_said_anywhere_is_translated() {
    let mut said = BTreeSet::new();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut folders = vec![format!("{root}/api/src"), format!("{root}/domain/src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path.display().to_string());
            } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("i18n/tests.rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
                for begin in ["Broken::new(", "broken(\"", "Problem::field(", ".and_field("] {
                    for (at, _) in text.match_indices(begin) {
                        let call = text[at + begin.len() - usize::from(begin.ends_with('"'))..]
                            .split(';')
                            .next()
                            .unwrap_or_default();
                        let call =
                            call.split("))\n").next().unwrap_or_default().split("\n\n").next().unwrap_or_default();
                        let call = call.split("Broken::new(").next().unwrap_or_default();
                        said.extend(sentence(call).map(|text| (text, path.display().to_string())));
                    }
                }
                for begin in ["wrong_type(\"", "Rule::Type(\"", "Rule::Format(\""] {
                    for (at, _) in text.match_indices(begin) {
                        let fragment = text[at + begin.len()..].split('"').next().unwrap_or_default();
                        said.insert((format!("must be {fragment}"), path.display().to_string()));
                    }
                }
            }
        }
    }
    assert!(said.len() > 40, "the sources are read: {}", said.len());
    let missing: Vec<_> = said.iter().filter(|(text, _)| rules::translated(Language::Korean, text).is_none()).collect();
    assert!(missing.is_empty(), "rules without `rule-…` in messages/*.ftl: {missing:#?}");
}

#[test]
fn a_rule_is_found_by_its_english_words() {
    let korean = |text: &str| rules::translated(Language::Korean, text);
    assert_eq!(korean("is required").as_deref(), Some("필수 항목입니다."));
    assert_eq!(korean("must have from 1 to 120 characters").as_deref(), Some("1~120자여야 합니다."));
    assert_eq!(korean("must be from -2^53 to 2^53").as_deref(), Some("허용 범위를 벗어났습니다(-2^53 ~ 2^53)."));
    assert_eq!(
        korean("must be [a-z][a-z0-9_.-]{0,63}").as_deref(),
        Some("다음 형식이어야 합니다: [a-z][a-z0-9_.-]{0,63}")
    );
    assert_eq!(korean("must be one of USER, ADMIN").as_deref(), Some("다음 중 하나여야 합니다: USER, ADMIN"));
    assert_eq!(korean("says nothing that we know"), None);
}

/// What is the same in both: names of fields and headers, examples, symbols.
fn is_hangul(letter: char) -> bool {
    ('가'..='힣').contains(&letter) || ('ㄱ'..='ㆎ').contains(&letter)
}

#[test]
fn each_speaks_its_own_language() {
    let resource = |language| FluentResource::try_new(source(language).to_owned()).expect("the file can be read");
    let (english, korean) = (resource(Language::English), resource(Language::Korean));
    let texts = |resource: &FluentResource| {
        let mut texts = BTreeMap::new();
        for entry in resource.entries() {
            let Entry::Message(message) = entry else { continue };
            let attributes = message.attributes.iter().map(|attribute| (attribute.id.name, &attribute.value));
            for (name, pattern) in message.value.iter().map(|value| ("", value)).chain(attributes) {
                let mut text = String::new();
                collect(pattern, &mut text);
                texts.insert(format!("{}.{name}", message.id.name), text);
            }
        }
        texts
    };
    let (english, korean) = (texts(&english), texts(&korean));
    for (id, text) in &english {
        assert!(!text.chars().any(is_hangul), "{id}: {text}");
        assert!(text.trim().is_empty() || *text != korean[id], "{id} is not translated");
    }
    for (id, text) in &korean {
        assert!(text.chars().any(is_hangul), "{id} is not Korean: {text}");
        assert!(!text.contains("(을)") && !text.contains("(이)") && !text.contains("(은)"), "{id}: {text}");
    }
}

fn collect(pattern: &Pattern<&str>, text: &mut String) {
    for element in &pattern.elements {
        match element {
            PatternElement::TextElement { value } => text.push_str(value),
            PatternElement::Placeable { expression: Expression::Select { variants, .. } } => {
                variants.iter().for_each(|variant| collect(&variant.value, text));
            }
            PatternElement::Placeable { expression: Expression::Inline(_) } => {}
        }
    }
}

#[test]
fn words_are_filled_with_numbers_texts_and_other_words() {
    let said = phrases::not_json_at(3_i64, 1_234_567_i64);
    assert_eq!(say(Language::English, &said), "The text is not JSON at line 3, column 1234567.");
    let korean = while_speaking(Language::Korean, || serde_json::to_string(&said).expect("a text"));
    assert_eq!(korean, "\"3번째 줄, 1234567번째 문자에서 JSON 문법이 잘못되었습니다.\"");
    assert_eq!(said.to_string(), say(Language::English, &said), "outside of a request it is English");
}

#[test]
fn nothing_is_left_open() {
    for (id, names) in phrases::ALL {
        let args: Vec<_> = names.iter().map(|name| (*name, Arg::Number(1))).collect();
        for language in Language::ALL {
            let text = say(language, &Said::new(*id, args.clone()));
            assert!(!text.contains('{') || id.contains("format"), "{id}: {text}");
            assert_ne!(text, *id);
        }
    }
}
