//! The grammar of conditions: what is refused, where and by which rule, and what the shorthands
//! stand for. What a condition means is in `conditions.rs`.

use std::collections::BTreeSet;

use domain::condition::cel::CelProblem;
use domain::condition::{
    Condition, ConditionProblem, MAX_DAYS, MAX_DEPTH, MAX_LEAVES, MAX_MEASURE, MAX_PROBLEMS, Rule,
};
use domain::quantity::MAX_COUNT;
use serde_json::{Value, json};

const DAYS: Rule = Rule::Range(1, MAX_DAYS);
const COUNT: Rule = Rule::Range(1, MAX_COUNT);
const TOTAL: Rule = Rule::Range(1, MAX_MEASURE);
const OBJECT: Rule = Rule::Type("an object");
const LIST: Rule = Rule::Type("a list of conditions");
const TEXT: Rule = Rule::Type("a string");
const WHOLE: Rule = Rule::Type("a whole number");
const NAME: Rule = Rule::Format("[a-z][a-z0-9_.-]{0,63}");
const WITHIN: Rule = Rule::Format("a number of days: 1d to 9999d");
const DATE: Rule = Rule::Format("a date: YYYY-MM-DD");

/// Reads one condition that has exactly these problems, in any order.
#[track_caller]
fn check(condition: &Value, expected: &[(&str, Rule)]) {
    let problems = Condition::parse(condition).err().unwrap_or_default();
    let sorted = |problems: &[ConditionProblem]| {
        let mut texts: Vec<_> = problems.iter().map(|problem| format!("{} {:?}", problem.path, problem.rule)).collect();
        texts.sort();
        texts
    };
    let expected: Vec<_> =
        expected.iter().map(|(path, rule)| ConditionProblem { path: (*path).to_owned(), rule: rule.clone() }).collect();
    assert_eq!(sorted(&problems), sorted(&expected), "{condition}");
}

/// A leaf inside of so many nodes: the depth of the tree is one more.
fn below(nodes: usize) -> Value {
    (0..nodes).fold(json!({"birthday": {}}), |tree, level| match level % 3 {
        0 => json!({"not": tree}),
        1 => json!({"all": [tree]}),
        _ => json!({"any": [tree]}),
    })
}

fn leaves(number: usize) -> Value {
    json!({"any": vec![json!({"birthday": {}}); number]})
}

/// None of them is one: nobody looks before all are counted.
fn expressions(number: usize, chars: usize) -> Value {
    json!({"all": vec![json!({"cel": {"expression": "(".repeat(chars)}}); number]})
}

fn streak(days: Value) -> Value {
    json!({"streak": {"kind": "login", "days": days}})
}

fn count(count: Value) -> Value {
    json!({"count": {"kind": "login", "count": count}})
}

fn total(total: Value) -> Value {
    json!({"total": {"kind": "session", "measure": "minutes", "total": total}})
}

fn within(text: &str) -> Value {
    json!({"count": {"kind": "login", "count": 1, "within": text}})
}

fn since(date: &str) -> Value {
    json!({"streak": {"kind": "login", "days": 7, "since": date}})
}

fn kind(kind: Value) -> Value {
    json!({"streak": {"kind": kind, "days": 7}})
}

fn joined(from: &str, to: &str) -> Value {
    json!({"joined": {"from": from, "to": to}})
}

