//! How fast the log is folded into the served tables and how dear facts are. Ignored: run it by name
//! with `--release -- --ignored --nocapture` where figures are wanted.

use std::time::Instant;

use super::support::history::{Generator, decision, name};
use super::support::{Draft, TestLog, with_log};
use domain::campaign::RewardType;
use domain::claim::{ClaimEvent, Granted, Subject};
use domain::facts::FactsNeeded;
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use projections::read_models::campaign_analytics::CampaignAnalytics;
use projections::read_models::campaign_catalogue::CampaignCatalogue;
use projections::read_models::claim_history::ClaimHistory;
use projections::read_models::dashboard::Dashboard;
use projections::read_models::member_facts::{FactsRequest, MemberFactsProjection, load_many};
use projections::read_models::referral_tally::ReferralTally;
use projections::{Projection, rebuild};
use uuid::Uuid;

const EVENTS: usize = 60_000;

async fn fold<P: Projection + Copy>(log: &TestLog, projection: P) {
    let events = log.head() as f64;
    let start = Instant::now();
    log.project(projection, log.head(), 1_000, 1).await;
    let live = events / start.elapsed().as_secs_f64();
    let start = Instant::now();
    rebuild(&log.pool, P::NAME, |_, _| {}).await.unwrap();
    let again = events / start.elapsed().as_secs_f64();
    println!("{:20} {live:9.0} events/s followed, {again:9.0} events/s rebuilt", P::NAME);
}

async fn load(log: &TestLog, members: &[MemberId], size: usize, what: &str, needed: &FactsNeeded) {
    let requests: Vec<_> = members
        .iter()
        .cycle()
        .take(size)
        .map(|member| FactsRequest { member: *member, needed: needed.clone(), claim: None })
        .collect();
    let rounds = 2_000 / size.max(10);
    load_many(&mut log.pool.acquire().await.unwrap(), &requests).await.unwrap();
    let start = Instant::now();
    for _ in 0..rounds {
        load_many(&mut log.pool.acquire().await.unwrap(), &requests).await.unwrap();
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
        fold(log, CampaignAnalytics).await;
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

/// Members, and then claims that are all granted at once: what the followers see while a campaign is hot.
fn hot_claims(members: usize, rewards: u128) -> Vec<Draft> {
    let mut generator = Generator::new(2);
    let mut drafts: Vec<_> = (0..members).map(|_| generator.register()).collect();
    for reward in 0..rewards {
        for member in &generator.members {
            let about = Subject {
                member_id: *member,
                reward_id: RewardId(Uuid::from_u128((1 << 100) + reward)),
                campaign_id: CampaignId(Uuid::from_u128(1 << 101)),
                first_id: None,
                period: "once".to_owned(),
                amount: 10.try_into().unwrap(),
                reward_type: RewardType::Point,
            };
            let id = ClaimId::of(about.reward_id, *member, &about.period);
            let granted = ClaimEvent::Granted(Granted::of(about, decision()));
            drafts.push(Draft { stream_id: id.0, event: granted.into() });
        }
    }
    drafts
}

#[tokio::test]
#[ignore = "a measurement, not a test"]
async fn figures_of_hot_claims() {
    with_log(async |log| {
        log.append(hot_claims(10_000, 8)).await;
        fold(log, ClaimHistory).await;
        fold(log, CampaignCatalogue).await;
        fold(log, CampaignAnalytics).await;
        fold(log, Dashboard).await;
    })
    .await;
}
