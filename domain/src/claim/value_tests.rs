use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta};
use uuid::Uuid;

use super::*;
use crate::budget::{BudgetUnit, Counted, CountedAmount};
use crate::campaign::{Approval, CampaignStatus, PendingExpiry, RewardType};
use crate::condition::Condition;
use crate::id::{CampaignId, LotId, MemberId, RewardId};
use crate::quantity::{DelayDays, UseLimit};
use crate::value::{
    Account, Grace, HoldChange, Holdings, Lot, LotDates, LotTerms, OnReversal, Portion, Release, UnitCode, postings_of,
};
use crate::zone::Tz;

fn at(hours: i64) -> Moment {
    let start = DateTime::parse_from_rfc3339("2026-11-21T08:00:00Z").unwrap();
    (start + TimeDelta::hours(hours)).into()
}

fn unit(code: &str) -> UnitCode {
    code.to_owned().try_into().unwrap()
}

fn id(number: u128) -> LotId {
    LotId(Uuid::from_u128(number))
}

fn lot(free: i64, until: i64, position: i64) -> Lot {
    let dates = LotDates { available_from: at(-99), expires_at: Some(at(until)) };
    Lot { amount: 100, free, expired: 0, dates, position }
}

fn holding(lots: impl IntoIterator<Item = (LotId, Lot)>) -> Arc<Holdings> {
    Arc::new(Holdings::of(lots.into_iter().collect(), BTreeMap::new(), 0))
}

fn portions(amounts: &[(u128, i64)]) -> Vec<Portion> {
    amounts.iter().map(|(lot, amount)| Portion::of(id(*lot), *amount).unwrap()).collect()
}

