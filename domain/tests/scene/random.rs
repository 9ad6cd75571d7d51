//! Random scenes and trees: mostly small and close to the moment of asking, where verdicts turn.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate};
use domain::condition::Condition;
use domain::facts::Birthday;
use domain::zone::Tz;
use domain::zone::Zone;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::{Brought, Reported, Scene, Who, moment};

const SECONDS_OF_A_DAY: i64 = 86_400;
const KINDS: [&str; 3] = ["login", "review", "session"];
const MEASURES: [&str; 2] = ["minutes", "coins"];
/// Clocks that change by an hour or by half of one, at midnight, by a whole day, or never.
const ZONES: [&str; 10] = [
    "UTC",
    "Asia/Seoul",
    "Asia/Kathmandu",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Niue",
];
/// Around changes of the clock, leap days and ends of years.
const MOMENTS: [&str; 16] = [
    "2026-03-08T07:00:00Z", // New York goes to summer time
    "2026-11-01T06:00:00Z", // and back
    "2026-03-29T01:00:00Z", // Berlin goes to summer time
    "2026-10-25T01:00:00Z", // and back
    "2018-11-04T03:00:00Z", // São Paulo has no midnight
    "2018-02-18T02:00:00Z", // and has one twice
    "2026-04-04T15:00:00Z", // Lord Howe goes back half an hour
    "2011-12-30T10:00:00Z", // Apia has no 30 December
    "2024-02-29T12:00:00Z",
    "2024-02-28T12:00:00Z",
    "2025-02-28T12:00:00Z",
    "2025-03-01T00:00:00Z",
    "2100-02-28T23:00:00Z", // not a leap year
    "2000-02-29T01:00:00Z", // one
    "2025-12-31T23:59:59Z",
    "2026-01-01T00:00:00Z",
];

fn zones() -> impl Strategy<Value = Tz> {
    select(&ZONES[..]).prop_map(|name| name.parse().unwrap())
}

pub(crate) fn moments() -> impl Strategy<Value = i64> {
    let near = prop_oneof![
        6 => -SECONDS_OF_A_DAY / 2..SECONDS_OF_A_DAY / 2,
        2 => -3 * SECONDS_OF_A_DAY..3 * SECONDS_OF_A_DAY,
        1 => -400 * SECONDS_OF_A_DAY..400 * SECONDS_OF_A_DAY,
    ];
    (select(&MOMENTS[..]), near).prop_map(|(text, near)| DateTime::parse_from_rfc3339(text).unwrap().timestamp() + near)
}

/// Seconds before (or after) the moment of asking: mostly the last days, sometimes years ago or ahead.
fn around() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => -12 * SECONDS_OF_A_DAY..2 * SECONDS_OF_A_DAY,
        2 => -70 * SECONDS_OF_A_DAY..5 * SECONDS_OF_A_DAY,
        1 => -800 * SECONDS_OF_A_DAY..800 * SECONDS_OF_A_DAY,
    ]
}

fn elsewhere() -> impl Strategy<Value = Option<Zone>> {
    let offset = (-48_i32..=56).prop_map(|quarters| format!("{:+03}:{:02}", quarters / 4, quarters.abs() % 4 * 15));
    prop_oneof![
        6 => Just(None),
        1 => zones().prop_map(|zone| Some(Zone::Named(zone))),
        1 => offset.prop_map(|offset| Some(offset.parse().unwrap())),
    ]
}

fn measures() -> impl Strategy<Value = BTreeMap<&'static str, i64>> {
    let value = prop_oneof![8 => -20_i64..60, 1 => Just(1 << 53), 1 => Just(-(1 << 53)), 1 => Just(0)];
    proptest::collection::btree_map(select(&MEASURES[..]), value, 0..=2)
}

fn withdrawal() -> impl Strategy<Value = Option<u8>> {
    option::weighted(0.15, any::<u8>())
}

