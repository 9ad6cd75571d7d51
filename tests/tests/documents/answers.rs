//! How an answer in a document is compared with the real one: loosely. `…` stands for anything, as does the space between
//! two lines; ids, hashes, dates, moments and long numbers (positions, ports) stand for others of their kind.

use std::sync::LazyLock;

use regex::Regex;

/// What is another one each time, and what may stand in its place. The first that fits is taken.
const KINDS: [(&str, &str); 8] = [
    (r"\s*…\s*", ".*?"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    (r"[0-9a-f]{8}(?:-[0-9a-f]{4}){1,3}-", r"[0-9a-f]{8}-[0-9a-f-]+"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)", r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)"),
    (r"\d{4}-\d\d-\d\d", r"\d{4}-\d\d-\d\d"),
    (r"[0-9a-f]{8,}", "[0-9a-f]+"),
    (r"\d+(?:,\d{3})+|\d{4,}|\d+\.\d+", r"[\d.,]*\d"),
    (r"\s+", r"\s+"),
];

static TOKENS: LazyLock<Regex> = LazyLock::new(|| {
    let groups: Vec<String> = KINDS.iter().map(|(kind, _)| format!("({kind})")).collect();
    Regex::new(&groups.join("|")).unwrap()
});

/// The answers that a block shows: its lines that begin with `#`.
pub(crate) fn shown(code: &str) -> Vec<&str> {
    code.lines().filter_map(|line| line.strip_prefix('#')).map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The first shown line that the real answer does not have, behind the ones before it.
pub(crate) fn missing<'a>(shown: &[&'a str], real: &str) -> Option<&'a str> {
    let mut so_far = String::from("(?s)");
    for line in shown {
        so_far.push_str(".*?");
        so_far.push_str(&pattern(line));
        if !Regex::new(&so_far).unwrap().is_match(real) {
            return Some(line);
        }
    }
    None
}

fn pattern(line: &str) -> String {
    let mut pattern = String::new();
    let mut at = 0;
    for token in TOKENS.captures_iter(line) {
        let whole = token.get(0).unwrap();
        let kind = (1..=KINDS.len()).find(|group| token.get(*group).is_some()).unwrap();
        pattern.push_str(&regex::escape(&line[at..whole.start()]));
        pattern.push_str(KINDS[kind - 1].1);
        at = whole.end();
    }
    pattern.push_str(&regex::escape(&line[at..]));
    pattern
}

#[test]
fn an_answer_may_differ_in_what_is_another_one_each_time_and_in_nothing_else() {
    for (shown, real, same) in [
        ("{…,\"have\":5}", "{\"a\":1,\"have\":5}", true),
        ("{…,\"have\":5}", "{\"a\":1,\"have\":6}", false),
        ("\"id\":\"01a1fe0f-4945-…\"", "\"id\":\"ffffffff-0000-4000-8000-000000000000\"", true),
        ("\"position\":1861,\"status\":422", "\"position\":12,\"status\":422", true),
        ("\"position\":1861,\"status\":422", "\"position\":12,\"status\":409", false),
        ("1,861 events, head 3801ef4a…", "900 events, head 00aa", true),
        ("at 2026-11-21T08:00:01.250Z", "at 2027-01-01T00:00:00.000Z", true),
        ("shop …  key …", "shop\tkey 7", true),
        ("ok       missing", "ok  missing", true),
        ("granted", "denied", false),
    ] {
        assert_eq!(missing(&[shown], real).is_none(), same, "{shown} against {real}");
    }
}

#[test]
fn answers_come_in_the_order_in_which_they_are_shown() {
    let code = "claim\n# denied\n#   granted\necho '# no answer'\n";
    assert_eq!(shown(code), ["denied", "granted"]);
    assert_eq!(missing(&shown(code), "denied, then granted"), None);
    assert_eq!(missing(&shown(code), "granted, then denied"), Some("granted"));
}