/// One bad condition each: the condition, where it is bad, and the rule.
#[rustfmt::skip]
fn bad_conditions() -> Vec<(Value, &'static str, Rule)> {
    vec![
        // neither a tree nor a shorthand
        (json!(null),                                            "",                       Rule::NotACondition),
        (json!(true),                                            "",                       Rule::NotACondition),
        (json!(7),                                               "",                       Rule::NotACondition),
        (json!([]),                                              "",                       Rule::NotACondition),
        (json!([{"birthday": {}}]),                              "",                       Rule::NotACondition),
        (json!(""),                                              "",                       Rule::NotACondition),
        (json!("DAILY_LOGIN"),                                   "",                       Rule::NotACondition),
        (json!("daily_login_7_days"),                            "",                       Rule::NotACondition),
        (json!(" COMPLETE_PROFILE"),                             "",                       Rule::NotACondition),
        // nodes
        (json!({}),                                              "",                       Rule::OneKey),
        (json!({"birthday": {}, "profileComplete": {}}),         "",                       Rule::OneKey),
        (json!({"not": {}}),                                     "not",                    Rule::OneKey),
        (json!({"all": [{"birthday": {}}, {}]}),                 "all[1]",                 Rule::OneKey),
        (json!({"none": []}),                                    "none",                   Rule::UnknownNode),
        (json!({"Streak": {}}),                                  "Streak",                 Rule::UnknownNode),
        (json!({"any": [{"not": {"age": {"min": 18}}}]}),        "any[0].not.age",         Rule::UnknownNode),
        (json!({"all": {}}),                                     "all",                    LIST),
        (json!({"any": null}),                                   "any",                    LIST),
        (json!({"all": [{"any": {"birthday": {}}}]}),            "all[0].any",             LIST),
        (json!({"all": []}),                                     "all",                    Rule::Empty),
        (json!({"any": []}),                                     "any",                    Rule::Empty),
        (json!({"not": {"any": []}}),                            "not.any",                Rule::Empty),
        (json!({"not": [{"birthday": {}}]}),                     "not",                    OBJECT),
        (json!({"not": null}),                                   "not",                    OBJECT),
        (json!({"all": [null]}),                                 "all[0]",                 OBJECT),
        (json!({"all": [{"birthday": {}}, [], {"birthday": {}}]}), "all[1]",               OBJECT),
        (json!({"all": ["COMPLETE_PROFILE"]}),                   "all[0]",                 OBJECT),
        (json!({"birthday": null}),                              "birthday",               OBJECT),
        (json!({"birthday": []}),                                "birthday",               OBJECT),
        (json!({"birthday": true}),                              "birthday",               OBJECT),
        (json!({"streak": 7}),                                   "streak",                 OBJECT),
        (json!({"streak": "login"}),                             "streak",                 OBJECT),
        // fields that are unknown or missing
        (json!({"birthday": {"month": 2}}),                      "birthday.month",         Rule::UnknownField),
        (json!({"profileComplete": {"since": "2026-01-01"}}),    "profileComplete.since",  Rule::UnknownField),
        (json!({"joinAnniversary": {"years": 1}}),               "joinAnniversary.years",  Rule::UnknownField),
        (json!({"joined": {"since": "2026-01-01"}}),             "joined.since",           Rule::UnknownField),
        (json!({"referrals": {"count": 1, "within": "7d"}}),     "referrals.within",       Rule::UnknownField),
        (json!({"streak": {"kind": "login", "days": 7, "within": "9d"}}), "streak.within", Rule::UnknownField),
        (json!({"activeDays": {"kind": "*", "days": 7, "count": 1}}), "activeDays.count",  Rule::UnknownField),
        (json!({"count": {"kind": "login", "count": 1, "Since": "2026-01-01"}}), "count.Since", Rule::UnknownField),
        (json!({"total": {"kind": "a", "measure": "b", "total": 1, "days": 1}}), "total.days", Rule::UnknownField),
        (json!({"streak": {"days": 7}}),                         "streak.kind",            Rule::Required),
        (json!({"streak": {"kind": "login"}}),                   "streak.days",            Rule::Required),
        (json!({"activeDays": {"days": 7}}),                     "activeDays.kind",        Rule::Required),
        (json!({"activeDays": {"kind": "*"}}),                   "activeDays.days",        Rule::Required),
        (json!({"count": {"count": 1}}),                         "count.kind",             Rule::Required),
        (json!({"count": {"kind": "login"}}),                    "count.count",            Rule::Required),
        (json!({"total": {"measure": "minutes", "total": 1}}),   "total.kind",             Rule::Required),
        (json!({"total": {"kind": "session", "total": 1}}),      "total.measure",          Rule::Required),
        (json!({"total": {"kind": "session", "measure": "minutes"}}), "total.total",       Rule::Required),
        (json!({"referrals": {}}),                               "referrals.count",        Rule::Required),
        (json!({"cel": {}}),                                     "cel.expression",         Rule::Required),
        (json!({"cel": {"expression": 1}}),                      "cel.expression",         TEXT),
        (json!({"cel": {"expression": "true", "since": "2026-01-01"}}), "cel.since",       Rule::UnknownField),
        (json!({"cel": {"expression": "1 +"}}),                  "cel.expression",         Rule::Cel(CelProblem::Syntax)),
        // numbers
        (streak(json!(0)),                                       "streak.days",            DAYS),
        (streak(json!(-7)),                                      "streak.days",            DAYS),
        (streak(json!(3_661)),                                   "streak.days",            DAYS),
        (streak(json!(u64::MAX)),                                "streak.days",            DAYS),
        (streak(json!(7.5)),                                     "streak.days",            WHOLE),
        (streak(json!(7.5)),                                     "streak.days",            WHOLE),
        (streak(json!("7")),                                     "streak.days",            WHOLE),
        (streak(json!(null)),                                    "streak.days",            WHOLE),
        (streak(json!(true)),                                    "streak.days",            WHOLE),
        (streak(json!([7])),                                     "streak.days",            WHOLE),
        (json!({"activeDays": {"kind": "*", "days": 0}}),        "activeDays.days",        DAYS),
        (json!({"activeDays": {"kind": "*", "days": 3_661}}),    "activeDays.days",        DAYS),
        (count(json!(0)),                                        "count.count",            COUNT),
        (count(json!(-1)),                                       "count.count",            COUNT),
        (count(json!(1_000_000_001)),                            "count.count",            COUNT),
        (count(json!(1.5)),                                      "count.count",            WHOLE),
        (count(json!(1e10)),                                     "count.count",            COUNT),
        (count(json!(1e300)),                                    "count.count",            COUNT),
        (json!({"referrals": {"count": 0}}),                     "referrals.count",        COUNT),
        (json!({"referrals": {"count": 1_000_000_001}}),         "referrals.count",        COUNT),
        (total(json!(0)),                                        "total.total",            TOTAL),
        (total(json!(-1)),                                       "total.total",            TOTAL),
        (total(json!(9_007_199_254_740_993_i64)),                "total.total",            TOTAL),
        (total(json!(0.5)),                                      "total.total",            WHOLE),
        // names
        (kind(json!("")),                                        "streak.kind",            NAME),
        (kind(json!("Login")),                                   "streak.kind",            NAME),
        (kind(json!("log in")),                                  "streak.kind",            NAME),
        (kind(json!("1login")),                                  "streak.kind",            NAME),
        (kind(json!("a".repeat(65))),                            "streak.kind",            NAME),
        (kind(json!("*")),                                       "streak.kind",            NAME),
        (kind(json!(null)),                                      "streak.kind",            TEXT),
        (kind(json!(7)),                                         "streak.kind",            TEXT),
        (kind(json!(["login"])),                                 "streak.kind",            TEXT),
        (json!({"count": {"kind": "*", "count": 1}}),            "count.kind",             NAME),
        (json!({"total": {"kind": "*", "measure": "minutes", "total": 1}}), "total.kind",  NAME),
        (json!({"total": {"kind": "session", "measure": "*", "total": 1}}), "total.measure", NAME),
        (json!({"total": {"kind": "session", "measure": {}, "total": 1}}), "total.measure", TEXT),
        (json!({"activeDays": {"kind": "**", "days": 1}}),       "activeDays.kind",        NAME),
        (json!({"activeDays": {"kind": null, "days": 1}}),       "activeDays.kind",        TEXT),
        // windows
        (within("0d"),                                           "count.within",           WITHIN),
        (within("01d"),                                          "count.within",           WITHIN),
        (within("10000d"),                                       "count.within",           WITHIN),
        (within("1w"),                                           "count.within",           WITHIN),
        (within("1"),                                            "count.within",           WITHIN),
        (within("d"),                                            "count.within",           WITHIN),
        (within(""),                                             "count.within",           WITHIN),
        (within("7D"),                                           "count.within",           WITHIN),
        (within("+7d"),                                          "count.within",           WITHIN),
        (within("-7d"),                                          "count.within",           WITHIN),
        (within(" 7d"),                                          "count.within",           WITHIN),
        (within("7 d"),                                          "count.within",           WITHIN),
        (within("7dd"),                                          "count.within",           WITHIN),
        (within("7.5d"),                                         "count.within",           WITHIN),
        (within("٧d"),                                           "count.within",           WITHIN),
        (json!({"joined": {"within": "0d"}}),                    "joined.within",          WITHIN),
        (json!({"joined": {"within": 30}}),                      "joined.within",          TEXT),
        (json!({"joined": {"within": null}}),                    "joined.within",          TEXT),
        // dates
        (since("2026-02-30"),                                    "streak.since",           DATE),
        (since("2026-02-29"),                                    "streak.since",           DATE),
        (since("2026-13-01"),                                    "streak.since",           DATE),
        (since("2026-00-01"),                                    "streak.since",           DATE),
        (since("2026-2-3"),                                      "streak.since",           DATE),
        (since("+2026-01-01"),                                   "streak.since",           DATE),
        (since("+12026-01-01"),                                  "streak.since",           DATE),
        (since("12026-01-01"),                                   "streak.since",           DATE),
        (since("-0044-03-15"),                                   "streak.since",           DATE),
        (since("26-01-01"),                                      "streak.since",           DATE),
        (since("2026-01-01T00:00:00Z"),                          "streak.since",           DATE),
        (since("2026-01-01 "),                                   "streak.since",           DATE),
        (since("20260101"),                                      "streak.since",           DATE),
        (since(""),                                              "streak.since",           DATE),
        (since("eventstart"),                                    "streak.since",           DATE),
        (since("eventEnd"),                                      "streak.since",           DATE),
        (json!({"referrals": {"count": 1, "since": null}}),      "referrals.since",        TEXT),
        (json!({"referrals": {"count": 1, "since": 20260101}}),  "referrals.since",        TEXT),
        (joined("eventStart", "2026-01-01"),                     "joined.from",            DATE),
        (joined("2026-01-01", "2026-1-2"),                       "joined.to",              DATE),
        (joined("2026-01-02", "2026-01-01"),                     "joined.to",              Rule::Order),
        (json!({"not": joined("2026-01-02", "2025-12-31")}),     "not.joined.to",          Rule::Order),
        // size
        (below(MAX_DEPTH), "all[0].not.any[0].all[0].not.any[0].all[0].not",               Rule::Depth),
        (leaves(MAX_LEAVES + 1),                                 "",                       Rule::Leaves),
        (expressions(11, 1_000),                                 "",                       Rule::Expressions),
        (expressions(50, 201),                                   "",                       Rule::Expressions),
    ]
}

