//! Our own write path in process, with the whole decision in place: facts from the projection and
//! the log, the condition of a seven-day streak, the guards, the hash chain.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use api::app::facts::LedgerFacts;
use chrono::{Days, NaiveDate, TimeDelta, Utc};
use commands::{ClaimRequest, Ledger, Metadata};
use domain::Moment;
use domain::activity::{Activity, ActivityCommand, Report};
use domain::campaign::{
    Approval, Campaign, CampaignCommand, CampaignTerms, Draft, NewReward, PendingExpiry, RewardTerms, RewardType,
};
use domain::claim::ClaimStatus;
use domain::condition::Condition;
use domain::id::{ActivityId, CampaignId, MemberId, RewardId};
use domain::member::{Member, MemberCommand, Registration};
use domain::name::Name;
use domain::period::Frequency;
use domain::role::Role;
use domain::zone::Zone;
use sqlx::PgPool;
use tests::support::postgres::{Cluster, Database};
use uuid::Uuid;

use crate::fill::Made;
use crate::load::{Load, Measured};
use crate::pace::{Pace, Paced};
use crate::sound;

/// How many campaigns the cold claims are spread over.
const COLD_REWARDS: usize = 1_000;
/// A prime, so that those who claim after each other stand far apart in the log and its tables.
const FAR_APART: usize = 611_953;
/// How many members are registered in one append.
const MEMBERS_A_UNIT: usize = 100;

pub(crate) struct Ours {
    pool: PgPool,
    desk: Arc<Desk>,
    cold: Arc<Vec<RewardId>>,
    next_cold: Arc<AtomicUsize>,
    _database: Database,
}

/// Who takes claims, and from whom.
pub(crate) struct Desk {
    pub(crate) ledger: Ledger,
    facts: LedgerFacts,
    pub(crate) members: Vec<MemberId>,
}

/// What a reward is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Prize {
    /// A thing, which moves nothing beside stock.
    Item,
    /// So many points, which a grant credits.
    Points(i64),
}

pub(crate) fn now() -> Moment {
    Moment::from(Utc::now())
}

impl Ours {
    pub(crate) async fn prepare(cluster: &Arc<Cluster>, members: usize) -> Self {
        let database = cluster.database().await;
        let pool = database.pool().await;
        let members = write_members(&pool, members).await;
        Self::over(database, pool, members, COLD_REWARDS).await
    }

    /// On a log with these members in it; claims that are spread go to so many rewards.
    pub(crate) async fn over(database: Database, pool: PgPool, members: Vec<MemberId>, rewards: usize) -> Self {
        let ledger = Ledger::start(pool.clone()).await.unwrap();
        projections::rebuild(&pool, "member_facts", |_, _| {}).await.unwrap();
        let mut cold = Vec::new();
        for number in 0..rewards.min(members.len()) {
            cold.push(reward(&ledger, &format!("Cold {number}"), Prize::Item).await);
        }
        // nothing is left to do in the background
        sqlx::query("vacuum analyze").execute(&pool).await.unwrap();
        let desk = Arc::new(Desk { facts: LedgerFacts::start(pool.clone()), ledger, members });
        Self { pool, desk, cold: Arc::new(cold), next_cold: Arc::default(), _database: database }
    }

