use chrono::{DateTime, TimeDelta};
use uuid::Uuid;

use super::*;
use crate::id::{CampaignId, RewardId};
use crate::value::Reference;

const MEMBER: MemberId = MemberId(Uuid::from_u128(7));
const SHOP: MemberId = MemberId(Uuid::from_u128(8));

fn at(minutes: i64) -> Moment {
    let start = DateTime::parse_from_rfc3339("2026-11-21T08:00:00Z").unwrap();
    (start + TimeDelta::minutes(minutes)).into()
}

/// A coupon that ends after a hundred minutes.
fn granted(max_uses: i64, bound: bool) -> GrantedCoupon {
    let about = CouponSubject {
        member_id: MEMBER,
        reward_id: RewardId(Uuid::from_u128(2)),
        campaign_id: CampaignId(Uuid::from_u128(3)),
    };
    let terms = CouponTerms { expires_at: Some(at(100)), max_uses: max_uses.try_into().unwrap(), bound };
    GrantedCoupon { about, terms, is_reversed: false }
}

fn order(text: &str) -> Reference {
    text.to_owned().try_into().unwrap()
}

fn used(name: &str, hold: Option<&str>, coupon: GrantedCoupon, minutes: i64) -> CouponCommand {
    let (reference, used_by) = (order(name), Some(MEMBER));
    let redemption_id = RedemptionId::of(SHOP, &reference);
    let redemption = Redemption { redemption_id, caller_id: SHOP, reference, used_by };
    let hold = hold.map(|text| text.to_owned().try_into().unwrap());
    CouponCommand::Redeem(Box::new(RedemptionRequest { redemption, hold, coupon, at: at(minutes) }))
}

fn redeem(name: &str, minutes: i64) -> CouponCommand {
    used(name, None, granted(1, false), minutes)
}

fn hold(name: &str, minutes: i64) -> CouponCommand {
    used(name, Some("15m"), granted(1, false), minutes)
}

fn capture(name: &str, minutes: i64) -> CouponCommand {
    CouponCommand::Capture { redemption_id: RedemptionId::of(SHOP, &order(name)), at: at(minutes) }
}

fn release(name: &str, minutes: i64) -> CouponCommand {
    CouponCommand::Release { redemption_id: RedemptionId::of(SHOP, &order(name)), at: at(minutes) }
}

fn roll_back(name: &str) -> CouponCommand {
    CouponCommand::RollBack { redemption_id: RedemptionId::of(SHOP, &order(name)) }
}

fn void() -> CouponCommand {
    CouponCommand::Void { coupon: Box::new(granted(1, false)), note: "A mistake.".to_owned() }
}

fn given(commands: impl IntoIterator<Item = CouponCommand>) -> Coupon {
    let mut coupon = Coupon::default();
    for command in commands {
        coupon.decide(command).unwrap().iter().for_each(|event| coupon.evolve(event));
    }
    coupon
}

#[track_caller]
fn check(
    history: impl IntoIterator<Item = CouponCommand>,
    command: CouponCommand,
    expected: Result<&[&str], CouponRefusal>,
) {
    let decided = given(history).decide(command);
    let names = decided.map(|events| events.iter().map(|event| event.event_type().name()).collect::<Vec<_>>());
    assert_eq!(names, expected.map(<[&str]>::to_vec));
}

#[test]
fn a_coupon_is_used_once_and_asking_twice_is_asking_once() {
    check([], redeem("order-2", 0), Ok(&["coupon.redeemed"]));
    check([redeem("order-2", 0)], redeem("order-2", 500), Ok(&[]));
    check([redeem("order-2", 0)], redeem("order-3", 0), Err(CouponRefusal::Used));
    check([redeem("order-2", 0)], hold("order-2", 0), Err(CouponRefusal::ReferenceConflict));
    let twice = |name| used(name, None, granted(2, false), 0);
    check([twice("order-2")], twice("order-3"), Ok(&["coupon.redeemed"]));
    check([twice("order-2"), twice("order-3")], twice("order-4"), Err(CouponRefusal::Used));
}

