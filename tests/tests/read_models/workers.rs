//! Projections that are folded partition by partition: which can be, that it makes no difference to their
//! rows, up to where all of one is folded, and how it goes back to a follower. No Kafka is needed for this.

use std::time::Duration;

use super::support::history::Generator;
use super::support::{TestLog, Workers, with_log};
use projections::audit;
use projections::kafka::worker::{WorkerError, may_work};
use projections::log::partition::{PARTITIONS, partition_of_subject};
use projections::read_models::campaign_catalogue::CampaignCatalogue;
use projections::read_models::campaign_windows::CampaignWindows;
use projections::read_models::claim_history::ClaimHistory;
use projections::read_models::dashboard::Dashboard;
use projections::read_models::member_facts::MemberFactsProjection;
use projections::read_models::referral_tally::ReferralTally;
use projections::read_models::value::Value;
use projections::read_models::wallets::Wallets;
use projections::upkeep::status;
use projections::{
    ALL, DigestError, FollowerState, Freshness, Projection, WorkersApart, fed_by_workers, rebuild, start_all,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(60);

/// Somewhere between the two, each partition for itself.
fn anywhere(random: &mut StdRng, from: i64, to: i64) -> Vec<i64> {
    (0..PARTITIONS).map(|_| random.random_range(from..=to)).collect()
}

fn everywhere(position: i64) -> Vec<i64> {
    vec![position; usize::try_from(PARTITIONS).unwrap()]
}

/// The position before the first event that concerns the projection and is not folded, or the head.
fn folded_through<P: Projection>(log: &TestLog, progress: &[i64]) -> i64 {
    let lacks = |(position, stream_type, subject): &(i64, String, String)| {
        P::STREAMS.contains(&stream_type.as_str()) && *position > progress[partition_of_subject(subject) as usize]
    };
    let first = log.events.iter().map(|(position, draft)| {
        let stream_type = match &draft.event {
            domain::Event::Member(_) => "member",
            domain::Event::Activity(_) => "activity",
            domain::Event::Campaign(_) => "campaign",
            domain::Event::Referral(_) => "referral",
            domain::Event::Claim(_) => "claim",
            domain::Event::Value(event) => event.name().split_once('.').unwrap_or_default().0,
        };
        (*position, stream_type.to_owned(), draft.event.subject(&draft.stream_id.to_string()))
    });
    first.into_iter().find(lacks).map_or(log.head(), |(position, _, _)| position - 1)
}

async fn is_the_fold_of_the_log(log: &TestLog, name: &str) {
    let compared = rebuild(&log.pool, name, |_, _| {}).await.unwrap().compared.unwrap();
    assert!(compared.same, "{name}: {compared:?}");
}

/// Partition after partition, then all of it once more from somewhere in the middle: the rows are those of
/// the log's own order, also while some partitions are ahead of the others.
async fn is_the_same_by_partitions<P: Projection + Copy>(projection: P, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    with_log(async |log| {
        log.append(Generator::new(seed).history(600)).await;
        let progress = anywhere(&mut random, 0, log.head());
        log.fold_apart(projection, &progress, Workers::There).await.unwrap();
        let checks = audit::checks(&log.pool, &mut |_, _| {}).await.unwrap().1;
        let check = checks.iter().find(|check| check.name == format!("projection.{}", P::NAME)).unwrap();
        assert!(check.ok, "{}: {:?}", P::NAME, check.first_failure);
        is_the_fold_of_the_log(log, P::NAME).await;
    })
    .await;
    with_log(async |log| {
        log.append(Generator::new(seed).history(600)).await;
        log.fold_apart(projection, &anywhere(&mut random, 0, log.head()), Workers::There).await.unwrap();
        log.fold_apart(projection, &everywhere(log.head()), Workers::There).await.unwrap();
        let by_workers = log.digest(P::NAME).await;
        is_the_fold_of_the_log(log, P::NAME).await;
        assert_eq!(log.digest(P::NAME).await, by_workers);
    })
    .await;
}

#[tokio::test]
async fn what_workers_may_feed_has_the_same_rows_by_partitions() {
    is_the_same_by_partitions(MemberFactsProjection, 51).await;
    is_the_same_by_partitions(ReferralTally, 52).await;
    is_the_same_by_partitions(ClaimHistory, 53).await;
    is_the_same_by_partitions(CampaignWindows, 54).await;
    is_the_same_by_partitions(Wallets, 57).await;
}

/// The others would have other rows, or none: what their files say is so.
async fn is_another_by_partitions<P: Projection + Copy>(projection: P, seed: u64) {
    with_log(async |log| {
        log.append(Generator::new(seed).history(600)).await;
        if log.fold_apart(projection, &everywhere(log.head()), Workers::There).await.is_ok() {
            let compared = rebuild(&log.pool, P::NAME, |_, _| {}).await.unwrap().compared.unwrap();
            assert!(!compared.same, "{} could be fed by workers", P::NAME);
        }
    })
    .await;
}

#[tokio::test]
async fn what_needs_the_order_of_the_whole_log_is_refused_with_its_reason() {
    is_another_by_partitions(CampaignCatalogue, 55).await;
    is_another_by_partitions(Dashboard, 56).await;
    is_another_by_partitions(Value, 58).await;
    for name in ALL {
        match may_work(name) {
            Ok(()) => assert!(fed_by_workers().contains(&name), "{name} is not told about"),
            Err(WorkerError::Whole { name: refused, because }) => {
                assert!(refused == name && !because.is_empty() && !fed_by_workers().contains(&name), "{name}");
            }
            Err(other) => panic!("{name}: {other}"),
        }
    }
    assert!(matches!(may_work("horoscope"), Err(WorkerError::Unknown(name)) if name == "horoscope"));
}

#[tokio::test]
async fn a_digest_is_of_one_position_or_of_none() {
    with_log(async |log| {
        log.append(Generator::new(57).history(600)).await;
        let mut apart = everywhere(log.head());
        apart[4] = 100;
        log.fold_apart(ClaimHistory, &apart, Workers::There).await.unwrap();
        let mut conn = log.pool.acquire().await.unwrap();
        let expected = folded_through::<ClaimHistory>(log, &apart);
        match projections::digest(&mut conn, ClaimHistory::NAME).await {
            Err(DigestError::Apart(WorkersApart(position))) => assert_eq!(position, expected),
            other => panic!("{other:?}"),
        }
        let status = status::projections(&mut conn).await.unwrap();
        let history = status.iter().find(|one| one.name == ClaimHistory::NAME).unwrap();
        assert_eq!((history.position, history.partitions.len()), (expected, 12));
        for partition in &history.partitions {
            assert_eq!(partition.lag_events > 0, partition.partition == 4, "{partition:?}");
            assert!(partition.attended);
        }
        assert_eq!(history.lag_events, history.partitions[4].lag_events);
        log.fold_apart(ClaimHistory, &everywhere(log.head()), Workers::There).await.unwrap();
        assert_eq!(projections::digest(&mut conn, ClaimHistory::NAME).await.unwrap().position, log.head());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_wait_for_the_position_of_the_whole_and_the_follower_stands_by() {
    let mut random = StdRng::seed_from_u64(58);
    with_log(async |log| {
        log.append(Generator::new(58).history(1_500)).await;
        let mut progress = anywhere(&mut random, 0, 300);
        log.fold_apart(ClaimHistory, &progress, Workers::There).await.unwrap();
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_all(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        let name = ClaimHistory::NAME;
        for step in 1..=5 {
            let expected = folded_through::<ClaimHistory>(log, &progress);
            assert_eq!(freshness.wait_for(name, expected, SOON).await, Ok(expected), "not less, and not more");
            let to = 300 * step;
            progress = progress.iter().map(|known| random.random_range(*known.max(&(to - 300))..=to)).collect();
            if step == 5 {
                progress = everywhere(log.head());
            }
            log.fold_apart(ClaimHistory, &progress, Workers::There).await.unwrap();
        }
        assert_eq!(freshness.wait_for(name, log.head(), SOON).await, Ok(log.head()));
        assert_eq!(freshness.state(name), FollowerState::Standby, "nobody folds it twice");
        shutdown.cancel();
        followers.stopped().await;
        is_the_fold_of_the_log(log, name).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_no_worker_is_there_the_follower_takes_the_projection_back() {
    let mut random = StdRng::seed_from_u64(59);
    with_log(async |log| {
        let mut generator = Generator::new(59);
        log.append(generator.history(7_000)).await;
        let progress = anywhere(&mut random, 0, 6_500);
        log.fold_apart(ClaimHistory, &progress, Workers::Gone).await.unwrap();
        log.fold_apart(MemberFactsProjection, &progress, Workers::Gone).await.unwrap();
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_all(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        for name in [ClaimHistory::NAME, MemberFactsProjection::NAME] {
            freshness.wait_for(name, log.head(), SOON).await.unwrap();
        }
        let left: i64 =
            sqlx::query_scalar("select count(*) from worker_partitions").fetch_one(&log.pool).await.unwrap();
        assert_eq!(left, 0, "the checkpoint says everything again");
        log.append(generator.history(300)).await;
        freshness.wait_for(ClaimHistory::NAME, log.head(), SOON).await.unwrap();
        shutdown.cancel();
        followers.stopped().await;
        is_the_fold_of_the_log(log, ClaimHistory::NAME).await;
        is_the_fold_of_the_log(log, MemberFactsProjection::NAME).await;
    })
    .await;
}
