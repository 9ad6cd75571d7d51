//! The aggregates as `cqrs-es` runs them: the framework and its own store must see the events that
//! `decide` gives, in that order, and nothing of a refused command.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate};
use cqrs_es::mem_store::MemStore;
use cqrs_es::{AggregateContext, AggregateError, CqrsFramework, DomainEvent, EventStore};
use domain::activity::{Activity, ActivityCommand, Report};
use domain::campaign::{
    Approval, Campaign, CampaignCommand, CampaignStatus, CampaignTerms, Draft, NewReward, PendingExpiry, Revision,
    RewardRevision, RewardTerms, RewardType,
};
use domain::claim::{Claim, ClaimCommand, DecisionInputs, StaffAction, StaffCommand, Subject};
use domain::condition::Condition;
use domain::facts::{Birthday, Facts, MemberFacts};
use domain::id::{CampaignId, MemberId, RewardId};
use domain::member::{Giver, Member, MemberCommand, Registration, RoleChange};
use domain::name::Name;
use domain::period::Frequency;
use domain::referral::{Qualification, Referral, ReferralCommand};
use domain::role::Role;
use domain::zone::Zone;
use domain::{LedgerAggregate, Moment};
use uuid::Uuid;

const STREAM: &str = "0190d3f0-7c11-7a53-9b1e-4b6f0d2c8a01";

/// Runs the commands under the framework and by hand: same answers, same events, same state. `names`
/// are the events that follow; a refused command is among the commands and leaves no trace.
async fn check<A>(
    decide: impl Fn(&A, A::Command) -> Result<Vec<A::Event>, A::Error>,
    commands: Vec<A::Command>,
    names: &[&str],
) where
    A: LedgerAggregate + Clone + PartialEq + Debug + 'static,
    A::Command: Clone,
    A::Event: PartialEq,
    A::Error: PartialEq,
{
    let store = MemStore::<A>::default();
    let framework = CqrsFramework::new(store.clone(), vec![], ());
    let (mut by_hand, mut expected, mut refused) = (A::default(), Vec::new(), 0);
    for command in commands {
        let decided = decide(&by_hand, command.clone());
        match (framework.execute(STREAM, command).await, decided) {
            (Ok(()), Ok(events)) => {
                for event in events {
                    by_hand.apply(event.clone());
                    expected.push(event);
                }
            }
            (Err(AggregateError::UserError(seen)), Err(refusal)) => {
                assert_eq!(seen, refusal);
                refused += 1;
            }
            (seen, decided) => unreachable!("the framework says {seen:?}, decide {decided:?}"),
        }
    }
    assert!(refused > 0, "no command was refused");
    let committed = store.load_events(STREAM).await.unwrap();
    assert_eq!(committed.iter().map(|event| event.sequence).collect::<Vec<_>>(), (1..=names.len()).collect::<Vec<_>>());
    assert_eq!(committed.iter().map(|event| event.payload.event_type()).collect::<Vec<_>>(), names);
    assert_eq!(committed.into_iter().map(|event| event.payload).collect::<Vec<_>>(), expected);
    assert_eq!(*store.load_aggregate(STREAM).await.unwrap().aggregate(), by_hand);
    check_stored(&expected, &by_hand);
}

/// Events and state survive being stored as text.
#[track_caller]
fn check_stored<A>(events: &[A::Event], state: &A)
where
    A: LedgerAggregate + PartialEq + Debug,
    A::Event: PartialEq,
{
    let mut replayed = A::default();
    for event in events {
        let payload = serde_json::to_string(event).unwrap();
        let read = A::decode(&event.event_type(), &event.event_version(), &payload).unwrap();
        assert_eq!(read, *event);
        replayed.apply(read);
    }
    assert_eq!(replayed, *state);
    let snapshot = serde_json::to_string(state).unwrap();
    assert_eq!(serde_json::from_str::<A>(&snapshot).unwrap(), *state);
}

