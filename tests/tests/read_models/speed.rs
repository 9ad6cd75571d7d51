//! How fast the log is folded into the served tables and how dear facts are. Ignored: run it by name
//! with `--release -- --ignored --nocapture` where figures are wanted.

use std::time::Instant;

use super::support::history::{Generator, name};
use super::support::{TestLog, with_log};
use domain::facts::FactsNeeded;
use domain::id::MemberId;
use projections::campaign_catalogue::CampaignCatalogue;
use projections::claim_history::ClaimHistory;
use projections::dashboard::Dashboard;
use projections::member_facts::{FactsRequest, MemberFactsProjection, load_many};
use projections::referral_tally::ReferralTally;
use projections::{Projection, rebuild};

const EVENTS: usize = 60_000;

async fn fold<P: Projection + Copy>(log: &TestLog, projection: P) {
    let start = Instant::now();
    log.project(projection, log.head(), 1_000, 1).await;
    let live = EVENTS as f64 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    rebuild(&log.pool, P::NAME, |_, _| {}).await.unwrap();
    let again = EVENTS as f64 / start.elapsed().as_secs_f64();
    println!("{:20} {live:9.0} events/s followed, {again:9.0} events/s rebuilt", P::NAME);
}

async fn load(log: &TestLog, members: &[MemberId], size: usize, what: &str, needed: &FactsNeeded) {
    let requests: Vec<_> = members
        .iter()
        .cycle()
        .take(size)
        .map(|member| FactsRequest { member: *member, needed: needed.clone() })
        .collect();
    let rounds = 2_000 / size.max(10);
    load_many(&log.pool, &requests).await.unwrap();
    let start = Instant::now();
    for _ in 0..rounds {
        load_many(&log.pool, &requests).await.unwrap();
    }
    let each = start.elapsed().as_secs_f64() * 1e6 / rounds as f64;
    println!("load_many {what:16} {size:4} members: {each:8.0} µs, {:6.1} µs a member", each / size as f64);
}

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn figures() {
    with_log(async |log| {
        let mut generator = Generator::new(1);
        log.append(generator.history(EVENTS)).await;
        fold(log, MemberFactsProjection).await;
        fold(log, ReferralTally).await;
        fold(log, ClaimHistory).await;
        fold(log, CampaignCatalogue).await;
        fold(log, Dashboard).await;
        let dates = FactsNeeded { dates: [name("login")].into(), ..FactsNeeded::default() };
        let tallies = FactsNeeded { tallies: [name("login")].into(), ..FactsNeeded::default() };
        for size in [1, 64, 256] {
            load(log, &generator.members, size, "dates", &dates).await;
            load(log, &generator.members, size, "tallies", &tallies).await;
        }
    })
    .await;
}
