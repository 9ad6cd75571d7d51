//! Days, burn-downs, forecasts and what runs are what a naive reader of the log counts, now and as of any position: on a
//! log with several events in a minute, in bursts that begin at the same time every day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone as _, Utc};
use domain::Event;
use domain::activity::{self, ActivityEvent};
use domain::campaign::{Campaign, CampaignEvent, CampaignStatus};
use domain::claim::{Claim, ClaimEvent, ClaimStatus};
use domain::forecast::{Forecast, Stock};
use domain::id::{CampaignId, RewardId};
use domain::member::MemberEvent;
use domain::role::Role;
use domain::zone::Tz;
use projections::read_models::dashboard::{Bucket, Dashboard, Day, Kind, RunningEvent, StockBucket, Timeline, View};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use super::support::history::Generator;
use super::support::{Draft, TestLog, with_log};

const ZONES: [&str; 5] = ["UTC", "Asia/Seoul", "Asia/Kathmandu", "America/New_York", "Pacific/Chatham"];
/// So many events a day, one every 7.3 seconds: days of claims, over several groups of positions and in one.
const A_DAY: i64 = 60;

/// The moment at which the event of a position is recorded in this chapter.
fn at(position: i64) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2024-09-03T05:58:00Z".parse().unwrap();
    first + TimeDelta::days(position / A_DAY) + TimeDelta::milliseconds(position % A_DAY * 7_300)
}

