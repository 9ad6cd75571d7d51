use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use uuid::Uuid;

use super::*;
use crate::campaign::{Approval, CampaignStatus, PendingExpiry, RewardType};
use crate::condition::{Condition, Seen};
use crate::facts::{Facts, KindFacts};
use crate::id::{CampaignId, ClaimId, MemberId, RewardId};
use crate::name::Name;

const ASKED: &str = "2026-11-21T12:00:00Z";

fn at(text: &str) -> Moment {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn facts(login_days: u64) -> Arc<Facts> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    let mut logins = KindFacts::default();
    for back in 0..login_days {
        logins.dates.insert(today - chrono::Days::new(back));
    }
    Arc::new(Facts { kinds: BTreeMap::from([(Name::login(), logins)]), ..Facts::default() })
}

fn seven_days() -> DecisionInputs {
    DecisionInputs {
        about: Subject {
            member_id: MemberId(Uuid::from_u128(1)),
            reward_id: RewardId(Uuid::from_u128(2)),
            campaign_id: CampaignId(Uuid::from_u128(3)),
            first_id: None,
            period: "once".to_owned(),
            amount: 10.try_into().unwrap(),
            reward_type: RewardType::Point,
        },
        own_campaign: false,
        blocked: false,
        campaign_status: CampaignStatus::Active,
        approval: Approval::Automatic,
        pending_expires_after: PendingExpiry::default(),
        condition: Arc::new(Condition::parse(&"DAILY_LOGIN_7_DAYS".into()).unwrap()),
        condition_version: 1,
        campaign_starts_on: NaiveDate::from_ymd_opt(2026, 11, 1).unwrap(),
        facts: facts(7),
        facts_position: 42,
        time_zone: crate::zone::Tz::UTC,
        asked_at: at(ASKED),
        earlier: None,
        shortage: None,
        budget: None,
        value: None,
    }
}

fn ask(request: DecisionInputs) -> ClaimCommand {
    ClaimCommand::Request(Box::new(request))
}

fn manual() -> ClaimCommand {
    ask(DecisionInputs { approval: Approval::Manual, ..seven_days() })
}

fn staff(step: StaffAction, at_text: &str) -> ClaimCommand {
    ClaimCommand::Staff(StaffCommand {
        action: step,
        operator: MemberId(Uuid::from_u128(9)),
        note: None,
        at: at(at_text),
        value: None,
    })
}

fn approve(at_text: &str) -> ClaimCommand {
    staff(StaffAction::Approve, at_text)
}

fn given(commands: Vec<ClaimCommand>) -> Claim {
    let mut claim = Claim::default();
    for command in commands {
        for event in claim.decide(command).unwrap() {
            claim.evolve(&event);
        }
    }
    claim
}

