//! An event that cannot be taken in: what counts value stops before it, at that very position, and waits
//! for somebody to decide; what does not leaves the stream aside and goes on. What was decided is kept.

use std::time::Duration;

use super::support::history::Generator;
use super::support::{TestLog, with_log};
use projections::read_models::claim_history::ClaimHistory;
use projections::read_models::referral_tally::ReferralTally;
use projections::upkeep::status::{Status, projections};
use projections::{
    FollowerState, Freshness, Intervention, InterventionKind, Projection, intervene, rebuild, start_all,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_secs(20);

async fn status_of(log: &TestLog, name: &str) -> Status {
    let all = projections(&mut log.pool.acquire().await.unwrap()).await.unwrap();
    all.into_iter().find(|one| one.name == name).unwrap()
}

async fn stands(log: &TestLog, name: &str, state: &str) -> Status {
    let wait = async {
        loop {
            let status = status_of(log, name).await;
            if status.state == state {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, wait).await.unwrap_or_else(|_| panic!("{name} never is {state}"))
}

fn because(step: InterventionKind, reason: &str) -> Intervention {
    Intervention { step, position: None, reason: reason.to_owned(), actor: "somebody".to_owned() }
}

async fn kept(log: &TestLog) -> Vec<(String, String, i64, String, String)> {
    sqlx::query_as("select follower, step, position, reason, actor from interventions order by number")
        .fetch_all(&log.pool)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_counts_value_stops_at_the_very_event_until_somebody_decides() {
    with_log(async |log| {
        let mut generator = Generator::new(41);
        log.append(generator.history(100)).await;
        log.append_broken("claim.granted").await;
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_all(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        let stopped = stands(log, ClaimHistory::NAME, "stopped").await;
        assert_eq!((stopped.position, stopped.lag_events), (100, 1), "what is before it is folded: {stopped:?}");
        assert_eq!(stopped.trouble.unwrap().position, 101);
        assert!(matches!(freshness.state(ClaimHistory::NAME), FollowerState::Stopped { .. }));
        assert_eq!(stands(log, ReferralTally::NAME, "following").await.lag_events, 0, "others go on");

        let again = intervene(&log.pool, ClaimHistory::NAME, &because(InterventionKind::Retry, "the disk was full"))
            .await
            .unwrap();
        assert_eq!(again.positions, [101]);
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stands(log, ClaimHistory::NAME, "stopped").await;

        let skip = because(InterventionKind::Skip, "written by hand, paid by hand");
        intervene(&log.pool, ClaimHistory::NAME, &skip).await.unwrap();
        assert_eq!(freshness.wait_for(ClaimHistory::NAME, 101, SOON).await, Ok(101));
        stands(log, ClaimHistory::NAME, "following").await;
        let name = ClaimHistory::NAME.to_owned();
        let decided = kept(log).await;
        assert_eq!(decided[0], (name.clone(), "retry".into(), 101, "the disk was full".into(), "somebody".into()));
        assert_eq!(decided[1], (name, "skip".into(), 101, skip.reason, "somebody".into()));
        shutdown.cancel();
        followers.stopped().await;
        let live = log.digest(ClaimHistory::NAME).await;
        rebuild(&log.pool, ClaimHistory::NAME, |_, _| {}).await.unwrap();
        assert_eq!(log.digest(ClaimHistory::NAME).await, live, "a rebuild leaves it out as well");
    })
    .await;
}

#[tokio::test]
async fn what_counts_no_value_parks_the_stream_and_catches_up_with_it_later() {
    with_log(async |log| {
        let mut generator = Generator::new(42);
        log.append(generator.history(300)).await;
        log.append_broken("referral.created").await;
        log.append(generator.history(300)).await;
        let (freshness, shutdown) = (Freshness::new(), CancellationToken::new());
        let followers = start_all(log.pool.clone(), watch::channel(0).1, freshness.clone(), shutdown.clone());
        let name = ReferralTally::NAME;
        assert_eq!(freshness.wait_for(name, log.head(), SOON).await, Ok(log.head()), "it goes on");
        let parked = stands(log, name, "parked").await;
        assert_eq!((parked.parked_streams, parked.lag_events), (1, 0));
        let rebuilt = rebuild(&log.pool, name, |_, _| {}).await.unwrap();
        assert!(rebuilt.compared.unwrap().same, "a rebuild parks the same stream");
        assert_eq!(stands(log, name, "parked").await.parked_streams, 1);

        let again = intervene(&log.pool, name, &because(InterventionKind::Retry, "perhaps")).await.unwrap();
        assert_eq!((again.released, again.still_in_the_way[0].0), (0, 301));
        let left_out = intervene(&log.pool, name, &because(InterventionKind::Skip, "it never happened")).await.unwrap();
        assert_eq!((left_out.released, left_out.still_in_the_way.len()), (1, 0));
        stands(log, name, "following").await;
        assert_eq!(kept(log).await.len(), 2);
        shutdown.cancel();
        followers.stopped().await;
        assert!(rebuild(&log.pool, name, |_, _| {}).await.unwrap().compared.unwrap().same);
    })
    .await;
}

#[tokio::test]
async fn a_rebuild_stops_before_what_it_cannot_fold_and_the_old_rows_go_on_serving() {
    with_log(async |log| {
        log.append(Generator::new(43).history(200)).await;
        log.project(ClaimHistory, log.head(), 100, 1).await;
        let before = log.digest(ClaimHistory::NAME).await;
        log.append_broken("claim.granted").await;
        log.append(Generator::new(44).history(1)).await;
        let error = rebuild(&log.pool, ClaimHistory::NAME, |_, _| {}).await.unwrap_err();
        assert!(matches!(error, projections::RebuildError::Poison { position: 201, .. }), "{error}");
        assert_eq!(log.digest(ClaimHistory::NAME).await, before);
    })
    .await;
}
