//! The dashboard counts what a reader of the log counts: a naive fold, written without any of its
//! code, says the same in random windows, zones and buckets, now and as of random positions.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use domain::Event;
use domain::activity::{self, ActivityEvent};
use domain::campaign::{Campaign, CampaignEvent, CampaignStatus, RewardTerms, RewardType};
use domain::claim::{Claim, ClaimEvent, ClaimStatus, DenialReason};
use domain::member::MemberEvent;
use domain::role::Role;
use domain::zone::Tz;
use projections::read_models::dashboard::{
    AsOf, AskedBucket, Bucket, CampaignBucket, CampaignRewards, Dashboard, EventAnalytics, MemberBucket, Members,
    RewardAnalytics, Summary, Timeline, TypeOfReward, UserAnalytics, View,
};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use super::support::history::{FIRST_DAY, Generator};
use super::support::{Draft, TestLog, recorded_at, with_log};

const ZONES: [&str; 10] = [
    "UTC",
    "Asia/Seoul",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "America/New_York",
    "America/St_Johns",
    "Africa/Casablanca",
];

const BUCKETS: [Bucket; 4] = [Bucket::Hour, Bucket::Day, Bucket::Week, Bucket::Month];

/// A question.
#[derive(Debug, Clone, Copy)]
struct Question {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    bucket: Bucket,
    zone: Tz,
}

impl Question {
    fn random(random: &mut StdRng, head: i64) -> Self {
        let first: DateTime<Utc> = FIRST_DAY.parse().unwrap();
        // steps are recorded behind the days of the facts: windows in both, and over both
        let (start, hours) = match random.random_range(0..3) {
            0 => (first, 24 * 40),
            1 => (recorded_at(0), head / 60 + 4),
            _ => (first - TimeDelta::days(2), 24 * 50),
        };
        let moment = |random: &mut StdRng| {
            let minute = start + TimeDelta::minutes(random.random_range(0..hours * 60));
            match random.random_range(0..3) {
                0 => minute - TimeDelta::minutes(i64::from(minute.minute() % 15)),
                1 => minute,
                _ => minute + TimeDelta::milliseconds(random.random_range(0..60_000)),
            }
        };
        let (one, other) = (moment(random), moment(random));
        let (from, to) = (one.min(other), one.max(other) + TimeDelta::milliseconds(1));
        let zone = ZONES.choose(random).unwrap().parse().unwrap();
        Self { from, to, bucket: *BUCKETS.choose(random).unwrap(), zone }
    }

    fn timeline(&self) -> Timeline {
        Timeline::of(self.from, self.to, self.bucket, self.zone).unwrap()
    }

    fn contains(&self, moment: DateTime<Utc>) -> bool {
        self.from <= moment && moment < self.to
    }

    /// Where buckets start, found by watching the local clock minute by minute.
    fn starts(&self) -> Vec<DateTime<Utc>> {
        let watched_from = self.from - TimeDelta::days(33);
        let mut minute = watched_from - TimeDelta::milliseconds(watched_from.timestamp_millis().rem_euclid(60_000));
        let mut starts = Vec::new();
        let mut before = None;
        while minute < self.to {
            let local = minute.with_timezone(&self.zone);
            let shown = match self.bucket {
                Bucket::Minute => local.format("%F %H:%M").to_string(),
                Bucket::Hour => local.format("%F %H").to_string(),
                Bucket::Day => local.format("%F").to_string(),
                Bucket::Week => format!("{:?}", local.iso_week()),
                Bucket::Month => local.format("%Y-%m").to_string(),
            };
            let strikes = self.bucket == Bucket::Hour && local.minute() == 0;
            if strikes || before.is_some_and(|before| before != shown) {
                starts.push(minute);
            }
            before = Some(shown);
            minute += TimeDelta::minutes(1);
        }
        let first = starts.iter().rposition(|start| *start <= self.from).unwrap();
        starts.split_off(first)
    }
}

/// What the log says up to a position, kept as plainly as can be.
struct Naive {
    as_of: AsOf,
    clock: DateTime<Utc>,
    /// Since when they are members, and whether their role is USER.
    members: BTreeMap<Uuid, (DateTime<Utc>, bool)>,
    facts: Vec<activity::Recorded>,
    claims: BTreeMap<Uuid, Claim>,
    steps: Vec<(DateTime<Utc>, ClaimEvent)>,
    campaigns: Vec<(Uuid, Campaign, Option<DateTime<Utc>>)>,
    rewards: BTreeMap<Uuid, (Uuid, RewardTerms)>,
}

