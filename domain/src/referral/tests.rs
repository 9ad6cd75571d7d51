use uuid::Uuid;

use super::*;

fn member(n: u128) -> MemberId {
    MemberId(Uuid::from_u128(n))
}

fn create(invitee: u128, inviter: u128) -> ReferralCommand {
    ReferralCommand::Create { invitee_id: member(invitee), inviter_id: member(inviter) }
}

fn qualify() -> ReferralCommand {
    let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
    ReferralCommand::Qualify(Box::new(Qualification {
        condition: Condition::parse(&"COMPLETE_PROFILE".into()).unwrap(),
        evidence: vec![],
        facts_position: 1,
        judged_on: day,
        local_date: day,
        time_zone: crate::zone::Tz::UTC,
    }))
}

fn void() -> ReferralCommand {
    ReferralCommand::Void { note: "bought".to_owned() }
}

fn given(commands: Vec<ReferralCommand>) -> Referral {
    let mut referral = Referral::default();
    for command in commands {
        for event in referral.decide(command).unwrap() {
            referral.evolve(&event);
        }
    }
    referral
}

#[test]
fn a_member_has_one_inviter_for_ever() {
    let brought = given(vec![create(1, 2)]);
    assert_eq!(brought.decide(create(1, 2)), Ok(vec![]));
    assert_eq!(brought.decide(create(1, 3)), Err(ReferralRefusal::OtherInviter));
}

#[test]
fn nobody_invites_themselves() {
    assert_eq!(Referral::default().decide(create(1, 1)), Err(ReferralRefusal::SelfInvitation));
}

#[test]
fn a_referral_qualifies_once_and_never_after_it_was_voided() {
    assert_eq!(given(vec![create(1, 2), qualify()]).decide(qualify()), Ok(vec![]));
    assert_eq!(given(vec![create(1, 2), void()]).decide(qualify()), Ok(vec![]));
    assert_eq!(Referral::default().decide(qualify()), Err(ReferralRefusal::Unknown));
}

#[test]
fn a_qualified_referral_can_be_voided_once() {
    let voided = given(vec![create(1, 2), qualify(), void()]);
    assert!(!voided.is_pending());
    let again = Err(ReferralRefusal::StepNotAllowed { from: ReferralStatus::Voided });
    assert_eq!(voided.decide(void()), again);
    assert_eq!(Referral::default().decide(void()), Err(ReferralRefusal::Unknown));
}