pub(crate) fn single_facts(asked: i64) -> impl Strategy<Value = Vec<Reported>> {
    let fact = (select(&KINDS[..]), around(), elsewhere(), measures(), any::<u8>(), withdrawal());
    let reported = move |(kind, away, elsewhere, measures, turn, voided_after)| Reported {
        kind,
        at: asked + away,
        elsewhere,
        measures,
        turn,
        voided_after,
    };
    vec(fact.prop_map(reported), 0..16)
}

/// A fact on each of some days in a row, at about the same time: what streaks are made of.
fn run_of_facts(asked: i64) -> impl Strategy<Value = Vec<Reported>> {
    let shape = (select(&KINDS[..]), 0..12_i64, -2..3_i64, -SECONDS_OF_A_DAY / 2..SECONDS_OF_A_DAY / 2);
    (shape, vec((any::<u8>(), option::weighted(0.04, any::<u8>())), 12)).prop_map(
        move |((kind, length, ends, time_of_day), turns)| {
            let day = |back: i64| Reported {
                kind,
                at: asked + time_of_day - (ends + back) * SECONDS_OF_A_DAY,
                elsewhere: None,
                measures: BTreeMap::from([("minutes", back)]),
                turn: turns[back as usize].0,
                voided_after: turns[back as usize].1,
            };
            (0..length).map(day).collect()
        },
    )
}

fn date_near(asked: i64, days_away: i64) -> NaiveDate {
    moment(asked + days_away * SECONDS_OF_A_DAY).utc().date_naive()
}

/// Joined today, in the last weeks, about some years ago, or on a leap day.
fn join_dates(asked: i64) -> impl Strategy<Value = NaiveDate> {
    let years_ago = (0..5_u32, -1..=1_i64).prop_map(move |(years, away)| {
        date_near(asked, away).checked_sub_months(chrono::Months::new(12 * years)).unwrap()
    });
    let leap_day =
        select(&[1996, 2008, 2016, 2020, 2024][..]).prop_map(|year| NaiveDate::from_ymd_opt(year, 2, 29).unwrap());
    prop_oneof![2 => years_ago, 1 => leap_day, 2 => (-40..=1_i64).prop_map(move |away| date_near(asked, away))]
}

fn birthdays(asked: i64) -> impl Strategy<Value = (u32, u32)> {
    let near = (-1..=1_i64).prop_map(move |away| Birthday::of(date_near(asked, away)));
    prop_oneof![
        3 => near.prop_map(|birthday| (birthday.month, birthday.day)),
        1 => Just((2, 29)),
        1 => Just((2, 28)),
        1 => (1..=12_u32, 1..=28_u32),
    ]
}

fn people(asked: i64) -> impl Strategy<Value = Option<Who>> {
    let who = (join_dates(asked), option::weighted(0.8, birthdays(asked)), 0..4_u8);
    option::weighted(0.9, who.prop_map(|(joined, birthday, profile_steps)| Who { joined, birthday, profile_steps }))
}

pub(crate) fn scenes(asked: i64) -> impl Strategy<Value = Scene> {
    let brought = (around(), any::<u8>(), withdrawal()).prop_map(move |(away, turn, voided_after)| Brought {
        at: asked + away,
        turn,
        voided_after,
    });
    let start = option::weighted(0.9, (around().prop_map(move |away| asked + away), zones()));
    (zones(), people(asked), single_facts(asked), run_of_facts(asked), vec(brought, 0..5), start).prop_map(
        move |(zone, who, mut facts, run, brought, event_start)| {
            facts.extend(run);
            Scene { zone, asked, who, facts, brought, event_start }
        },
    )
}

fn days() -> impl Strategy<Value = u32> {
    prop_oneof![6 => 1..=5_u32, 3 => 1..=14_u32, 1 => 15..=3_660_u32]
}