impl Naive {
    fn fold(events: &[(i64, Draft)], through: i64, clock: Option<DateTime<Utc>>) -> Self {
        let at = if through == 0 { DateTime::UNIX_EPOCH } else { recorded_at(through) };
        let mut naive = Self {
            as_of: AsOf { position: through, recorded_at: at },
            clock: clock.unwrap_or(at),
            members: BTreeMap::new(),
            facts: Vec::new(),
            claims: BTreeMap::new(),
            steps: Vec::new(),
            campaigns: Vec::new(),
            rewards: BTreeMap::new(),
        };
        for (position, draft) in events.iter().filter(|(position, _)| *position <= through) {
            naive.take_in(recorded_at(*position), draft);
        }
        naive
    }

    fn take_in(&mut self, at: DateTime<Utc>, draft: &Draft) {
        let id = draft.stream_id;
        match &draft.event {
            Event::Member(MemberEvent::Registered(event)) => {
                self.members.insert(id, (at, event.role == Role::User));
            }
            Event::Member(MemberEvent::RoleChanged(event)) => {
                self.members.entry(id).and_modify(|member| member.1 = event.role == Role::User);
            }
            Event::Member(MemberEvent::Erased(_)) => drop(self.members.remove(&id)),
            Event::Activity(ActivityEvent::Recorded(fact)) => self.facts.push(fact.clone()),
            Event::Activity(ActivityEvent::Voided(voided)) => self.facts.retain(|fact| fact.id != voided.id),
            Event::Claim(event) => {
                self.claims.entry(id).or_default().evolve(event);
                self.steps.push((at, event.clone()));
            }
            Event::Campaign(event) => {
                if !self.campaigns.iter().any(|campaign| campaign.0 == id) {
                    self.campaigns.push((id, Campaign::default(), None));
                }
                let campaign = self.campaigns.iter_mut().find(|campaign| campaign.0 == id).unwrap();
                campaign.1.evolve(event);
                match event {
                    CampaignEvent::Ended(_) => campaign.2 = Some(at),
                    CampaignEvent::Paused(_) | CampaignEvent::Resumed(_) => campaign.2 = None,
                    CampaignEvent::RewardAdded(added) => {
                        self.rewards.insert(added.reward_id.0, (id, added.terms.clone()));
                    }
                    CampaignEvent::StockChanged(change) => {
                        let quantity = Some(change.quantity);
                        self.rewards.entry(change.reward_id.0).and_modify(|reward| reward.1.quantity = quantity);
                    }
                    CampaignEvent::Created(_)
                    | CampaignEvent::Revised(_)
                    | CampaignEvent::RewardRevised(_)
                    | CampaignEvent::Opened(_)
                    | CampaignEvent::Closed(_) => {}
                }
            }
            Event::Member(_) | Event::Referral(_) | Event::Value(_) => {}
        }
    }

    fn users(&self) -> BTreeMap<Uuid, DateTime<Utc>> {
        self.members.iter().filter(|(_, member)| member.1).map(|(id, member)| (*id, member.0)).collect()
    }

    fn active(&self, is_in: impl Fn(DateTime<Utc>) -> bool) -> i64 {
        let seen = self.facts.iter().filter(|fact| is_in(fact.occurred_at.utc())).map(|fact| fact.member_id.0);
        let users = self.users();
        seen.filter(|id| users.contains_key(id)).collect::<BTreeSet<_>>().len() as i64
    }

    fn newcomers(&self, is_in: impl Fn(DateTime<Utc>) -> bool) -> i64 {
        self.users().values().filter(|at| is_in(**at)).count() as i64
    }

    fn asking(&self, is_in: impl Fn(DateTime<Utc>) -> bool) -> i64 {
        let users = self.users();
        let asked = self.steps.iter().filter(|(at, step)| {
            is_in(*at) && matches!(step, ClaimEvent::Denied(_) | ClaimEvent::Submitted(_) | ClaimEvent::Granted(_))
        });
        let members: BTreeSet<_> = asked.map(|(_, step)| step.member().0).collect();
        members.into_iter().filter(|id| users.contains_key(id)).count() as i64
    }

    fn participation(&self) -> f64 {
        let users = self.users();
        let claimed: BTreeSet<_> = self.claims.values().map(|claim| claim.about().unwrap().member_id.0).collect();
        let part = claimed.iter().filter(|id| users.contains_key(id)).count();
        if users.is_empty() { 0.0 } else { part as f64 / users.len() as f64 }
    }

