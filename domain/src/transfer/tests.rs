use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::*;
use crate::id::MemberId;
use crate::value::{Lot, LotDates, Portion, Shortfall, UnitCode};

fn at(hours: i64) -> Moment {
    let start = DateTime::parse_from_rfc3339("2026-11-21T00:00:00Z").unwrap();
    (start + TimeDelta::hours(hours)).into()
}

fn dates(until: i64) -> LotDates {
    LotDates { available_from: at(-9), expires_at: Some(at(until)) }
}

fn lots() -> Holdings {
    let lot = |until, position| Lot { amount: 100, free: 100, expired: 0, dates: dates(until), position };
    let lots = [(1, lot(50, 1)), (2, lot(20, 2))].map(|(id, lot)| (LotId(Uuid::from_u128(id)), lot));
    Holdings::of(BTreeMap::from(lots), BTreeMap::new(), 0)
}

fn gift() -> TransferRequest {
    TransferRequest {
        about: TransferSubject {
            member_id: MemberId(Uuid::from_u128(7)),
            to_member_id: MemberId(Uuid::from_u128(8)),
            unit: UnitCode::points(),
            amount: 150.try_into().unwrap(),
            reference: "birthday".to_owned().try_into().unwrap(),
        },
        is_blocked: false,
        limit: 2.try_into().unwrap(),
        sent: 1,
        on: "2026-11-21".parse().unwrap(),
        holdings: Arc::new(lots()),
        lots_position: 42,
        at: at(0),
    }
}

#[test]
fn what_is_sent_is_received_and_each_lot_keeps_its_days() {
    let events = Transfer::default().decide(gift()).unwrap();
    let [TransferEvent::Sent(sent), TransferEvent::Received(received)] = &events[..] else { panic!("{events:?}") };
    let part = |id, amount| Portion::of(LotId(Uuid::from_u128(id)), amount).unwrap();
    assert_eq!(sent.lots, [part(2, 100), part(1, 50)]);
    assert_eq!((sent.on, sent.number), (gift().on, 2));
    let told: Vec<_> = received.lots.iter().map(|lot| (lot.amount.get(), lot.dates())).collect();
    assert_eq!(told, [(100, dates(20)), (50, dates(50))]);
    let own: std::collections::BTreeSet<_> = received.lots.iter().map(|lot| lot.lot_id).collect();
    assert!(own.len() == 2 && sent.lots.iter().all(|part| !own.contains(&part.lot_id)));
    assert_eq!((events[0].member(), events[1].member()), (sent.about.member_id, sent.about.to_member_id));
    let moved: i64 = events.iter().flat_map(TransferEvent::entries).map(|entry| entry.amount()).sum();
    assert_eq!(moved, 300);
}

#[test]
fn the_first_reason_against_a_transfer_is_given() {
    let refused = |request| Transfer::default().decide(request).unwrap_err();
    let mut to_oneself = TransferRequest { limit: DailyLimit::default(), is_blocked: true, sent: 2, ..gift() };
    to_oneself.about.amount = 201.try_into().unwrap();
    let off = to_oneself.clone();
    to_oneself.about.to_member_id = to_oneself.about.member_id;
    assert_eq!(refused(to_oneself), TransferRefusal::ToOneself);
    assert_eq!(refused(off.clone()), TransferRefusal::TransfersOff);
    let blocked = TransferRequest { limit: gift().limit, ..off };
    assert_eq!(refused(blocked.clone()), TransferRefusal::MemberBlocked);
    let often = TransferRequest { is_blocked: false, ..blocked };
    assert_eq!(refused(often.clone()), TransferRefusal::LimitReached { limit: 2 });
    let short = AllocationRefusal::Insufficient(Shortfall { need: 201, have: 200 });
    assert_eq!(refused(TransferRequest { sent: 1, ..often }), short.into());
}

#[test]
fn asking_twice_is_asking_once() {
    let mut transfer = Transfer::default();
    transfer.decide(gift()).unwrap().iter().for_each(|event| transfer.evolve(event));
    let again = TransferRequest { sent: 9, holdings: Arc::default(), ..gift() };
    assert_eq!(transfer.decide(again), Ok(vec![]));
    let mut other = gift();
    other.about.amount = 151.try_into().unwrap();
    assert_eq!(transfer.decide(other), Err(TransferRefusal::ReferenceConflict));
}
