//! The CEL leaf: what is refused when it is saved, what it means, that nothing breaks it, and that the worst that is
//! accepted is quick. Its meaning is compared with a second evaluator that walks another tree over a plain list of facts.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use domain::condition::cel::{Cel, CelError, CelProblem};
use domain::condition::{Condition, EvaluationContext, LeafEvidence, Rule, evaluate};
use domain::facts::{Birthday, Facts, KindFacts, MemberFacts};
use domain::id::MemberId;
use domain::name::Name;
use domain::role::Role;
use nix::time::{ClockId, clock_gettime};
use proptest::prelude::*;
use serde_json::json;

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
}

fn name(text: &str) -> Name {
    Name::try_from(text.to_owned()).unwrap()
}

/// Facts of kinds: so many days ago (negative: in the future), with so many minutes.
fn facts(of: &[(&str, i64, i64)]) -> Facts {
    let mut facts = Facts {
        member: Some(MemberFacts {
            time_zone: "Asia/Seoul".parse().unwrap(),
            joined_on: today() - Days::new(365),
            birthday: Some(Birthday { month: 11, day: 21 }),
            profile_complete: false,
            blocked: false,
            role: Role::User,
        }),
        referrals: (1..=3).map(|n| (MemberId(uuid::Uuid::from_u128(n)), today() - Days::new(1))).collect(),
        ..Facts::default()
    };
    for (kind, ago, minutes) in of {
        let day = today() - chrono::TimeDelta::days(*ago);
        let of_kind: &mut KindFacts = facts.kinds.entry(name(kind)).or_default();
        of_kind.dates.insert(day);
        of_kind.days.entry(day).or_default().add(&BTreeMap::from([(name("minutes"), *minutes)]));
    }
    facts
}

fn ask(expression: &str, facts: &Facts) -> LeafEvidence {
    let condition = Condition::parse(&json!({"cel": {"expression": expression}})).unwrap();
    let (met, evidence) = evaluate(&condition, facts, EvaluationContext { on: today(), campaign_starts_on: None });
    let [seen] = &evidence[..] else { panic!("{evidence:?}") };
    assert_eq!(met, seen.met);
    seen.clone()
}

#[track_caller]
fn check(expression: &str, met: bool) {
    let seen = ask(
        expression,
        &facts(&[("login", 0, 5), ("login", 1, 5), ("login", 3, 5), ("visit", 2, 7), ("login", -1, 9)]),
    );
    assert_eq!((seen.met, seen.error), (met, None), "{expression}");
}

#[test]
fn functions_and_variables_mean_what_the_leaves_mean() {
    for (expression, met) in [
        ("true", true),
        ("false", false),
        ("streak('login') == 2", true),
        ("activeDays('login', 3660) == 3 && activeDays('login', 3) == 2 && activeDays('login', 1) == 1", true),
        ("activeDays('*', 3660) == 4", true),
        ("count('login', 4) == 3 && count('nothing', 3660) == 0", true),
        ("total('login', 'minutes', 4) == 15 && total('login', 'steps', 4) == 0", true),
        ("referrals() >= 3", true),
        ("profileComplete", false),
        ("birthday && !joinAnniversary == false", true),
        ("daysSinceJoined == 365", true),
        ("timeZone == 'Asia/Seoul'", true),
        ("today == \"2026-11-21\" && today > '2026-11-01' && today in ['2026-11-20', '2026-11-21']", true),
        ("streak('login') in [1, 1 + 1]", true),
        ("(birthday ? 10 : 20) - 3 * 2 == 4 && 7 / 2 == 3 && -7 % 3 == -1", true),
        ("profileComplete || streak('login') * 2 + count('visit', 7) > 4", true),
    ] {
        check(expression, met);
    }
}