#[test]
fn a_bad_condition_is_refused_with_the_place_and_the_rule() {
    for (condition, path, rule) in bad_conditions() {
        check(&condition, &[(path, rule)]);
    }
}

/// The compiler asks for a line here when the grammar gets a new rule.
fn names_of_all_rules() -> BTreeSet<&'static str> {
    use Rule::{
        Cel, Depth, Empty, Expressions, Format, Leaves, NotACondition, OneKey, Order, Range, Required, Type,
        UnknownField, UnknownNode,
    };
    let all = [
        NotACondition,
        OneKey,
        UnknownNode,
        UnknownField,
        Required,
        Type(""),
        Range(0, 0),
        Format(""),
        Empty,
        Depth,
        Leaves,
        Expressions,
        Order,
        Cel(CelProblem::Syntax),
    ];
    for rule in &all {
        match rule {
            NotACondition | OneKey | UnknownNode | UnknownField | Required | Type(_) | Range(..) | Format(_)
            | Empty | Depth | Leaves | Expressions | Order | Cel(_) => {}
        }
    }
    all.iter().map(Rule::name).collect()
}

#[test]
fn every_rule_of_the_grammar_has_its_own_name_and_refuses_something() {
    let names = names_of_all_rules();
    assert_eq!(names.len(), 14);
    let seen: BTreeSet<_> = bad_conditions().iter().map(|(_, _, rule)| rule.name()).collect();
    assert_eq!(seen, names);
}

