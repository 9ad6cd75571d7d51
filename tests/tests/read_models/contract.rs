//! What every projection promises, written once: folded again it has the rows it has live, a batch
//! that comes twice counts once, and batches may be cut anywhere. And that the rows are right: they
//! are compared with the aggregates of the domain, folded from the same events.

use std::collections::BTreeMap;

use super::support::adjusted::Adjusted;
use super::support::history::Generator;
use super::support::vouchers::Vouchers;
use super::support::{TestLog, recorded_at, with_log};
use chrono::{DateTime, TimeDelta, Utc};
use domain::Event;
use domain::campaign::Campaign;
use domain::claim::{Claim, ClaimStatus};
use domain::referral::{ReferralEvent, ReferralStatus};
use projections::read_models::adjustments::Adjustments;
use projections::read_models::campaign_analytics::CampaignAnalytics;
use projections::read_models::campaign_catalogue;
use projections::read_models::campaign_catalogue::CampaignCatalogue;
use projections::read_models::claim_history;
use projections::read_models::claim_history::{ClaimFilter, ClaimHistory};
use projections::read_models::coupons::Coupons;
use projections::read_models::dashboard::Dashboard;
use projections::read_models::member_facts::MemberFactsProjection;
use projections::read_models::referral_tally;
use projections::read_models::referral_tally::{ReferralFilter, ReferralTally};
use projections::read_models::spends::Spends;
use projections::read_models::value::Value;
use projections::read_models::wallets::Wallets;
use projections::rebuild;
use projections::{Follower, Projected, Projection};
use uuid::Uuid;

const EVENTS: usize = 600;

async fn written<P: Projection>(log: &mut TestLog, seed: u64) {
    let mut vouchers = Vouchers::new(seed);
    for part in Generator::new(seed).history(EVENTS).chunks(5) {
        log.append(part.to_vec()).await;
        // of a reward that nobody has added: who counts on rewards is spared them
        if P::STREAMS.contains(&"coupon") {
            log.append(vec![vouchers.step()]).await;
        }
    }
    let mut adjusted = Adjusted::new(seed);
    log.append((0..EVENTS / 10).map(|_| adjusted.step()).collect()).await;
}

async fn keeps_the_contract<P: Projection + Copy>(projection: P, seed: u64) {
    let mut digests = Vec::new();
    with_log(async |log| {
        written::<P>(log, seed).await;
        // in pieces of no particular size, each of them twice
        log.project(projection, log.head(), 37, 2).await;
        let live = log.digest(P::NAME).await;
        assert!(!live.contains("=0:"), "the history leaves a table of {} empty: {live}", P::NAME);

        rebuild(&log.pool, P::NAME, |_, _| {}).await.unwrap();
        assert_eq!(log.digest(P::NAME).await, live, "rebuilt rows of {} equal live rows", P::NAME);

        // a batch that reaches back behind the checkpoint, and one that the checkpoint is beyond
        let (follower, mut conn) = (Projected::new(projection), log.pool.acquire().await.unwrap());
        for (after, through) in [(0, log.head()), (10, 20)] {
            let batch = log.batch::<P>(after, through).await;
            assert_eq!(follower.handle(&mut conn, &batch).await.unwrap(), log.head());
        }
        assert_eq!(log.digest(P::NAME).await, live);
        digests.push(live);
    })
    .await;
    with_log(async |log| {
        written::<P>(log, seed).await;
        log.project(projection, log.head(), 1, 1).await;
        let one_by_one = log.digest(P::NAME).await;
        rebuild(&log.pool, P::NAME, |_, _| {}).await.unwrap();
        assert_eq!(log.digest(P::NAME).await, one_by_one, "{} folds one by one as it folds at once", P::NAME);
        digests.push(one_by_one);
    })
    .await;
    with_log(async |log| {
        written::<P>(log, seed).await;
        log.project(projection, 100, 100, 1).await;
        let (follower, mut conn) = (Projected::new(projection), log.pool.acquire().await.unwrap());
        let reaching_back = log.batch::<P>(50, 400).await;
        assert_eq!(follower.handle(&mut conn, &reaching_back).await.unwrap(), 400);
        let beyond_a_hole = log.batch::<P>(500, 550).await;
        let outcome = follower.handle(&mut conn, &beyond_a_hole).await.unwrap();
        assert_eq!(outcome, 400, "holes are never folded over");
        log.project(projection, log.head(), 100, 1).await;
        let overlapping = log.digest(P::NAME).await;
        rebuild(&log.pool, P::NAME, |_, _| {}).await.unwrap();
        assert_eq!(log.digest(P::NAME).await, overlapping);
        digests.push(overlapping);
    })
    .await;
    assert!(digests.iter().all(|digest| digest == &digests[0]), "{}: whatever the size of the pieces", P::NAME);
}

