use chrono::DateTime;
use uuid::Uuid;

use super::*;
use crate::period::Frequency;

fn at(text: &str) -> Moment {
    DateTime::parse_from_rfc3339(text).unwrap().into()
}

fn terms() -> CampaignTerms {
    CampaignTerms {
        name: "Seven days".to_owned(),
        description: None,
        starts_at: at("2026-11-01T00:00:00Z"),
        ends_at: at("2026-12-01T00:00:00Z"),
        frequency: Frequency::Once,
        time_zone: chrono_tz::Asia::Seoul,
        approval: Approval::Automatic,
        max_reward_count: None,
        per_member_limit: None,
        pending_expires_after: PendingExpiry::default(),
    }
}

fn condition(shorthand: &str) -> Condition {
    Condition::parse(&shorthand.into()).unwrap()
}

fn create() -> CampaignCommand {
    CampaignCommand::Create(Box::new(Draft { terms: terms(), condition: condition("DAILY_LOGIN_7_DAYS") }))
}

fn add_reward(quantity: Option<i64>) -> CampaignCommand {
    CampaignCommand::AddReward(Box::new(NewReward {
        reward_id: RewardId(Uuid::from_u128(1)),
        terms: RewardTerms {
            name: "Points".to_owned(),
            description: None,
            reward_type: RewardType::Point,
            amount: 10.try_into().unwrap(),
            quantity: quantity.map(|quantity| quantity.try_into().unwrap()),
            per_member_limit: None,
        },
    }))
}

fn given(commands: Vec<CampaignCommand>) -> Campaign {
    let mut campaign = Campaign::default();
    for command in commands {
        for event in campaign.decide(command).unwrap() {
            campaign.evolve(&event);
        }
    }
    campaign
}

const DURING: &str = "2026-11-21T00:00:00Z";

#[test]
fn a_campaign_starts_before_it_ends() {
    let backwards = CampaignTerms { ends_at: terms().starts_at, ..terms() };
    let draft = Draft { terms: backwards, condition: condition("COMPLETE_PROFILE") };
    assert_eq!(
        Campaign::default().decide(CampaignCommand::Create(Box::new(draft))),
        Err(CampaignRefusal::EndsBeforeItStarts)
    );
}

#[test]
fn its_status_follows_the_clock_and_the_operator() {
    let running = given(vec![create()]);
    let paused = given(vec![create(), CampaignCommand::Pause { at: at(DURING) }]);
    let ended = given(vec![create(), CampaignCommand::End { at: at(DURING) }]);
    let cases = [
        (&running, "2026-10-31T23:59:59.999Z", CampaignStatus::Scheduled),
        (&running, "2026-11-01T00:00:00Z", CampaignStatus::Active),
        (&running, "2026-11-30T23:59:59.999Z", CampaignStatus::Active),
        (&running, "2026-12-01T00:00:00Z", CampaignStatus::Ended),
        (&paused, DURING, CampaignStatus::Paused),
        (&paused, "2026-12-01T00:00:00Z", CampaignStatus::Ended),
        (&ended, "2026-10-01T00:00:00Z", CampaignStatus::Ended),
    ];
    for (campaign, moment, status) in cases {
        assert_eq!(campaign.status(at(moment)), Some(status), "{moment}");
    }
}

#[test]
fn steps_are_taken_in_the_order_of_its_life() {
    let at = at(DURING);
    let refused = |commands, step| given(commands).decide(step).unwrap_err();
    let from = |from| CampaignRefusal::StepNotAllowed { from };
    let (pause, resume, end) =
        (|| CampaignCommand::Pause { at }, || CampaignCommand::Resume { at }, || CampaignCommand::End { at });
    assert_eq!(refused(vec![create()], resume()), from(CampaignStatus::Active));
    assert_eq!(refused(vec![create(), pause()], pause()), from(CampaignStatus::Paused));
    assert_eq!(refused(vec![create(), end()], end()), from(CampaignStatus::Ended));
    assert_eq!(refused(vec![create(), end()], resume()), from(CampaignStatus::Ended));
    assert!(given(vec![create(), pause(), resume()]).decide(pause()).is_ok());
    assert_eq!(Campaign::default().decide(pause()), Err(CampaignRefusal::Unknown));
}

#[test]
fn another_condition_is_a_new_version_and_the_same_one_is_not() {
    let revise = |name: &str| CampaignCommand::Revise {
        revision: Box::new(Revision { terms: terms(), condition: Some(condition(name)) }),
        at: at(DURING),
    };
    assert_eq!(given(vec![create()]).decide(revise("DAILY_LOGIN_7_DAYS")), Ok(vec![]));
    let revised = given(vec![create(), revise("COMPLETE_PROFILE")]);
    assert_eq!(revised.condition().unwrap().1, 2);
}

#[test]
fn stock_changes_only_where_there_is_a_limit() {
    let change = |delta| CampaignCommand::ChangeStock { reward_id: RewardId(Uuid::from_u128(1)), delta };
    assert_eq!(given(vec![create(), add_reward(None)]).decide(change(1)), Err(CampaignRefusal::UnlimitedStock));
    let limited = given(vec![create(), add_reward(Some(5)), change(-2)]);
    assert_eq!(limited.reward(RewardId(Uuid::from_u128(1))).unwrap().quantity, Some(3.try_into().unwrap()));
    assert_eq!(limited.decide(change(-4)), Err(CampaignRefusal::StockOutOfBounds));
    assert_eq!(limited.decide(change(i64::MAX)), Err(CampaignRefusal::StockOutOfBounds));
    assert_eq!(given(vec![create()]).decide(change(1)), Err(CampaignRefusal::RewardUnknown));
}
