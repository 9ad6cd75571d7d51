use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::*;
use crate::id::{LotId, MemberId, SpendId};
use crate::quantity::DelayDays;
use crate::value::{AllocationRefusal, Grace, Holdings, Lot, LotDates, Release, Shortfall, UnitCode};
use crate::zone::Tz;

fn at(minutes: i64) -> Moment {
    let start = DateTime::parse_from_rfc3339("2026-11-21T08:00:00Z").unwrap();
    (start + TimeDelta::minutes(minutes)).into()
}

fn id(number: u128) -> LotId {
    LotId(Uuid::from_u128(number))
}

fn portions(amounts: &[(u128, i64)]) -> Vec<Portion> {
    amounts.iter().map(|(lot, amount)| Portion::of(id(*lot), *amount).unwrap()).collect()
}

/// Lot 1 of 100 ends after ten minutes, lot 2 of 400 after a thousand.
fn holdings() -> Arc<Holdings> {
    let lot = |amount, until, position| {
        let dates = LotDates { available_from: at(-999), expires_at: Some(at(until)) };
        Lot { amount, free: amount, expired: 0, dates, position }
    };
    let lots = BTreeMap::from([(id(1), lot(100, 10, 1)), (id(2), lot(400, 1_000, 2))]);
    Arc::new(Holdings::of(lots, BTreeMap::new(), 0))
}

fn reference(text: &str) -> Reference {
    text.to_owned().try_into().unwrap()
}

fn amount(number: i64) -> Amount {
    number.try_into().unwrap()
}

fn order_1() -> SpendRequest {
    SpendRequest {
        about: SpendSubject {
            member_id: MemberId(Uuid::from_u128(7)),
            unit: UnitCode::points(),
            caller_id: MemberId(Uuid::from_u128(8)),
            reference: reference("order-1"),
        },
        amount: amount(300),
        hold: Some(HoldTime::default()),
        is_blocked: false,
        holdings: holdings(),
        lots_position: 42,
        at: at(0),
    }
}

fn start(request: SpendRequest) -> SpendCommand {
    SpendCommand::Start(Box::new(request))
}

fn capture(wanted: Option<i64>, minutes: i64) -> SpendCommand {
    SpendCommand::Capture { amount: wanted.map(amount), holdings: holdings(), at: at(minutes) }
}

fn release(minutes: i64) -> SpendCommand {
    SpendCommand::Release { holdings: holdings(), at: at(minutes) }
}

fn expire(minutes: i64) -> SpendCommand {
    SpendCommand::Expire { holdings: holdings(), at: at(minutes) }
}

fn refund(name: &str, wanted: Option<i64>, minutes: i64, grace: i64) -> SpendCommand {
    let grace = Grace { days: DelayDays::try_from(grace).unwrap(), zone: Tz::UTC };
    let wanted = wanted.map(amount);
    SpendCommand::Refund { reference: reference(name), amount: wanted, holdings: holdings(), grace, at: at(minutes) }
}

fn given(commands: impl IntoIterator<Item = SpendCommand>) -> Spend {
    let mut spend = Spend::default();
    for command in commands {
        spend.decide(command).unwrap().iter().for_each(|event| spend.evolve(event));
    }
    spend
}

#[track_caller]
fn check_refused(spend: &Spend, command: SpendCommand, refusal: SpendRefusal) {
    assert_eq!(spend.decide(command), Err(refusal));
}