    fn steps(&self, is_in: impl Fn(DateTime<Utc>) -> bool, is_wanted: impl Fn(&ClaimEvent) -> bool) -> i64 {
        self.steps.iter().filter(|(at, step)| is_in(*at) && is_wanted(step)).count() as i64
    }

    fn granted(&self, is_in: impl Fn(DateTime<Utc>) -> bool) -> i64 {
        self.steps(is_in, |step| matches!(step, ClaimEvent::Granted(_) | ClaimEvent::Approved(_)))
    }

    fn claims(&self) -> Vec<(ClaimStatus, i64)> {
        let count = |status| self.claims.values().filter(|claim| claim.status() == Some(status)).count() as i64;
        ClaimStatus::ALL.map(|status| (status, count(status))).to_vec()
    }

    fn campaigns(&self) -> Vec<(CampaignStatus, i64)> {
        let stands = |campaign: &Campaign| campaign.status(self.clock.into()).unwrap();
        let count = |status| self.campaigns.iter().filter(|(_, campaign, _)| stands(campaign) == status).count();
        CampaignStatus::ALL.map(|status| (status, count(status) as i64)).to_vec()
    }

    /// Claims of a reward that hold a grant, or stand as one.
    fn of_reward(&self, reward: Uuid, stands: impl Fn(ClaimStatus) -> bool) -> Vec<&Claim> {
        let of_reward = self.claims.values().filter(|claim| claim.about().unwrap().reward_id.0 == reward);
        of_reward.filter(|claim| stands(claim.status().unwrap())).collect()
    }

    fn held(&self, reward: Uuid) -> i64 {
        self.of_reward(reward, |status| status == ClaimStatus::Pending).len() as i64
    }

    fn standing(&self, reward: Uuid) -> (i64, i64) {
        let granted = [ClaimStatus::Granted, ClaimStatus::Fulfilled, ClaimStatus::FulfilmentFailed];
        let claims = self.of_reward(reward, |status| granted.contains(&status));
        (claims.len() as i64, claims.iter().map(|claim| claim.about().unwrap().amount.get()).sum())
    }

    fn summary(&self, asked: &Question) -> Summary {
        let of_type = |kind| self.rewards.values().filter(|(_, terms)| terms.reward_type == kind).count() as i64;
        Summary {
            campaigns: self.campaigns(),
            rewards: RewardType::ALL.map(|kind| (kind, of_type(kind))).to_vec(),
            claims: self.claims(),
            members: Members {
                total: self.users().len() as i64,
                active: self.active(|at| asked.contains(at)),
                new: self.newcomers(|at| asked.contains(at)),
            },
            participation_rate: self.participation(),
            as_of: self.as_of,
        }
    }

    fn event_analytics(&self, asked: &Question) -> EventAnalytics {
        let rewards = self.campaigns.iter().rev().map(|(id, campaign, _)| {
            let rewards: Vec<_> = self.rewards.iter().filter(|(_, (of, _))| of == id).collect();
            let left = rewards.iter().map(|(reward, (_, terms))| {
                Some(terms.quantity?.get() - self.held(**reward) - self.standing(**reward).0)
            });
            CampaignRewards {
                campaign_id: *id,
                name: campaign.terms().unwrap().name.clone(),
                rewards: rewards.len() as i64,
                granted: rewards.iter().map(|(reward, _)| self.standing(**reward).0).sum(),
                held: rewards.iter().map(|(reward, _)| self.held(**reward)).sum(),
                remaining: left.sum(),
            }
        });
        let starts = |(_, campaign, ended): &&(Uuid, Campaign, Option<DateTime<Utc>>)| {
            let at = campaign.terms().unwrap().starts_at.utc();
            (at <= self.clock && ended.is_none_or(|ended| at < ended)).then_some(at)
        };
        let ends = |(_, campaign, ended): &&(Uuid, Campaign, Option<DateTime<Utc>>)| {
            let by_the_clock = campaign.terms().unwrap().ends_at.utc();
            let at = ended.map_or(by_the_clock, |ended| ended.min(by_the_clock));
            (at <= self.clock).then_some(at)
        };
        let bucket = |bucket, is_in: &dyn Fn(DateTime<Utc>) -> bool| CampaignBucket {
            bucket,
            started: self.campaigns.iter().filter(|one| starts(one).is_some_and(is_in)).count() as i64,
            ended: self.campaigns.iter().filter(|one| ends(one).is_some_and(is_in)).count() as i64,
            granted: self.granted(is_in),
        };
        EventAnalytics {
            statuses: self.campaigns(),
            rewards: rewards.collect(),
            timeline: buckets(asked, bucket),
            as_of: self.as_of,
        }
    }