#[track_caller]
fn denied_for(claim: &Claim, request: DecisionInputs) -> Option<DenialReason> {
    match &claim.decide(ask(request)).unwrap()[..] {
        [] => None,
        [ClaimEvent::Denied(denied)] => Some(denied.reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_claim_whose_condition_is_met_is_granted_with_its_proof() {
    let events = Claim::default().decide(ask(seven_days())).unwrap();
    let [ClaimEvent::Granted(granted)] = &events[..] else { panic!("{events:?}") };
    assert!(granted.decision.met);
    assert_eq!(granted.decision.facts_position, 42);
    let leaf = &granted.decision.evidence[0];
    assert_eq!((leaf.need, leaf.have, leaf.met), (Seen::Number(7), Seen::Number(7), true));
}

#[test]
fn a_second_claim_in_the_same_period_is_refused() {
    let granted = given(vec![ask(seven_days())]);
    assert_eq!(granted.decide(ask(seven_days())), Err(ClaimRefusal::AlreadyClaimed { status: ClaimStatus::Granted }));
}

#[test]
fn what_an_earlier_account_of_the_member_has_is_not_given_again() {
    let earlier = EarlierClaim { claim_id: ClaimId(Uuid::from_u128(9)), status: ClaimStatus::Fulfilled, position: 7 };
    let returned = DecisionInputs { earlier: Some(earlier), ..seven_days() };
    assert_eq!(Claim::default().decide(ask(returned.clone())), Err(ClaimRefusal::ClaimedBefore(earlier)));
    // in the place of the ladder where any claim from before stands
    let paused = DecisionInputs { campaign_status: CampaignStatus::Paused, ..returned.clone() };
    assert_eq!(Claim::default().decide(ask(paused)), Err(ClaimRefusal::ClaimedBefore(earlier)));
    let blocked = Claim::default().decide(ask(DecisionInputs { blocked: true, ..returned })).unwrap();
    let [ClaimEvent::Denied(denied)] = &blocked[..] else { panic!("{blocked:?}") };
    assert_eq!(denied.reason, DenialReason::MemberBlocked);
}

#[test]
fn limits_are_counted_for_who_the_claimant_was_first() {
    let about = seven_days().about;
    assert_eq!(about.counted_for(), about.member_id);
    let first = MemberId(Uuid::from_u128(9));
    assert_eq!(Subject { first_id: Some(first), ..about }.counted_for(), first);
}

#[test]
fn the_first_reason_of_the_ladder_is_given() {
    let all_wrong = DecisionInputs {
        blocked: true,
        campaign_status: CampaignStatus::Paused,
        facts: facts(5),
        shortage: Some(Shortage::LimitReached),
        ..seven_days()
    };
    let fresh = Claim::default();
    let ladder = [
        (all_wrong.clone(), DenialReason::MemberBlocked),
        (DecisionInputs { blocked: false, ..all_wrong.clone() }, DenialReason::CampaignNotActive),
        (
            DecisionInputs { blocked: false, campaign_status: CampaignStatus::Active, ..all_wrong },
            DenialReason::ConditionUnmet,
        ),
        (DecisionInputs { shortage: Some(Shortage::LimitReached), ..seven_days() }, DenialReason::LimitReached),
        (DecisionInputs { shortage: Some(Shortage::BudgetExhausted), ..seven_days() }, DenialReason::BudgetExhausted),
        (DecisionInputs { shortage: Some(Shortage::OutOfStock), ..seven_days() }, DenialReason::OutOfStock),
    ];
    for (request, reason) in ladder {
        assert_eq!(denied_for(&fresh, request), Some(reason));
    }
}

#[test]
fn a_refused_attempt_is_recorded_once_for_the_same_reason_and_facts() {
    let short = |days| DecisionInputs { facts: facts(days), ..seven_days() };
    let denied = given(vec![ask(short(5))]);
    assert_eq!(denied_for(&denied, short(5)), None);
    assert_eq!(denied_for(&denied, short(6)), Some(DenialReason::ConditionUnmet));
    assert_eq!(
        denied_for(&denied, DecisionInputs { condition_version: 2, ..short(5) }),
        Some(DenialReason::ConditionUnmet)
    );
}

#[test]
fn a_denied_member_may_ask_again_and_is_granted() {
    let claim = given(vec![ask(DecisionInputs { facts: facts(5), ..seven_days() }), ask(seven_days())]);
    assert_eq!(claim.status(), Some(ClaimStatus::Granted));
}

#[test]
fn a_blocked_member_keeps_what_was_granted() {
    let blocked = DecisionInputs { blocked: true, ..seven_days() };
    let claim = given(vec![ask(seven_days()), ask(blocked.clone())]);
    assert_eq!(claim.status(), Some(ClaimStatus::Granted));
    assert_eq!(claim.last_denial().unwrap().0, DenialReason::MemberBlocked);
    assert_eq!(denied_for(&claim, blocked), None);
}

#[test]
fn a_pending_claim_is_approved_by_another_in_time() {
    let pending = given(vec![manual()]);
    assert_eq!(pending.status(), Some(ClaimStatus::Pending));
    assert_eq!(
        pending.decide(approve("2026-11-24T12:00:00Z")),
        Err(ClaimRefusal::Expired { at: at("2026-11-24T12:00:00Z") })
    );
    assert!(pending.decide(approve("2026-11-24T11:59:59.999Z")).is_ok());
}

#[test]
fn an_expired_claim_may_be_asked_for_again() {
    let too_early = ClaimCommand::Expire { at: at(ASKED), value: None };
    assert!(matches!(given(vec![manual()]).decide(too_early), Err(ClaimRefusal::NotYetExpired { .. })));
    let expired = given(vec![manual(), ClaimCommand::Expire { at: at("2026-11-24T12:00:00Z"), value: None }]);
    assert_eq!(expired.status(), Some(ClaimStatus::Expired));
    assert!(matches!(expired.decide(manual()).unwrap()[..], [ClaimEvent::Submitted(_)]));
}

#[test]
fn the_same_refusal_after_an_expired_claim_is_recorded_again() {
    let sold_out = || DecisionInputs { shortage: Some(Shortage::OutOfStock), ..seven_days() };
    let expire = ClaimCommand::Expire { at: at("2026-11-24T12:00:00Z"), value: None };
    let expired = given(vec![ask(sold_out()), manual(), expire]);
    assert_eq!(denied_for(&expired, sold_out()), Some(DenialReason::OutOfStock));
}

#[test]
fn every_step_starts_where_the_contract_says() {
    use ClaimStatus::{Denied, Fulfilled, FulfilmentFailed, Granted, Pending, Rejected, Reversed};
    let reject = || staff(StaffAction::Reject, ASKED);
    let fulfil = || staff(StaffAction::Fulfil, ASKED);
    let fail = || staff(StaffAction::FailFulfilment, ASKED);
    let reverse = || staff(StaffAction::Reverse, ASKED);
    let grant = || ask(seven_days());
    let histories = [
        (Denied, vec![ask(DecisionInputs { facts: facts(0), ..seven_days() })]),
        (Pending, vec![manual()]),
        (Granted, vec![grant()]),
        (Rejected, vec![manual(), reject()]),
        (Fulfilled, vec![grant(), fulfil()]),
        (FulfilmentFailed, vec![grant(), fail()]),
        (Reversed, vec![grant(), reverse()]),
        (Granted, vec![manual(), approve(ASKED)]),
        (Fulfilled, vec![grant(), fail(), fulfil()]),
        (Reversed, vec![grant(), fail(), reverse()]),
        (Reversed, vec![grant(), fulfil(), reverse()]),
    ];
    for (status, history) in histories {
        let claim = given(history);
        assert_eq!(claim.status(), Some(status));
        for (step, allowed) in [
            (approve(ASKED), &[Pending][..]),
            (reject(), &[Pending]),
            (fulfil(), &[Granted, FulfilmentFailed]),
            (fail(), &[Granted]),
            (reverse(), &[Granted, Fulfilled, FulfilmentFailed]),
        ] {
            let expected =
                if allowed.contains(&status) { Ok(1) } else { Err(ClaimRefusal::StepNotAllowed { from: status }) };
            assert_eq!(claim.decide(step.clone()).map(|events| events.len()), expected, "{status:?} {step:?}");
        }
    }
}

const TOO_LATE: &str = "2026-11-24T12:00:00Z";

#[test]
fn nobody_takes_any_step_with_their_own_claim() {
    for history in [vec![manual()], vec![ask(seven_days())]] {
        let claim = given(history);
        for step in [
            StaffAction::Approve,
            StaffAction::Reject,
            StaffAction::Fulfil,
            StaffAction::FailFulfilment,
            StaffAction::Reverse,
        ] {
            let operator = MemberId(Uuid::from_u128(1));
            let own =
                ClaimCommand::Staff(StaffCommand { action: step, operator, note: None, at: at(ASKED), value: None });
            assert_eq!(claim.decide(own), Err(ClaimRefusal::OwnClaim), "{step:?}");
        }
    }
}

#[test]
fn nobody_decides_a_claim_that_waited_too_long_recorded_or_not() {
    let expire = ClaimCommand::Expire { at: at(TOO_LATE), value: None };
    for claim in [given(vec![manual()]), given(vec![manual(), expire])] {
        for step in [StaffAction::Approve, StaffAction::Reject] {
            let expired = Err(ClaimRefusal::Expired { at: at(TOO_LATE) });
            assert_eq!(claim.decide(staff(step, TOO_LATE)), expired, "{step:?}");
        }
        let from = claim.status().unwrap();
        assert_eq!(claim.decide(staff(StaffAction::Fulfil, TOO_LATE)), Err(ClaimRefusal::StepNotAllowed { from }));
    }
}

#[test]
fn a_claim_that_waited_too_long_is_asked_for_again_before_anybody_recorded_it() {
    let pending = given(vec![manual()]);
    assert_eq!(pending.decide(manual()), Err(ClaimRefusal::AlreadyClaimed { status: ClaimStatus::Pending }));
    assert_eq!(pending.status_at(at("2026-11-24T11:59:59.999Z")), Some(ClaimStatus::Pending));
    assert_eq!(pending.status_at(at(TOO_LATE)), Some(ClaimStatus::Expired));
    let anybody = Condition::parse(&serde_json::json!({"not": {"profileComplete": {}}})).unwrap();
    let met = || DecisionInputs { condition: Arc::new(anybody.clone()), ..seven_days() };
    let later = || DecisionInputs { asked_at: at(TOO_LATE), approval: Approval::Manual, ..met() };
    let sold_out = DecisionInputs { shortage: Some(Shortage::OutOfStock), ..later() };
    for (request, after) in [
        (DecisionInputs { condition: seven_days().condition, ..later() }, ClaimStatus::Denied),
        (DecisionInputs { blocked: true, ..later() }, ClaimStatus::Denied),
        (sold_out, ClaimStatus::Denied),
    ] {
        let events = pending.decide(ask(request)).unwrap();
        assert!(matches!(events[..], [ClaimEvent::Expired(_), ClaimEvent::Denied(_)]), "{events:?}");
        let mut claim = pending.clone();
        events.iter().for_each(|event| claim.evolve(event));
        assert_eq!(claim.status(), Some(after));
    }
    let events = pending.decide(ask(later())).unwrap();
    let [ClaimEvent::Expired(_), ClaimEvent::Submitted(again)] = &events[..] else { panic!("{events:?}") };
    assert_eq!(again.expires_at, at("2026-11-27T12:00:00Z"), "it waits anew");
}

#[test]
fn who_has_made_the_campaign_claims_nothing_of_it_whatever_else_holds() {
    for request in [
        seven_days(),
        DecisionInputs { blocked: true, ..seven_days() },
        DecisionInputs { facts: facts(1), ..seven_days() },
    ] {
        let own = ask(DecisionInputs { own_campaign: true, ..request });
        assert_eq!(Claim::default().decide(own.clone()), Err(ClaimRefusal::OwnCampaign));
        assert_eq!(given(vec![ask(seven_days())]).decide(own), Err(ClaimRefusal::OwnCampaign));
    }
}

#[test]
fn only_what_waits_for_a_decision_is_withdrawn_and_that_once_and_for_good() {
    let withdraw = ClaimCommand::Withdraw { reason: WithdrawalReason::MemberErased, at: at(ASKED), value: None };
    assert_eq!(Claim::default().decide(withdraw.clone()), Err(ClaimRefusal::Unknown));
    let granted = given(vec![ask(seven_days())]);
    let refused = Err(ClaimRefusal::StepNotAllowed { from: ClaimStatus::Granted });
    assert_eq!(granted.decide(withdraw.clone()), refused);
    let mut claim = given(vec![manual()]);
    let events = claim.decide(withdraw.clone()).unwrap();
    assert!(matches!(events.as_slice(), [ClaimEvent::Withdrawn(_)]));
    events.iter().for_each(|event| claim.evolve(event));
    assert_eq!(claim.status(), Some(ClaimStatus::Rejected));
    assert_eq!(claim.decide(withdraw), Err(ClaimRefusal::StepNotAllowed { from: ClaimStatus::Rejected }));
    assert_eq!(claim.decide(manual()), Err(ClaimRefusal::AlreadyClaimed { status: ClaimStatus::Rejected }));
}
