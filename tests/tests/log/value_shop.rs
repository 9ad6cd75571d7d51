//! A programme that credits points and stars, members who are registered, and a shop that they pay in, over as many instances as
//! asked for. The clock of what is asked is the tests' own, so that days pass in moments.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, TimeDelta};
use commands::{AnswerFromReceipt, ClaimError, ClaimRequest, CommandError, FactsSource, Ledger, Metadata, ReadError};
use commands::{Receipt, SpendError, SpendOrder, SpendStep};
use domain::campaign::{
    Campaign, CampaignCommand, CampaignTerms, Draft, NewReward, RewardExpiry, RewardTerms, RewardType, RewardValue,
};
use domain::claim::{Claim, ClaimCommand, ClaimRefusal, Price, StaffAction, StaffCommand};
use domain::condition::Condition;
use domain::facts::{Facts, FactsNeeded};
use domain::id::{CampaignId, MemberId, RewardId, SpendId};
use domain::member::{Member, MemberCommand, Registration};
use domain::role::Role;
use domain::spend::Spend;
use domain::unit::{Unit, UnitCommand, UnitTerms};
use domain::value::{Expiry, OnReversal, Reference, UnitCode};
use domain::zone::Tz;
use domain::{Event, Moment};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::json;
use sqlx::PgPool;
use tests::support::postgres::Database;
use uuid::Uuid;

use super::support::{Everybody, Limits, member, migrated, now, terms};

/// Who asks for payments.
pub(crate) const SHOP: MemberId = MemberId(Uuid::from_u128(7_000));

pub(crate) fn points() -> UnitCode {
    UnitCode::points()
}

/// What is owed, not written off, when a grant is taken back.
pub(crate) fn stars() -> UnitCode {
    UnitCode::try_from("stars".to_owned()).unwrap()
}

pub(crate) fn reference(text: impl ToString) -> Reference {
    Reference::try_from(text.to_string()).unwrap()
}

/// What a reward gives and costs.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Gives {
    pub(crate) amount: i64,
    pub(crate) in_stars: bool,
    pub(crate) days: Option<i64>,
    pub(crate) after: Option<i64>,
    /// In the other unit.
    pub(crate) price: Option<i64>,
}

/// Members as they were registered, known as of a position behind that.
struct Members(i64);

impl FactsSource for Members {
    fn facts(&self, member: MemberId, needed: FactsNeeded) -> BoxFuture<'_, Result<(Facts, i64), ReadError>> {
        async move {
            let (mut facts, _) = Everybody.facts(member, needed).await?;
            facts.member.iter_mut().for_each(|member| member.profile_complete = false);
            Ok((facts, self.0))
        }
        .boxed()
    }
}

pub(crate) struct Shop {
    facts: Members,
    pub(crate) database: Database,
    pub(crate) pool: PgPool,
    pub(crate) instances: Vec<Ledger>,
    automatic: CampaignId,
    manual: CampaignId,
    begun: DateTime<chrono::Utc>,
    minutes: AtomicI64,
}

impl Shop {
    pub(crate) async fn with(instances: usize, members: u128) -> Arc<Self> {
        Self::since(now().utc(), instances, members).await
    }

    /// A shop whose clock begins at another moment.
    pub(crate) async fn since(begun: DateTime<chrono::Utc>, instances: usize, members: u128) -> Arc<Self> {
        let database = Database::fresh().await;
        let pool = migrated(&database).await;
        let mut ledgers = vec![];
        for _ in 0..instances {
            ledgers.push(Ledger::start(pool.clone()).await.unwrap());
        }
        let (automatic, manual) = (CampaignId(Uuid::now_v7()), CampaignId(Uuid::now_v7()));
        let mut shop = Self {
            facts: Members(0),
            database,
            pool,
            instances: ledgers,
            automatic,
            manual,
            begun,
            minutes: AtomicI64::new(0),
        };
        let (ledger, staff) = (&shop.instances[0], Metadata::system(now()));
        for (id, name, manual) in [(automatic, "At once", false), (manual, "Reviewed", true)] {
            let terms = terms(name, Limits { manual, ..Limits::default() });
            let terms = CampaignTerms { starts_at: (begun - TimeDelta::days(1)).into(), ..terms };
            let condition = Condition::parse(&json!({"not": {"profileComplete": {}}})).unwrap();
            let draft = Box::new(Draft { terms, condition });
            let command = CampaignCommand::Create { draft, at: (begun - TimeDelta::days(2)).into() };
            ledger.execute::<Campaign>(&id.to_string(), command, &staff.next_command()).await.unwrap();
        }
        let terms = UnitTerms { on_reversal: OnReversal::Negative, ..UnitTerms::of_points() };
        let terms = UnitTerms { refund_grace_days: 0.try_into().unwrap(), ..terms };
        let define = UnitCommand::Define { code: stars(), terms: Box::new(terms) };
        ledger.execute::<Unit>("stars", define, &staff.next_command()).await.unwrap();
        for number in 0..members {
            let registration = Registration {
                time_zone: Tz::UTC,
                joined_on: NaiveDate::default(),
                birthday: None,
                role: Role::User,
                returned: None,
            };
            let (id, command) = (member(number).to_string(), MemberCommand::Register(registration));
            ledger.execute::<Member>(&id, command, &staff.next_command()).await.unwrap();
        }
        shop.facts = Members(shop.head().await);
        Arc::new(shop)
    }

