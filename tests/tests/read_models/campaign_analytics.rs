//! How one campaign does is what a reader of the log counts who knows none of its code: in random windows, zones and
//! buckets, now and as of random positions, over few and over many marks.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::Event;
use domain::campaign::CampaignEvent;
use domain::claim::{ClaimEvent, ClaimEventType, Decision, DenialReason};
use domain::condition::{Condition, LeafEvidence, Seen};
use domain::id::CampaignId;
use domain::member::MemberEvent;
use domain::role::Role;
use projections::read_models::campaign_analytics::{
    CampaignAnalytics, CampaignMembers, LeafMet, MODELS, Missing, OneCampaign, StepsBucket, Version, View,
};
use projections::read_models::dashboard::{AsOf, Bucket, Dashboard, Timeline};
use projections::read_models::{dashboard, value};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use super::support::history::Generator;
use super::support::{Draft, TestLog, recorded_at, with_log};

const ZONES: [&str; 4] = ["UTC", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe"];
const BUCKETS: [Bucket; 4] = [Bucket::Hour, Bucket::Day, Bucket::Week, Bucket::Month];

fn count(kind: &str) -> Value {
    json!({"count": {"kind": kind, "count": 1}})
}

/// Two trees that take turns, each with its questions: where they stand, what was missing of them when.
fn tree(version: u32) -> Condition {
    let tree = if version % 2 == 1 {
        json!({"all": [count("a"), {"any": [count("b"), count("c")]}, {"not": count("d")}]})
    } else {
        json!({"any": [count("a"), {"all": [count("b"), {"not": count("c")}]}]})
    };
    Condition::parse(&tree).unwrap()
}

fn paths(version: u32) -> &'static [&'static str] {
    if version % 2 == 1 {
        &["all[0]", "all[1].any[0]", "all[1].any[1]", "all[2].not"]
    } else {
        &["any[0]", "any[1].all[0]", "any[1].all[1].not"]
    }
}

/// Worked out by hand for each of the two; nothing is missing where it is met.
fn missing(version: u32, met: &[bool]) -> Vec<&'static str> {
    let places: Vec<usize> = if version % 2 == 1 {
        let none_of_two = !met[1] && !met[2];
        [(!met[0], 0), (none_of_two, 1), (none_of_two, 2), (met[3], 3)]
            .into_iter()
            .filter(|one| one.0)
            .map(|one| one.1)
            .collect()
    } else if met[0] || (met[1] && !met[2]) {
        vec![]
    } else {
        [(true, 0), (!met[1], 1), (met[2], 2)].into_iter().filter(|one| one.0).map(|one| one.1).collect()
    };
    places.into_iter().map(|place| paths(version)[place]).collect()
}

/// How the condition might have judged, with the outcome that is wanted.
fn judged(random: &mut StdRng, version: u32, wanted: Option<bool>, before: &Decision) -> Decision {
    loop {
        let met: Vec<bool> = paths(version).iter().map(|_| random.random()).collect();
        let is_met = missing(version, &met).is_empty();
        if wanted.is_some_and(|wanted| wanted != is_met) {
            continue;
        }
        let evidence = paths(version).iter().zip(met).map(|(path, met)| LeafEvidence {
            path: (*path).to_owned(),
            leaf: "count".to_owned(),
            kind: None,
            measure: None,
            need: Seen::Number(1),
            have: Seen::Number(met.into()),
            met,
            local_date: None,
            error: None,
        });
        return Decision { met: is_met, evidence: evidence.collect(), condition_version: version, ..before.clone() };
    }
}