    /// Everybody claims one reward; when everybody has, the next one.
    pub(crate) async fn hot(&self, load: Load) -> Measured {
        let mut rewards = Vec::new();
        for _ in 0..8 {
            rewards.push(reward(&self.desk.ledger, &Uuid::now_v7().to_string(), Prize::Item).await);
        }
        let (desk, next) = (self.desk.clone(), Arc::new(AtomicUsize::new(0)));
        load.run(move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let member = desk.members[number % desk.members.len()];
            let reward = rewards[(number / desk.members.len()) % rewards.len()];
            let desk = desk.clone();
            async move { desk.claim(reward, member).await }
        })
        .await
    }

    /// Claims spread over many campaigns.
    pub(crate) async fn cold(&self, load: Load) -> Measured {
        self.cold_among(self.members(), load).await
    }

    /// The same by so many of the members alone, who stand far apart.
    pub(crate) async fn cold_among(&self, members: usize, load: Load) -> Measured {
        let (desk, next) = (self.desk.clone(), self.spread(members));
        load.run(move || {
            let ((reward, member), desk) = (next(), desk.clone());
            async move { desk.claim(reward, member).await }
        })
        .await
    }

    /// The same by one caller, after so long a time of claims while somebody holds a snapshot, as a backup does.
    pub(crate) async fn beside_an_old_snapshot(&self, age: Duration, load: Load) -> Measured {
        let mut snapshot = self.pool.begin().await.unwrap();
        let sql = "set transaction isolation level repeatable read; select from log_head";
        sqlx::raw_sql(sql).execute(&mut *snapshot).await.unwrap();
        self.cold(Load { waiters: 1, length: age, ..load }).await;
        let measured = self.cold(Load { waiters: 1, ..load }).await;
        snapshot.rollback().await.unwrap();
        measured
    }

    /// The same at a constant rate; 201 for a claim that is granted.
    pub(crate) async fn paced(&self, pace: Pace) -> Paced {
        let (desk, next) = (self.desk.clone(), self.spread(self.members()));
        pace.run(move |_| {
            let ((reward, member), desk) = (next(), desk.clone());
            async move { if desk.claim(reward, member).await == 1 { 201 } else { 409 } }
        })
        .await
    }

    /// Its desk.
    pub(crate) fn desk(&self) -> Arc<Desk> {
        self.desk.clone()
    }

    /// How many members it has.
    pub(crate) fn members(&self) -> usize {
        self.desk.members.len()
    }

    /// Who of so many members claims what next.
    fn spread(&self, members: usize) -> impl Fn() -> (RewardId, MemberId) + Send + Sync + 'static {
        let (desk, cold, next) = (self.desk.clone(), self.cold.clone(), self.next_cold.clone());
        move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let member = (number / cold.len() + number * 7) % members;
            (cold[number % cold.len()], desk.members[member * FAR_APART % desk.members.len()])
        }
    }

    /// Where its log ends.
    pub(crate) fn head(&self) -> tokio::sync::watch::Receiver<i64> {
        self.desk.ledger.head()
    }

    /// Its log.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub(crate) async fn assert_sound(&self) {
        sound::assert_sound(&self.pool).await;
    }
}

impl Desk {
    pub(crate) async fn claim(&self, reward_id: RewardId, member_id: MemberId) -> usize {
        let ask = ClaimRequest { reward_id, member_id, at: now(), reference: None, refuse_own_campaign: false };
        let metadata = Metadata::of(member_id, Role::User, ask.at);
        match self.ledger.request_reward(ask, &self.facts, &metadata).await {
            Ok(receipt) => {
                assert_eq!(receipt.state.status(), Some(ClaimStatus::Granted), "{:?}", receipt.state.last_denial());
                1
            }
            // A round may come around to a member that has this reward.
            Err(commands::ClaimError::Command(commands::CommandError::Refused { .. })) => 0,
            Err(error) => panic!("{error:?}"),
        }
    }
}

/// Makes a log with so many members in it, each with a streak of seven days.
pub(crate) async fn write_members(pool: &PgPool, members: usize) -> Vec<MemberId> {
    sqlx::migrate!("../migrations").run(pool).await.unwrap();
    let ledger = Ledger::start(pool.clone()).await.unwrap();
    let members: Vec<_> = (0..members).map(|_| MemberId(Uuid::now_v7())).collect();
    for unit in members.chunks(MEMBERS_A_UNIT) {
        register(&ledger, unit).await;
    }
    members
}