/// A log whose events are recorded at the moments of this chapter.
async fn in_bursts(log: &mut TestLog, drafts: Vec<Draft>) {
    log.append(drafts).await;
    let (positions, moments): (Vec<i64>, Vec<_>) = (1..=log.head()).map(|position| (position, at(position))).unzip();
    let mut tx = log.pool.begin().await.unwrap();
    for statement in ["grant update on events to current_user", "alter table events disable trigger user"] {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    sqlx::query(
        "update events
        set recorded_at = moved.recorded_at
        from unnest($1::bigint[], $2::timestamptz[]) as moved(position, recorded_at)
        where events.position = moved.position",
    )
    .bind(positions)
    .bind(moments)
    .execute(&mut *tx)
    .await
    .unwrap();
    sqlx::query("alter table events enable trigger user").execute(&mut *tx).await.unwrap();
    tx.commit().await.unwrap();
}

/// How many grants there are since when.
type Quantities = Vec<(DateTime<Utc>, Option<i64>)>;

/// What the log says up to a position, kept as plainly as can be.
struct Naive {
    position: i64,
    clock: DateTime<Utc>,
    facts: Vec<activity::Recorded>,
    /// Role USER, and not erased, by when that began or ended.
    users: Vec<(DateTime<Utc>, Uuid, bool)>,
    claims: Vec<(DateTime<Utc>, Uuid, ClaimEvent)>,
    campaigns: BTreeMap<Uuid, Campaign>,
    /// Of which campaign, and since when how many.
    rewards: BTreeMap<Uuid, (Uuid, Quantities)>,
}

impl Naive {
    fn fold(events: &[(i64, Draft)], position: i64, clock: DateTime<Utc>) -> Self {
        let mut naive = Self {
            position,
            clock,
            facts: vec![],
            users: vec![],
            claims: vec![],
            campaigns: BTreeMap::new(),
            rewards: BTreeMap::new(),
        };
        let mut registered = BTreeSet::new();
        for (position, Draft { stream_id, event }) in events.iter().filter(|(at, _)| *at <= position) {
            let (at, id) = (at(*position), *stream_id);
            match event {
                Event::Member(MemberEvent::Registered(event)) => {
                    registered.insert(id);
                    naive.users.push((at, id, event.role == Role::User));
                }
                Event::Member(MemberEvent::RoleChanged(event)) if registered.contains(&id) => {
                    naive.users.push((at, id, event.role == Role::User));
                }
                Event::Member(MemberEvent::Erased(_)) => {
                    registered.remove(&id);
                    naive.users.push((at, id, false));
                }
                Event::Activity(ActivityEvent::Recorded(fact)) => naive.facts.push(fact.clone()),
                Event::Activity(ActivityEvent::Voided(voided)) => naive.facts.retain(|fact| fact.id != voided.id),
                Event::Claim(step) => naive.claims.push((at, id, step.clone())),
                Event::Campaign(step) => {
                    naive.campaigns.entry(id).or_default().evolve(step);
                    if let CampaignEvent::RewardAdded(added) = step {
                        let quantity = added.terms.quantity.map(Into::into);
                        naive.rewards.insert(added.reward_id.0, (id, vec![(at, quantity)]));
                    }
                    if let CampaignEvent::StockChanged(change) = step {
                        let reward = naive.rewards.get_mut(&change.reward_id.0).unwrap();
                        reward.1.push((at, Some(change.quantity.get())));
                    }
                }
                Event::Member(_) | Event::Referral(_) | Event::Value(_) => {}
            }
        }
        naive
    }

    /// Statuses of claims before a moment.
    fn statuses(&self, before: DateTime<Utc>) -> BTreeMap<Uuid, (ClaimStatus, Uuid, Uuid)> {
        let mut claims: BTreeMap<Uuid, Claim> = BTreeMap::new();
        for (_, id, step) in self.claims.iter().filter(|(at, _, _)| *at < before) {
            claims.entry(*id).or_default().evolve(step);
        }
        let with_about = claims.into_iter().map(|(id, claim)| {
            let about = claim.about().unwrap();
            (id, (claim.status().unwrap(), about.member_id.0, about.reward_id.0))
        });
        with_about.collect()
    }

    fn users(&self, before: DateTime<Utc>) -> BTreeSet<Uuid> {
        let mut users = BTreeSet::new();
        for (_, id, is_user) in self.users.iter().filter(|(at, _, _)| *at < before) {
            if *is_user {
                users.insert(*id)
            } else {
                users.remove(id)
            };
        }
        users
    }

    /// Held and granted of a reward before a moment.
    fn taken(&self, reward: Uuid, before: DateTime<Utc>) -> i64 {
        let takes = [ClaimStatus::Pending, ClaimStatus::Granted, ClaimStatus::Fulfilled, ClaimStatus::FulfilmentFailed];
        let statuses = self.statuses(before);
        statuses.values().filter(|(status, _, of)| *of == reward && takes.contains(status)).count() as i64
    }

    fn quantity(&self, reward: Uuid, before: DateTime<Utc>) -> Option<i64> {
        self.rewards[&reward].1.iter().rfind(|(at, _)| *at < before).and_then(|(_, quantity)| *quantity)
    }

    fn steps(&self, from: DateTime<Utc>, to: DateTime<Utc>, is_wanted: impl Fn(&ClaimEvent) -> bool) -> i64 {
        self.claims.iter().filter(|(at, _, step)| from <= *at && *at < to && is_wanted(step)).count() as i64
    }

    fn date(&self, zone: Tz, ago: u64) -> NaiveDate {
        self.clock.with_timezone(&zone).date_naive() - Days::new(ago)
    }

    fn day(&self, zone: Tz, ago: u64) -> Day {
        let (date, time) = (self.date(zone, ago), self.clock.with_timezone(&zone).time());
        let (from, until) = (moment(zone, date, NaiveTime::MIN), moment(zone, date, time));
        let to = until + TimeDelta::milliseconds(1);
        let users = self.users(DateTime::<Utc>::MAX_UTC);
        let then = self.users(to);
        let is_in = |at: DateTime<Utc>| from <= at && at < to;
        let active = self.facts.iter().filter(|fact| is_in(fact.occurred_at.utc())).map(|fact| fact.member_id.0);
        let active: BTreeSet<_> = active.filter(|id| users.contains(id)).collect();
        let claims = self.statuses(to);
        let claimants: BTreeSet<_> = claims.values().map(|(_, member, _)| *member).collect();
        Day {
            date,
            until,
            granted: self.steps(from, to, is_grant),
            attempts: self.steps(from, to, |step| {
                matches!(step, ClaimEvent::Granted(_) | ClaimEvent::Denied(_) | ClaimEvent::Submitted(_))
            }),
            denied: self.steps(from, to, |step| matches!(step, ClaimEvent::Denied(_))),
            active: active.len() as i64,
            members: then.len() as i64,
            participants: claimants.intersection(&then).count() as i64,
            pending: claims.values().filter(|(status, _, _)| *status == ClaimStatus::Pending).count() as i64,
        }
    }

    fn forecast(&self, zone: Tz, reward: Uuid) -> Option<Forecast> {
        let (of, quantities) = &self.rewards[&reward];
        let campaign = &self.campaigns[of];
        let terms = campaign.terms().unwrap();
        if campaign.status(self.clock.into()) == Some(CampaignStatus::Ended) {
            return None;
        }
        let since = quantities[0].0.max(terms.starts_at.utc());
        let all = DateTime::<Utc>::MAX_UTC;
        let remaining = self.quantity(reward, all)? - self.taken(reward, all);
        let midnight = |ago| moment(zone, self.date(zone, ago), NaiveTime::MIN);
        let full = (1..=7).rev().filter(|ago| midnight(*ago) >= since);
        let days: Vec<_> =
            full.map(|ago| self.taken(reward, midnight(ago - 1)) - self.taken(reward, midnight(ago))).collect();
        let hour = |ago| if ago == 0 { all } else { self.clock - TimeDelta::hours(ago) };
        let hours: Vec<_> =
            (0..3).rev().map(|ago| self.taken(reward, hour(ago)) - self.taken(reward, hour(ago + 1))).collect();
        let stock = Stock { remaining, at: self.clock.into(), ends_at: terms.ends_at };
        Forecast::of(stock, &days, &hours)
    }

    fn burn_down(&self, reward: Uuid, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<StockBucket> {
        let mut starts = vec![from - TimeDelta::milliseconds(from.timestamp_millis().rem_euclid(3_600_000))];
        while *starts.last().unwrap() + TimeDelta::hours(1) < to {
            starts.push(*starts.last().unwrap() + TimeDelta::hours(1));
        }
        let bucket = |start: &DateTime<Utc>| {
            let (begin, end) = (from.max(*start), to.min(*start + TimeDelta::hours(1)));
            let quantity = self.quantity(reward, end).filter(|_| *start <= self.clock.max(at(self.position)));
            StockBucket {
                bucket: *start,
                remaining: quantity.map(|quantity| quantity - self.taken(reward, end)),
                taken: self.taken(reward, end) - self.taken(reward, begin),
            }
        };
        starts.iter().map(bucket).collect()
    }
}

fn is_grant(step: &ClaimEvent) -> bool {
    matches!(step, ClaimEvent::Granted(_) | ClaimEvent::Approved(_))
}

fn moment(zone: Tz, date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    zone.from_local_datetime(&date.and_time(time)).earliest().unwrap().with_timezone(&Utc)
}

async fn agree(naive: &Naive, zone: Tz, random: &mut StdRng, view: impl AsyncFn() -> View) {
    let daily = view().await.daily(zone, 14).await.unwrap();
    let days: Vec<_> = (0..14).rev().map(|ago| naive.day(zone, ago)).collect();
    assert_eq!(daily.days, days, "as of {} in {}", naive.position, zone.name());
    assert_eq!(daily.as_of.position, naive.position);

    let running = view().await.running(zone).await.unwrap();
    let mut expected: Vec<Uuid> = Vec::new();
    for (id, campaign) in &naive.campaigns {
        let status = campaign.status(naive.clock.into()).unwrap();
        if matches!(status, CampaignStatus::Active | CampaignStatus::Paused) {
            expected.push(*id);
        }
    }
    let shown: BTreeSet<_> = running.events.iter().map(|event| event.campaign_id).collect();
    assert_eq!(shown, expected.into_iter().collect());
    assert!(running.events.is_sorted_by_key(|event| -event.granted_today()));
    running.events.iter().for_each(|event| agree_on_event(naive, zone, event));

    let rewards: Vec<Uuid> = naive.rewards.keys().copied().collect();
    let Some(reward) = rewards.choose(random) else { return };
    let to =
        at(random.random_range(0..naive.position + A_DAY)) + TimeDelta::milliseconds(random.random_range(0..9_000));
    let from = to - TimeDelta::minutes(random.random_range(1..60 * 24 * 9));
    let timeline = Timeline::of(from, to, Bucket::Hour, Tz::UTC).unwrap();
    let stock = view().await.stock(RewardId(*reward), &timeline, zone).await.unwrap().unwrap();
    assert_eq!(stock.burn_down, naive.burn_down(*reward, from, to), "as of {} {from} {to}", naive.position);
    assert_eq!(stock.forecast, naive.forecast(zone, *reward), "as of {} in {}", naive.position, zone.name());
    assert_eq!(stock.remaining, stock.quantity.map(|quantity| quantity - stock.held - stock.granted));

    let attention = view().await.attention(zone).await.unwrap();
    let waiting = attention.items.iter().find(|item| item.kind == Kind::ClaimsWaiting).and_then(|item| item.count);
    assert_eq!(waiting.unwrap_or_default(), days.last().unwrap().pending);
    assert!(attention.items.is_sorted_by_key(|item| item.severity));
}

fn agree_on_event(naive: &Naive, zone: Tz, event: &RunningEvent) {
    let campaign = &naive.campaigns[&event.campaign_id];
    let terms = campaign.terms().unwrap();
    assert_eq!((&event.name, event.ends_at, event.frequency), (&terms.name, terms.ends_at.utc(), terms.frequency));
    assert_eq!(event.condition.1, campaign.condition().unwrap().1);
    assert_eq!(Some(event.status), campaign.status(naive.clock.into()));
    let granted = (0..14).rev().map(|ago| {
        let (from, to) = (moment(zone, naive.date(zone, ago), NaiveTime::MIN), naive.day(zone, ago).until);
        let of_event = |step: &ClaimEvent| is_grant(step) && step.about().campaign_id.0 == event.campaign_id;
        naive.steps(from, to + TimeDelta::milliseconds(1), of_event)
    });
    assert_eq!(event.granted_by_day, granted.collect::<Vec<_>>(), "as of {} in {}", naive.position, zone.name());
    assert_eq!(event.rewards.len(), campaign.rewards().count());
    for reward in &event.rewards {
        assert_eq!(reward.name, campaign.reward(RewardId(reward.reward_id)).unwrap().name);
        assert_eq!(reward.forecast, naive.forecast(zone, reward.reward_id));
        let all = DateTime::<Utc>::MAX_UTC;
        let left =
            naive.quantity(reward.reward_id, all).map(|all_of_it| all_of_it - naive.taken(reward.reward_id, all));
        assert_eq!(reward.remaining, left);
    }
}

async fn random_days(seed: u64, events: usize) {
    with_log(async |log| {
        let mut random = StdRng::seed_from_u64(seed);
        in_bursts(log, Generator::new(seed).history(events)).await;
        let mut folded = 0;
        while folded < log.head() {
            folded = (folded + random.random_range(1..200)).min(log.head());
            log.project(Dashboard, folded, 200, 1).await;
        }
        for _ in 0..6 {
            let zone: Tz = ZONES.choose(&mut random).unwrap().parse().unwrap();
            let clock = at(log.head()) + TimeDelta::milliseconds(random.random_range(0..86_400_000 * 3));
            let naive = Naive::fold(&log.events, log.head(), clock);
            agree(&naive, zone, &mut random, async || View::now(&log.pool, clock).await.unwrap()).await;

            let position = random.random_range(A_DAY..=log.head());
            let naive = Naive::fold(&log.events, position, at(position));
            agree(&naive, zone, &mut random, async || View::at(&log.pool, position).await.unwrap()).await;
        }
    })
    .await;
}

#[tokio::test]
async fn days_burn_downs_and_forecasts_are_those_of_a_naive_reader_now_and_then() {
    for seed in 60..63 {
        random_days(seed, 1_300).await;
    }
}

/// The same history, in which everybody claims one and the same reward of a campaign that goes on, and there are only so
/// many.
fn all_want_one(drafts: Vec<Draft>, quantity: i64) -> Vec<Draft> {
    let added = drafts.iter().find_map(|draft| match &draft.event {
        Event::Campaign(CampaignEvent::RewardAdded(added)) if added.terms.quantity.is_some() => {
            Some((draft.stream_id, added.reward_id))
        }
        _ => None,
    });
    let (of, wanted) = added.unwrap();
    let wants = |mut draft: Draft| {
        match &mut draft.event {
            Event::Campaign(CampaignEvent::Created(created)) if draft.stream_id == of => {
                created.terms.starts_at = at(0).into();
                created.terms.ends_at = (at(0) + TimeDelta::days(90)).into();
            }
            Event::Campaign(CampaignEvent::RewardAdded(added)) if added.reward_id == wanted => {
                added.terms.quantity = Some(quantity.try_into().unwrap());
            }
            Event::Campaign(CampaignEvent::Created(_) | CampaignEvent::RewardAdded(_)) => {}
            Event::Campaign(_) if draft.stream_id == of => return None,
            Event::Claim(step) => {
                let about = match step {
                    ClaimEvent::Denied(step) => &mut step.about,
                    ClaimEvent::Submitted(step) => &mut step.about,
                    ClaimEvent::Granted(step) => &mut step.about,
                    ClaimEvent::Approved(step) => &mut step.about,
                    ClaimEvent::Rejected(step) => &mut step.about,
                    ClaimEvent::Expired(step) => &mut step.about,
                    ClaimEvent::Withdrawn(step) => &mut step.about,
                    ClaimEvent::Fulfilled(step) => &mut step.about,
                    ClaimEvent::FulfilmentFailed(step) => &mut step.about,
                    ClaimEvent::Reversed(step) => &mut step.about,
                    ClaimEvent::Credited(step) => &mut step.about,
                };
                (about.reward_id, about.campaign_id) = (wanted, CampaignId(of));
            }
            Event::Campaign(_) | Event::Member(_) | Event::Activity(_) | Event::Referral(_) | Event::Value(_) => {}
        }
        Some(draft)
    };
    drafts.into_iter().filter_map(wants).collect()
}

#[tokio::test]
async fn a_forecast_goes_by_days_and_by_hours_when_less_than_a_day_is_left() {
    with_log(async |log| {
        let mut random = StdRng::seed_from_u64(73);
        in_bursts(log, all_want_one(Generator::new(73).history(1_500), 50)).await;
        log.project(Dashboard, log.head(), 200, 1).await;
        let (mut bases, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        for position in (A_DAY..=log.head()).step_by(17) {
            let zone: Tz = ZONES.choose(&mut random).unwrap().parse().unwrap();
            let naive = Naive::fold(&log.events, position, at(position));
            let view = async || View::at(&log.pool, position).await.unwrap();
            for reward in naive.rewards.keys().take(3) {
                let timeline = Timeline::of(at(1), at(1), Bucket::Day, zone).unwrap();
                let stock = view().await.stock(RewardId(*reward), &timeline, zone).await.unwrap().unwrap();
                assert_eq!(stock.forecast, naive.forecast(zone, *reward), "as of {position} in {}", zone.name());
                bases.extend(stock.forecast.map(|forecast| forecast.basis.name()));
            }
            let attention = view().await.attention(zone).await.unwrap();
            kinds.extend(attention.items.iter().map(|item| item.kind.name()));
        }
        assert_eq!(bases, BTreeSet::from(["days", "hours"]));
        assert!(kinds.is_superset(&BTreeSet::from(["sold_out", "sold_out_soon", "claims_waiting"])), "{kinds:?}");
    })
    .await;
}

#[tokio::test]
async fn an_answer_as_of_a_position_is_the_same_before_and_after_what_came_later() {
    with_log(async |log| {
        in_bursts(log, Generator::new(64).history(1_500)).await;
        let zone: Tz = "Asia/Kathmandu".parse().unwrap();
        let position = 1_100;
        log.project(Dashboard, position, 77, 1).await;
        let answers = async || {
            let view = async || View::at(&log.pool, position).await.unwrap();
            let timeline = Timeline::of(at(400), at(position), Bucket::Day, zone).unwrap();
            let mut stocks = Vec::new();
            for reward in Naive::fold(&log.events, position, at(position)).rewards.keys() {
                stocks.push(view().await.stock(RewardId(*reward), &timeline, zone).await.unwrap());
            }
            (
                view().await.daily(zone, 60).await.unwrap(),
                view().await.running(zone).await.unwrap(),
                view().await.attention(zone).await.unwrap(),
                stocks,
            )
        };
        let then = answers().await;
        log.project(Dashboard, log.head(), 77, 1).await;
        assert_eq!(answers().await, then);
    })
    .await;
}

#[tokio::test]
async fn an_empty_log_has_days_without_numbers_and_nothing_that_runs() {
    with_log(async |log| {
        let view = async || View::now(&log.pool, at(0)).await.unwrap();
        let daily = view().await.daily(Tz::UTC, 14).await.unwrap();
        assert_eq!((daily.days.len(), daily.days[13].date.to_string().as_str()), (14, "2024-09-03"));
        assert!(daily.days.iter().all(|day| (day.members, day.attempts, day.active, day.pending) == (0, 0, 0, 0)));
        assert_eq!(view().await.running(Tz::UTC).await.unwrap().events, []);
        assert_eq!(view().await.attention(Tz::UTC).await.unwrap().items, []);
        let timeline = Timeline::of(at(0), at(1), Bucket::Hour, Tz::UTC).unwrap();
        assert_eq!(view().await.stock(RewardId(Uuid::nil()), &timeline, Tz::UTC).await.unwrap(), None);
    })
    .await;
}
