//! What the log promises of what was appended.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use commands::log::append::MAX_EVENT_BYTES;
use commands::{ClaimError, CommandError, Metadata};
use domain::activity::{Activity, ActivityCommand, ActivityRefusal, Report};
use domain::campaign::{Campaign, CampaignCommand};
use domain::claim::{ClaimStatus, DenialReason};
use domain::zone::Zone;

use super::support::{Limits, Programme, all, member, now, shared};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hundred_claims_on_a_stock_of_fifty_grant_fifty() {
    let programme = shared(Programme::with(Limits { stock: Some(50), ..Limits::default() }).await);
    let claims = (0..400).map(|number| {
        let programme = programme.clone();
        async move { programme.claim(member(number)).await.unwrap() }
    });
    let receipts = all(claims).await;
    let granted = receipts.iter().filter(|receipt| receipt.state.status() == Some(ClaimStatus::Granted)).count();
    let sold_out = receipts
        .iter()
        .filter(|receipt| receipt.state.last_denial().map(|(reason, _)| reason) == Some(DenialReason::OutOfStock))
        .count();
    assert_eq!((granted, sold_out), (50, 350));
    programme.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_claims_of_one_member_grant_one() {
    let programme = shared(Programme::with(Limits::default()).await);
    let claims = (0..100).map(|_| {
        let programme = programme.clone();
        async move { programme.claim(member(1)).await }
    });
    let granted = all(claims).await.into_iter().filter(Result::is_ok).count();
    assert_eq!(granted, 1);
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_command_id_takes_effect_once() {
    let programme = Programme::with(Limits::default()).await;
    let once = Metadata::system(now());
    let pause = CampaignCommand::Pause { at: now() };
    let id = programme.campaign.to_string();
    let first = programme.ledger.execute::<Campaign>(&id, pause, &once).await.unwrap();
    let resume = CampaignCommand::Resume { at: now() };
    let again = programme.ledger.execute::<Campaign>(&id, resume.clone(), &once).await.unwrap();
    assert_eq!(again.position, first.position, "the earlier outcome is repeated");
    let head: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&programme.pool).await.unwrap();
    assert_eq!(head, first.position, "and nothing else happened");
    let resumed = programme.ledger.execute::<Campaign>(&id, resume, &Metadata::system(now())).await.unwrap();
    assert_eq!(resumed.position, head + 1, "under an id of its own it does happen");
    programme.assert_sound().await;
}

#[tokio::test]
async fn an_event_that_is_too_large_is_refused_before_anything_is_tried() {
    let programme = Programme::with(Limits::default()).await;
    let before: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&programme.pool).await.unwrap();
    let (id, metadata) = ("5f0c2f3e-7d53-8a2b-9a54-2f3e7d538a2b", Metadata::system(now()));
    let report = Report {
        source: "shop".to_owned(),
        external_id: "7".to_owned(),
        member_id: member(1),
        kind: "visit".to_owned().try_into().unwrap(),
        occurred_at: now(),
        local_date: now().utc().date_naive(),
        time_zone: Zone::Named(domain::zone::Tz::UTC),
        measures: BTreeMap::new(),
    };
    programme.ledger.execute::<Activity>(id, ActivityCommand::Record(report), &metadata).await.unwrap();
    let void = async |bytes: usize| {
        let command = ActivityCommand::Void { note: "x".repeat(bytes) };
        programme.ledger.execute::<Activity>(id, command, &metadata.next_command()).await.map(|_| ())
    };
    for note in [MAX_EVENT_BYTES, MAX_EVENT_BYTES - 200] {
        let refused = void(note).await;
        assert!(matches!(refused, Err(CommandError::TooLarge { bytes }) if bytes > MAX_EVENT_BYTES), "{refused:?}");
    }
    let unit = programme.ledger.unit(metadata.next_command());
    unit.execute::<Activity>(id, ActivityCommand::Void { note: "x".repeat(MAX_EVENT_BYTES) }).await.unwrap();
    let refused = unit.commit::<ActivityRefusal>().await;
    assert!(matches!(refused, Err(CommandError::TooLarge { .. })), "several that stand or fall together: {refused:?}");
    let after: i64 = sqlx::query_scalar("select position from log_head").fetch_one(&programme.pool).await.unwrap();
    assert_eq!(after, before + 1, "nothing was written");
    void(MAX_EVENT_BYTES - 1_000).await.unwrap();
    programme.assert_sound().await;
}

/// Goes away from a future after it was polled so many times; none if it was not done by then.
async fn polled<F: Future>(times: usize, future: F) -> Option<F::Output> {
    let (mut future, mut left) = (std::pin::pin!(future), times);
    poll_fn(|context| {
        if left > 0 {
            left -= 1;
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
        }
        if left > 0 { Poll::Pending } else { Poll::Ready(None) }
    })
    .await
}

#[tokio::test]
async fn a_caller_that_goes_away_at_any_point_does_not_cut_its_command_in_two() {
    let programme = Programme::with(Limits::default()).await;
    // what is looked up once is looked up before: whoever goes away meets the same points as those before
    programme.claim(member(1_000)).await.unwrap();
    let mut asked = 0;
    while polled(asked, programme.claim(member(asked as u128))).await.is_none() {
        asked += 1;
    }
    assert!(asked > 2, "there were points at which to go away: {asked}");
    let mut before = 0;
    for number in 0..asked {
        match programme.claim(member(number as u128)).await {
            Ok(receipt) => assert_eq!(receipt.state.status(), Some(ClaimStatus::Granted), "nothing had happened"),
            Err(ClaimError::AlreadyClaimed { status: ClaimStatus::Granted, .. }) => before += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!((1..asked).contains(&before), "some went before, some after their command: {before} of {asked}");
    let granted: i64 = sqlx::query_scalar("select count(*) from events where event_type = 'claim.granted'")
        .fetch_one(&programme.pool)
        .await
        .unwrap();
    assert_eq!(usize::try_from(granted).unwrap(), asked + 2);
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_bad_command_in_a_batch_fails_alone() {
    let programme = shared(Programme::with(Limits::default()).await);
    programme.claim(member(7)).await.unwrap();
    let claims = (0..20).map(|number| {
        let programme = programme.clone();
        async move { programme.claim(member(number)).await }
    });
    let outcomes = all(claims).await;
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.is_ok(), number != 7, "{number}: {outcome:?}");
    }
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_claim_is_judged_by_the_campaign_as_it_is_now() {
    let programme = Programme::with(Limits::default()).await;
    programme.claim(member(1)).await.unwrap();
    let other = commands::Ledger::start(programme.pool.clone()).await.unwrap();
    let pause = CampaignCommand::Pause { at: now() };
    other.execute::<Campaign>(&programme.campaign.to_string(), pause, &Metadata::system(now())).await.unwrap();
    let late = programme.claim(member(2)).await.unwrap();
    assert_eq!(late.state.last_denial().map(|(reason, _)| reason), Some(DenialReason::CampaignNotActive));
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_refusal_by_a_rule_names_the_position_of_the_stream() {
    let programme = Programme::with(Limits::default()).await;
    let resume = CampaignCommand::Resume { at: now() };
    let refused =
        programme.ledger.execute::<Campaign>(&programme.campaign.to_string(), resume, &Metadata::system(now())).await;
    let Err(CommandError::Refused { position, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(position, 2);
}