#[test]
fn a_tree_may_have_as_many_characters_of_expressions_as_its_bound_in_any_number_of_leaves() {
    for (number, chars) in [(10, 1_000), (50, 200)] {
        let expression = format!("({}birthday)", " ".repeat(chars - 10));
        let tree = json!({"any": vec![json!({"cel": {"expression": expression}}); number]});
        assert!(Condition::parse(&tree).is_ok(), "{number} of {chars}");
    }
}

/// What was stored before there was this bound is read for ever.
#[test]
fn a_stored_tree_is_read_whatever_its_expressions_have_together() {
    let expression = format!("({}birthday)", " ".repeat(900));
    let tree = json!({"any": vec![json!({"cel": {"expression": expression}}); MAX_LEAVES]});
    assert!(Condition::parse(&tree).is_err());
    let stored: Condition = serde_json::from_value(tree.clone()).unwrap();
    assert_eq!(stored.to_json(), tree);
}

#[test]
fn no_more_problems_are_told_than_anybody_mends_at_once() {
    for tree in [
        json!({"all": vec![json!({"all": []}); 5_000]}),
        json!({"any": vec![json!({}); 5_000]}),
        json!({"streak": (0..5_000).map(|number| (number.to_string(), json!(1))).collect::<Value>()}),
    ] {
        assert_eq!(Condition::parse(&tree).unwrap_err().len(), MAX_PROBLEMS);
    }
}

