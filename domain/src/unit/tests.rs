use serde_json::json;

use super::*;
use crate::quantity::DelayDays;
use crate::value::OnReversal;
use crate::zone::Tz;

fn code(text: &str) -> UnitCode {
    text.to_owned().try_into().unwrap()
}

fn define(text: &str) -> UnitCommand {
    UnitCommand::Define { code: code(text), terms: Box::new(UnitTerms::of_points()) }
}

fn revise(text: &str, revision: UnitRevision) -> UnitCommand {
    UnitCommand::Revise { code: code(text), revision: Box::new(revision) }
}

fn given(commands: impl IntoIterator<Item = UnitCommand>) -> Unit {
    let mut unit = Unit::default();
    for command in commands {
        unit.decide(command).unwrap().iter().for_each(|event| unit.evolve(event));
    }
    unit
}

#[test]
fn points_are_there_from_the_start_and_are_defined_by_nobody() {
    assert_eq!(Unit::default().terms_of(&code("points")), Some(UnitTerms::of_points()));
    assert_eq!(Unit::default().terms_of(&code("stars")), None);
    assert_eq!(Unit::default().decide(define("points")), Err(UnitRefusal::CodeTaken));
}

#[test]
fn a_code_is_one_unit_for_ever() {
    assert_eq!(given([define("stars")]).decide(define("stars")), Err(UnitRefusal::CodeTaken));
    assert_eq!(Unit::default().decide(revise("stars", UnitRevision::default())), Err(UnitRefusal::Unknown));
}

#[test]
fn a_revision_changes_what_it_names_and_nothing_else() {
    let expiry = Some(serde_json::from_value(json!({"days": 30, "endOf": "month"})).unwrap());
    let unit = given([revise("points", UnitRevision { expiry: Some(expiry), ..UnitRevision::default() })]);
    assert_eq!(unit.terms_of(&code("points")), Some(UnitTerms { expiry, ..UnitTerms::of_points() }));
    assert_eq!(
        unit.decide(revise("points", UnitRevision { expiry: Some(expiry), ..UnitRevision::default() })),
        Ok(vec![])
    );
    let without = UnitRevision { expiry: Some(None), ..UnitRevision::default() };
    let [UnitEvent::Revised(revised)] = &unit.decide(revise("points", without)).unwrap()[..] else { panic!() };
    assert_eq!(revised.terms, UnitTerms::of_points());
}

#[test]
fn a_date_that_cannot_be_written_is_refused() {
    for (date, refused) in [("9998-12-31", false), ("9999-01-01", true), ("0000-12-31", true)] {
        let expiry = Some(Some(serde_json::from_value(json!({"date": date})).unwrap()));
        let decided = Unit::default().decide(revise("points", UnitRevision { expiry, ..UnitRevision::default() }));
        assert_eq!(decided == Err(UnitRefusal::DateOutOfBounds), refused, "{date}");
    }
}

#[test]
fn the_zone_is_the_members_or_one_for_all() {
    let seoul: Tz = "Asia/Seoul".parse().unwrap();
    let zone = |text: &str| UnitZone::try_from(text.to_owned());
    assert_eq!(zone("member").unwrap().of_member(seoul), seoul);
    assert_eq!(zone("UTC").unwrap().of_member(seoul), Tz::UTC);
    assert!(zone("Member").is_err());
    let text = serde_json::to_string(&UnitTerms::of_points()).unwrap();
    assert_eq!(serde_json::from_str::<UnitTerms>(&text).unwrap(), UnitTerms::of_points());
}

#[test]
fn value_is_told_in_whole_numbers() {
    let value: UnitValue = serde_json::from_value(json!({"currency": "KRW", "amount": 10, "per": 3})).unwrap();
    assert_eq!((value.of(3), value.of(1), value.of(1_000_000_000)), (10, 3, 3_333_333_333));
    assert_eq!(UnitTerms::of_points().refund_grace_days, DelayDays::try_from(30).unwrap());
    assert_eq!(UnitTerms::of_points().on_reversal, OnReversal::WithinBalance);
}