    fn reward_analytics(&self, asked: &Question) -> RewardAnalytics {
        let types = RewardType::ALL.map(|reward_type| {
            let of_type = || self.rewards.iter().filter(move |(_, (_, terms))| terms.reward_type == reward_type);
            TypeOfReward {
                reward_type,
                rewards: of_type().count() as i64,
                granted: of_type().map(|(reward, _)| self.standing(*reward).0).sum(),
                amount: of_type().map(|(reward, _)| self.standing(*reward).1).sum(),
            }
        });
        let denied = |reason| {
            self.steps(
                |at| asked.contains(at),
                |step| matches!(step, ClaimEvent::Denied(denied) if denied.reason == reason),
            )
        };
        let bucket = |bucket, is_in: &dyn Fn(DateTime<Utc>) -> bool| AskedBucket {
            bucket,
            granted: self.granted(is_in),
            denied: self.steps(is_in, |step| matches!(step, ClaimEvent::Denied(_))),
            pending: self.steps(is_in, |step| matches!(step, ClaimEvent::Submitted(_))),
        };
        RewardAnalytics {
            types: types.to_vec(),
            claims: self.claims(),
            denial_reasons: DenialReason::ALL.map(|reason| (reason, denied(reason))).to_vec(),
            timeline: buckets(asked, bucket),
            as_of: self.as_of,
        }
    }

    fn user_analytics(&self, asked: &Question) -> UserAnalytics {
        let bucket = |bucket, is_in: &dyn Fn(DateTime<Utc>) -> bool| MemberBucket {
            bucket,
            active: self.active(is_in),
            new: self.newcomers(is_in),
            claimants: self.asking(is_in),
        };
        UserAnalytics {
            participation_rate: self.participation(),
            active: self.active(|at| asked.contains(at)),
            new: self.newcomers(|at| asked.contains(at)),
            timeline: buckets(asked, bucket),
            as_of: self.as_of,
        }
    }
}

fn buckets<T>(asked: &Question, bucket: impl Fn(DateTime<Utc>, &dyn Fn(DateTime<Utc>) -> bool) -> T) -> Vec<T> {
    let starts = asked.starts();
    let ends = starts.iter().skip(1).copied().chain([asked.to]);
    starts
        .iter()
        .zip(ends)
        .map(|(start, end)| bucket(*start, &|at| asked.contains(at) && *start <= at && at < end))
        .collect()
}

async fn agree(log: &TestLog, naive: &Naive, asked: &Question, view: impl AsyncFn() -> View) {
    assert_eq!(view().await.summary(asked.from, asked.to).await.unwrap(), naive.summary(asked), "{asked:?}");
    let timeline = asked.timeline();
    assert_eq!(view().await.events(&timeline).await.unwrap(), naive.event_analytics(asked), "{asked:?}");
    assert_eq!(view().await.reward_claims(&timeline).await.unwrap(), naive.reward_analytics(asked), "{asked:?}");
    assert_eq!(view().await.users(&timeline).await.unwrap(), naive.user_analytics(asked), "{asked:?}");
    assert_eq!(view().await.as_of(), naive.as_of, "{}", log.head());
}

/// Random programmes, folded in pieces of random size.
async fn random_programme(seed: u64, events: usize) {
    with_log(async |log| {
        let mut random = StdRng::seed_from_u64(seed);
        log.append(Generator::new(seed).history(events)).await;
        let mut folded = 0;
        while folded < log.head() {
            folded = (folded + random.random_range(1..400)).min(log.head());
            log.project(Dashboard, folded, 400, 1).await;
        }
        for _ in 0..12 {
            let asked = Question::random(&mut random, log.head());
            let clock = recorded_at(random.random_range(0..2 * log.head()));
            let naive = Naive::fold(&log.events, log.head(), Some(clock));
            agree(log, &naive, &asked, async || View::now(&log.pool, clock).await.unwrap()).await;

            let position = random.random_range(0..=log.head());
            let asked = Question::random(&mut random, log.head());
            let naive = Naive::fold(&log.events, position, None);
            agree(log, &naive, &asked, async || View::at(&log.pool, position).await.unwrap()).await;
        }
    })
    .await;
}