#[test]
fn a_whole_number_may_be_written_with_a_point_or_an_exponent() {
    for (written, number) in [("25.0", 25), ("1e3", 1_000), ("2.5e1", 25)] {
        let tree = format!(r#"{{"count": {{"kind": "login", "count": {written}}}}}"#);
        let read = Condition::parse(&serde_json::from_str(&tree).unwrap()).unwrap();
        assert_eq!(read.to_json(), count(json!(number)), "shown as every other");
    }
}

#[test]
fn all_problems_are_reported_at_once() {
    let condition = json!({"all": [
        {"streak": {"kind": "Login", "days": 0, "since": "2026-02-30", "until": "2026-03-01"}},
        {"any": [{"total": {"total": 1.5, "within": "0d"}}, {"age": {}}, {"not": {"all": []}}]},
        {"joined": {"from": "2026-2-3", "to": 7, "within": "1w"}},
        {},
        "BIRTHDAY_LOGIN",
    ]});
    check(
        &condition,
        &[
            ("all[0].streak.until", Rule::UnknownField),
            ("all[0].streak.since", DATE),
            ("all[0].streak.kind", NAME),
            ("all[0].streak.days", DAYS),
            ("all[1].any[0].total.kind", Rule::Required),
            ("all[1].any[0].total.measure", Rule::Required),
            ("all[1].any[0].total.total", WHOLE),
            ("all[1].any[0].total.within", WITHIN),
            ("all[1].any[1].age", Rule::UnknownNode),
            ("all[1].any[2].not.all", Rule::Empty),
            ("all[2].joined.from", DATE),
            ("all[2].joined.to", TEXT),
            ("all[2].joined.within", WITHIN),
            ("all[3]", Rule::OneKey),
            ("all[4]", OBJECT),
        ],
    );
}

#[track_caller]
fn check_good(condition: &Value) {
    let read = Condition::parse(condition);
    assert_eq!(read.map(|read| read.to_json()), Ok(condition.clone()));
}

#[test]
fn the_edges_of_what_is_allowed_are_allowed() {
    check_good(&below(MAX_DEPTH - 1));
    check_good(&leaves(MAX_LEAVES));
    for good in [streak(json!(1)), streak(json!(3_660)), kind(json!("a".repeat(64))), kind(json!("pc_bang.login-2"))] {
        check_good(&good);
    }
    for good in [count(json!(1)), count(json!(1_000_000_000)), total(json!(1)), total(json!(MAX_MEASURE))] {
        check_good(&good);
    }
    for good in [within("1d"), within("10d"), within("9999d"), since("2024-02-29"), since("eventStart")] {
        check_good(&good);
    }
    check_good(&joined("2026-01-01", "2026-01-01"));
    check_good(&json!({"joined": {}}));
    check_good(&json!({"joined": {"within": "30d", "from": "2026-01-01", "to": "2026-12-31"}}));
    check_good(&json!({"activeDays": {"kind": "*", "days": 1, "within": "7d", "since": "eventStart"}}));
}

#[test]
fn a_shorthand_stands_for_its_tree() {
    let today = json!({"activeDays": {"kind": "login", "days": 1, "within": "1d"}});
    let shorthands = [
        ("DAILY_LOGIN_7_DAYS", json!({"streak": {"kind": "login", "days": 7}})),
        ("REFER_3_FRIENDS", json!({"referrals": {"count": 3}})),
        ("COMPLETE_PROFILE", json!({"profileComplete": {}})),
        ("WRITE_REVIEW", json!({"count": {"kind": "review", "count": 1}})),
        ("SUBMIT_FEEDBACK", json!({"count": {"kind": "feedback", "count": 1}})),
        ("COMPLETE_TUTORIAL", json!({"count": {"kind": "tutorial", "count": 1}})),
        ("BIRTHDAY_LOGIN", json!({"all": [{"birthday": {}}, today]})),
        ("ANNIVERSARY_LOGIN", json!({"all": [{"joinAnniversary": {}}, today]})),
    ];
    for (name, tree) in shorthands {
        let read = Condition::parse(&json!(name)).unwrap();
        assert_eq!(read.to_json(), tree, "{name}");
        assert_eq!(Condition::parse(&tree), Ok(read), "{name}");
        assert!(Rule::NotACondition.to_string().contains(name), "who gets it wrong is told of {name}");
    }
}

#[test]
fn what_is_stored_is_the_tree_and_reads_back() {
    let read = Condition::parse(&json!("BIRTHDAY_LOGIN")).unwrap();
    let stored = serde_json::to_string(&read).unwrap();
    assert_eq!(stored, r#"{"all":[{"birthday":{}},{"activeDays":{"days":1,"kind":"login","within":"1d"}}]}"#);
    assert_eq!(serde_json::from_str::<Condition>(&stored).unwrap(), read);
    assert!(serde_json::from_str::<Condition>(r#"{"streak":{"kind":"login","days":0}}"#).is_err());
}
