//! What conditions mean: examples of every leaf, and a second, naive evaluator (`naive`) that must see
//! the same as the one that decides claims, whatever the tree, the facts, the zone and the moment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod naive;
mod scene;
mod waiting;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use domain::activity::{ActivityEvent, Recorded};
use domain::campaign::{Approval, CampaignStatus, PendingExpiry, RewardType};
use domain::claim::{DecisionInputs, Subject};
use domain::condition::{Condition, EvaluationContext, LeafEvidence, evaluate};
use domain::facts::{Birthday, DayTally, Facts, KindFacts};
use domain::id::{CampaignId, MemberId, RewardId};
use domain::member::{MemberEvent, Registered};
use domain::name::Name;
use domain::role::Role;
use domain::zone::Tz;
use naive::Day;
use proptest::prelude::*;
use scene::random::{moments, questions, scenes, single_facts};
use scene::{Order, Reported, Scene, moment, name, referral_events, voided};
use serde_json::{Value, json};

const CASES: u32 = 1_000;

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
        returned: facts.returned.clone(),
    }
}

fn request(scene: &Scene, condition: Condition, campaign_starts_on: NaiveDate) -> DecisionInputs {
    DecisionInputs {
        about: Subject {
            member_id: MemberId::default(),
            reward_id: RewardId::default(),
            campaign_id: CampaignId::default(),
            first_id: None,
            period: "once".to_owned(),
            amount: 1.try_into().unwrap(),
            reward_type: RewardType::Point,
        },
        own_campaign: false,
        blocked: false,
        campaign_status: CampaignStatus::Active,
        approval: Approval::Automatic,
        pending_expires_after: PendingExpiry::default(),
        condition: Arc::new(condition),
        condition_version: 1,
        campaign_starts_on,
        facts: Arc::new(scene.facts(Order::ByTurn)),
        facts_position: 1,
        time_zone: scene.zone,
        asked_at: moment(scene.asked),
        earlier: None,
        shortage: None,
        budget: None,
        value: None,
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
        let starts = scene.asked().campaign_starts_on;
        prop_assume!(starts.is_some() || !condition.counts_from_campaign_start());
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
    let asked = EvaluationContext { on: day(TODAY), campaign_starts_on: Some(day(EVENT_START)) };
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

fn member_of(time_zone: Tz, joined: &str, (month, day_of_month): (u32, u32)) -> Facts {
    let birthday = Some(Birthday { month, day: day_of_month });
    let registered = Registered { time_zone, joined_on: day(joined), birthday, role: Role::User, returned: None };
    let mut facts = Facts::default();
    facts.apply(&MemberEvent::Registered(registered).into());
    facts
}

#[track_caller]
fn check_member(joined: &str, birthday: (u32, u32), today: &str, tree: &Value, met: bool) {
    let facts = member_of(Tz::UTC, joined, birthday);
    let (verdict, evidence) =
        evaluate(&parsed(tree), &facts, EvaluationContext { on: day(today), campaign_starts_on: None });
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
    let asked = EvaluationContext { on: day(TODAY), campaign_starts_on: None };
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
    let (met, evidence) =
        evaluate(&parsed(&tree), &facts, EvaluationContext { on: day(TODAY), campaign_starts_on: None });
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