#[tokio::test]
async fn member_facts_keep_the_contract() {
    keeps_the_contract(MemberFactsProjection, 1).await;
}

#[tokio::test]
async fn the_referral_tally_keeps_the_contract() {
    keeps_the_contract(ReferralTally, 2).await;
}

#[tokio::test]
async fn the_claim_history_keeps_the_contract() {
    keeps_the_contract(ClaimHistory, 3).await;
}

#[tokio::test]
async fn the_coupons_keep_the_contract() {
    keeps_the_contract(Coupons, 9).await;
}

#[tokio::test]
async fn the_spends_keep_the_contract() {
    keeps_the_contract(Spends, 44).await;
}

#[tokio::test]
async fn the_adjustments_keep_the_contract() {
    keeps_the_contract(Adjustments, 9).await;
}

#[tokio::test]
async fn the_campaign_catalogue_keeps_the_contract() {
    keeps_the_contract(CampaignCatalogue, 4).await;
}

#[tokio::test]
async fn the_dashboard_keeps_the_contract() {
    keeps_the_contract(Dashboard, 5).await;
}

#[tokio::test]
async fn the_campaign_analytics_keep_the_contract() {
    keeps_the_contract(CampaignAnalytics, 6).await;
}

#[tokio::test]
async fn the_wallets_keep_the_contract() {
    keeps_the_contract(Wallets, 7).await;
}

#[tokio::test]
async fn the_totals_of_value_keep_the_contract() {
    keeps_the_contract(Value, 44).await;
}

