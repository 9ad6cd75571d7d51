//! The life of claims in random order: whatever members and staff do, a dry run tells what the request is answered
//! right after it, and what was held is given back exactly once.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta};
use commands::{ClaimError, ClaimRequest, CommandError, FactsSource, Metadata, ReadError, Receipt};
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand};
use domain::claim::{Claim, ClaimCommand, ClaimRefusal, ClaimStatus, StaffAction, StaffCommand};
use domain::facts::{Facts, FactsNeeded, MemberFacts};
use domain::id::{MemberId, RewardId};
use domain::period::Frequency;
use domain::role::Role;
use futures::FutureExt;
use futures::future::BoxFuture;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use super::support::{Everybody, Limits, Programme, add_reward, all, member, now, shared};

const MEMBERS: u128 = 5;
const ACTIONS: usize = 120;

/// What is known of every member at one moment: some are blocked, some meet the condition, one is unknown.
struct Known {
    blocked: bool,
    complete: bool,
}

impl FactsSource for Known {
    fn facts(&self, who: MemberId, _needed: FactsNeeded) -> BoxFuture<'_, Result<(Facts, i64), ReadError>> {
        let known = (who != member(0)).then_some(MemberFacts {
            time_zone: domain::zone::Tz::UTC,
            joined_on: NaiveDate::default(),
            birthday: None,
            profile_complete: self.complete,
            blocked: self.blocked,
            role: Role::User,
        });
        async move { Ok((Facts { member: known, ..Facts::default() }, 1)) }.boxed()
    }
}

/// An answer without what a dry run cannot have: a place in the log and the log's clock.
#[derive(Debug, PartialEq)]
enum Told {
    Decided(Box<Claim>, usize, Arc<str>),
    Claimed(String, ClaimStatus, i64),
    Nothing(String),
}

fn told(answer: Result<Receipt<Claim>, ClaimError>) -> Told {
    match answer {
        Ok(receipt) => Told::Decided(Box::new(receipt.state), receipt.appended, receipt.stream_id),
        Err(ClaimError::AlreadyClaimed { claim_id, status, position }) => {
            Told::Claimed(claim_id.to_string(), status, position)
        }
        Err(error) => Told::Nothing(format!("{error:?}")),
    }
}

async fn life(seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let few = |dice: &mut StdRng| dice.random_bool(0.7).then(|| dice.random_range(1..6));
    let limits = Limits {
        stock: few(&mut dice),
        budget: few(&mut dice),
        per_member: dice.random_bool(0.5).then(|| dice.random_range(1..3)),
        frequency: if dice.random_bool(0.5) { Frequency::Once } else { Frequency::Daily },
        manual: dice.random_bool(0.6),
    };
    let programme = Programme::with(limits).await;
    let id = programme.campaign.to_string();
    let second = RewardId(Uuid::now_v7());
    let mut at = now();
    programme.ledger.execute::<Campaign>(&id, add_reward(second, few(&mut dice)), &Metadata::system(at)).await.unwrap();
    let (mut claims, mut granted) = (Vec::<String>::new(), 0);
    for _ in 0..ACTIONS {
        at = Moment::from(at.utc() + TimeDelta::hours(dice.random_range(0..20)));
        match dice.random_range(0..10) {
            0..5 => {
                let reward_id = *[programme.reward, second, second].choose(&mut dice).unwrap();
                let ask = ClaimRequest {
                    reward_id,
                    member_id: member(dice.random_range(0..MEMBERS)),
                    at,
                    reference: None,
                    refuse_own_campaign: false,
                };
                let facts = Known { blocked: dice.random_bool(0.1), complete: dice.random_bool(0.85) };
                let head = *programme.ledger.head().borrow();
                let tried = told(programme.ledger.dry_run_reward(ask.clone(), &facts).await);
                assert_eq!(*programme.ledger.head().borrow(), head, "a dry run appends nothing");
                let metadata = Metadata::of(ask.member_id, Role::User, at);
                let asked = told(programme.ledger.request_reward(ask, &facts, &metadata).await);
                assert_eq!(tried, asked, "seed {seed}, {limits:?}");
                if let Told::Decided(claim, appended, stream) = asked {
                    granted += usize::from(claim.status() == Some(ClaimStatus::Granted) && appended > 0);
                    claims.push(stream.to_string());
                }
            }
            5..8 => {
                let Some(claim) = claims.choose(&mut dice).cloned() else { continue };
                let steps = [
                    StaffAction::Approve,
                    StaffAction::Reject,
                    StaffAction::Fulfil,
                    StaffAction::FailFulfilment,
                    StaffAction::Reverse,
                ];
                let step = *steps.choose(&mut dice).unwrap();
                let order = StaffCommand { action: step, operator: member(99), note: None, at, value: None };
                let taken = programme.ledger.execute::<Claim>(&claim, ClaimCommand::Staff(order), &staff(at)).await;
                assert!(matches!(taken, Ok(_) | Err(CommandError::Refused { .. })), "{taken:?}");
            }
            8 => {
                let Some(claim) = claims.choose(&mut dice).cloned() else { continue };
                let swept = programme
                    .ledger
                    .execute::<Claim>(&claim, ClaimCommand::Expire { at, value: None }, &staff(at))
                    .await;
                assert!(matches!(swept, Ok(_) | Err(CommandError::Refused { .. })), "{swept:?}");
            }
            _ => {
                let pause = dice.random_bool(0.5);
                let command = if pause { CampaignCommand::Pause { at } } else { CampaignCommand::Resume { at } };
                let changed = programme.ledger.execute::<Campaign>(&id, command, &staff(at)).await;
                assert!(matches!(changed, Ok(_) | Err(CommandError::Refused { .. })), "{changed:?}");
            }
        }
    }
    programme.assert_sound().await;
    assert!(granted > 0 || limits.manual || !claims.is_empty(), "seed {seed} tried nothing");
}

