use std::collections::{BTreeMap, BTreeSet};

use domain::DateSet;
use domain::activity::Report;

use super::*;
use crate::app::activities::check;

fn programme(members: u32, days: u32, seed: u64) -> Generate {
    let end = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    Generate { members, days, seed, end, out: None }
}

fn bytes(programme: &Generate) -> Vec<u8> {
    let mut bytes = vec![];
    programme.write_to(&mut bytes).unwrap();
    bytes
}

fn reports(programme: &Generate) -> Vec<Report> {
    let now = midnight(programme.end).into();
    programme
        .facts()
        .map(|fact| check(&fact, None, now).unwrap_or_else(|broken| panic!("{fact:?} {broken:?}")))
        .collect()
}

#[test]
fn the_same_numbers_give_the_same_bytes_for_ever() {
    let digest = hex::encode(Sha256::digest(bytes(&programme(50, 200, 7))));
    assert_eq!(digest, "e82f2315b691941a012b89485bf745150236ba7a56a79cbca4b0804388cb0aaf");
}

#[test]
fn other_numbers_give_another_programme() {
    assert_eq!(bytes(&programme(20, 60, 1)), bytes(&programme(20, 60, 1)));
    let ids = |programme: &Generate| -> BTreeSet<_> {
        programme.facts().flat_map(|fact| [fact.source + &fact.id, fact.member_id]).collect()
    };
    let one = ids(&programme(20, 60, 1));
    for other in [programme(20, 60, 2), programme(20, 61, 1)] {
        assert!(one.is_disjoint(&ids(&other)), "both can be imported into one ledger");
    }
}

#[test]
fn every_line_is_a_report_that_is_taken() {
    let mut ids = BTreeSet::new();
    for line in bytes(&programme(40, 100, 3)).split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let raw = RawActivity::from_json(line).unwrap();
        let report = check(&raw, None, midnight(programme(1, 1, 1).end).into()).unwrap();
        assert!(ids.insert((report.source, report.external_id)), "a fact has an id of its own: {raw:?}");
    }
    assert!(ids.len() > 1_000, "{}", ids.len());
}

#[test]
fn facts_come_in_the_order_in_which_they_happen_but_for_a_few_that_are_late() {
    let reports = reports(&programme(300, 200, 5));
    let mut latest = reports[0].occurred_at;
    let mut late = 0;
    for report in &reports {
        if report.occurred_at < latest {
            late += 1;
            assert_eq!(report.source, "timer", "only devices report late");
            assert!(latest.utc() - report.occurred_at.utc() <= TimeDelta::days(5));
        }
        latest = latest.max(report.occurred_at);
    }
    let permille = late * 1000 / reports.len();
    assert!((1..=20).contains(&permille), "{permille} of a thousand are late");
    assert!(latest.utc() < midnight(programme(1, 1, 1).end), "nothing happens after the end");
}

#[test]
fn it_looks_like_a_programme() {
    let (mut kinds, mut zones) = (BTreeMap::<_, usize>::new(), BTreeSet::new());
    let mut logins = BTreeMap::<_, DateSet>::new();
    let reports = reports(&programme(500, 200, 11));
    for report in &reports {
        *kinds.entry(report.kind.as_str()).or_default() += 1;
        zones.insert(report.time_zone.to_string());
        if report.kind.as_str() == "login" {
            logins.entry(report.member_id).or_default().insert(report.local_date);
        }
    }
    let permille = |kind: &str| kinds.get(kind).copied().unwrap_or(0) * 1000 / reports.len();
    for (kind, least, most) in [
        ("login", 450, 750),
        ("session", 100, 350),
        ("purchase", 30, 150),
        ("pcbang.login", 10, 80),
        ("review", 5, 40),
        ("tutorial", 5, 40),
        ("survey", 2, 30),
        ("feedback", 1, 20),
    ] {
        assert!((least..=most).contains(&permille(kind)), "{kind}: {} of a thousand", permille(kind));
    }
    assert_eq!(logins.len(), 500, "everybody comes at least on the first day");
    let with_week = logins.values().filter(|days| days.longest() >= 7).count();
    let short_of_it = logins.values().filter(|days| (5..7).contains(&days.longest())).count();
    assert!((100..350).contains(&with_week), "{with_week} of 500 have come seven days in a row");
    assert!(short_of_it > 15, "{short_of_it} of 500 came close");
    assert!(zones.len() > 15, "named zones and bare offsets: {zones:?}");
}

#[test]
fn a_member_is_the_same_in_a_larger_programme() {
    let of_the_first = |members| -> Vec<_> {
        let facts: Vec<_> = programme(members, 30, 1).facts().collect();
        facts.into_iter().filter(|fact| fact.id.contains("-000000-")).collect()
    };
    assert_eq!(of_the_first(1), of_the_first(10));
}
