//! The limits that hold across aggregates.

use commands::{CommandError, GuardRefusal, Ledger, Metadata};
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand, RewardRevision};
use domain::claim::{Claim, ClaimCommand, ClaimStatus, DenialReason, StaffAction, StaffCommand};
use domain::id::{CampaignId, RewardId};
use domain::period::Frequency;
use uuid::Uuid;

use super::support::{Limits, Programme, add_reward, all, create, member, now, shared};

fn reason(receipt: &commands::Receipt<Claim>) -> Option<DenialReason> {
    match receipt.state.status() {
        Some(ClaimStatus::Denied) => receipt.state.last_denial().map(|(reason, _)| reason),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_holds_over_all_rewards_of_a_campaign() {
    let programme = Programme::with(Limits { budget: Some(3), ..Limits::default() }).await;
    let second = RewardId(Uuid::now_v7());
    let id = programme.campaign.to_string();
    programme.ledger.execute::<Campaign>(&id, add_reward(second, None), &Metadata::system(now())).await.unwrap();
    let programme = shared(programme);
    let claims = (0..10).map(|number| {
        let programme = programme.clone();
        async move {
            let reward = if number % 2 == 0 { programme.reward } else { second };
            super::support::claim(&programme.ledger, reward, member(number)).await.unwrap()
        }
    });
    let reasons: Vec<_> = all(claims).await.iter().filter_map(reason).collect();
    assert_eq!(reasons, vec![DenialReason::BudgetExhausted; 7]);
    programme.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_member_gets_no_more_than_the_campaign_allows_also_all_at_once() {
    let programme = Programme::with(Limits { per_member: Some(2), ..Limits::default() }).await;
    let id = programme.campaign.to_string();
    let mut rewards = vec![programme.reward];
    for _ in 0..5 {
        let reward = RewardId(Uuid::now_v7());
        programme.ledger.execute::<Campaign>(&id, add_reward(reward, None), &Metadata::system(now())).await.unwrap();
        rewards.push(reward);
    }
    let programme = shared(programme);
    let claims = rewards.into_iter().map(|reward| {
        let programme = programme.clone();
        async move { super::support::claim(&programme.ledger, reward, member(1)).await.unwrap() }
    });
    let reasons: Vec<_> = all(claims).await.iter().filter_map(reason).collect();
    assert_eq!(reasons, vec![DenialReason::LimitReached; 4]);
    programme.assert_sound().await;
}

#[tokio::test]
async fn what_is_given_back_can_be_granted_again_and_is_given_back_once() {
    let programme = Programme::with(Limits { stock: Some(1), manual: true, ..Limits::default() }).await;
    let first = programme.claim(member(1)).await.unwrap();
    assert_eq!(first.state.status(), Some(ClaimStatus::Pending));
    assert_eq!(reason(&programme.claim(member(2)).await.unwrap()), Some(DenialReason::OutOfStock));
    let step = StaffCommand { action: StaffAction::Reject, operator: member(9), note: None, at: now(), value: None };
    let reject = ClaimCommand::Staff(step);
    let staff = Metadata::system(now());
    programme.ledger.execute::<Claim>(&first.stream_id, reject.clone(), &staff).await.unwrap();
    let twice = programme.ledger.execute::<Claim>(&first.stream_id, reject, &staff.next_command()).await;
    assert!(matches!(twice, Err(CommandError::Refused { .. })));
    assert_eq!(programme.claim(member(2)).await.unwrap().state.status(), Some(ClaimStatus::Pending));
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_daily_reward_is_claimed_once_a_day_and_counted_every_day() {
    let limits = Limits { frequency: Frequency::Daily, stock: Some(2), ..Limits::default() };
    let programme = Programme::with(limits).await;
    let on = |days: i64| Moment::from(now().utc() + chrono::TimeDelta::days(days));
    let claim = async |at| {
        let ask = commands::ClaimRequest {
            reward_id: programme.reward,
            member_id: member(1),
            at,
            reference: None,
            refuse_own_campaign: false,
        };
        programme.ledger.request_reward(ask, &super::support::Everybody, &Metadata::system(at)).await
    };
    assert_eq!(claim(on(0)).await.unwrap().state.status(), Some(ClaimStatus::Granted));
    assert!(claim(on(0)).await.is_err());
    assert_eq!(claim(on(1)).await.unwrap().state.status(), Some(ClaimStatus::Granted));
    assert_eq!(reason(&claim(on(2)).await.unwrap()), Some(DenialReason::OutOfStock));
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_name_is_taken_without_regard_to_case() {
    let programme = Programme::with(Limits::default()).await;
    let other = CampaignId(Uuid::now_v7()).to_string();
    let staff = Metadata::system(now());
    let taken = programme.ledger.execute::<Campaign>(&other, create("a PROGRAMME", Limits::default()), &staff).await;
    assert!(matches!(taken, Err(CommandError::Guard(GuardRefusal::NameTaken))), "{taken:?}");
    programme.assert_sound().await;
}

#[tokio::test]
async fn stock_is_never_taken_below_what_is_committed() {
    let programme = Programme::with(Limits { stock: Some(3), ..Limits::default() }).await;
    for number in 0..2 {
        programme.claim(member(number)).await.unwrap();
    }
    let id = programme.campaign.to_string();
    let change = async |delta| {
        let revision = RewardRevision { quantity_delta: Some(delta), ..RewardRevision::default() };
        let command = CampaignCommand::ReviseReward { reward_id: programme.reward, revision: Box::new(revision) };
        programme.ledger.execute::<Campaign>(&id, command, &Metadata::system(now())).await
    };
    assert!(matches!(change(-2).await, Err(CommandError::Guard(GuardRefusal::BelowCommitted { committed: 2 }))));
    change(-1).await.unwrap();
    assert_eq!(reason(&programme.claim(member(9)).await.unwrap()), Some(DenialReason::OutOfStock));
    programme.assert_sound().await;
}

/// Who refused for want of stock, and has written nothing since, looks again: another process may have added some.
#[tokio::test]
async fn stock_that_another_process_adds_is_there_for_the_next_claim() {
    let programme = Programme::with(Limits { stock: Some(1), ..Limits::default() }).await;
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    programme.claim(member(1)).await.unwrap();
    assert_eq!(reason(&programme.claim(member(2)).await.unwrap()), Some(DenialReason::OutOfStock));
    let revision = RewardRevision { quantity_delta: Some(1), ..RewardRevision::default() };
    let command = CampaignCommand::ReviseReward { reward_id: programme.reward, revision: Box::new(revision) };
    other.execute::<Campaign>(&programme.campaign.to_string(), command, &Metadata::system(now())).await.unwrap();
    assert_eq!(programme.claim(member(3)).await.unwrap().state.status(), Some(ClaimStatus::Granted));
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_guard_that_was_tampered_with_is_found() {
    let programme = Programme::with(Limits { stock: Some(3), ..Limits::default() }).await;
    programme.claim(member(1)).await.unwrap();
    sqlx::query("update reward_stock set granted = 0").execute(&programme.pool).await.unwrap();
    let mut connection = programme.pool.acquire().await.unwrap();
    let differences = commands::guards::compare::compare_with_log(&mut connection).await.unwrap();
    assert_eq!(differences.len(), 1, "{differences:?}");
}