#[test]
fn an_error_is_not_met_and_named_unless_the_other_side_decides() {
    for (expression, error) in [
        ("9223372036854775807 + referrals() > 0", Some(CelError::Overflow)),
        ("-9223372036854775807 - 1 - referrals() < 0", Some(CelError::Overflow)),
        ("1 / streak('login') == 0", Some(CelError::DivisionByZero)),
        ("1 % streak('login') == 0 && birthday", Some(CelError::DivisionByZero)),
        ("1 / streak('login') == 0 || true", None),
        ("false && 1 / streak('login') == 0", None),
    ] {
        let seen = ask(expression, &facts(&[]));
        assert_eq!(seen.error, error, "{expression}");
        assert_eq!(seen.met, expression.ends_with("true"), "{expression}");
    }
    for unknown in ["timeZone == 'UTC'", "daysSinceJoined >= 0"] {
        assert_eq!(ask(unknown, &Facts::default()).error, Some(CelError::MemberUnknown));
    }
    let huge: Vec<_> = (0..1_025).map(|_| ("login", 0, 1_i64 << 53)).collect();
    assert_eq!(ask("total('login', 'minutes', 1) > 0", &facts(&huge)).error, Some(CelError::Overflow));
}

#[test]
fn evidence_shows_an_error_where_there_is_one_and_else_nothing() {
    let written = |seen: LeafEvidence| serde_json::to_string(&seen).unwrap();
    assert_eq!(
        written(ask("1 / streak('login') == 0", &facts(&[]))),
        r#"{"path":"","leaf":"cel","need":true,"have":false,"met":false,"error":"division_by_zero"}"#
    );
    let known = r#"{"path":"","leaf":"cel","need":true,"have":true,"met":true}"#;
    assert_eq!(written(ask("daysSinceJoined >= 0", &facts(&[]))), known);
    let of_a_day = r#"{"path":"","leaf":"cel","need":true,"have":true,"met":true,"localDate":"2026-11-21"}"#;
    assert_eq!(written(ask("birthday", &facts(&[]))), of_a_day, "the date that counted");
}

