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
        time_zone: "Asia/Seoul".parse().unwrap(),
        approval: Approval::Automatic,
        max_reward_count: None,
        per_member_limit: None,
        pending_expires_after: PendingExpiry::default(),
        budgets: vec![],
    }
}

fn condition(shorthand: &str) -> Condition {
    Condition::parse(&shorthand.into()).unwrap()
}

fn create_at(moment: &str) -> CampaignCommand {
    let draft = Draft { terms: terms(), condition: condition("DAILY_LOGIN_7_DAYS") };
    CampaignCommand::Create { draft: Box::new(draft), at: at(moment) }
}

fn create() -> CampaignCommand {
    create_at("2026-10-01T00:00:00Z")
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
            value: None,
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
        Campaign::default().decide(CampaignCommand::Create { draft: Box::new(draft), at: at(DURING) }),
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
        revision: Box::new(Revision { condition: Some(condition(name)), ..Revision::default() }),
        at: at(DURING),
    };
    assert_eq!(given(vec![create()]).decide(revise("DAILY_LOGIN_7_DAYS")), Ok(vec![]));
    let revised = given(vec![create(), revise("COMPLETE_PROFILE")]);
    assert_eq!(revised.condition().unwrap().1, 2);
}

const REWARD: RewardId = RewardId(Uuid::from_u128(1));

fn revise(revision: Revision) -> CampaignCommand {
    CampaignCommand::Revise { revision: Box::new(revision), at: at(DURING) }
}

fn revise_reward(revision: RewardRevision) -> CampaignCommand {
    CampaignCommand::ReviseReward { reward_id: REWARD, revision: Box::new(revision) }
}

#[test]
fn a_revision_changes_what_it_names_and_nothing_else() {
    let renamed = Revision { name: Some("Eight days".to_owned()), description: Some(None), ..Revision::default() };
    let campaign = given(vec![create(), revise(renamed)]);
    assert_eq!(campaign.terms(), Some(&CampaignTerms { name: "Eight days".to_owned(), ..terms() }));
    assert_eq!(given(vec![create()]).decide(revise(Revision::default())), Ok(vec![]));
}

#[test]
fn a_revised_date_is_taken_in_the_zone_that_then_holds() {
    let date = Some(Boundary::On(chrono::NaiveDate::from_ymd_opt(2026, 12, 24).unwrap()));
    let same_zone = given(vec![create(), revise(Revision { ends: date, ..Revision::default() })]);
    assert_eq!(same_zone.terms().unwrap().ends_at, at("2026-12-23T15:00:00Z"));
    let moved = Revision { ends: date, time_zone: Some(crate::zone::Tz::UTC), ..Revision::default() };
    assert_eq!(given(vec![create(), revise(moved)]).terms().unwrap().ends_at, at("2026-12-24T00:00:00Z"));
    let too_early = Revision { ends: Some(Boundary::At(terms().starts_at)), ..Revision::default() };
    assert_eq!(given(vec![create()]).decide(revise(too_early)), Err(CampaignRefusal::EndsBeforeItStarts));
}

#[test]
fn an_event_says_when_claims_are_counted_by_other_periods() {
    let other = |revision| match given(vec![create()]).decide(revise(revision)).unwrap().as_slice() {
        [CampaignEvent::Revised(revised), ..] => revised.other_periods,
        events => panic!("{events:?}"),
    };
    assert!(other(Revision { frequency: Some(Frequency::Daily), ..Revision::default() }));
    assert!(other(Revision { time_zone: Some(crate::zone::Tz::UTC), ..Revision::default() }));
    assert!(!other(Revision { name: Some("Eight days".to_owned()), ..Revision::default() }));
    let renamed = Revision { time_zone: "ROK".parse().ok(), ..Revision::default() };
    assert_eq!(given(vec![create()]).decide(revise(renamed)), Ok(vec![]), "another name of its zone is no change");
}

#[test]
fn what_has_ended_stays_as_it_is() {
    let ended = given(vec![create(), CampaignCommand::End { at: at(DURING) }]);
    let renamed = Revision { name: Some("Eight days".to_owned()), ..Revision::default() };
    assert_eq!(ended.decide(revise(renamed)), Err(CampaignRefusal::StepNotAllowed { from: CampaignStatus::Ended }));
}

#[test]
fn stock_changes_only_where_there_is_a_limit() {
    let change = |delta| revise_reward(RewardRevision { quantity_delta: Some(delta), ..RewardRevision::default() });
    assert_eq!(given(vec![create(), add_reward(None)]).decide(change(1)), Err(CampaignRefusal::UnlimitedStock));
    let limited = given(vec![create(), add_reward(Some(5)), change(-2)]);
    assert_eq!(limited.reward(REWARD).unwrap().quantity, Some(3.try_into().unwrap()));
    assert_eq!(limited.decide(change(-4)), Err(CampaignRefusal::StockBelowZero));
    assert_eq!(limited.decide(change(1_000_000_000)), Err(CampaignRefusal::StockOutOfBounds));
    assert_eq!(limited.decide(change(i64::MAX)), Err(CampaignRefusal::StockOutOfBounds));
    assert_eq!(given(vec![create()]).decide(change(1)), Err(CampaignRefusal::RewardUnknown));
}