async fn register(ledger: &Ledger, members: &[MemberId]) {
    let at = now();
    let unit = ledger.unit(Metadata::system(at));
    let today = at.utc().date_naive();
    let mut reports = Vec::new();
    for member in members {
        for back in 0..7 {
            let day = today - Days::new(back);
            reports.push((member, day, format!("{member}:{day}")));
        }
    }
    unit.preload::<Member>(&members.iter().map(ToString::to_string).collect::<Vec<_>>()).await.unwrap();
    let ids: Vec<String> = reports.iter().map(|(_, _, id)| ActivityId::of("bench", id).to_string()).collect();
    unit.preload::<Activity>(&ids).await.unwrap();
    for member in members {
        let registration = Registration {
            time_zone: domain::zone::Tz::UTC,
            joined_on: today,
            birthday: None,
            role: Role::User,
            returned: None,
        };
        unit.execute::<Member>(&member.to_string(), MemberCommand::Register(registration)).await.unwrap();
    }
    for ((member, day, _), id) in reports.into_iter().zip(ids) {
        unit.execute::<Activity>(&id, ActivityCommand::Record(login(*member, day, at))).await.unwrap();
    }
    unit.commit::<()>().await.unwrap();
}

/// A reward of one point in an event of its own.
pub(crate) async fn reward_named(ledger: &Ledger, number: usize) -> RewardId {
    reward(ledger, &format!("Lot {number}"), Prize::Points(1)).await
}

/// A reward in an event of its own, which anybody with a streak may claim once.
pub(crate) async fn reward(ledger: &Ledger, name: &str, prize: Prize) -> RewardId {
    let (campaign, reward_id) = (CampaignId(Uuid::now_v7()).to_string(), RewardId(Uuid::now_v7()));
    let at = now();
    let staff = Metadata::system(at);
    for (command, metadata) in
        commands_for(name, reward_id, at, prize).into_iter().zip([staff.clone(), staff.next_command()])
    {
        ledger.execute::<Campaign>(&campaign, command, &metadata).await.unwrap();
    }
    reward_id
}

/// What makes a campaign, open since ten days before and for a long time, with one reward.
pub(crate) fn commands_for(name: &str, reward_id: RewardId, at: Moment, prize: Prize) -> [CampaignCommand; 2] {
    let terms = CampaignTerms {
        name: name.to_owned(),
        description: None,
        starts_at: Moment::from(at.utc() - TimeDelta::days(10)),
        ends_at: Moment::from(at.utc() + TimeDelta::days(1_000)),
        frequency: Frequency::Once,
        time_zone: domain::zone::Tz::UTC,
        approval: Approval::Automatic,
        max_reward_count: None,
        per_member_limit: None,
        pending_expires_after: PendingExpiry::default(),
        budgets: vec![],
    };
    let condition = Condition::parse(&"DAILY_LOGIN_7_DAYS".into()).unwrap();
    let create = CampaignCommand::Create { draft: Box::new(Draft { terms, condition }), at };
    let (name, reward_type, amount) = match prize {
        Prize::Item => ("Cup", RewardType::Item, 1),
        Prize::Points(points) => ("Points", RewardType::Point, points),
    };
    let terms = RewardTerms {
        name: name.to_owned(),
        description: None,
        reward_type,
        amount: amount.try_into().unwrap(),
        quantity: Some(1_000_000.try_into().unwrap()),
        per_member_limit: None,
        value: None,
    };
    [create, CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms }))]
}

/// Members with a streak of seven days that ends today, as events of one moment.
pub(crate) fn streaks(members: Vec<MemberId>, at: Moment) -> impl Iterator<Item = Made> + Send + 'static {
    members.into_iter().flat_map(move |member| std::iter::once(Made::member(member, at)).chain(logins(member, at)))
}

/// Seven log-ins, today's the last.
pub(crate) fn logins(member: MemberId, at: Moment) -> impl Iterator<Item = Made> {
    let today = at.utc().date_naive();
    (0..7).map(move |back| Made::activity(login(member, today - Days::new(back), at).into(), at))
}

fn login(member_id: MemberId, day: NaiveDate, at: Moment) -> Report {
    Report {
        source: "bench".to_owned(),
        external_id: format!("{member_id}:{day}"),
        member_id,
        kind: Name::login(),
        occurred_at: at,
        local_date: day,
        time_zone: Zone::Named(domain::zone::Tz::UTC),
        measures: Default::default(),
    }
}