/// A random history whose rules have several questions, and whose attempts answered them somehow.
fn history(seed: u64, events: usize) -> Vec<Draft> {
    let (mut random, mut versions) = (StdRng::seed_from_u64(seed), BTreeMap::<Uuid, u32>::new());
    let mut drafts = Generator::new(seed).history(events);
    for draft in &mut drafts {
        match &mut draft.event {
            Event::Campaign(CampaignEvent::Created(created)) => {
                created.condition = tree(1);
                versions.insert(draft.stream_id, 1);
            }
            Event::Campaign(CampaignEvent::Revised(revised)) => {
                if let Some(condition) = &mut revised.condition {
                    *condition = tree(revised.condition_version);
                    versions.insert(draft.stream_id, revised.condition_version);
                }
            }
            Event::Claim(event) => {
                let version = versions[&event.about().campaign_id.0];
                let mut judge = |wanted, decision: &mut Decision| {
                    *decision = judged(&mut random, version, wanted, decision);
                };
                match event {
                    ClaimEvent::Denied(denied) if denied.reason == DenialReason::ConditionUnmet => {
                        judge(Some(false), &mut denied.decision);
                    }
                    ClaimEvent::Denied(denied) => judge(None, &mut denied.decision),
                    ClaimEvent::Submitted(submitted) => judge(Some(true), &mut submitted.decision),
                    ClaimEvent::Granted(granted) => judge(Some(true), &mut granted.decision),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    drafts
}

/// A question.
#[derive(Debug)]
struct Question {
    campaign: CampaignId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    timeline: Timeline,
}

impl Question {
    fn random(random: &mut StdRng, log: &TestLog, campaigns: &[Uuid]) -> Self {
        let span = (log.clock)(log.head()) - (log.clock)(0) + TimeDelta::hours(4);
        let moment = |random: &mut StdRng| {
            let at = (log.clock)(0) + TimeDelta::milliseconds(random.random_range(-60_000..span.num_milliseconds()));
            let to_the_quarter = TimeDelta::milliseconds(at.timestamp_millis() % 900_000);
            if random.random() { at } else { at - to_the_quarter }
        };
        let (one, other) = (moment(random), moment(random));
        let (from, to) = (one.min(other), one.max(other));
        let zone = ZONES.choose(random).unwrap().parse().unwrap();
        let timeline = Timeline::of(from, to, *BUCKETS.choose(random).unwrap(), zone).unwrap();
        Self { campaign: CampaignId(*campaigns.choose(random).unwrap()), from, to, timeline }
    }
}

/// All of it again, event by event.
fn naive(log: &TestLog, through: i64, asked: &Question, starts: &[DateTime<Utc>]) -> Option<OneCampaign> {
    let events = || log.events.iter().filter(|(position, _)| *position <= through);
    let mut users = BTreeMap::new();
    let mut versions: Vec<Version> = Vec::new();
    for (position, draft) in events() {
        let event = match &draft.event {
            Event::Member(MemberEvent::Registered(event)) => {
                users.insert(draft.stream_id, event.role == Role::User);
                continue;
            }
            Event::Member(MemberEvent::RoleChanged(event)) => {
                users.entry(draft.stream_id).and_modify(|user| *user = event.role == Role::User);
                continue;
            }
            Event::Member(MemberEvent::Erased(_)) => {
                users.remove(&draft.stream_id);
                continue;
            }
            Event::Campaign(event) if draft.stream_id == asked.campaign.0 => event,
            _ => continue,
        };
        let version = match event {
            CampaignEvent::Created(_) => 1,
            CampaignEvent::Revised(revised) if revised.condition.is_some() => revised.condition_version,
            _ => continue,
        };
        let leaves = paths(version).iter().map(|path| LeafMet { path: (*path).to_owned(), leaf: "count", met: 0 });
        versions.push(Version {
            version: version.into(),
            position: *position,
            since: (log.clock)(*position),
            condition: tree(version),
            attempts: 0,
            met: 0,
            refused: 0,
            leaves: leaves.collect(),
            missing: vec![],
        });
    }
    if versions.is_empty() {
        return None;
    }
    let of_campaign = |draft: &Draft| match &draft.event {
        Event::Claim(event) if event.about().campaign_id == asked.campaign => Some(event.clone()),
        _ => None,
    };
    let steps: Vec<(DateTime<Utc>, Uuid, ClaimEvent)> = events()
        .filter_map(|(position, draft)| Some(((log.clock)(*position), draft.stream_id, of_campaign(draft)?)))
        .collect();
    let (mut asking, mut claimed) = (BTreeSet::new(), BTreeSet::new());
    let (mut granted, mut held) = (BTreeMap::new(), BTreeSet::new());
    for (_, claim, event) in &steps {
        let member = event.member().0;
        asking.insert(member);
        if let Some(decision) = event.decision() {
            let version = versions.iter_mut().find(|one| one.version == i64::from(decision.condition_version)).unwrap();
            version.attempts += 1;
            version.met += i64::from(decision.met);
            for (leaf, evidence) in version.leaves.iter_mut().zip(&decision.evidence) {
                leaf.met += i64::from(evidence.met);
            }
            if matches!(event, ClaimEvent::Denied(denied) if denied.reason == DenialReason::ConditionUnmet) {
                version.refused += 1;
                let met: Vec<bool> = decision.evidence.iter().map(|leaf| leaf.met).collect();
                let paths: Vec<_> = missing(decision.condition_version, &met).into_iter().map(str::to_owned).collect();
                match version.missing.iter_mut().find(|one| one.paths == paths) {
                    Some(known) => known.count += 1,
                    None => version.missing.push(Missing { paths, count: 1 }),
                }
            }
        }
        match event.event_type() {
            ClaimEventType::Submitted => {
                claimed.insert(member);
                held.insert(*claim);
            }
            ClaimEventType::Granted | ClaimEventType::Approved => {
                claimed.insert(member);
                held.remove(claim);
                granted.insert(*claim, member);
            }
            ClaimEventType::Rejected | ClaimEventType::Expired | ClaimEventType::Withdrawn => drop(held.remove(claim)),
            ClaimEventType::Reversed => drop(granted.remove(claim)),
            ClaimEventType::Denied
            | ClaimEventType::Fulfilled
            | ClaimEventType::FulfilmentFailed
            | ClaimEventType::Credited => {}
        }
    }
    let in_window = |from: DateTime<Utc>, to: DateTime<Utc>| {
        let window = asked.from.max(from)..asked.to.min(to);
        steps.iter().filter(move |(at, _, _)| window.contains(at)).map(|(_, _, event)| event)
    };
    let ends = starts.iter().skip(1).copied().chain([asked.to]);
    let timeline = starts.iter().zip(ends).map(|(start, end)| {
        let of = |kinds: &[ClaimEventType]| {
            in_window(*start, end).filter(|event| kinds.contains(&event.event_type())).count() as i64
        };
        StepsBucket {
            bucket: *start,
            granted: of(&[ClaimEventType::Granted, ClaimEventType::Approved]),
            denied: of(&[ClaimEventType::Denied]),
            pending: of(&[ClaimEventType::Submitted]),
            rejected: of(&[ClaimEventType::Rejected]),
            expired: of(&[ClaimEventType::Expired]),
            withdrawn: of(&[ClaimEventType::Withdrawn]),
            reversed: of(&[ClaimEventType::Reversed]),
        }
    });
    let denied = |reason| {
        let all = in_window(asked.from, asked.to);
        all.filter(|event| matches!(event, ClaimEvent::Denied(denied) if denied.reason == reason)).count() as i64
    };
    Some(OneCampaign {
        timeline: timeline.collect(),
        denial_reasons: DenialReason::ALL.map(|reason| (reason, denied(reason))).to_vec(),
        versions,
        granted: granted.len() as i64,
        held: held.len() as i64,
        members: CampaignMembers {
            total: users.values().filter(|is_user| **is_user).count() as i64,
            asked: asking.len() as i64,
            claimed: claimed.len() as i64,
            granted: granted.values().collect::<BTreeSet<_>>().len() as i64,
        },
        as_of: AsOf {
            position: through,
            recorded_at: if through == 0 { DateTime::UNIX_EPOCH } else { (log.clock)(through) },
        },
    })
}

/// What is as frequent as another combination may stand before it or behind it.
fn in_order(mut one: OneCampaign) -> OneCampaign {
    for version in &mut one.versions {
        assert!(version.missing.is_sorted_by_key(|missing| std::cmp::Reverse(missing.count)), "{version:?}");
        version.missing.sort_by(|one, other| (other.count, &one.paths).cmp(&(one.count, &other.paths)));
    }
    one
}

async fn agrees(log: &TestLog, random: &mut StdRng, questions: usize) {
    let created = |draft: &Draft| matches!(draft.event, Event::Campaign(CampaignEvent::Created(_)));
    let campaigns: Vec<Uuid> =
        log.events.iter().filter(|(_, draft)| created(draft)).map(|(_, draft)| draft.stream_id).collect();
    let mut answered = 0;
    for nth in 0..questions {
        let asked = Question::random(random, log, &campaigns);
        let through = if nth % 3 == 0 { log.head() } else { random.random_range(0..=log.head()) };
        let at = (nth % 3 != 0).then_some(through);
        let view = View::open(&log.pool, MODELS, at).await.unwrap();
        let seen = view.campaign(asked.campaign, &asked.timeline).await.unwrap();
        let starts: Vec<_> = seen.iter().flat_map(|one| &one.timeline).map(|bucket| bucket.bucket).collect();
        let mut expected = naive(log, through, &asked, &starts);
        for version in expected.iter_mut().flat_map(|one| &mut one.versions) {
            version.missing.sort_by_key(|missing| std::cmp::Reverse(missing.count));
        }
        answered += usize::from(seen.is_some());
        assert_eq!(seen.map(in_order), expected.map(in_order), "{asked:?} at {at:?}");
    }
    assert!(answered > questions / 4, "{answered} of {questions} are of a campaign that existed then");
}

/// A random programme, folded in pieces of random size.
async fn random_programme(seed: u64, events: usize, clock: fn(i64) -> DateTime<Utc>, questions: usize) {
    with_log(async |log| {
        log.clock = clock;
        let mut random = StdRng::seed_from_u64(seed);
        log.append(history(seed, events)).await;
        let mut folded = 0;
        while folded < log.head() {
            folded = (folded + random.random_range(1..400)).min(log.head());
            log.project(CampaignAnalytics, folded, 400, 1).await;
        }
        log.project(Dashboard, log.head(), 1_000, 1).await;
        agrees(log, &mut random, questions).await;
    })
    .await;
}

#[tokio::test]
async fn every_number_is_that_of_a_naive_reader_of_the_log_now_and_then() {
    for seed in 70..73 {
        random_programme(seed, 900, recorded_at, 30).await;
    }
}

/// So many steps in few quarters of an hour that marks stand within them.
#[tokio::test]
async fn a_hot_campaign_is_counted_the_same_over_many_marks_of_one_quarter() {
    let hot = |position: i64| recorded_at(0) + TimeDelta::milliseconds(position * 300);
    random_programme(80, 9_000, hot, 40).await;
}

/// A read model that is behind is not mixed with one that is ahead.
#[tokio::test]
async fn what_is_told_is_of_the_position_that_all_read_models_have_reached() {
    with_log(async |log| {
        log.append(history(81, 600)).await;
        log.project(Dashboard, log.head(), 1_000, 1).await;
        log.project(CampaignAnalytics, 431, 100, 1).await;
        assert_eq!(View::open(&log.pool, MODELS, None).await.unwrap().as_of().position, 431);
        assert_eq!(View::open(&log.pool, MODELS, Some(77)).await.unwrap().as_of().position, 77);
        assert_eq!(View::open(&log.pool, MODELS, Some(500)).await.unwrap().as_of().position, 431);
    })
    .await;
}

/// Events of other streams are passed over at once, and the checkpoint follows when there is time: whoever has waited for
/// such an event is answered as of it.
#[tokio::test]
async fn a_view_is_of_the_position_that_was_waited_for_before_the_checkpoint_says_so() {
    with_log(async |log| {
        log.append(history(81, 600)).await;
        log.project(Dashboard, 431, 1_000, 1).await;
        log.project(CampaignAnalytics, 431, 1_000, 1).await;
        log.project(value::Value, 431, 1_000, 1).await;
        let now = recorded_at(log.head());
        for (wanted, folded, position) in [(None, 440, 440), (Some(440), 440, 440), (Some(77), 440, 77), (None, 9, 431)]
        {
            let of_campaigns = View::folded_to(&log.pool, MODELS, wanted, folded).await.unwrap().as_of();
            let of_dashboard = dashboard::View::open(&log.pool, wanted, now, folded).await.unwrap().as_of();
            let of_value = value::View::open(&log.pool, wanted, now, folded).await.unwrap().as_of();
            for as_of in [of_campaigns, of_dashboard, of_value] {
                assert_eq!(
                    (as_of.position, as_of.recorded_at),
                    (position, recorded_at(position)),
                    "{wanted:?} {folded}"
                );
            }
        }
    })
    .await;
}

/// More combinations than are kept: what is beyond them is still an attempt, and a refusal.
#[tokio::test]
async fn a_rule_of_chance_has_few_combinations_and_all_its_attempts() {
    with_log(async |log| {
        let mut random = StdRng::seed_from_u64(82);
        let many = Condition::parse(&json!({"all": vec![count("a"); 12]})).unwrap();
        let mut drafts = history(82, 400);
        let campaign = drafts.iter().find_map(|draft| match &draft.event {
            Event::Claim(event) => Some(event.about().clone()),
            _ => None,
        });
        let about = campaign.unwrap();
        drafts.retain(
            |draft| !matches!(&draft.event, Event::Claim(event) if event.about().campaign_id == about.campaign_id),
        );
        for draft in &mut drafts {
            if let Event::Campaign(CampaignEvent::Created(created)) = &mut draft.event {
                created.condition = many.clone();
            }
        }
        drafts.retain(|draft| !matches!(&draft.event, Event::Campaign(CampaignEvent::Revised(_))));
        let mut met_first = 0;
        for nth in 0..600_u128 {
            let mut decision = super::support::history::decision();
            decision.met = false;
            decision.evidence = (0..12)
                .map(|place| LeafEvidence {
                    path: format!("all[{place}]"),
                    leaf: "count".to_owned(),
                    kind: None,
                    measure: None,
                    need: Seen::Number(1),
                    have: Seen::Number(0),
                    met: place != 11 && random.random(),
                    local_date: None,
                    error: None,
                })
                .collect();
            met_first += i64::from(decision.evidence[0].met);
            let denied = domain::claim::Denied::of(about.clone(), decision, DenialReason::ConditionUnmet);
            let stream_id = Uuid::from_u128((9 << 100) + nth);
            drafts.push(Draft { stream_id, event: ClaimEvent::Denied(denied).into() });
        }
        log.append(drafts).await;
        log.project(CampaignAnalytics, log.head(), 83, 1).await;
        log.project(Dashboard, log.head(), 1_000, 1).await;
        let now = recorded_at(log.head());
        let timeline = Timeline::of(now, now, Bucket::Day, domain::zone::Tz::UTC).unwrap();
        let view = View::open(&log.pool, MODELS, None).await.unwrap();
        let seen = view.campaign(about.campaign_id, &timeline).await.unwrap().unwrap();
        let version = &seen.versions[0];
        assert_eq!((version.attempts, version.refused, version.met), (600, 600, 0));
        assert_eq!((version.leaves[0].met, version.leaves[11].met), (met_first, 0));
        assert_eq!(version.missing.len(), 20);
        let kept: i64 = sqlx::query_scalar("select count(distinct leaves) from campaign_refusals")
            .fetch_one(&log.pool)
            .await
            .unwrap();
        assert!(kept < 300, "{kept} combinations are kept");
    })
    .await;
}
