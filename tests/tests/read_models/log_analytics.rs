//! How busy the log was is what somebody finds who counts its events one by one, and what changed in campaigns is what
//! their streams say: in random windows, zones and buckets, now and as of random positions.

use chrono::{DateTime, TimeDelta, Utc};
use domain::Event;
use domain::campaign::CampaignEvent;
use projections::read_models::campaign_analytics::{CampaignAnalytics, Milestone, MilestoneKind, View};
use projections::read_models::dashboard::{Bucket, Timeline};
use projections::read_models::log_analytics::{KnownEdges, LogAnalytics, MODELS, log_analytics};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::support::history::Generator;
use super::support::{Draft, TestLog, recorded_at, with_log};

const ZONES: [&str; 3] = ["UTC", "Asia/Kathmandu", "America/New_York"];

/// The milestones of a log, by reading all of it.
fn milestones(events: &[(i64, Draft)]) -> Vec<Milestone> {
    let mut names = std::collections::BTreeMap::new();
    let mut found = Vec::new();
    for (position, draft) in events {
        let Event::Campaign(event) = &draft.event else { continue };
        let kind = match event {
            CampaignEvent::Created(created) => {
                names.insert(draft.stream_id, created.terms.name.clone());
                continue;
            }
            CampaignEvent::Revised(revised) => {
                names.insert(draft.stream_id, revised.terms.name.clone());
                let Some(_) = revised.condition else { continue };
                MilestoneKind::Rule { version: revised.condition_version.into() }
            }
            CampaignEvent::Opened(_) => MilestoneKind::Opened,
            CampaignEvent::Closed(_) | CampaignEvent::Ended(_) => MilestoneKind::Ended,
            CampaignEvent::Paused(_)
            | CampaignEvent::Resumed(_)
            | CampaignEvent::RewardAdded(_)
            | CampaignEvent::RewardRevised(_)
            | CampaignEvent::StockChanged(_) => continue,
        };
        found.push(Milestone {
            position: *position,
            recorded_at: recorded_at(*position),
            campaign_id: draft.stream_id,
            name: names[&draft.stream_id].clone(),
            kind,
        });
    }
    found
}

/// Counted one by one.
fn agree(log: &TestLog, through: i64, window: (DateTime<Utc>, DateTime<Utc>), seen: &LogAnalytics) {
    let (from, to) = window;
    assert_eq!(seen.as_of.position, through);
    let is_seen = |position: i64| position <= through && from <= recorded_at(position) && recorded_at(position) < to;
    let starts: Vec<_> = seen.timeline.iter().map(|bucket| bucket.bucket).collect();
    let ends = starts.iter().skip(1).copied().chain([to]);
    for (bucket, end) in seen.timeline.iter().zip(ends) {
        let inside = |position: &i64| is_seen(*position) && (bucket.bucket..end).contains(&recorded_at(*position));
        let positions = log.events.iter().map(|(position, _)| *position);
        assert_eq!(bucket.events, positions.clone().filter(inside).count() as i64, "{bucket:?}");
        let mut before = positions.filter(|position| *position <= through && recorded_at(*position) < end);
        assert_eq!(bucket.last_position, before.next_back().unwrap_or(0), "{bucket:?}");
    }
    let expected = milestones(&log.events).into_iter().filter(|milestone| is_seen(milestone.position));
    assert_eq!(seen.milestones, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn the_log_is_counted_as_if_one_by_one_and_its_milestones_are_those_of_its_campaigns() {
    with_log(async |log| {
        let mut random = StdRng::seed_from_u64(60);
        log.append(Generator::new(60).history(900)).await;
        log.project(CampaignAnalytics, log.head(), 41, 1).await;
        let known = KnownEdges::default();
        assert!(milestones(&log.events).len() > 5, "the history has something to mark");
        for nth in 0..40 {
            let moment = |random: &mut StdRng| {
                recorded_at(random.random_range(-200..log.head() + 200))
                    + TimeDelta::milliseconds(random.random_range(0..2))
            };
            let (one, other) = (moment(&mut random), moment(&mut random));
            let window = (one.min(other), one.max(other));
            let (bucket, zone) = (*Bucket::ALL.choose(&mut random).unwrap(), *ZONES.choose(&mut random).unwrap());
            let timeline = Timeline::of(window.0, window.1, bucket, zone.parse().unwrap()).unwrap();
            let (view, through) = if nth % 2 == 0 {
                (View::open(&log.pool, MODELS, None).await.unwrap(), log.head())
            } else {
                let position = random.random_range(0..=log.head());
                (View::open(&log.pool, MODELS, Some(position)).await.unwrap(), position)
            };
            agree(log, through, window, &log_analytics(view, &timeline, &known).await.unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn an_empty_log_has_buckets_without_events() {
    with_log(async |log| {
        let timeline = Timeline::of(recorded_at(0), recorded_at(60), Bucket::Minute, domain::zone::Tz::UTC).unwrap();
        let view = View::open(&log.pool, MODELS, None).await.unwrap();
        let seen = log_analytics(view, &timeline, &KnownEdges::default()).await.unwrap();
        assert_eq!((seen.timeline.len(), seen.milestones.len(), seen.as_of.position), (60, 0, 0));
        assert!(seen.timeline.iter().all(|bucket| (bucket.events, bucket.last_position) == (0, 0)));
    })
    .await;
}

/// What is remembered of a log is of that log alone: one that was restored from a copy goes on otherwise, in another epoch.
#[tokio::test]
async fn what_is_remembered_is_right_for_every_view_and_every_life_of_the_log() {
    let timeline = Timeline::of(recorded_at(0), recorded_at(120), Bucket::Hour, domain::zone::Tz::UTC).unwrap();
    let known = KnownEdges::default();
    let last = async |log: &TestLog, position: Option<i64>| {
        let view = View::open(&log.pool, MODELS, position).await.unwrap();
        let seen = log_analytics(view, &timeline, &known).await.unwrap();
        seen.timeline.iter().map(|bucket| bucket.last_position).collect::<Vec<_>>()
    };
    with_log(async |log| {
        log.append(Generator::new(61).history(150)).await;
        log.project(CampaignAnalytics, log.head(), 150, 1).await;
        assert_eq!(last(log, None).await, [59, 119]);
        assert_eq!(last(log, Some(70)).await, [59, 70]);
        assert_eq!(last(log, Some(20)).await, [20, 20]);
        assert_eq!(last(log, None).await, [59, 119]);
    })
    .await;
    with_log(async |log| {
        log.epoch = 2;
        log.clock = |position| recorded_at(2 * position);
        log.append(Generator::new(62).history(80)).await;
        log.project(CampaignAnalytics, log.head(), 80, 1).await;
        assert_eq!(last(log, None).await, [29, 59]);
    })
    .await;
}