fn at(text: &str) -> Moment {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn member(n: u128) -> MemberId {
    MemberId(Uuid::from_u128(n))
}

fn note() -> String {
    "as asked".to_owned()
}

fn condition(shorthand: &str) -> Condition {
    Condition::parse(&shorthand.into()).unwrap()
}

#[tokio::test]
async fn a_member_lives_under_the_framework() {
    use MemberCommand::{
        Block, ChangeRole, ChangeTimeZone, ConfirmEmail, Erase, Register, SetProfileComplete, Unblock,
    };
    let register = || {
        Register(Registration {
            time_zone: "Asia/Seoul".parse().unwrap(),
            joined_on: day("2026-10-03"),
            birthday: Some(Birthday { month: 2, day: 29 }),
            role: Role::User,
            returned: None,
        })
    };
    let commands = vec![
        SetProfileComplete(true), // refused: nobody is there yet
        register(),
        register(), // refused
        SetProfileComplete(true),
        SetProfileComplete(true), // no event
        SetProfileComplete(false),
        ChangeTimeZone { time_zone: "Europe/Berlin".parse().unwrap(), at: at("2026-11-21T08:00:00Z") },
        ChangeTimeZone { time_zone: domain::zone::Tz::UTC, at: at("2026-11-22T08:00:00Z") }, // refused
        ChangeRole(RoleChange { to: Role::Operator, by: Giver::House }),
        ConfirmEmail,
        ConfirmEmail, // no event
        Block { note: note() },
        Unblock { note: note() },
        Erase,
        Erase, // refused
    ];
    let names = [
        "member.registered",
        "member.profile_completed",
        "member.profile_reopened",
        "member.time_zone_changed",
        "member.role_changed",
        "member.email_confirmed",
        "member.blocked",
        "member.unblocked",
        "member.erased",
    ];
    check(Member::decide, commands, &names).await;
}

#[tokio::test]
async fn an_activity_lives_under_the_framework() {
    let report = |minutes| Report {
        source: "timer".to_owned(),
        external_id: "7".to_owned(),
        member_id: member(1),
        kind: Name::try_from("session".to_owned()).unwrap(),
        occurred_at: at("2026-11-21T23:30:00Z"),
        local_date: day("2026-11-22"),
        time_zone: Zone::Named("Asia/Seoul".parse().unwrap()),
        measures: BTreeMap::from([(Name::try_from("minutes".to_owned()).unwrap(), minutes)]),
    };
    let commands = vec![
        ActivityCommand::Void { note: note() }, // refused
        ActivityCommand::Record(report(25)),
        ActivityCommand::Record(report(25)), // no event
        ActivityCommand::Record(report(26)), // refused
        ActivityCommand::Void { note: note() },
    ];
    check(Activity::decide, commands, &["activity.recorded", "activity.voided"]).await;
}

#[tokio::test]
async fn a_campaign_lives_under_the_framework() {
    use CampaignCommand::{AddReward, Create, End, KeepTime, Pause, Resume, Revise, ReviseReward};
    let (before, during) = (at("2026-10-21T00:00:00Z"), at("2026-11-21T00:00:00Z"));
    let terms = CampaignTerms {
        name: "Seven days".to_owned(),
        description: None,
        starts_at: at("2026-11-01T00:00:00Z"),
        ends_at: at("2026-12-01T00:00:00Z"),
        frequency: Frequency::Weekly,
        time_zone: "Asia/Seoul".parse().unwrap(),
        approval: Approval::Automatic,
        max_reward_count: None,
        per_member_limit: None,
        pending_expires_after: PendingExpiry::default(),
        budgets: vec![],
    };
    let reward_id = RewardId(Uuid::from_u128(2));
    let reward = RewardTerms {
        name: "Points".to_owned(),
        description: None,
        reward_type: RewardType::Point,
        amount: 10.try_into().unwrap(),
        quantity: Some(5.try_into().unwrap()),
        per_member_limit: None,
        value: None,
    };
    let revision = Revision { condition: Some(condition("REFER_3_FRIENDS")), ..Revision::default() };
    let renamed = RewardRevision {
        name: Some("Bonus".to_owned()),
        description: Some(Some("At once".to_owned())),
        quantity_delta: None,
    };
    let stock = |delta| RewardRevision { quantity_delta: Some(delta), ..RewardRevision::default() };
    let commands = vec![
        Pause { at: during }, // refused
        Create { draft: Box::new(Draft { terms, condition: condition("DAILY_LOGIN_7_DAYS") }), at: before },
        AddReward(Box::new(NewReward { reward_id, terms: reward })),
        ReviseReward { reward_id, revision: Box::new(renamed) },
        ReviseReward { reward_id, revision: Box::new(stock(-6)) }, // refused
        ReviseReward { reward_id, revision: Box::new(stock(-5)) },
        KeepTime { at: during },
        KeepTime { at: during }, // no event
        Revise { revision: Box::new(revision), at: during },
        Pause { at: during },
        Resume { at: during },
        KeepTime { at: at("2026-12-01T00:00:00Z") },
        End { at: during },
        Resume { at: during }, // refused
    ];
    let names = [
        "campaign.created",
        "campaign.reward_added",
        "campaign.reward_revised",
        "campaign.stock_changed",
        "campaign.opened",
        "campaign.revised",
        "campaign.paused",
        "campaign.resumed",
        "campaign.closed",
        "campaign.ended",
    ];
    check(Campaign::decide, commands, &names).await;
}

#[tokio::test]
async fn a_referral_lives_under_the_framework() {
    let qualify = || {
        ReferralCommand::Qualify(Box::new(Qualification {
            condition: condition("COMPLETE_PROFILE"),
            evidence: vec![],
            facts_position: 9,
            judged_on: day("2026-11-21"),
            local_date: day("2026-11-22"),
            time_zone: "Asia/Seoul".parse().unwrap(),
        }))
    };
    let create = |inviter| ReferralCommand::Create { invitee_id: member(1), inviter_id: member(inviter) };
    let commands = vec![
        qualify(), // refused
        create(1), // refused
        create(2),
        create(3), // refused
        qualify(),
        qualify(), // no event
        ReferralCommand::Void { note: note() },
    ];
    check(Referral::decide, commands, &["referral.created", "referral.qualified", "referral.voided"]).await;
}

fn request(profile_complete: bool, approval: Approval) -> ClaimCommand {
    let known = MemberFacts {
        time_zone: "Asia/Seoul".parse().unwrap(),
        joined_on: day("2026-10-03"),
        birthday: None,
        profile_complete,
        blocked: false,
        role: Role::User,
    };
    ClaimCommand::Request(Box::new(DecisionInputs {
        about: Subject {
            member_id: member(1),
            reward_id: RewardId(Uuid::from_u128(2)),
            campaign_id: CampaignId(Uuid::from_u128(3)),
            first_id: None,
            period: "2026-W47".to_owned(),
            amount: 10.try_into().unwrap(),
            reward_type: RewardType::Coupon,
        },
        own_campaign: false,
        blocked: false,
        campaign_status: CampaignStatus::Active,
        approval,
        pending_expires_after: PendingExpiry::default(),
        condition: Arc::new(condition("COMPLETE_PROFILE")),
        condition_version: 1,
        campaign_starts_on: day("2026-11-01"),
        facts: Arc::new(Facts { member: Some(known), ..Facts::default() }),
        facts_position: 42,
        time_zone: "Asia/Seoul".parse().unwrap(),
        asked_at: at("2026-11-21T08:00:00Z"),
        earlier: None,
        shortage: None,
        budget: None,
        value: None,
    }))
}

fn staff(step: StaffAction, note: Option<String>) -> ClaimCommand {
    ClaimCommand::Staff(StaffCommand {
        action: step,
        operator: member(9),
        note,
        at: at("2026-11-22T08:00:00Z"),
        value: None,
    })
}

#[tokio::test]
async fn a_claim_that_is_granted_lives_under_the_framework() {
    let approve = || staff(StaffAction::Approve, None);
    let commands = vec![
        approve(), // refused
        request(false, Approval::Manual),
        request(false, Approval::Manual), // no event
        request(true, Approval::Manual),
        ClaimCommand::Expire { at: at("2026-11-24T08:00:00Z"), value: None },
        request(true, Approval::Manual),
        approve(),
        request(true, Approval::Manual), // refused
        staff(StaffAction::FailFulfilment, Some(note())),
        staff(StaffAction::Fulfil, None),
        staff(StaffAction::Reverse, Some(note())),
    ];
    let names = [
        "claim.denied",
        "claim.submitted",
        "claim.expired",
        "claim.submitted",
        "claim.approved",
        "claim.fulfilment_failed",
        "claim.fulfilled",
        "claim.reversed",
    ];
    check(Claim::decide, commands, &names).await;
}

#[tokio::test]
async fn a_claim_that_is_rejected_lives_under_the_framework() {
    let reject = || staff(StaffAction::Reject, Some(note()));
    let commands = vec![request(true, Approval::Manual), reject(), reject()];
    check(Claim::decide, commands, &["claim.submitted", "claim.rejected"]).await;
    let commands = vec![request(true, Approval::Automatic), reject()];
    check(Claim::decide, commands, &["claim.granted"]).await;
}