#[test]
fn a_hold_names_the_lots_and_the_position_they_were_known_at() {
    let events = Spend::default().decide(start(order_1())).unwrap();
    let [SpendEvent::Held(held)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(held.paid.lots, portions(&[(1, 100), (2, 200)]));
    assert_eq!((held.paid.lots_position, held.expires_at), (42, at(15)));
}

#[test]
fn asking_twice_is_asking_once_and_asking_for_something_else_is_refused() {
    let held = given([start(order_1())]);
    assert_eq!(held.decide(start(SpendRequest { holdings: Arc::default(), at: at(3), ..order_1() })), Ok(vec![]));
    let other_member = SpendSubject { member_id: MemberId(Uuid::from_u128(9)), ..order_1().about };
    for other in [
        SpendRequest { amount: amount(301), ..order_1() },
        SpendRequest { hold: None, ..order_1() },
        SpendRequest { hold: Some(HoldTime::try_from("16m".to_owned()).unwrap()), ..order_1() },
        SpendRequest { about: other_member, ..order_1() },
    ] {
        check_refused(&held, start(other), SpendRefusal::ReferenceConflict);
    }
}

#[test]
fn what_is_not_there_is_not_paid_and_who_is_blocked_does_not_pay() {
    let short = AllocationRefusal::Insufficient(Shortfall { need: 501, have: 500 });
    let too_much = SpendRequest { amount: amount(501), ..order_1() };
    check_refused(&Spend::default(), start(too_much.clone()), short.into());
    let blocked = SpendRequest { is_blocked: true, ..too_much };
    check_refused(&Spend::default(), start(blocked), SpendRefusal::MemberBlocked);
}

#[test]
fn what_was_taken_first_is_captured_first_and_the_rest_is_back() {
    let events = given([start(order_1())]).decide(capture(Some(200), 5)).unwrap();
    let [SpendEvent::Captured(captured)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(captured.lots, portions(&[(1, 100), (2, 100)]));
    assert_eq!(captured.released, Release { returned: portions(&[(2, 100)]), expired: vec![] });
}

#[test]
fn held_points_do_not_end_with_their_lot_but_when_they_come_back() {
    let events = given([start(order_1())]).decide(release(12)).unwrap();
    let [SpendEvent::Released(released)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(released.released, Release { returned: portions(&[(2, 200)]), expired: portions(&[(1, 100)]) });
    let captured = given([start(order_1()), capture(None, 12)]);
    assert_eq!((captured.captured(), captured.status_at(at(99))), (300, Some(SpendStatus::Captured)));
}

#[test]
fn a_hold_ends_once() {
    use SpendStatus::{Captured, Expired, Released};
    let held = || start(order_1());
    for (history, status) in [
        (vec![held(), capture(Some(200), 5)], Captured),
        (vec![held(), release(5)], Released),
        (vec![held(), expire(15)], Expired),
    ] {
        let spend = given(history);
        assert_eq!(spend.status_at(at(20)), Some(status));
        let ended = |again: bool| match status {
            _ if again => Ok(vec![]),
            Expired => Err(SpendRefusal::HoldExpired { at: at(15) }),
            from => Err(SpendRefusal::StepNotAllowed { from }),
        };
        assert_eq!(spend.decide(capture(Some(200), 20)), ended(status == Captured), "{status:?}");
        assert_eq!(spend.decide(capture(None, 20)), ended(false), "{status:?}");
        assert_eq!(spend.decide(release(20)), ended(status == Released), "{status:?}");
        check_refused(&spend, expire(20), SpendRefusal::StepNotAllowed { from: status });
    }
    check_refused(&Spend::default(), release(0), SpendRefusal::Unknown);
    check_refused(&given([held()]), capture(Some(301), 5), SpendRefusal::AmountExceedsHold { held: 300 });
}

#[test]
fn a_hold_is_over_at_its_instant_recorded_or_not() {
    let held = given([start(order_1())]);
    assert_eq!(held.status_at(at(14)), Some(SpendStatus::Held));
    assert_eq!(held.status_at(at(15)), Some(SpendStatus::Expired));
    check_refused(&held, expire(14), SpendRefusal::NotYetExpired { expires_at: at(15) });
    check_refused(&held, capture(None, 15), SpendRefusal::HoldExpired { at: at(15) });
    check_refused(&held, release(15), SpendRefusal::HoldExpired { at: at(15) });
    let from = SpendStatus::Expired;
    check_refused(&held, refund("back-1", None, 15, 30), SpendRefusal::StepNotAllowed { from });
}

#[test]
fn what_was_taken_last_is_refunded_first_and_never_more_than_was_paid() {
    let mut paid = given([start(SpendRequest { hold: None, ..order_1() })]);
    let mut back = |name, wanted, expected: &[(u128, i64)]| {
        let events = paid.decide(refund(name, wanted, 5, 30)).unwrap();
        let [SpendEvent::Refunded(refunded)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(refunded.refund.returned, portions(expected));
        paid.evolve(&events[0]);
    };
    back("back-1", Some(50), &[(2, 50)]);
    back("back-2", Some(160), &[(2, 150), (1, 10)]);
    check_refused(&paid, refund("back-3", Some(91), 5, 30), SpendRefusal::RefundExceedsSpend { refundable: 90 });
    assert_eq!(paid.decide(refund("back-1", Some(50), 5, 30)), Ok(vec![]));
    check_refused(&paid, refund("back-1", Some(51), 5, 30), SpendRefusal::ReferenceConflict);
    check_refused(&paid, refund("back-1", None, 5, 30), SpendRefusal::ReferenceConflict);
    paid.decide(refund("rest", None, 5, 30)).unwrap().iter().for_each(|event| paid.evolve(event));
    assert_eq!((paid.captured(), paid.refunded()), (300, 300));
    assert_eq!(paid.decide(refund("rest", None, 5, 30)), Ok(vec![]));
    check_refused(&paid, refund("more", None, 5, 30), SpendRefusal::RefundExceedsSpend { refundable: 0 });
}

#[test]
fn a_refund_into_a_lot_that_has_ended_is_good_for_the_grace_of_the_unit() {
    let paid = given([start(SpendRequest { hold: None, ..order_1() })]);
    let refunded = |grace| match &paid.decide(refund("back-1", None, 20, grace)).unwrap()[..] {
        [SpendEvent::Refunded(refunded)] => refunded.refund.clone(),
        other => panic!("{other:?}"),
    };
    let renewed = refunded(30).renewed.unwrap();
    assert_eq!((renewed.amount, refunded(30).returned), (amount(100), portions(&[(2, 200)])));
    assert_eq!(renewed.available_from.to_text(), "2026-11-21T00:00:00.000Z");
    assert_eq!(renewed.expires_at.unwrap().to_text(), "2026-12-22T00:00:00.000Z");
    let spend = SpendId::of(order_1().about.caller_id, &order_1().about.reference);
    assert_eq!(renewed.lot_id, LotId::of_refund(spend.0, "back-1"));
    assert_eq!((refunded(0).renewed, refunded(0).expired), (None, portions(&[(1, 100)])));
}
