use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::id::{LotId, MemberId};
use crate::moment::Moment;
use crate::value::{AllocationRefusal, Holdings, Lot, LotDates, Portion, Shortfall, UnitCode};

const OPERATOR: MemberId = MemberId(Uuid::from_u128(8));
const OTHER: MemberId = MemberId(Uuid::from_u128(9));
const MEMBER: MemberId = MemberId(Uuid::from_u128(7));
const LOT: LotId = LotId(Uuid::from_u128(1));

fn now() -> Moment {
    DateTime::parse_from_rfc3339("2026-11-21T23:30:00Z").unwrap().into()
}

fn wallet() -> WalletSeen {
    let dates = LotDates { available_from: Moment::EPOCH, expires_at: None };
    let lot = Lot { amount: 100, free: 100, expired: 0, dates, position: 1 };
    let holdings = Arc::new(Holdings::of(BTreeMap::from([(LOT, lot)]), BTreeMap::new(), 0));
    let (zone, lot_id) = ("Asia/Seoul".parse().unwrap(), LotId(Uuid::from_u128(2)));
    WalletSeen { holdings, lots_position: 42, zone, lot_id, at: now() }
}

fn request(amount: i64, posted_alone: i64, limit: Option<i64>) -> AdjustmentRequest {
    let amount = amount.try_into().unwrap();
    let note = "Lost in the move.".to_owned();
    AdjustmentRequest {
        about: AdjustmentSubject { member_id: MEMBER, unit: UnitCode::points(), amount, operator_id: OPERATOR, note },
        expiry: Some(serde_json::from_str(r#"{"days":1}"#).unwrap()),
        posted_alone: PostedAlone { times: 3, amount: posted_alone },
        four_eyes_above: limit.map(|limit| limit.try_into().unwrap()),
        wallet: wallet(),
    }
}

fn ask(request: AdjustmentRequest) -> AdjustmentCommand {
    AdjustmentCommand::Request(Box::new(request))
}

fn judged(verdict: Verdict, operator: MemberId) -> AdjustmentCommand {
    AdjustmentCommand::Decide(Box::new(AdjustmentDecision { operator, verdict, note: None, wallet: wallet() }))
}

fn given(commands: impl IntoIterator<Item = AdjustmentCommand>) -> Adjustment {
    let mut adjustment = Adjustment::default();
    for command in commands {
        adjustment.decide(command).unwrap().iter().for_each(|event| adjustment.evolve(event));
    }
    adjustment
}

#[test]
fn what_is_given_can_be_used_at_once_and_ends_as_it_was_said() {
    let events = Adjustment::default().decide(ask(request(500, 0, None))).unwrap();
    let [AdjustmentEvent::Posted(posted)] = &events[..] else { panic!("{events:?}") };
    let lot = posted.change.given().unwrap();
    assert_eq!((lot.lot_id, lot.amount.get()), (wallet().lot_id, 500));
    assert_eq!(lot.available_from.to_text(), "2026-11-21T15:00:00.000Z");
    assert_eq!(lot.expires_at.unwrap().to_text(), "2026-11-23T15:00:00.000Z");
    assert_eq!(posted.on.to_string(), "2026-11-21", "the day of four eyes is that of UTC");
    assert_eq!(posted.number, 4);
}

#[test]
fn no_more_is_taken_than_can_be_used() {
    let events = Adjustment::default().decide(ask(request(-60, 0, None))).unwrap();
    let [AdjustmentEvent::Posted(posted)] = &events[..] else { panic!("{events:?}") };
    let Change::Taken(taken) = &posted.change else { panic!("{posted:?}") };
    assert_eq!((taken.lots.clone(), taken.lots_position), (vec![Portion::of(LOT, 60).unwrap()], 42));
    let short = AllocationRefusal::Insufficient(Shortfall { need: 101, have: 100 });
    assert_eq!(Adjustment::default().decide(ask(request(-101, 0, None))), Err(short.into()));
}

#[test]
fn beyond_a_days_limit_somebody_else_has_to_agree() {
    for (amount, posted_alone, limit, waits) in [
        (100, 0, None, false),
        (100, 0, Some(100), false),
        (100, 1, Some(100), true),
        (-100, 1, Some(100), true),
        (1, 0, Some(0), true),
        (1_000_000_000, i64::MAX, Some(1_000_000_000), true),
    ] {
        let adjustment = given([ask(request(amount, posted_alone, limit))]);
        let status = if waits { AdjustmentStatus::Pending } else { AdjustmentStatus::Posted };
        assert_eq!(adjustment.status(), Some(status), "{amount} {posted_alone} {limit:?}");
    }
}

#[test]
fn neither_who_asked_nor_whose_wallet_it_is_agrees() {
    let pending = given([ask(request(500, 0, Some(1)))]);
    for verdict in [Verdict::Approve, Verdict::Reject] {
        assert_eq!(pending.decide(judged(verdict, OPERATOR)), Err(AdjustmentRefusal::OwnAdjustment));
        assert_eq!(pending.decide(judged(verdict, MEMBER)), Err(AdjustmentRefusal::OwnWallet));
        assert_eq!(Adjustment::default().decide(judged(verdict, OTHER)), Err(AdjustmentRefusal::Unknown));
    }
    let mut own = request(500, 0, None);
    own.about.operator_id = MEMBER;
    assert_eq!(Adjustment::default().decide(ask(own)), Err(AdjustmentRefusal::OwnWallet));
}

#[test]
fn a_request_is_decided_once() {
    let history = |verdict| [ask(request(500, 0, Some(1))), judged(verdict, OTHER)];
    for (verdict, from) in [(Verdict::Approve, AdjustmentStatus::Posted), (Verdict::Reject, AdjustmentStatus::Rejected)]
    {
        let decided = given(history(verdict));
        assert_eq!(decided.status(), Some(from));
        let refused = Err(AdjustmentRefusal::StepNotAllowed { from });
        assert_eq!(decided.decide(judged(Verdict::Approve, OTHER)), refused);
    }
    assert_eq!(given([ask(request(1, 0, None))]).decide(ask(request(1, 0, None))), Err(AdjustmentRefusal::AlreadyMade));
}