#[test]
fn the_first_reason_against_a_use_is_given() {
    let stranger = |coupon| {
        let CouponCommand::Redeem(mut request) = used("order-2", None, coupon, 100) else { panic!() };
        request.redemption.used_by = None;
        CouponCommand::Redeem(request)
    };
    check([void()], stranger(granted(1, true)), Err(CouponRefusal::Unknown));
    check([void()], stranger(granted(1, false)), Err(CouponRefusal::Voided));
    let reversed = GrantedCoupon { is_reversed: true, ..granted(1, false) };
    check([], stranger(reversed), Err(CouponRefusal::Voided));
    check([redeem("order-1", 99)], redeem("order-2", 100), Err(CouponRefusal::Expired { at: at(100) }));
    check([], redeem("order-2", 99), Ok(&["coupon.redeemed"]));
    check([], used("order-2", None, granted(1, true), 0), Ok(&["coupon.redeemed"]));
}

#[test]
fn a_hold_ends_once() {
    check([], hold("order-2", 0), Ok(&["coupon.held"]));
    check([hold("order-2", 0)], redeem("order-3", 14), Err(CouponRefusal::Used));
    check([hold("order-2", 0)], capture("order-2", 14), Ok(&["coupon.captured"]));
    check([hold("order-2", 0), capture("order-2", 14)], capture("order-2", 500), Ok(&[]));
    let captured = CouponRefusal::StepNotAllowed { from: UseStatus::Captured };
    check([hold("order-2", 0), capture("order-2", 14)], release("order-2", 14), Err(captured));
    check([hold("order-2", 0), release("order-2", 14)], release("order-2", 14), Ok(&[]));
    let released = CouponRefusal::StepNotAllowed { from: UseStatus::Released };
    check([hold("order-2", 0), release("order-2", 14)], capture("order-2", 14), Err(released));
    check([hold("order-2", 0), release("order-2", 14)], redeem("order-3", 14), Ok(&["coupon.redeemed"]));
    check([], capture("order-2", 0), Err(CouponRefusal::RedemptionUnknown));
}

#[test]
fn a_hold_is_over_at_its_instant_and_its_end_is_recorded_with_what_comes_next() {
    let over = CouponRefusal::HoldExpired { at: at(15) };
    check([hold("order-2", 0)], capture("order-2", 15), Err(over));
    check([hold("order-2", 0)], release("order-2", 15), Err(over));
    check([hold("order-2", 0)], redeem("order-3", 15), Ok(&["coupon.hold_expired", "coupon.redeemed"]));
    check([hold("order-2", 0)], CouponCommand::RecordDue { at: at(14) }, Ok(&[]));
    let sweep = || CouponCommand::RecordDue { at: at(15) };
    check([hold("order-2", 0)], sweep(), Ok(&["coupon.hold_expired"]));
    check([hold("order-2", 0), sweep()], sweep(), Ok(&[]));
    // what was promised in time is made though the coupon has ended meanwhile
    check([hold("order-2", 99)], capture("order-2", 110), Ok(&["coupon.captured"]));
}

#[test]
fn a_use_that_is_taken_back_may_be_made_again_by_another() {
    check([redeem("order-2", 0)], roll_back("order-2"), Ok(&["coupon.rolled_back"]));
    check([redeem("order-2", 0), roll_back("order-2")], roll_back("order-2"), Ok(&[]));
    check([redeem("order-2", 0), roll_back("order-2")], redeem("order-3", 0), Ok(&["coupon.redeemed"]));
    let held = CouponRefusal::StepNotAllowed { from: UseStatus::Held };
    check([hold("order-2", 0)], roll_back("order-2"), Err(held));
    let made = CouponRefusal::StepNotAllowed { from: UseStatus::Captured };
    check([redeem("order-2", 0)], capture("order-2", 0), Err(made));
}

#[test]
fn a_coupon_is_voided_once() {
    check([], void(), Ok(&["coupon.voided"]));
    check([void()], void(), Ok(&[]));
    check([redeem("order-2", 0), void()], roll_back("order-2"), Ok(&["coupon.rolled_back"]));
}

#[test]
fn a_coupon_ends_with_a_local_day() {
    let expiry = serde_json::from_str(r#"{"days":30}"#).unwrap();
    let terms = CouponTerms::granted(expiry, "Asia/Seoul".parse().unwrap(), UseLimit::default(), false, at(0));
    assert_eq!(terms.expires_at.unwrap().to_text(), "2026-12-21T15:00:00.000Z");
}