#[tokio::test]
async fn claims_stand_where_the_domain_says_and_every_filter_finds_its_own() {
    with_log(async |log| {
        written::<Dashboard>(log, 11).await;
        log.project(ClaimHistory, log.head(), 50, 1).await;
        let mut claims: BTreeMap<Uuid, (Claim, i64)> = BTreeMap::new();
        for (position, draft) in &log.events {
            if let Event::Claim(event) = &draft.event {
                claims.entry(draft.stream_id).or_insert((Claim::default(), *position)).0.evolve(event);
            }
        }
        let mut conn = log.pool.acquire().await.unwrap();
        let all = claim_history::list(&mut conn, &ClaimFilter::default(), 1_000).await.unwrap();
        assert_eq!(all.len(), claims.len());
        assert!(all.is_sorted_by(|newer, older| newer.created_position > older.created_position));
        for row in &all {
            let (claim, created) = &claims[&row.claim_id];
            assert_eq!((row.status.as_str(), row.created_position), (claim.status().unwrap().name(), *created));
            assert_eq!(row.created_at, recorded_at(*created));
            let withdrawn = row.status == "rejected" && row.reason.as_deref() == Some("member_erased");
            assert_eq!(row.reason.is_some(), row.status == "denied" || withdrawn);
        }
        let (from, to) = (recorded_at(200), recorded_at(450));
        let some = &all[all.len() / 2];
        let filters = [
            ClaimFilter { statuses: vec![ClaimStatus::Denied, ClaimStatus::Granted], ..ClaimFilter::default() },
            ClaimFilter { member: Some(domain::id::MemberId(some.member_id)), ..ClaimFilter::default() },
            ClaimFilter { reward: Some(domain::id::RewardId(some.reward_id)), ..ClaimFilter::default() },
            ClaimFilter {
                campaign: Some(domain::id::CampaignId(some.campaign_id)),
                from: Some(from),
                ..ClaimFilter::default()
            },
            ClaimFilter {
                from: Some(from),
                to: Some(to),
                statuses: ClaimStatus::ALL.to_vec(),
                ..ClaimFilter::default()
            },
            ClaimFilter { from: Some(recorded_at(10_000)), ..ClaimFilter::default() },
        ];
        for filter in filters {
            let expected: Vec<Uuid> = all
                .iter()
                .filter(|row| filter.statuses.is_empty() || filter.statuses.iter().any(|one| one.name() == row.status))
                .filter(|row| filter.member.is_none_or(|member| member.0 == row.member_id))
                .filter(|row| filter.campaign.is_none_or(|campaign| campaign.0 == row.campaign_id))
                .filter(|row| filter.reward.is_none_or(|reward| reward.0 == row.reward_id))
                .filter(|row| filter.from.is_none_or(|from| row.created_at >= from))
                .filter(|row| filter.to.is_none_or(|to| row.created_at < to))
                .map(|row| row.claim_id)
                .collect();
            let mut walked = Vec::new();
            let mut page = ClaimFilter { before: None, ..filter };
            loop {
                let rows = claim_history::list(&mut conn, &page, 7).await.unwrap();
                let Some(last) = rows.last() else { break };
                page.before = Some(last.created_position);
                walked.extend(rows.iter().map(|row| row.claim_id));
            }
            assert_eq!(walked, expected, "{page:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_catalogue_says_what_the_campaigns_say_and_what_is_left() {
    with_log(async |log| {
        written::<Dashboard>(log, 12).await;
        log.project(CampaignCatalogue, log.head(), 50, 1).await;
        let mut campaigns: BTreeMap<Uuid, Campaign> = BTreeMap::new();
        let mut claims: BTreeMap<Uuid, Claim> = BTreeMap::new();
        for (_, draft) in &log.events {
            match &draft.event {
                Event::Campaign(event) => campaigns.entry(draft.stream_id).or_default().evolve(event),
                Event::Claim(event) => claims.entry(draft.stream_id).or_default().evolve(event),
                Event::Member(_) | Event::Activity(_) | Event::Referral(_) | Event::Value(_) => {}
            }
        }
        let now: DateTime<Utc> =
            super::support::history::FIRST_DAY.parse::<DateTime<Utc>>().unwrap() + TimeDelta::days(20);
        let rows = campaign_catalogue::campaigns(&log.pool, None, now, None, 1_000).await.unwrap();
        assert_eq!(rows.len(), campaigns.len());
        let mut by_status = 0;
        for status in domain::campaign::CampaignStatus::ALL {
            let rows = campaign_catalogue::campaigns(&log.pool, Some(status), now, None, 1_000).await.unwrap();
            assert!(rows.iter().all(|row| row.status(now) == status), "{status:?}");
            by_status += rows.len();
        }
        assert_eq!(by_status, rows.len());
        for row in rows {
            let campaign = &campaigns[&row.campaign_id];
            assert_eq!(Some(row.status(now)), campaign.status(now.into()));
            assert_eq!(row.name, campaign.terms().unwrap().name);
            let (condition, version) = campaign.condition().unwrap();
            assert_eq!((row.condition.0, row.condition_version), (condition.to_json(), i64::from(version)));
        }
        for row in campaign_catalogue::rewards(&log.pool, None, None, 1_000).await.unwrap() {
            let terms = campaigns[&row.campaign_id].reward(domain::id::RewardId(row.reward_id)).unwrap();
            assert_eq!((&row.name, row.quantity), (&terms.name, terms.quantity.map(Into::into)));
            let standing = |wanted: &[ClaimStatus]| {
                let of_reward = claims.values().filter(|claim| claim.about().unwrap().reward_id.0 == row.reward_id);
                of_reward.filter(|claim| wanted.contains(&claim.status().unwrap())).count() as i64
            };
            let granted = [ClaimStatus::Granted, ClaimStatus::Fulfilled, ClaimStatus::FulfilmentFailed];
            assert_eq!((row.held, row.granted), (standing(&[ClaimStatus::Pending]), standing(&granted)));
        }
    })
    .await;
}

#[tokio::test]
async fn referrals_are_listed_by_inviter_and_status_and_found_by_invitee() {
    with_log(async |log| {
        written::<Dashboard>(log, 14).await;
        log.project(ReferralTally, log.head(), 50, 1).await;
        let mut expected = BTreeMap::new();
        for (_, draft) in &log.events {
            if let Event::Referral(event) = &draft.event {
                let status = match event {
                    ReferralEvent::Created(_) => "pending",
                    ReferralEvent::Qualified(_) => "qualified",
                    ReferralEvent::Voided(_) => "voided",
                };
                expected.insert(event.invitee().0, (event.inviter(), status));
            }
        }
        let all = referral_tally::list(&log.pool, ReferralFilter::default(), 1_000).await.unwrap();
        assert_eq!(all.len(), expected.len());
        for row in &all {
            assert_eq!(
                (row.inviter_id, row.status.as_str()),
                (expected[&row.invitee_id].0.0, expected[&row.invitee_id].1)
            );
        }
        let (inviter, _) = *expected.values().next().unwrap();
        let filter = ReferralFilter { inviter: Some(inviter), ..ReferralFilter::default() };
        let own = referral_tally::list(&log.pool, filter, 1_000).await.unwrap();
        assert_eq!(own.len(), expected.values().filter(|(one, _)| *one == inviter).count());
        let filter = ReferralFilter { status: Some(ReferralStatus::Pending), ..ReferralFilter::default() };
        let pending = referral_tally::list(&log.pool, filter, 1_000).await.unwrap();
        assert_eq!(pending.len(), expected.values().filter(|(_, status)| *status == "pending").count());
    })
    .await;
}