fn withins() -> impl Strategy<Value = Option<String>> {
    let days = prop_oneof![6 => 1..=10_u32, 3 => 11..=60_u32, 2 => 364..=367_u32, 1 => Just(9_999_u32)];
    option::of(days.prop_map(|days| format!("{days}d")))
}

fn sinces(asked: i64) -> impl Strategy<Value = Option<String>> {
    let date = prop_oneof![4 => -14..=2_i64, 1 => -800..=10_i64];
    let date = date.prop_map(move |away| date_near(asked, away).to_string());
    option::of(prop_oneof![1 => Just("eventStart".to_owned()), 2 => date])
}

/// A leaf with those of its optional fields that are there.
fn leaf(key: &str, required: Value, optional: [(&str, Option<String>); 2]) -> Value {
    let mut body = required;
    for (field, value) in optional {
        if let Some(value) = value {
            body[field] = json!(value);
        }
    }
    json!({key: body})
}

fn leaves(asked: i64) -> BoxedStrategy<Value> {
    let kind = || select(&KINDS[..]);
    let kind_or_any = prop_oneof![3 => kind(), 1 => Just("*")];
    let count = || prop_oneof![4 => 1..=6_i64, 1 => 1..=1_000_000_000_i64];
    let total = prop_oneof![6 => 1..=120_i64, 1 => Just(1_i64 << 53)];
    let window = || (withins(), sinces(asked)).prop_map(|(within, since)| [("within", within), ("since", since)]);
    let since = || sinces(asked).prop_map(|since| [("since", since), ("", None)]);
    let joined = (withins(), option::of(join_dates(asked)), option::of(0..60_u64), option::of(join_dates(asked)));
    prop_oneof![
        4 => (kind(), days(), since())
            .prop_map(|(kind, days, since)| leaf("streak", json!({"kind": kind, "days": days}), since)),
        4 => (kind_or_any, days(), window())
            .prop_map(|(kind, days, window)| leaf("activeDays", json!({"kind": kind, "days": days}), window)),
        3 => (kind(), count(), window())
            .prop_map(|(kind, count, window)| leaf("count", json!({"kind": kind, "count": count}), window)),
        3 => (kind(), select(&MEASURES[..]), total, window()).prop_map(|(kind, measure, total, window)| {
            leaf("total", json!({"kind": kind, "measure": measure, "total": total}), window)
        }),
        2 => (count(), since()).prop_map(|(count, since)| leaf("referrals", json!({"count": count}), since)),
        1 => Just(json!({"profileComplete": {}})),
        1 => Just(json!({"birthday": {}})),
        1 => Just(json!({"joinAnniversary": {}})),
        2 => joined.prop_map(|(within, from, length, to)| {
            let to = match (from, length) {
                (Some(from), Some(length)) => Some(from + Days::new(length)),
                (Some(_), None) => None,
                (None, _) => to,
            };
            let bound = |day: Option<NaiveDate>| day.map(|day| day.to_string());
            let tree = leaf("joined", json!({}), [("within", within), ("from", bound(from))]);
            leaf("joined", tree["joined"].clone(), [("to", bound(to)), ("", None)])
        }),
    ]
    .boxed()
}

/// Any tree that the grammar allows.
fn trees(asked: i64) -> impl Strategy<Value = Value> {
    let inner = |part: BoxedStrategy<Value>| {
        prop_oneof![
            vec(part.clone(), 1..4).prop_map(|parts| json!({"all": parts})),
            vec(part.clone(), 1..4).prop_map(|parts| json!({"any": parts})),
            part.prop_map(|part| json!({"not": part})),
        ]
    };
    leaves(asked)
        .prop_recursive(7, 24, 3, inner)
        .prop_filter("a tree has at most fifty leaves", |tree| Condition::parse(tree).is_ok())
}

/// A member's history, a moment, and a condition.
pub(crate) fn questions() -> impl Strategy<Value = (Scene, Value)> {
    moments().prop_flat_map(|asked| (scenes(asked), trees(asked)))
}