#[tokio::test]
async fn every_answer_is_that_of_a_naive_reader_of_the_log_now_and_then() {
    for seed in 20..24 {
        random_programme(seed, 600).await;
    }
}

#[tokio::test]
async fn a_longer_programme_is_counted_the_same_over_many_marks() {
    random_programme(30, 3_300).await;
}

/// Facts that are told at once, a little or very late, and by clocks that are ahead, in no order; in between whatever
/// else happens, and facts that are taken back.
fn out_of_order(seed: u64, events: usize) -> Vec<Draft> {
    let (mut random, mut generator) = (StdRng::seed_from_u64(seed), Generator::new(seed));
    let mut drafts = generator.history(80);
    while drafts.len() < events {
        let minutes_late = match random.random_range(0..5) {
            0 => 0,
            1 => -4,
            2 => random.random_range(0..20),
            3 => random.random_range(0..600),
            _ => random.random_range(0..60 * 24 * 40),
        };
        let at = recorded_at(drafts.len() as i64 + 1) - TimeDelta::minutes(minutes_late);
        match random.random_range(0..10) {
            0..6 => drafts.push(generator.fact_at(at)),
            6 => drafts.extend(generator.void()),
            _ => drafts.extend(generator.history(1)),
        }
    }
    drafts
}

/// A window that ends about a moment, as somebody asks who looks at what is going on.
fn until_about(now: DateTime<Utc>, random: &mut StdRng) -> Question {
    let ends = [TimeDelta::milliseconds(1), TimeDelta::zero(), TimeDelta::minutes(5), -TimeDelta::minutes(7)];
    let to = now + *ends.choose(random).unwrap();
    let from =
        to - TimeDelta::minutes(random.random_range(1..60 * 50)) - TimeDelta::milliseconds(random.random_range(0..2));
    Question { from, to, bucket: Bucket::Hour, zone: ZONES.choose(random).unwrap().parse().unwrap() }
}

#[tokio::test]
async fn facts_count_when_they_happened_in_whatever_order_and_however_late_they_are_told() {
    for seed in 40..42 {
        with_log(async |log| {
            let mut random = StdRng::seed_from_u64(seed);
            log.append(out_of_order(seed, 500)).await;
            let mut folded = 0;
            while folded < log.head() {
                folded = (folded + random.random_range(1..200)).min(log.head());
                log.project(Dashboard, folded, 50, 1).await;
                let now = recorded_at(folded);
                let naive = Naive::fold(&log.events, folded, Some(now));
                let asked = until_about(now, &mut random);
                agree(log, &naive, &asked, async || View::now(&log.pool, now).await.unwrap()).await;
            }
            for _ in 0..12 {
                let position = random.random_range(1..=log.head());
                let naive = Naive::fold(&log.events, position, None);
                let asked = until_about(recorded_at(position), &mut random);
                agree(log, &naive, &asked, async || View::at(&log.pool, position).await.unwrap()).await;
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_window_of_the_past_is_the_one_that_was_asked_for_then() {
    with_log(async |log| {
        log.append(Generator::new(31).history(900)).await;
        let asked = Question {
            from: recorded_at(100),
            to: recorded_at(100_000),
            bucket: Bucket::Hour,
            zone: "Asia/Kathmandu".parse().unwrap(),
        };
        let asked = Question { to: asked.from + TimeDelta::hours(30), ..asked };
        log.project(Dashboard, 431, 77, 1).await;
        let then = View::now(&log.pool, recorded_at(431)).await.unwrap().users(&asked.timeline()).await.unwrap();
        log.project(Dashboard, log.head(), 77, 1).await;
        let now = View::at(&log.pool, 431).await.unwrap().users(&asked.timeline()).await.unwrap();
        assert_eq!(now, then);
    })
    .await;
}

#[tokio::test]
async fn nothing_has_every_status_and_no_participation() {
    with_log(async |log| {
        let now = recorded_at(0);
        let view = View::now(&log.pool, now).await.unwrap();
        let summary = view.summary(now - TimeDelta::days(30), now).await.unwrap();
        assert_eq!((summary.campaigns.len(), summary.rewards.len(), summary.claims.len()), (4, 3, 8));
        assert_eq!((summary.participation_rate, summary.as_of.position), (0.0, 0));
    })
    .await;
}