#[test]
fn texts_and_stock_of_a_reward_change_together_or_not_at_all() {
    let both = RewardRevision { name: Some("Gold".to_owned()), quantity_delta: Some(1), ..RewardRevision::default() };
    let events = given(vec![create(), add_reward(Some(5))]).decide(revise_reward(both.clone())).unwrap();
    let names: Vec<_> = events.iter().map(cqrs_es::DomainEvent::event_type).collect();
    assert_eq!(names, ["campaign.reward_revised", "campaign.stock_changed"]);
    let refused = given(vec![create(), add_reward(None)]).decide(revise_reward(both));
    assert_eq!(refused, Err(CampaignRefusal::UnlimitedStock));
    let same = RewardRevision { name: Some("Points".to_owned()), ..RewardRevision::default() };
    assert_eq!(given(vec![create(), add_reward(None)]).decide(revise_reward(same)), Ok(vec![]));
}

fn keep_time(moment: &str) -> CampaignCommand {
    CampaignCommand::KeepTime { at: at(moment) }
}

fn opened(start: &str) -> CampaignEvent {
    CampaignEvent::Opened(Opened { starts_at: at(start) })
}

fn closed(end: &str) -> CampaignEvent {
    CampaignEvent::Closed(Closed { ends_at: at(end) })
}

fn moved(start: &str, end: &str, asked: &str) -> CampaignCommand {
    let (starts, ends) = (Some(Boundary::At(at(start))), Some(Boundary::At(at(end))));
    CampaignCommand::Revise { revision: Box::new(Revision { starts, ends, ..Revision::default() }), at: at(asked) }
}

const START: &str = "2026-11-01T00:00:00Z";
const END: &str = "2026-12-01T00:00:00Z";

#[test]
fn the_clock_opens_and_closes_a_campaign_once() {
    let campaign = given(vec![create()]);
    assert_eq!(campaign.decide(keep_time("2026-10-31T23:59:59.999Z")), Ok(vec![]));
    assert_eq!(campaign.decide(keep_time(START)), Ok(vec![opened(START)]));
    assert_eq!(campaign.decide(keep_time(END)), Ok(vec![opened(START), closed(END)]), "after a long silence");
    let open = given(vec![create(), keep_time(START)]);
    assert_eq!(open.decide(keep_time(DURING)), Ok(vec![]));
    assert_eq!(open.decide(keep_time(END)), Ok(vec![closed(END)]));
    let over = given(vec![create(), keep_time(END)]);
    assert_eq!(over.decide(keep_time("2027-01-01T00:00:00Z")), Ok(vec![]));
    assert_eq!(Campaign::default().decide(keep_time(START)), Err(CampaignRefusal::Unknown));
}

#[test]
fn a_campaign_made_in_its_window_opens_at_once() {
    let events = Campaign::default().decide(create_at(DURING)).unwrap();
    assert_eq!(events[1..], [opened(START)]);
    assert_eq!(given(vec![create_at(DURING)]).decide(keep_time(DURING)), Ok(vec![]));
}

#[test]
fn the_clock_goes_on_in_a_pause_and_has_nothing_to_add_to_an_operators_end() {
    let paused = given(vec![create(), CampaignCommand::Pause { at: at("2026-10-02T00:00:00Z") }]);
    assert_eq!(paused.decide(keep_time(START)), Ok(vec![opened(START)]));
    let ended = given(vec![create(), CampaignCommand::End { at: at("2026-10-02T00:00:00Z") }]);
    assert_eq!(ended.decide(keep_time(END)), Ok(vec![]));
}

#[test]
fn only_a_later_edge_comes_once_more() {
    let open = || vec![create(), keep_time(START)];
    let put_off = given([open(), vec![moved("2026-11-25T00:00:00Z", END, DURING)]].concat());
    assert_eq!(put_off.decide(keep_time(DURING)), Ok(vec![]));
    assert_eq!(put_off.decide(keep_time("2026-11-25T00:00:00Z")), Ok(vec![opened("2026-11-25T00:00:00Z")]));
    let advanced = given([open(), vec![moved("2026-10-05T00:00:00Z", END, DURING)]].concat());
    assert_eq!(advanced.decide(keep_time(DURING)), Ok(vec![]));
    let prolonged = given([open(), vec![moved(START, "2027-01-01T00:00:00Z", DURING)]].concat());
    assert_eq!(prolonged.decide(keep_time(END)), Ok(vec![]));
    assert_eq!(prolonged.decide(keep_time("2027-01-01T00:00:00Z")), Ok(vec![closed("2027-01-01T00:00:00Z")]));
    let events = given(vec![create()]).decide(moved("2026-10-05T00:00:00Z", END, "2026-10-06T00:00:00Z")).unwrap();
    assert_eq!(events[1..], [opened("2026-10-05T00:00:00Z")], "a revision opens it at once");
}

#[test]
fn a_waiting_time_has_a_unit_and_keeps_it() {
    for (text, seconds) in
        [("1s", 1), ("90s", 90), ("30m", 1_800), ("72h", 259_200), ("3d", 259_200), ("365d", 31_536_000)]
    {
        let expiry = PendingExpiry::try_from(text.to_owned()).unwrap();
        assert_eq!((expiry.duration().num_seconds(), String::from(expiry)), (seconds, text.to_owned()));
    }
    for text in
        ["", "h", "0h", "072h", "+1h", "-1h", "1.5h", "72", "72 h", "72H", "1w", "366d", "8761h", "99999999999s"]
    {
        assert!(PendingExpiry::try_from(text.to_owned()).is_err(), "{text}");
    }
}