fn staff(at: Moment) -> Metadata {
    Metadata::of(member(99), Role::Operator, at)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_tells_what_a_wish_is_answered_whatever_happened_before() {
    for seed in 0..6 {
        life(seed).await;
    }
}

#[tokio::test]
async fn a_claim_that_nobody_decided_is_asked_for_again_and_its_stock_is_given_back_once() {
    let programme = Programme::with(Limits { stock: Some(1), manual: true, ..Limits::default() }).await;
    let asks = async |number, at| {
        let ask = ClaimRequest {
            reward_id: programme.reward,
            member_id: member(number),
            at,
            reference: None,
            refuse_own_campaign: false,
        };
        programme.ledger.request_reward(ask, &Everybody, &Metadata::system(at)).await
    };
    let first = asks(1, now()).await.unwrap();
    let late = Moment::from(now().utc() + TimeDelta::hours(73));
    // the shelf is empty for others as long as nobody has recorded the end
    assert_eq!(asks(2, late).await.unwrap().state.status(), Some(ClaimStatus::Denied));
    let step = StaffCommand { action: StaffAction::Approve, operator: member(9), note: None, at: late, value: None };
    let approved = programme.ledger.execute::<Claim>(&first.stream_id, ClaimCommand::Staff(step), &staff(late)).await;
    assert!(
        matches!(approved, Err(CommandError::Refused { refusal: ClaimRefusal::Expired { .. }, .. })),
        "{approved:?}"
    );
    let again = asks(1, late).await.unwrap();
    assert_eq!((again.state.status(), again.appended), (Some(ClaimStatus::Pending), 2));
    assert_eq!(again.stream_id, first.stream_id, "a further attempt of the same claim");
    assert!(matches!(asks(1, late).await, Err(ClaimError::AlreadyClaimed { status: ClaimStatus::Pending, .. })));
    programme.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_decide_a_claim_at_once_one_does() {
    let programme = Programme::with(Limits { stock: Some(3), manual: true, ..Limits::default() }).await;
    let claim = programme.claim(member(1)).await.unwrap().stream_id;
    let programme = shared(programme);
    let steps = (0..12).map(|number| {
        let (programme, claim) = (programme.clone(), claim.clone());
        async move {
            let step = if number % 2 == 0 { StaffAction::Approve } else { StaffAction::Reject };
            let order =
                StaffCommand { action: step, operator: member(90 + number), note: None, at: now(), value: None };
            programme.ledger.execute::<Claim>(&claim, ClaimCommand::Staff(order), &staff(now())).await
        }
    });
    let outcomes = all(steps).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(refused, CommandError::Refused { refusal: ClaimRefusal::StepNotAllowed { .. }, .. }));
    }
    programme.assert_sound().await;
}

/// The append looks whether the campaign is the latest one; a repeated denial appends nothing.
#[tokio::test]
async fn a_repeated_denial_is_not_decided_on_a_campaign_that_has_gone_on() {
    let programme = Programme::with(Limits::default()).await;
    let id = programme.campaign.to_string();
    let change = async |command| programme.ledger.execute::<Campaign>(&id, command, &staff(now())).await.unwrap();
    programme.claim(member(2)).await.unwrap();
    change(CampaignCommand::Pause { at: now() }).await;
    assert_eq!(programme.claim(member(1)).await.unwrap().state.status(), Some(ClaimStatus::Denied));
    change(CampaignCommand::Resume { at: now() }).await;
    assert_eq!(programme.claim(member(1)).await.unwrap().state.status(), Some(ClaimStatus::Granted));
}