/// 500 points for 3 stars, and a coupon beside them; the member has 2 + 2 stars, of which 2 end after a day.
fn value() -> ValueInputs {
    let seoul: Tz = "Asia/Seoul".parse().unwrap();
    let on = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    let expiry = serde_json::from_str(r#"{"days":30,"endOf":"month"}"#).unwrap();
    let lot_terms = LotTerms { expiry: Some(expiry), available_after_days: DelayDays::default(), zone: seoul };
    let counts = CountedAmount { unit: BudgetUnit::Unit(unit("points")), amount: 500.try_into().unwrap() };
    ValueInputs {
        credit: Some(CreditTerms { unit: unit("points"), lot: lot_terms, on_reversal: OnReversal::Negative }),
        price: Some(Price { unit: unit("stars"), amount: 3.try_into().unwrap() }),
        coupon: Some(CouponOffer { expiry: None, zone: seoul, max_uses: UseLimit::default(), bound: true }),
        counted: Counted::of(on, on, vec![counts]),
        holdings: BTreeMap::from([(unit("stars"), holding([(id(1), lot(2, 24, 1)), (id(2), lot(2, 999, 2))]))]),
        lots_position: 42,
        grace: Some(Grace { days: DelayDays::try_from(7).unwrap(), zone: seoul }),
    }
}

fn inputs(approval: Approval, value: ValueInputs) -> DecisionInputs {
    DecisionInputs {
        about: Subject {
            member_id: MemberId(Uuid::from_u128(7)),
            reward_id: RewardId(Uuid::from_u128(2)),
            campaign_id: CampaignId(Uuid::from_u128(3)),
            first_id: None,
            period: "ref:order-1".to_owned(),
            amount: 500.try_into().unwrap(),
            reward_type: RewardType::Point,
        },
        own_campaign: false,
        blocked: false,
        campaign_status: CampaignStatus::Active,
        approval,
        pending_expires_after: PendingExpiry::default(),
        condition: Arc::new(Condition::parse(&serde_json::json!({"not": {"profileComplete": {}}})).unwrap()),
        condition_version: 1,
        campaign_starts_on: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(),
        facts: Arc::default(),
        facts_position: 42,
        time_zone: Tz::UTC,
        asked_at: at(0),
        earlier: None,
        shortage: None,
        budget: None,
        value: Some(Arc::new(value)),
    }
}

fn ask(approval: Approval, value: ValueInputs) -> ClaimCommand {
    ClaimCommand::Request(Box::new(inputs(approval, value)))
}

fn staff(action: StaffAction, hours: i64, value: ValueInputs) -> ClaimCommand {
    let operator = MemberId(Uuid::from_u128(9));
    ClaimCommand::Staff(StaffCommand { action, operator, note: None, at: at(hours), value: Some(Arc::new(value)) })
}

fn given(commands: impl IntoIterator<Item = ClaimCommand>) -> Claim {
    let mut claim = Claim::default();
    for command in commands {
        claim.decide(command).unwrap().iter().for_each(|event| claim.evolve(event));
    }
    claim
}

#[track_caller]
fn only(claim: &Claim, command: ClaimCommand) -> ClaimEvent {
    let mut events = claim.decide(command).unwrap();
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// What an event changes about each account: (unit, account, amount).
fn posted(event: &ClaimEvent) -> Vec<(String, &'static str, i64)> {
    postings_of(event.entries()).map(|one| (one.unit.to_string(), one.account.name(), one.amount)).collect()
}

#[test]
fn a_grant_credits_by_its_own_event_and_pays_its_price() {
    let event = only(&Claim::default(), ask(Approval::Automatic, value()));
    let ClaimEvent::Granted(granted) = &event else { panic!("{event:?}") };
    let credit = granted.credit.as_ref().unwrap();
    assert_eq!((credit.amount.get(), credit.unit.as_str()), (500, "points"));
    assert_eq!(credit.expires_at.unwrap().to_text(), "2026-12-31T15:00:00.000Z");
    assert_eq!(credit.lot(granted.about.claim_id()).lot_id, granted.about.claim_id().into());
    let paid = granted.paid.as_ref().unwrap();
    assert_eq!((paid.lots.clone(), paid.lots_position), (portions(&[(1, 2), (2, 1)]), 42));
    assert!(granted.coupon.as_ref().unwrap().bound && granted.counted.is_some());
    let (stars, points) = ("stars".to_owned(), "points".to_owned());
    let expected =
        [(stars.clone(), "wallet", -3), (stars, "spent", 3), (points.clone(), "issued", -500), (points, "wallet", 500)];
    assert_eq!(posted(&event), expected);
}

#[test]
fn who_cannot_pay_is_refused_last_with_the_numbers() {
    let poor = || ValueInputs { holdings: BTreeMap::new(), ..value() };
    let denied = |inputs: DecisionInputs| match only(&Claim::default(), ClaimCommand::Request(Box::new(inputs))) {
        ClaimEvent::Denied(denied) => denied,
        other => panic!("{other:?}"),
    };
    let refused = denied(inputs(Approval::Automatic, poor()));
    assert_eq!(refused.reason, DenialReason::InsufficientPoints);
    assert_eq!(refused.price, Some(PriceShortfall { unit: unit("stars"), need: 3, have: 0 }));
    let sold_out = DecisionInputs { shortage: Some(Shortage::OutOfStock), ..inputs(Approval::Automatic, poor()) };
    let refused = denied(sold_out);
    assert_eq!((refused.reason, refused.price), (DenialReason::OutOfStock, None));
    assert_eq!(DenialReason::ALL.last(), Some(&DenialReason::InsufficientPoints));
}

#[test]
fn the_same_shortage_is_recorded_once_and_another_again() {
    let with = |free| {
        let holdings = BTreeMap::from([(unit("stars"), holding([(id(1), lot(free, 24, 1))]))]);
        ask(Approval::Automatic, ValueInputs { holdings, ..value() })
    };
    let denied = given([with(1)]);
    assert_eq!(denied.decide(with(1)), Ok(vec![]));
    assert!(matches!(only(&denied, with(2)), ClaimEvent::Denied(_)));
    assert!(matches!(only(&denied, with(3)), ClaimEvent::Granted(_)));
    let exhausted = |committed| {
        let budget = Some(crate::budget::BudgetShortfall::of_grants(10, committed));
        let shortage = Some(Shortage::BudgetExhausted);
        ClaimCommand::Request(Box::new(DecisionInputs { budget, shortage, ..inputs(Approval::Automatic, value()) }))
    };
    let denied = given([exhausted(10)]);
    assert!(denied.last_shortfall().0.is_some());
    assert_eq!(denied.decide(exhausted(9)), Ok(vec![]), "what others take is no news to this member");
}

#[test]
fn a_pending_claim_holds_its_price_and_credits_nothing() {
    let event = only(&Claim::default(), ask(Approval::Manual, value()));
    let stars = "stars".to_owned();
    assert_eq!(posted(&event), [(stars.clone(), "wallet", -3), (stars, "held", 3)]);
    let lots = portions(&[(1, 2), (2, 1)]);
    assert_eq!(event.hold_change(), Some(HoldChange::Begun { expires_at: at(72), lots: &lots }));
}

#[test]
fn approval_takes_what_was_held_and_credits() {
    let pending = given([ask(Approval::Manual, value())]);
    let event = only(&pending, staff(StaffAction::Approve, 30, value()));
    let (stars, points) = ("stars".to_owned(), "points".to_owned());
    let expected =
        [(stars.clone(), "held", -3), (stars, "spent", 3), (points.clone(), "issued", -500), (points, "wallet", 500)];
    assert_eq!(posted(&event), expected);
    assert_eq!(event.hold_change(), Some(HoldChange::Ended));
}

#[test]
fn a_claim_that_is_not_granted_gives_the_price_back_and_what_has_ended_meanwhile_ends() {
    let pending = || given([ask(Approval::Manual, value())]);
    let withdraw =
        ClaimCommand::Withdraw { reason: WithdrawalReason::MemberErased, at: at(30), value: Some(Arc::new(value())) };
    let expire = ClaimCommand::Expire { at: at(72), value: Some(Arc::new(value())) };
    for command in [staff(StaffAction::Reject, 30, value()), withdraw, expire] {
        let event = only(&pending(), command);
        let given_back = match &event {
            ClaimEvent::Rejected(event) => event.given_back.clone(),
            ClaimEvent::Withdrawn(event) => event.given_back.clone(),
            ClaimEvent::Expired(event) => event.given_back.clone(),
            other => panic!("{other:?}"),
        };
        let given_back = given_back.unwrap();
        let released = Release { returned: portions(&[(2, 1)]), expired: portions(&[(1, 2)]) };
        assert_eq!(given_back.price.unwrap().released, released);
        assert_eq!(given_back.counted, value().counted);
        assert_eq!(event.hold_change(), Some(HoldChange::Ended));
    }
}

#[test]
fn what_was_counted_is_given_back_to_the_day_from_which_it_was_taken() {
    let pending = || given([ask(Approval::Manual, value())]);
    let counted = value().counted.unwrap();
    let submitted = only(&Claim::default(), ask(Approval::Manual, value()));
    assert_eq!(submitted.counted(), Some((&counted, 1)));
    // whatever would be counted by then
    let later = || ValueInputs { counted: None, ..value() };
    assert_eq!(only(&pending(), staff(StaffAction::Approve, 1, later())).counted(), None);
    assert_eq!(only(&pending(), staff(StaffAction::Reject, 1, later())).counted(), Some((&counted, -1)));
    let granted = given([ask(Approval::Manual, value()), staff(StaffAction::Approve, 1, later())]);
    assert_eq!(only(&granted, staff(StaffAction::Reverse, 2, later())).counted(), Some((&counted, -1)));
}

#[test]
fn a_claim_that_waited_too_long_gives_its_price_back_before_it_pays_again() {
    let pending = given([ask(Approval::Manual, value())]);
    let DecisionInputs { .. } = inputs(Approval::Manual, value());
    let later = DecisionInputs { asked_at: at(72), ..inputs(Approval::Manual, value()) };
    let rich = BTreeMap::from([(unit("stars"), holding([(id(2), lot(9, 999, 2))]))]);
    let later = DecisionInputs { value: Some(Arc::new(ValueInputs { holdings: rich, ..value() })), ..later };
    let events = pending.decide(ClaimCommand::Request(Box::new(later))).unwrap();
    let [ClaimEvent::Expired(expired), ClaimEvent::Submitted(_)] = &events[..] else { panic!("{events:?}") };
    assert!(expired.given_back.as_ref().unwrap().price.is_some());
}

#[test]
fn a_reversal_takes_the_credit_back_refunds_the_price_and_voids_the_coupon() {
    let granted = given([ask(Approval::Automatic, value())]);
    let claim = granted.about().unwrap().claim_id();
    let own = Lot { amount: 500, free: 120, ..lot(0, 999, 43) };
    let mut after = value();
    after.holdings.insert(unit("points"), holding([(claim.into(), own)]));
    let event = only(&granted, staff(StaffAction::Reverse, 30, after));
    let ClaimEvent::Reversed(reversed) = &event else { panic!("{event:?}") };
    let reversal = reversed.reversal.as_ref().unwrap();
    let taken = reversal.taken_back.as_ref().unwrap();
    assert_eq!((taken.lots.clone(), taken.owed), (vec![Portion::of(claim.into(), 120).unwrap()], 380));
    let refund = &reversal.price.as_ref().unwrap().refund;
    assert_eq!((refund.returned.clone(), refund.amount()), (portions(&[(2, 1)]), 3));
    assert_eq!(refund.renewed.unwrap().expires_at.unwrap().to_text(), "2026-11-29T15:00:00.000Z");
    assert!(reversal.coupon_voided && reversal.counted == value().counted);
    let sums = |account: Account| {
        posted(&event).iter().filter(|(_, name, _)| *name == account.name()).map(|one| one.2).sum::<i64>()
    };
    assert_eq!((sums(Account::TakenBack), sums(Account::Receivable), sums(Account::Spent)), (500, -380, -3));
    let mut after = granted;
    after.evolve(&event);
    assert!(after.coupon().unwrap().1, "the coupon is void");
}

#[test]
fn a_claim_of_before_moves_nothing_and_is_credited_once() {
    let nothing = || DecisionInputs { value: None, ..inputs(Approval::Automatic, value()) };
    let before = given([ClaimCommand::Request(Box::new(nothing()))]);
    assert!(before.credited().is_none() && before.paid().is_none() && before.coupon().is_none());
    let ClaimEvent::Reversed(reversed) = only(&before, staff(StaffAction::Reverse, 1, value())) else { panic!() };
    assert_eq!(reversed.reversal, None);
    let credit = || ClaimCommand::Credit { at: at(5), value: Some(Arc::new(value())) };
    let mut credited = before;
    let event = only(&credited, credit());
    assert_eq!(posted(&event), [("points".to_owned(), "issued", -500), ("points".to_owned(), "wallet", 500)]);
    credited.evolve(&event);
    assert_eq!(credited.status(), Some(ClaimStatus::Granted));
    assert_eq!(credited.decide(credit()), Ok(vec![]));
    let by_itself = given([ask(Approval::Automatic, value())]);
    assert_eq!(by_itself.decide(credit()), Ok(vec![]));
    let fulfilled = given([ask(Approval::Automatic, value()), staff(StaffAction::Fulfil, 1, value())]);
    assert_eq!(fulfilled.decide(credit()), Ok(vec![]));
    let pending = given([ask(Approval::Manual, value())]);
    assert_eq!(pending.decide(credit()), Err(ClaimRefusal::StepNotAllowed { from: ClaimStatus::Pending }));
}
