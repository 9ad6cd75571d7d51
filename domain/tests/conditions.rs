//! What conditions mean: examples of every leaf, and a second, naive evaluator (`naive`) that must see
//! the same as the one that decides claims, whatever the tree, the facts, the zone and the moment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod naive;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;
use domain::activity::{ActivityEvent, Recorded, Voided};
use domain::campaign::{Approval, CampaignStatus, PendingExpiry, RewardType};
use domain::claim::{Request, Subject};
use domain::condition::{Asked, Condition, LeafEvidence, evaluate};
use domain::facts::{Birthday, DayTally, Facts, KindFacts};
use domain::id::{CampaignId, MemberId, RewardId};
use domain::member::{MemberEvent, ProfileCompleted, ProfileReopened, Registered};
use domain::name::Name;
use domain::referral::{self, ReferralEvent};
use domain::role::Role;
use domain::zone::{Zone, local_date};
use domain::{Event, Moment};
use naive::{Day, Fact, Person, World};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use uuid::Uuid;

const CASES: u32 = 1_000;
const SECONDS_OF_A_DAY: i64 = 86_400;
const KINDS: [&str; 3] = ["login", "review", "session"];
const MEASURES: [&str; 2] = ["minutes", "coins"];
/// Clocks that change by an hour or by half of one, at midnight, by a whole day, or never.
const ZONES: [Tz; 10] = [
    Tz::UTC,
    Tz::Asia__Seoul,
    Tz::Asia__Kathmandu,
    Tz::America__New_York,
    Tz::America__Sao_Paulo,
    Tz::Europe__Berlin,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Apia,
    Tz::Pacific__Kiritimati,
    Tz::Pacific__Niue,
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

// ---------------------------------------------------------------------------------------------
// A scene: one member's history and one moment of asking, as both evaluators are told of it

/// A fact as its source reports it, and when the log hears of it.
#[derive(Debug, Clone)]
struct Reported {
    kind: &'static str,
    at: i64,
    /// Another zone than the member's.
    elsewhere: Option<Zone>,
    measures: BTreeMap<&'static str, i64>,
    turn: u8,
    /// So many turns after it was recorded.
    voided_after: Option<u8>,
}

/// A qualified referral by the member.
#[derive(Debug, Clone)]
struct Brought {
    at: i64,
    turn: u8,
    voided_after: Option<u8>,
}

#[derive(Debug, Clone)]
struct Who {
    joined: NaiveDate,
    birthday: Option<(u32, u32)>,
    /// How often the profile was completed or reopened.
    profile_steps: u8,
}

#[derive(Debug, Clone)]
struct Scene {
    zone: Tz,
    asked: i64,
    who: Option<Who>,
    facts: Vec<Reported>,
    brought: Vec<Brought>,
    /// The start of the campaign and its zone.
    event_start: Option<(i64, Tz)>,
}

fn moment(unix_seconds: i64) -> Moment {
    DateTime::from_timestamp(unix_seconds, 0).unwrap().into()
}

fn name(text: &str) -> Name {
    text.to_owned().try_into().unwrap()
}

fn plain(day: NaiveDate) -> Day {
    Day::read(&day.to_string())
}

/// The calendar day by the naive calendar: all that is asked of a library is the offset.
fn wall_day(zone: Zone, unix_seconds: i64) -> Day {
    let ahead = match zone {
        Zone::Named(zone) => zone.offset_from_utc_datetime(&moment(unix_seconds).utc().naive_utc()).fix(),
        Zone::Offset(offset) => offset,
    };
    Day::at(unix_seconds, i64::from(ahead.local_minus_utc()))
}

impl Reported {
    fn recorded(&self, number: usize, home: Tz) -> Recorded {
        let time_zone = self.elsewhere.unwrap_or(Zone::Named(home));
        Recorded {
            source: "timer".to_owned(),
            id: number.to_string(),
            member_id: MemberId::default(),
            kind: name(self.kind),
            occurred_at: moment(self.at),
            local_date: time_zone.local_date(moment(self.at)),
            time_zone,
            measures: self.measures.iter().map(|(measure, value)| (name(measure), *value)).collect(),
        }
    }
}

fn voided(fact: &Recorded) -> Voided {
    Voided {
        source: fact.source.clone(),
        id: fact.id.clone(),
        member_id: fact.member_id,
        kind: fact.kind.clone(),
        occurred_at: fact.occurred_at,
        local_date: fact.local_date,
        measures: fact.measures.clone(),
        note: "typo".to_owned(),
    }
}

/// In which order the log holds the same history.
#[derive(Debug, Clone, Copy)]
enum Order {
    ByTurn,
    Backwards,
}

impl Scene {
    /// The history as the log holds it: what is withdrawn is withdrawn after it was recorded, and
    /// nothing else is said of the order.
    fn events(&self, order: Order) -> Vec<Event> {
        let turn = |turn: u8| match order {
            Order::ByTurn => u32::from(turn),
            Order::Backwards => 255 - u32::from(turn),
        };
        let mut steps: Vec<(u32, Event)> = self.member_events();
        for (number, fact) in self.facts.iter().enumerate() {
            let recorded = fact.recorded(number, self.zone);
            if let Some(after) = fact.voided_after {
                let event = ActivityEvent::Voided(voided(&recorded));
                steps.push((turn(fact.turn) + u32::from(after) + 1, event.into()));
            }
            steps.push((turn(fact.turn), ActivityEvent::Recorded(recorded).into()));
        }
        for (number, brought) in self.brought.iter().enumerate() {
            let (qualified, voided) = referral_events(number, brought.at, self.zone);
            steps.push((turn(brought.turn), qualified.into()));
            if let Some(after) = brought.voided_after {
                steps.push((turn(brought.turn) + u32::from(after) + 1, voided.into()));
            }
        }
        steps.sort_by_key(|(turn, _)| *turn);
        steps.into_iter().map(|(_, event)| event).collect()
    }

    fn member_events(&self) -> Vec<(u32, Event)> {
        let Some(who) = &self.who else { return vec![] };
        let registered = MemberEvent::Registered(Registered {
            time_zone: self.zone,
            joined_on: who.joined,
            birthday: who.birthday.map(|(month, day)| Birthday { month, day }),
            role: Role::User,
        });
        let profile = (0..who.profile_steps).map(|step| {
            let event = if step % 2 == 0 {
                MemberEvent::ProfileCompleted(ProfileCompleted {})
            } else {
                MemberEvent::ProfileReopened(ProfileReopened {})
            };
            (u32::from(step) * 40, event.into())
        });
        std::iter::once((0, registered.into())).chain(profile).collect()
    }

    fn facts(&self, order: Order) -> Facts {
        let mut facts = Facts::default();
        self.events(order).iter().for_each(|event| facts.apply(event));
        facts
    }

    fn asked(&self) -> Asked {
        Asked {
            on: local_date(self.zone, moment(self.asked)),
            event_starts_on: self.event_start.map(|(at, zone)| local_date(zone, moment(at))),
        }
    }

    fn evaluate(&self, condition: &Condition) -> (bool, Vec<LeafEvidence>) {
        evaluate(condition, &self.facts(Order::ByTurn), self.asked())
    }

    /// The same for the naive evaluator: what was voided is not there, and the order is lost.
    fn world(&self) -> World {
        let home = Zone::Named(self.zone);
        let fact = |fact: &Reported| Fact {
            kind: fact.kind.to_owned(),
            day: wall_day(fact.elsewhere.unwrap_or(home), fact.at),
            measures: fact.measures.iter().map(|(measure, value)| ((*measure).to_owned(), *value)).collect(),
        };
        World {
            person: self.who.as_ref().map(|who| Person {
                joined: plain(who.joined),
                birthday: who.birthday,
                profile_complete: who.profile_steps % 2 == 1,
            }),
            facts: self.facts.iter().filter(|fact| fact.voided_after.is_none()).map(fact).collect(),
            referrals: self
                .brought
                .iter()
                .filter(|brought| brought.voided_after.is_none())
                .map(|brought| wall_day(home, brought.at))
                .collect(),
            today: wall_day(home, self.asked),
            event_start: self.event_start.map(|(at, zone)| wall_day(Zone::Named(zone), at)),
        }
    }
}

fn referral_events(number: usize, at: i64, zone: Tz) -> (ReferralEvent, ReferralEvent) {
    let (invitee_id, inviter_id) = (MemberId(Uuid::from_u128(number as u128 + 1)), MemberId::default());
    let local_date = local_date(zone, moment(at));
    let qualified = referral::Qualified {
        invitee_id,
        inviter_id,
        condition: Condition::parse(&json!("COMPLETE_PROFILE")).unwrap(),
        evidence: vec![],
        facts_position: 1,
        judged_on: local_date,
        local_date,
        time_zone: zone,
    };
    let voided = referral::Voided { invitee_id, inviter_id, note: "bought".to_owned() };
    (ReferralEvent::Qualified(qualified), ReferralEvent::Voided(voided))
}

// ---------------------------------------------------------------------------------------------
// Random scenes and trees

fn zones() -> impl Strategy<Value = Tz> {
    select(&ZONES[..])
}

fn moments() -> impl Strategy<Value = i64> {
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

fn single_facts(asked: i64) -> impl Strategy<Value = Vec<Reported>> {
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

fn scenes(asked: i64) -> impl Strategy<Value = Scene> {
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
fn questions() -> impl Strategy<Value = (Scene, Value)> {
    moments().prop_flat_map(|asked| (scenes(asked), trees(asked)))
}

fn parsed(tree: &Value) -> Condition {
    Condition::parse(tree).unwrap()
}

fn shown(evidence: &[LeafEvidence]) -> Vec<Value> {
    evidence.iter().map(|leaf| serde_json::to_value(leaf).unwrap()).collect()
}

// ---------------------------------------------------------------------------------------------
// Properties

/// What questions cannot tell apart: a kind of which nothing is left, a measure that sums up to 0.
fn tidied(mut facts: Facts) -> Facts {
    for kind in facts.kinds.values_mut() {
        kind.days.values_mut().for_each(|day| day.sums.retain(|_, sum| *sum != 0));
    }
    facts.kinds.retain(|_, kind| *kind != KindFacts::default());
    facts
}

/// Only what the condition says that it needs.
fn reduced(facts: &Facts, condition: &Condition) -> Facts {
    let needs = condition.needs();
    let kind = |(kind, known): (&Name, &KindFacts)| {
        let dates = needs.every_kind || needs.dates.contains(kind);
        let days = needs.tallies.contains(kind);
        let kept = KindFacts {
            dates: if dates { known.dates.clone() } else { Default::default() },
            days: if days { known.days.clone() } else { BTreeMap::new() },
        };
        (dates || days).then(|| (kind.clone(), kept))
    };
    Facts {
        member: facts.member.clone(),
        kinds: facts.kinds.iter().filter_map(kind).collect(),
        referrals: if needs.referrals { facts.referrals.clone() } else { BTreeMap::new() },
    }
}

fn request(scene: &Scene, condition: Condition, event_starts_on: NaiveDate) -> Request {
    Request {
        about: Subject {
            member_id: MemberId::default(),
            reward_id: RewardId::default(),
            campaign_id: CampaignId::default(),
            period: "once".to_owned(),
            amount: 1.try_into().unwrap(),
            reward_type: RewardType::Point,
        },
        blocked: false,
        campaign_status: CampaignStatus::Active,
        approval: Approval::Automatic,
        pending_expires_after: PendingExpiry::default(),
        condition: Arc::new(condition),
        condition_version: 1,
        event_starts_on,
        facts: Arc::new(scene.facts(Order::ByTurn)),
        facts_position: 1,
        time_zone: scene.zone,
        asked_at: moment(scene.asked),
        shortage: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_verdict_and_the_evidence_are_those_of_the_naive_evaluator((scene, tree) in questions()) {
        let world = scene.world();
        prop_assert_eq!(scene.asked().on.to_string(), world.today.to_string());
        let condition = parsed(&tree);
        let (met, evidence) = scene.evaluate(&condition);
        prop_assert_eq!(evidence.len(), condition.leaves().count());
        prop_assert_eq!((met, shown(&evidence)), naive::judge(&tree, &world));
    }

    #[test]
    fn a_claim_is_decided_by_the_same_verdict((scene, tree) in questions()) {
        let condition = parsed(&tree);
        let (met, evidence) = scene.evaluate(&condition);
        let starts = scene.asked().event_starts_on;
        prop_assume!(starts.is_some() || !condition.counts_from_event_start());
        let (claimed, decision) = request(&scene, condition, starts.unwrap_or_default()).judge();
        prop_assert_eq!((claimed, &decision.evidence), (met, &evidence));
        prop_assert_eq!(decision.met, met);
    }

    #[test]
    fn evidence_survives_being_stored((scene, tree) in questions()) {
        let (_, evidence) = scene.evaluate(&parsed(&tree));
        let stored = serde_json::to_string(&evidence).unwrap();
        prop_assert_eq!(serde_json::from_str::<Vec<LeafEvidence>>(&stored).unwrap(), evidence);
    }

    #[test]
    fn a_condition_reads_back_from_its_own_tree((_, tree) in questions()) {
        let condition = parsed(&tree);
        prop_assert_eq!(condition.to_json(), tree);
        let stored = serde_json::to_string(&condition).unwrap();
        prop_assert_eq!(serde_json::from_str::<Condition>(&stored).unwrap(), condition);
    }

    #[test]
    fn what_a_condition_needs_is_enough_to_judge_it((scene, tree) in questions()) {
        let (condition, facts) = (parsed(&tree), scene.facts(Order::ByTurn));
        prop_assert_eq!(
            evaluate(&condition, &reduced(&facts, &condition), scene.asked()),
            evaluate(&condition, &facts, scene.asked())
        );
    }

    #[test]
    fn facts_are_the_same_in_whatever_order_they_come(scene in moments().prop_flat_map(scenes)) {
        prop_assert_eq!(tidied(scene.facts(Order::ByTurn)), tidied(scene.facts(Order::Backwards)));
    }

    #[test]
    fn a_void_undoes_its_record(
        (scene, more) in moments().prop_flat_map(|asked| (scenes(asked), single_facts(asked))), back_to_front: bool,
    ) {
        let before = scene.facts(Order::ByTurn);
        let mut facts = before.clone();
        let mut known: Vec<_> = more.iter().map(|fact| fact.recorded(999, scene.zone)).collect();
        known.iter().for_each(|fact| facts.apply(&ActivityEvent::Recorded(fact.clone()).into()));
        prop_assert_eq!(more.is_empty(), facts == before);
        if back_to_front {
            known.reverse();
        }
        known.iter().for_each(|fact| facts.apply(&ActivityEvent::Voided(voided(fact)).into()));
        prop_assert_eq!(tidied(facts), tidied(before));
    }
}

// ---------------------------------------------------------------------------------------------
// Examples

const TODAY: &str = "2026-11-21";
const EVENT_START: &str = "2026-11-16";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Facts such as `"login 2026-11-21"` or `"session 2026-11-21 25"` (minutes); `friend` is a referral.
fn told(history: &[&str]) -> Facts {
    let mut facts = Facts::default();
    for (number, line) in history.iter().enumerate() {
        let words: Vec<_> = line.split(' ').collect();
        let at = day(words[1]).and_hms_opt(12, 0, 0).unwrap().and_utc().timestamp();
        let minutes = words.get(2).map(|minutes| (name("minutes"), minutes.parse().unwrap()));
        let event = if words[0] == "friend" {
            referral_events(number, at, Tz::UTC).0.into()
        } else {
            let fact =
                Reported { kind: "login", at, elsewhere: None, measures: BTreeMap::new(), turn: 0, voided_after: None };
            let recorded = fact.recorded(number, Tz::UTC);
            let measures = minutes.into_iter().collect();
            ActivityEvent::Recorded(Recorded { kind: name(words[0]), measures, ..recorded }).into()
        };
        facts.apply(&event);
    }
    facts
}

#[track_caller]
fn check(history: &[&str], tree: &Value, have: i64, met: bool) {
    let asked = Asked { on: day(TODAY), event_starts_on: Some(day(EVENT_START)) };
    let (verdict, evidence) = evaluate(&parsed(tree), &told(history), asked);
    assert_eq!((verdict, &shown(&evidence)[0]["have"]), (met, &json!(have)), "{tree} over {history:?}");
}

#[test]
#[rustfmt::skip]
fn leaves_that_count_mean_what_the_contract_says() {
    let streak = |days: u32| json!({"streak": {"kind": "login", "days": days}});
    let streak_since = |date| json!({"streak": {"kind": "login", "days": 2, "since": date}});
    let active = |kind, within| json!({"activeDays": {"kind": kind, "days": 2, "within": within}});
    let count = |within| json!({"count": {"kind": "login", "count": 2, "within": within}});
    let total = |total: i64| json!({"total": {"kind": "session", "measure": "minutes", "total": total}});
    let friends = |since| json!({"referrals": {"count": 2, "since": since}});
    let (d21, d20, d19, d22) = ("login 2026-11-21", "login 2026-11-20", "login 2026-11-19", "login 2026-11-22");

    // a run that ends today or yesterday
    check(&[],                             &streak(1),                 0, false);
    check(&[d21],                          &streak(1),                 1, true);
    check(&[d20],                          &streak(1),                 1, true);
    check(&[d19],                          &streak(1),                 0, false);
    check(&[d19, d20, d21],                &streak(3),                 3, true);
    check(&[d19, d20],                     &streak(3),                 2, false);
    check(&[d19, d21],                     &streak(2),                 1, false);
    check(&[d19, d20, d21, d21],           &streak(1),                 3, true);
    check(&[d20, d21, d22],                &streak(3),                 2, false);
    check(&[d22],                          &streak(1),                 0, false);
    check(&["review 2026-11-21"],          &streak(1),                 0, false);
    check(&[d19, d20, d21],                &streak_since("2026-11-20"), 2, true);
    check(&[d19, d20],                     &streak_since("2026-11-21"), 0, false);
    check(&[d19, d20, d21],                &streak_since("2027-01-01"), 0, false);
    check(&[d20, d21],                     &streak_since("eventStart"), 2, true);
    // distinct days in a window that ends with today
    check(&[d21, d21, d21],                &active("login", "7d"),     1, false);
    check(&[d20, d21],                     &active("login", "2d"),     2, true);
    check(&[d19, d20],                     &active("login", "2d"),     1, false);
    check(&[d21, d22],                     &active("login", "2d"),     1, false);
    check(&[d20, "review 2026-11-19"],     &active("login", "3d"),     1, false);
    check(&[d20, "review 2026-11-19"],     &active("*", "3d"),         2, true);
    check(&[d20, "review 2026-11-20"],     &active("*", "3d"),         1, false);
    // facts
    check(&[d21, d21],                     &count("1d"),               2, true);
    check(&[d20, d21],                     &count("1d"),               1, false);
    check(&[d21, d22],                     &count("9999d"),            1, false);
    // sums
    check(&["session 2026-11-21 25", "session 2026-11-01 35"], &total(60), 60, true);
    check(&["session 2026-11-21 25", "session 2026-11-22 35"], &total(60), 25, false);
    check(&["session 2026-11-21 25", "session 2026-11-21 -5"], &total(25), 20, false);
    check(&["session 2026-11-21", "login 2026-11-21 60"],      &total(1),  0,  false);
    // referrals
    check(&["friend 2026-11-21", "friend 2026-11-16"], &friends("eventStart"), 2, true);
    check(&["friend 2026-11-21", "friend 2026-11-15"], &friends("eventStart"), 1, false);
    check(&["friend 2026-11-21", "friend 2026-11-22"], &friends("2026-01-01"), 1, false);
}

#[track_caller]
fn check_member(joined: &str, birthday: (u32, u32), today: &str, tree: &Value, met: bool) {
    let mut facts = Facts::default();
    facts.apply(
        &MemberEvent::Registered(Registered {
            time_zone: Tz::UTC,
            joined_on: day(joined),
            birthday: Some(Birthday { month: birthday.0, day: birthday.1 }),
            role: Role::User,
        })
        .into(),
    );
    let (verdict, evidence) = evaluate(&parsed(tree), &facts, Asked { on: day(today), event_starts_on: None });
    assert_eq!((verdict, &shown(&evidence)[0]["have"]), (met, &json!(met)), "{tree} on {today}");
}

#[test]
#[rustfmt::skip]
fn leaves_about_the_member_mean_what_the_contract_says() {
    let birthday = json!({"birthday": {}});
    let anniversary = json!({"joinAnniversary": {}});
    let joined = |window| json!({"joined": window});

    check_member("2020-01-01", (2, 29), "2024-02-29", &birthday,    true);
    check_member("2020-01-01", (2, 29), "2024-02-28", &birthday,    false);
    check_member("2020-01-01", (2, 29), "2025-02-28", &birthday,    true);
    check_member("2020-01-01", (2, 29), "2025-03-01", &birthday,    false);
    check_member("2020-01-01", (2, 29), "2100-02-28", &birthday,    true);
    check_member("2020-01-01", (2, 28), "2024-02-28", &birthday,    true);
    check_member("2020-01-01", (2, 28), "2024-02-29", &birthday,    false);
    check_member("2020-11-21", (1, 1),  "2020-11-21", &anniversary, false);
    check_member("2020-11-21", (1, 1),  "2021-11-21", &anniversary, true);
    check_member("2020-11-21", (1, 1),  "2021-11-20", &anniversary, false);
    check_member("2024-02-29", (1, 1),  "2025-02-28", &anniversary, true);
    check_member("2024-02-29", (1, 1),  "2028-02-28", &anniversary, false);
    check_member("2024-02-29", (1, 1),  "2028-02-29", &anniversary, true);
    check_member("2026-11-15", (1, 1),  "2026-11-21", &joined(json!({"within": "7d"})), true);
    check_member("2026-11-14", (1, 1),  "2026-11-21", &joined(json!({"within": "7d"})), false);
    check_member("2026-11-22", (1, 1),  "2026-11-21", &joined(json!({"within": "7d"})), false);
    check_member("2026-11-01", (1, 1),  "2026-11-21", &joined(json!({"from": "2026-11-01", "to": "2026-11-01"})), true);
    check_member("2026-10-31", (1, 1),  "2026-11-21", &joined(json!({"from": "2026-11-01"})), false);
    check_member("2026-11-02", (1, 1),  "2026-11-21", &joined(json!({"to": "2026-11-01"})), false);
}

#[test]
fn evidence_names_every_leaf_by_its_place_even_where_the_outcome_is_clear() {
    let tree = json!({"any": [
        {"streak": {"kind": "login", "days": 1}},
        {"not": {"all": [{"referrals": {"count": 3}}, {"not": {"total": {"kind": "session", "measure": "minutes", "total": 5}}}]}},
        {"activeDays": {"kind": "*", "days": 1}},
    ]});
    let asked = Asked { on: day(TODAY), event_starts_on: None };
    let (met, evidence) = evaluate(&parsed(&tree), &told(&["login 2026-11-20", "login 2026-11-21"]), asked);
    assert!(met);
    let expected = [
        json!({"path": "any[0]", "leaf": "streak", "kind": "login", "need": 1, "have": 2, "met": true}),
        json!({"path": "any[1].not.all[0]", "leaf": "referrals", "need": 3, "have": 0, "met": false}),
        json!({"path": "any[1].not.all[1].not", "leaf": "total", "kind": "session", "measure": "minutes", "need": 5, "have": 0, "met": false}),
        json!({"path": "any[2]", "leaf": "activeDays", "kind": "*", "need": 1, "have": 2, "met": true}),
    ];
    assert_eq!(shown(&evidence), expected);

    let (met, evidence) = evaluate(&parsed(&json!({"not": {"birthday": {}}})), &Facts::default(), asked);
    assert!(met);
    assert_eq!(
        shown(&evidence),
        [json!({"path": "not", "leaf": "birthday", "need": true, "have": false, "met": false})]
    );

    let (_, evidence) = evaluate(&parsed(&json!("COMPLETE_PROFILE")), &Facts::default(), asked);
    assert_eq!(
        shown(&evidence),
        [json!({"path": "", "leaf": "profileComplete", "need": true, "have": false, "met": false})]
    );
}

#[test]
fn a_sum_beyond_64_bits_is_exact_and_shown_by_its_digits() {
    let most = i128::from(i64::MAX);
    let tally = DayTally { count: 2_000, sums: BTreeMap::from([(name("minutes"), most + 1)]) };
    let sessions = KindFacts { days: BTreeMap::from([(day(TODAY), tally)]), ..KindFacts::default() };
    let facts = Facts { kinds: BTreeMap::from([(name("session"), sessions)]), ..Facts::default() };
    let tree = json!({"total": {"kind": "session", "measure": "minutes", "total": 1}});
    let (met, evidence) = evaluate(&parsed(&tree), &facts, Asked { on: day(TODAY), event_starts_on: None });
    assert!(met);
    assert_eq!(shown(&evidence)[0]["have"], json!("9223372036854775808"));
    let stored = serde_json::to_string(&evidence).unwrap();
    assert_eq!(serde_json::from_str::<Vec<LeafEvidence>>(&stored).unwrap(), evidence);
}

#[test]
fn the_naive_calendar_names_the_days_like_any_other() {
    for (text, ahead, expected) in [
        ("1970-01-01T00:00:00Z", 0, "1970-01-01"),
        ("1970-01-01T00:00:00Z", -1, "1969-12-31"),
        ("2024-02-29T23:59:59Z", 0, "2024-02-29"),
        ("2024-02-29T23:59:59Z", 1, "2024-03-01"),
        ("2100-02-28T12:00:00Z", 12 * 3_600, "2100-03-01"),
        ("2000-02-28T12:00:00Z", 12 * 3_600, "2000-02-29"),
        ("2026-01-01T00:00:00Z", -3_600, "2025-12-31"),
    ] {
        let unix_seconds = DateTime::parse_from_rfc3339(text).unwrap().timestamp();
        assert_eq!(Day::at(unix_seconds, ahead).to_string(), expected, "{text} {ahead:+} s");
    }
    let (mut walked, mut dated) = (Day::read("1999-12-31"), day("1999-12-31"));
    for _ in 0..1_500 {
        assert_eq!(walked.to_string(), dated.to_string());
        assert_eq!(walked.next().before(), walked);
        (walked, dated) = (walked.next(), dated.succ_opt().unwrap());
    }
}