    /// The tests' clock.
    pub(crate) fn now(&self) -> Moment {
        Moment::from(self.begun + TimeDelta::minutes(self.minutes.load(Ordering::SeqCst)))
    }

    pub(crate) fn wait(&self, minutes: i64) {
        self.minutes.fetch_add(minutes, Ordering::SeqCst);
    }

    pub(crate) fn ledger(&self, instance: usize) -> &Ledger {
        &self.instances[instance % self.instances.len()]
    }

    /// The campaign whose claims are granted at once, or the one whose claims wait for a decision.
    pub(crate) fn campaign(&self, reviewed: bool) -> CampaignId {
        if reviewed { self.manual } else { self.automatic }
    }

    pub(crate) async fn reward(&self, gives: Gives, reviewed: bool) -> RewardId {
        let reward_id = RewardId(Uuid::now_v7());
        let days = gives.days.map(|days| RewardExpiry::By(Expiry::after(days.try_into().unwrap())));
        let price_in = if gives.in_stars { points() } else { stars() };
        let value = RewardValue {
            unit: Some(if gives.in_stars { stars() } else { points() }),
            expiry: days,
            available_after_days: gives.after.map(|days| days.try_into().unwrap()),
            price: gives.price.map(|amount| Price { unit: price_in, amount: amount.try_into().unwrap() }),
            ..RewardValue::default()
        };
        let terms = RewardTerms {
            name: "Points".to_owned(),
            description: None,
            reward_type: RewardType::Point,
            amount: gives.amount.try_into().unwrap(),
            quantity: None,
            per_member_limit: None,
            value: Some(Box::new(value)),
        };
        let command = CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms }));
        let campaign = self.campaign(reviewed);
        let staff = Metadata::system(now());
        self.ledger(0).execute::<Campaign>(&campaign.to_string(), command, &staff).await.unwrap();
        reward_id
    }

    pub(crate) async fn claim(
        &self,
        instance: usize,
        member: MemberId,
        reward_id: RewardId,
    ) -> Result<Receipt<Claim>, ClaimError> {
        let at = self.now();
        let ask = ClaimRequest { reward_id, member_id: member, at, reference: None, refuse_own_campaign: false };
        let metadata = Metadata::of(member, Role::User, at);
        self.ledger(instance).request_reward(ask, &self.facts, &metadata).await
    }

    pub(crate) async fn staff(
        &self,
        instance: usize,
        claim: &str,
        action: StaffAction,
    ) -> Result<Receipt<Claim>, CommandError<ClaimRefusal>> {
        let (operator, at) = (member(8_000), self.now());
        let command = ClaimCommand::Staff(StaffCommand { action, operator, note: None, at, value: None });
        let metadata = Metadata::of(operator, Role::Operator, at);
        self.ledger(instance).change_claim(claim, command, &metadata, &AnswerFromReceipt::none(), None).await
    }

    pub(crate) async fn pay(&self, instance: usize, order: SpendOrder) -> Result<Receipt<Spend>, SpendError> {
        let metadata = Metadata::of(SHOP, Role::Service, order.at);
        self.ledger(instance).spend(order, &metadata, &AnswerFromReceipt::none()).await
    }

    pub(crate) async fn change(
        &self,
        instance: usize,
        id: SpendId,
        step: SpendStep,
        at: Moment,
    ) -> Result<Receipt<Spend>, SpendError> {
        let metadata = Metadata::of(SHOP, Role::Service, at);
        self.ledger(instance).change_spend(id, step, at, &metadata, &AnswerFromReceipt::none()).await
    }

    pub(crate) fn order(&self, who: MemberId, unit: UnitCode, name: impl ToString, amount: i64) -> SpendOrder {
        let (reference, amount, at) = (reference(name), amount.try_into().unwrap(), self.now());
        SpendOrder { member_id: who, caller_id: SHOP, reference, unit, amount, hold: None, at }
    }

    pub(crate) async fn head(&self) -> i64 {
        projections::log::head(&mut self.pool.acquire().await.unwrap()).await.unwrap().position
    }

    /// The log: each event with its position and the moment at which it was asked for.
    pub(crate) async fn log(&self) -> Vec<(i64, Moment, Event)> {
        let mut connection = self.pool.acquire().await.unwrap();
        let entries = projections::log::read_after(&mut connection, 0, 1_000_000).await.unwrap();
        entries.into_iter().map(|entry| (entry.position, entry.occurred_at, entry.event().unwrap())).collect()
    }

    /// How many events of a type each stream has.
    pub(crate) async fn streams_with(&self, types: &[&str]) -> BTreeMap<String, i64> {
        let sql = "select aggregate_id, count(*) from events where event_type = any($1) group by aggregate_id";
        let rows: Vec<(String, i64)> = sqlx::query_as(sql).bind(types).fetch_all(&self.pool).await.unwrap();
        rows.into_iter().collect()
    }

    /// The guard rows are those of the log, accounts balance, and each payment took the lots that it had to take.
    pub(crate) async fn assert_sound(&self) {
        let mut connection = self.pool.acquire().await.unwrap();
        let differences = commands::guards::compare::compare_with_log(&mut connection).await.unwrap();
        assert_eq!(differences, Vec::<String>::new());
        drop(connection);
        let (_, checks) = projections::audit::checks(&self.pool, &mut |_, _| {}).await.unwrap();
        for name in ["positions", "hash_chain", "postings", "allocations", "budgets"] {
            let check = checks.iter().find(|check| check.name == name).unwrap();
            assert!(check.ok && check.checked > 0, "{check:?}");
        }
    }
}
