//! A ledger on a database of its own, and a programme to claim in.

use std::sync::Arc;

use chrono::{NaiveDate, TimeDelta, Utc};
use commands::{ClaimError, ClaimRequest, FactsSource, Ledger, Metadata, ReadError, Receipt};
use domain::Moment;
use domain::campaign::{
    Approval, Campaign, CampaignCommand, CampaignTerms, Draft, NewReward, PendingExpiry, RewardTerms, RewardType,
};
use domain::claim::Claim;
use domain::condition::Condition;
use domain::facts::{Facts, FactsNeeded, MemberFacts};
use domain::id::{CampaignId, MemberId, RewardId};
use domain::period::Frequency;
use domain::role::Role;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::PgPool;
use tests::support::postgres::Database;
use uuid::Uuid;

pub(crate) fn now() -> Moment {
    Moment::from(Utc::now())
}

/// Says of every member that the profile is complete.
pub(crate) struct Everybody;

impl FactsSource for Everybody {
    fn facts(&self, _member: MemberId, _needed: FactsNeeded) -> BoxFuture<'_, Result<(Facts, i64), ReadError>> {
        let member = MemberFacts {
            time_zone: domain::zone::Tz::UTC,
            joined_on: NaiveDate::default(),
            birthday: None,
            profile_complete: true,
            blocked: false,
            role: Role::User,
        };
        async move { Ok((Facts { member: Some(member), ..Facts::default() }, 1)) }.boxed()
    }
}

/// The limits of a programme; `None` is without limit.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) stock: Option<i64>,
    pub(crate) budget: Option<i64>,
    pub(crate) per_member: Option<i64>,
    pub(crate) frequency: Frequency,
    pub(crate) manual: bool,
}

pub(crate) struct Programme {
    pub(crate) pool: PgPool,
    pub(crate) ledger: Ledger,
    pub(crate) campaign: CampaignId,
    pub(crate) reward: RewardId,
}

pub(crate) async fn migrated(database: &Database) -> PgPool {
    let pool = database.pool().await;
    sqlx::migrate!("../migrations").run(&pool).await.unwrap();
    pool
}

pub(crate) fn terms(name: &str, limits: Limits) -> CampaignTerms {
    let now = now().utc();
    CampaignTerms {
        name: name.to_owned(),
        description: None,
        starts_at: Moment::from(now - TimeDelta::days(1)),
        ends_at: Moment::from(now + TimeDelta::days(300)),
        frequency: limits.frequency,
        time_zone: domain::zone::Tz::UTC,
        approval: if limits.manual { Approval::Manual } else { Approval::Automatic },
        max_reward_count: limits.budget.map(|budget| budget.try_into().unwrap()),
        per_member_limit: limits.per_member.map(|limit| limit.try_into().unwrap()),
        pending_expires_after: PendingExpiry::default(),
        budgets: vec![],
    }
}

pub(crate) fn create(name: &str, limits: Limits) -> CampaignCommand {
    let condition = Condition::parse(&"COMPLETE_PROFILE".into()).unwrap();
    // made before it starts: the opening is not what these tests are about
    let at = Moment::from(now().utc() - TimeDelta::days(2));
    CampaignCommand::Create { draft: Box::new(Draft { terms: terms(name, limits), condition }), at }
}

pub(crate) fn add_reward(reward_id: RewardId, stock: Option<i64>) -> CampaignCommand {
    let terms = RewardTerms {
        name: "Points".to_owned(),
        description: None,
        reward_type: RewardType::Point,
        amount: 10.try_into().unwrap(),
        quantity: stock.map(|stock| stock.try_into().unwrap()),
        per_member_limit: None,
        value: None,
    };
    CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms }))
}

impl Programme {
    pub(crate) async fn with(limits: Limits) -> Self {
        Self::on(&Database::fresh().await, limits).await
    }

    pub(crate) async fn on(database: &Database, limits: Limits) -> Self {
        let pool = migrated(database).await;
        let ledger = Ledger::start(pool.clone()).await.unwrap();
        let (campaign, reward) = (CampaignId(Uuid::now_v7()), RewardId(Uuid::now_v7()));
        let staff = Metadata::system(now());
        let id = campaign.to_string();
        ledger.execute::<Campaign>(&id, create("A programme", limits), &staff).await.unwrap();
        ledger.execute::<Campaign>(&id, add_reward(reward, limits.stock), &staff.next_command()).await.unwrap();
        Self { pool, ledger, campaign, reward }
    }

    pub(crate) async fn claim(&self, member: MemberId) -> Result<Receipt<Claim>, ClaimError> {
        claim(&self.ledger, self.reward, member).await
    }

    /// Nothing is missing, nothing is doubled, the chain holds and the guards say what the log says.
    pub(crate) async fn assert_sound(&self) {
        let mut connection = self.pool.acquire().await.unwrap();
        let after: Vec<_> = projections::log::read_after(&mut connection, 0, 1_000_000).await.unwrap();
        let mut previous = domain::chain::GENESIS;
        let mut recorded = Moment::from(chrono::DateTime::UNIX_EPOCH);
        for (index, entry) in after.iter().enumerate() {
            assert_eq!(entry.position, i64::try_from(index).unwrap() + 1, "positions are dense");
            assert_eq!(entry.previous_hash, previous, "the chain holds at {}", entry.position);
            assert!(entry.hash_is_right(), "the hash is right at {}", entry.position);
            assert!(entry.recorded_at >= recorded, "the clock of the log never goes back");
            (previous, recorded) = (entry.hash, entry.recorded_at);
        }
        let head = projections::log::head(&mut connection).await.unwrap();
        assert_eq!((head.position, head.hash), (i64::try_from(after.len()).unwrap(), previous));
        let differences = commands::guards::compare::compare_with_log(&mut connection).await.unwrap();
        assert_eq!(differences, Vec::<String>::new());
    }
}

pub(crate) async fn claim(
    ledger: &Ledger,
    reward_id: RewardId,
    member_id: MemberId,
) -> Result<Receipt<Claim>, ClaimError> {
    let ask = ClaimRequest { reward_id, member_id, at: now(), reference: None, refuse_own_campaign: false };
    let metadata = Metadata::of(member_id, Role::User, ask.at);
    ledger.request_reward(ask, &Everybody, &metadata).await
}

pub(crate) fn member(number: u128) -> MemberId {
    MemberId(Uuid::from_u128(number))
}

/// Runs everything at once and collects the outcomes in order.
pub(crate) async fn all<F: Future + Send + 'static>(tasks: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F::Output: Send + 'static,
{
    let spawned: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    futures::future::join_all(spawned).await.into_iter().map(Result::unwrap).collect()
}

pub(crate) fn shared(programme: Programme) -> Arc<Programme> {
    Arc::new(programme)
}