#[test]
fn what_cannot_be_judged_for_ever_is_refused_when_it_is_saved() {
    use CelProblem::{
        Arguments, Bounds, LeftOut, Length, Macro, NotBoolean, Syntax, Types, UnknownFunction, UnknownVariable,
    };
    type Refused = fn(&CelProblem) -> bool;
    let cases: Vec<(String, Refused)> = vec![
        (String::new(), |p| *p == Length),
        ("   ".to_owned(), |p| *p == Length),
        (format!("'{}' == ''", "a".repeat(1_000)), |p| *p == Length),
        ("true\n&& true".to_owned(), |p| *p == Length),
        ("1 +".to_owned(), |p| *p == Syntax),
        ("streak('login'".to_owned(), |p| *p == Syntax),
        ("true true".to_owned(), |p| *p == Syntax),
        ("now > 1".to_owned(), |p| matches!(p, UnknownVariable(_))),
        ("streak > 1".to_owned(), |p| matches!(p, UnknownVariable(_))),
        ("$0 > 1".to_owned(), |p| *p == Syntax),
        ("now() > 1".to_owned(), |p| matches!(p, UnknownFunction(_))),
        ("timestamp('2026-01-01T00:00:00Z') == today".to_owned(), |p| matches!(p, UnknownFunction(_))),
        ("double(1) == 1".to_owned(), |p| matches!(p, UnknownFunction(_))),
        ("size(today) == 10".to_owned(), |p| matches!(p, UnknownFunction(_))),
        ("today.matches('(a+)+$')".to_owned(), |p| matches!(p, UnknownFunction(_))),
        ("today.startsWith('2026')".to_owned(), |p| matches!(p, UnknownFunction(_))),
        ("streak() > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("streak('login', 7) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("streak(today) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("streak('Login') > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("streak('*') > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("count('login', 0) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("count('login', 3661) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("count('login', 3 + 4) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("count('login', referrals()) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("count('login', 7u) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("total('session', 7) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("referrals(1) > 1".to_owned(), |p| matches!(p, Arguments(..))),
        ("[1, 2].all(x, x > 0)".to_owned(), |p| *p == Macro),
        ("[1].exists(x, x > 0)".to_owned(), |p| *p == Macro),
        ("[1].exists_one(x, x > 0)".to_owned(), |p| *p == Macro),
        ("[1].map(x, x) == [1]".to_owned(), |p| *p == Macro),
        ("[1].filter(x, true) == [1]".to_owned(), |p| *p == Macro),
        ("has(today.year)".to_owned(), |p| *p == Macro),
        ("today.year == 2026".to_owned(), |p| matches!(p, LeftOut(_))),
        ("1.5 > 1.0".to_owned(), |p| matches!(p, LeftOut(_))),
        ("1e3 > 1".to_owned(), |p| matches!(p, LeftOut(_))),
        ("1u == 1u".to_owned(), |p| matches!(p, LeftOut(_))),
        ("b'a' == b'a'".to_owned(), |p| matches!(p, LeftOut(_))),
        ("null == null".to_owned(), |p| matches!(p, LeftOut(_))),
        ("[1] == [1]".to_owned(), |p| matches!(p, LeftOut(_))),
        ("{'a': 1}['a'] == 1".to_owned(), |p| matches!(p, LeftOut(_))),
        ("[true][0]".to_owned(), |p| matches!(p, LeftOut(_))),
        ("1 in {1: 2}".to_owned(), |p| matches!(p, LeftOut(_))),
        ("streak('login')".to_owned(), |p| *p == NotBoolean),
        ("today".to_owned(), |p| *p == NotBoolean),
        ("today + today == today".to_owned(), |p| matches!(p, Types(_))),
        ("today > 1".to_owned(), |p| matches!(p, Types(_))),
        ("birthday + 1 == 2".to_owned(), |p| matches!(p, Types(_))),
        ("birthday > profileComplete".to_owned(), |p| matches!(p, Types(_))),
        ("streak('login') && true".to_owned(), |p| matches!(p, Types(_))),
        ("birthday ? 1 : true".to_owned(), |p| matches!(p, Types(_))),
        ("1 in ['a']".to_owned(), |p| matches!(p, Types(_))),
        (format!("{}true{}", "(".repeat(40), ")".repeat(40)), |p| *p == Syntax || *p == Bounds),
        (format!("0{} == 0", "+1".repeat(30)), |p| *p == Bounds),
        (format!("0{} == 0", "+1".repeat(200)), |p| *p == Bounds),
        (format!("1 in [{}1]", "1,".repeat(300)), |p| *p == Bounds),
        ((1..=17).map(|days| format!("count('a', {days}) > 0")).collect::<Vec<_>>().join(" || "), |p| *p == Bounds),
    ];
    for (expression, expected) in cases {
        let problem = Cel::compile(&expression).map(|_| ()).unwrap_err();
        assert!(expected(&problem), "{expression:?} is refused as {problem:?}");
        let tree = json!({"all": [{"cel": {"expression": expression}}]});
        let problems = Condition::parse(&tree).unwrap_err();
        assert_eq!(problems[0].path, "all[0].cel.expression");
        assert_eq!(problems[0].rule, Rule::Cel(problem));
    }
}

#[test]
fn a_tree_shows_an_expression_as_it_was_written_and_says_what_it_needs() {
    let tree = json!({"any": [{"birthday": {}}, {"not": {"cel": {"expression": "streak('login') > 2 && activeDays('*', 7) > total('a', 'b', 9)"}}}]});
    let condition = Condition::parse(&tree).unwrap();
    assert_eq!(condition.to_json(), tree);
    let needed = condition.needs();
    assert!(needed.every_kind && !needed.referrals);
    assert_eq!((needed.dates, needed.tallies), ([name("login")].into(), [name("a")].into()));
    let [(path, _)] = &condition.expressions()[..] else { panic!("one expression") };
    assert_eq!(path, "any[1].not");
    let again = Condition::parse(&json!({"cel": {"expression": "  birthday "}})).unwrap();
    assert_eq!(again, Condition::parse(&json!({"cel": {"expression": "birthday"}})).unwrap());
}

/// Does it in less than two seconds of this thread's own time on a processor, whatever else the machine does meanwhile.
#[track_caller]
fn quickly<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let spent = || Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
    let before = spent();
    let done = act();
    let took = spent() - before;
    assert!(took < Duration::from_secs(2), "{what} in {took:?}");
    done
}

#[test]
fn the_worst_that_is_accepted_is_quick() {
    let every_day: Vec<_> = (0..3_660).map(|ago| ("a", ago, 1)).collect();
    let facts = facts(&every_day);
    let calls: Vec<_> = (0..16).map(|n| format!("total('a','b',{}) < 0", 3_660 - n)).collect();
    let deep = format!("{}true{}", "(".repeat(20), ")".repeat(20));
    let long = format!("1 in [{}2]", "2,".repeat(200));
    let sum = format!("0{} == 0", "+1".repeat(20));
    for expression in [calls.join("||"), deep, long, sum, vec!["birthday"; 75].join("&&")] {
        let compiled = quickly("compiled", || Cel::compile(&expression).unwrap());
        quickly("judged", || ask(compiled.text(), &facts));
    }
    for hostile in
        ["(".repeat(999), "[".repeat(999), "!".repeat(150), "a?".repeat(80), "-(".repeat(150), "{".repeat(999)]
    {
        quickly("refused", || assert!(Cel::compile(&hostile).is_err(), "{hostile}"));
    }
}

/// An expression of whole numbers, as its text and as what a plain evaluator needs.
#[derive(Debug, Clone)]
enum Num {
    Literal(i64),
    Streak,
    Count(i64),
    Total(i64),
    Operator(char, Box<(Num, Num)>),
}

#[derive(Debug, Clone)]
enum Bool {
    Literal(bool),
    Compare(&'static str, Num, Num),
    Not(Box<Bool>),
    Both(Box<(Bool, Bool)>),
    Either(Box<(Bool, Bool)>),
    Choose(Box<(Bool, Bool, Bool)>),
}

impl Num {
    fn text(&self) -> String {
        match self {
            Self::Literal(number) => number.to_string(),
            Self::Streak => "streak('a')".to_owned(),
            Self::Count(days) => format!("count('a', {days})"),
            Self::Total(days) => format!("total('a', 'minutes', {days})"),
            Self::Operator(sign, parts) => format!("({} {sign} {})", parts.0.text(), parts.1.text()),
        }
    }

    fn value(&self, facts: &[(i64, i64)]) -> Option<i64> {
        let within = |days: i64| facts.iter().filter(move |(ago, _)| (0..days).contains(ago));
        match self {
            Self::Literal(number) => Some(*number),
            Self::Streak => {
                let on = |day: i64| facts.iter().any(|(ago, _)| *ago == day);
                let first = if on(0) { 0 } else { 1 };
                Some((first..).take_while(|day| on(*day)).count() as i64)
            }
            Self::Count(days) => Some(within(*days).count() as i64),
            Self::Total(days) => Some(within(*days).map(|(_, minutes)| minutes).sum()),
            Self::Operator(sign, parts) => {
                let (left, right) = (parts.0.value(facts)?, parts.1.value(facts)?);
                match sign {
                    '+' => left.checked_add(right),
                    '-' => left.checked_sub(right),
                    '*' => left.checked_mul(right),
                    '/' => left.checked_div(right),
                    _ => left.checked_rem(right),
                }
            }
        }
    }
}

impl Bool {
    fn text(&self) -> String {
        match self {
            Self::Literal(value) => value.to_string(),
            Self::Compare(sign, left, right) => format!("({} {sign} {})", left.text(), right.text()),
            Self::Not(part) => format!("!({})", part.text()),
            Self::Both(parts) => format!("({} && {})", parts.0.text(), parts.1.text()),
            Self::Either(parts) => format!("({} || {})", parts.0.text(), parts.1.text()),
            Self::Choose(parts) => format!("({} ? {} : {})", parts.0.text(), parts.1.text(), parts.2.text()),
        }
    }

    /// Nothing where it has no value: a side that decides by itself hides that the other has none.
    fn value(&self, facts: &[(i64, i64)]) -> Option<bool> {
        match self {
            Self::Literal(value) => Some(*value),
            Self::Compare(sign, left, right) => {
                let (left, right) = (left.value(facts)?, right.value(facts)?);
                Some(match *sign {
                    "==" => left == right,
                    "!=" => left != right,
                    "<" => left < right,
                    _ => left >= right,
                })
            }
            Self::Not(part) => part.value(facts).map(|value| !value),
            Self::Both(parts) => match (parts.0.value(facts), parts.1.value(facts)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (left, right) => left.zip(right).map(|_| true),
            },
            Self::Either(parts) => match (parts.0.value(facts), parts.1.value(facts)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (left, right) => left.zip(right).map(|_| false),
            },
            Self::Choose(parts) => {
                if parts.0.value(facts)? {
                    parts.1.value(facts)
                } else {
                    parts.2.value(facts)
                }
            }
        }
    }
}

fn num() -> impl Strategy<Value = Num> {
    let literal = prop_oneof![-3_i64..9, Just(i64::MAX), Just(i64::MIN + 1)].prop_map(Num::Literal);
    let leaf = prop_oneof![
        4 => literal,
        1 => Just(Num::Streak),
        1 => (1_i64..9).prop_map(Num::Count),
        1 => (1_i64..9).prop_map(Num::Total)
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        (proptest::sample::select(vec!['+', '-', '*', '/', '%']), inner.clone(), inner)
            .prop_map(|(sign, left, right)| Num::Operator(sign, Box::new((left, right))))
    })
}

fn boolean() -> impl Strategy<Value = Bool> {
    let compare = (proptest::sample::select(vec!["==", "!=", "<", ">="]), num(), num());
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Bool::Literal),
        4 => compare.prop_map(|(sign, left, right)| Bool::Compare(sign, left, right))
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Bool::Not(Box::new(part))),
            (inner.clone(), inner.clone()).prop_map(|parts| Bool::Both(Box::new(parts))),
            (inner.clone(), inner.clone()).prop_map(|parts| Bool::Either(Box::new(parts))),
            (inner.clone(), inner.clone(), inner).prop_map(|parts| Bool::Choose(Box::new(parts))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_expression_comes_to_what_a_plain_evaluator_says(
        expression in boolean(), known in proptest::collection::vec((-2_i64..10, -5_i64..20), 0..12),
    ) {
        let text = expression.text();
        let Ok(compiled) = Cel::compile(&text) else {
            // only a bound may be in the way of what is well-typed
            let problem = Cel::compile(&text).map(|_| ());
            prop_assert!(matches!(problem, Err(CelProblem::Bounds | CelProblem::Length)), "{problem:?}: {text}");
            return Ok(());
        };
        let of: Vec<_> = known.iter().map(|(ago, minutes)| ("a", *ago, *minutes)).collect();
        let seen = ask(compiled.text(), &facts(&of));
        let value = expression.value(&known);
        prop_assert_eq!((seen.met, seen.error.is_some()), (value == Some(true), value.is_none()), "{}", text);
    }

    #[test]
    fn no_text_breaks_it(text in "\\PC{0,120}") {
        let _ = Cel::compile(&text).map(|compiled| ask(compiled.text(), &facts(&[])));
    }

    #[test]
    fn no_mixture_of_its_own_words_breaks_it(
        words in proptest::collection::vec(proptest::sample::select(vec![
            "streak", "count", "total", "referrals", "today", "birthday", "(", ")", "[", "]", "{", "}", ",", ".", "?", ":",
            "!", "-", "+", "*", "/", "%", "==", "<", ">=", "&&", "||", " in ", "'login'", "\"a\"", "7", "0", "1.5", "1u",
            "0x7f", "true", "null", "has", ".all(x, x)", "b'x'", "r'\\'", "'''", "`a`", "as", "package", "//", "\\u0041",
        ]), 0..40),
    ) {
        let text = words.concat();
        let _ = Cel::compile(&text).map(|compiled| ask(compiled.text(), &facts(&[])));
    }
}
