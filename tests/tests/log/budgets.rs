//! Budgets in the append: what grants count in a day, a week, a month and at all, who is refused, and what is given back.

use std::collections::BTreeMap;

use chrono::{NaiveDate, TimeDelta};
use commands::{AnswerFromReceipt, ClaimRequest, Ledger, Metadata, Receipt};
use domain::Moment;
use domain::budget::{Budget, BudgetCommand, BudgetShortfall, BudgetUnit, Per, Scope};
use domain::campaign::{Campaign, CampaignCommand, NewReward, Revision, RewardTerms, RewardType};
use domain::claim::{Claim, ClaimCommand, ClaimStatus, DenialReason, StaffAction, StaffCommand};
use domain::id::{CampaignId, MemberId, RewardId};
use domain::member::{Member, MemberCommand, Registration};
use domain::period::Frequency;
use domain::programme::{Programme as WholeProgramme, ProgrammeRevision};
use domain::role::Role;
use domain::zone::{Tz, local_date};
use rand::{Rng as _, SeedableRng as _};
use serde_json::json;
use uuid::Uuid;

use super::support::{Everybody, Limits, Programme, all, claim, member, now, shared};

fn seoul() -> Tz {
    "Asia/Seoul".parse().unwrap()
}

fn budgets(list: serde_json::Value) -> Vec<Budget> {
    serde_json::from_value(list).unwrap()
}

async fn limit_campaign(programme: &Programme, list: serde_json::Value) {
    let revision = Revision { budgets: Some(budgets(list)), ..Revision::default() };
    let command = CampaignCommand::Revise { revision: Box::new(revision), at: now() };
    let id = programme.campaign.to_string();
    programme.ledger.execute::<Campaign>(&id, command, &Metadata::system(now())).await.unwrap();
}

async fn limit_programme(ledger: &Ledger, zone: Tz, list: serde_json::Value) {
    let revision = ProgrammeRevision { time_zone: Some(zone), budgets: Some(budgets(list)) };
    ledger.execute::<WholeProgramme>(WholeProgramme::ID, revision, &Metadata::system(now())).await.unwrap();
}

async fn add(programme: &Programme, amount: i64, reward_type: RewardType) -> RewardId {
    let reward_id = RewardId(Uuid::now_v7());
    let terms = RewardTerms {
        name: format!("{reward_id}"),
        description: None,
        reward_type,
        amount: amount.try_into().unwrap(),
        quantity: Some(1_000.try_into().unwrap()),
        per_member_limit: None,
        value: None,
    };
    let command = CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms }));
    let id = programme.campaign.to_string();
    programme.ledger.execute::<Campaign>(&id, command, &Metadata::system(now())).await.unwrap();
    reward_id
}

async fn step(ledger: &Ledger, claim: &str, action: StaffAction, at: Moment) -> Receipt<Claim> {
    let command = ClaimCommand::Staff(StaffCommand { action, operator: member(9_999), note: None, at, value: None });
    ledger.change_claim(claim, command, &Metadata::system(at), &AnswerFromReceipt::none(), None).await.unwrap()
}

async fn register(programme: &Programme, who: MemberId) {
    let registration = Registration {
        time_zone: seoul(),
        joined_on: now().utc().date_naive(),
        birthday: None,
        role: Role::User,
        returned: None,
    };
    let command = MemberCommand::Register(registration);
    programme.ledger.execute::<Member>(&who.to_string(), command, &Metadata::system(now())).await.unwrap();
}

/// The budget that a receipt says left no room.
fn shortfall(receipt: &Receipt<Claim>) -> Option<BudgetShortfall> {
    assert_eq!(receipt.state.last_denial().map(|(reason, _)| reason), Some(DenialReason::BudgetExhausted));
    receipt.state.last_shortfall().0.cloned()
}

async fn rows(programme: &Programme) -> BTreeMap<(Uuid, String, NaiveDate), i64> {
    let rows: Vec<(Uuid, String, NaiveDate, i64)> =
        sqlx::query_as("select scope, unit, day, amount from value_spent").fetch_all(&programme.pool).await.unwrap();
    rows.into_iter().map(|(scope, unit, day, amount)| ((scope, unit, day), amount)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claims_on_two_instances_never_exceed_a_budget() {
    let programme = Programme::with(Limits::default()).await;
    limit_campaign(&programme, json!([{"unit": "points", "amount": 205, "per": "total"}])).await;
    limit_programme(&programme.ledger, Tz::UTC, json!([{"unit": "points", "amount": 1_000, "per": "month"}])).await;
    let programme = shared(programme);
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let claims = (0..64_u128).map(|number| {
        let (programme, other) = (programme.clone(), other.clone());
        async move {
            let ledger = if number % 2 == 0 { &programme.ledger } else { &other };
            claim(ledger, programme.reward, member(number)).await.unwrap()
        }
    });
    let receipts = all(claims).await;
    let (granted, denied): (Vec<_>, Vec<_>) =
        receipts.iter().partition(|receipt| receipt.state.status() == Some(ClaimStatus::Granted));
    assert_eq!((granted.len(), denied.len()), (20, 44));
    for receipt in denied {
        let told = BudgetShortfall {
            scope: "event".to_owned(),
            unit: "points".to_owned(),
            per: Per::Total,
            period: "total".to_owned(),
            amount: 205,
            committed: 200,
            need: 10,
        };
        assert_eq!(shortfall(receipt), Some(told), "each refusal is true");
    }
    assert_eq!(rows(&programme).await.into_values().collect::<Vec<_>>(), [200, 200]);
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_limit_of_grants_names_itself_and_what_counts_nothing_leaves_no_row() {
    let programme = Programme::with(Limits { budget: Some(1), ..Limits::default() }).await;
    let item = add(&programme, 1, RewardType::Item).await;
    let granted = claim(&programme.ledger, item, member(1)).await.unwrap();
    assert_eq!(granted.state.status(), Some(ClaimStatus::Granted));
    assert_eq!(rows(&programme).await, BTreeMap::new());
    let denied = programme.claim(member(2)).await.unwrap();
    assert_eq!(shortfall(&denied), Some(BudgetShortfall::of_grants(1, 1)));
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_change_of_budgets_holds_for_the_next_claim_on_every_instance() {
    let programme = Programme::with(Limits::default()).await;
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let granted = claim(&other, programme.reward, member(1)).await.unwrap();
    assert_eq!(granted.state.status(), Some(ClaimStatus::Granted));
    limit_programme(&programme.ledger, seoul(), json!([{"unit": "points", "amount": 15, "per": "total"}])).await;
    let denied = claim(&other, programme.reward, member(2)).await.unwrap();
    let short = shortfall(&denied).unwrap();
    assert_eq!((short.scope.as_str(), short.amount, short.committed, short.need), ("programme", 15, 10, 10));
    let dry = ClaimRequest {
        reward_id: programme.reward,
        member_id: member(3),
        reference: None,
        at: now(),
        refuse_own_campaign: false,
    };
    let dry = other.dry_run_reward(dry, &Everybody).await.unwrap();
    assert_eq!(shortfall(&dry), Some(short), "a dry run names the same");
    limit_programme(&programme.ledger, seoul(), json!([{"unit": "points", "amount": 20, "per": "total"}])).await;
    let granted = claim(&other, programme.reward, member(2)).await.unwrap();
    assert_eq!(granted.state.status(), Some(ClaimStatus::Granted));
    programme.assert_sound().await;
}

#[tokio::test]
async fn what_a_budget_has_reached_is_told_once_a_period() {
    let programme = Programme::with(Limits::default()).await;
    let budget = budgets(json!([{"unit": "points", "amount": 10, "per": "week", "alertAt": [50, 100]}])).remove(0);
    let command = |committed| BudgetCommand {
        scope: Scope::Campaign(programme.campaign),
        budget: budget.clone(),
        day: now().utc().date_naive(),
        committed,
    };
    let tell =
        async |committed| programme.ledger.tell_budget(command(committed), &Metadata::system(now())).await.unwrap();
    assert_eq!(
        [tell(4).await, tell(5).await, tell(6).await, tell(10).await, tell(10).await],
        [false, true, false, true, false]
    );
    programme.assert_sound().await;
}

/// The control of the tests above: two instances that are made to forget what is counted exceed the budget by the same claims.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_rows_claims_exceed_a_budget_and_the_verification_names_the_first() {
    let programme = Programme::with(Limits::default()).await;
    limit_campaign(&programme, json!([{"unit": "points", "amount": 25, "per": "total"}])).await;
    let forget = "create function forget() returns trigger language plpgsql as
                  $$ begin new.amount := 0; return new; end $$;
                  create trigger forget before insert or update on value_spent for each row execute function forget()";
    sqlx::raw_sql(forget).execute(&programme.pool).await.unwrap();
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let mut positions = vec![];
    for number in 0..6 {
        let ledger = if number % 2 == 0 { &programme.ledger } else { &other };
        let receipt = claim(ledger, programme.reward, member(number)).await.unwrap();
        assert_eq!(receipt.state.status(), Some(ClaimStatus::Granted), "{number}: nothing is refused");
        positions.push(receipt.position);
    }
    let (_, checks) = projections::audit::checks(&programme.pool, &mut |_, _| {}).await.unwrap();
    let budgets = checks.iter().find(|check| check.name == "budgets").unwrap();
    let failure = budgets.first_failure.as_ref().expect("a grant beyond the budget");
    assert_eq!(failure.position, Some(positions[2]), "20 of 25 were given before: {failure:?}");
    let mut connection = programme.pool.acquire().await.unwrap();
    let differences = commands::guards::compare::compare_with_log(&mut connection).await.unwrap();
    assert!(differences.len() == 1 && differences[0].starts_with("value_spent"), "{differences:?}");
}

/// More is never given back than was taken: the row refuses it, and without its constraint the comparison names the row.
#[tokio::test]
async fn a_row_refuses_to_fall_below_zero_and_is_found_where_it_could() {
    let programme = Programme::with(Limits::default()).await;
    claim(&programme.ledger, programme.reward, member(1)).await.unwrap();
    let fall = "update value_spent set amount = amount - 11";
    let refused = sqlx::query(fall).execute(&programme.pool).await.unwrap_err();
    assert!(refused.to_string().contains("value_spent_given_back_once"), "{refused}");
    let unguarded = "alter table value_spent drop constraint value_spent_given_back_once";
    sqlx::query(unguarded).execute(&programme.pool).await.unwrap();
    sqlx::query(fall).execute(&programme.pool).await.unwrap();
    let mut connection = programme.pool.acquire().await.unwrap();
    let differences = commands::guards::compare::compare_with_log(&mut connection).await.unwrap();
    assert!(differences.len() == 1 && differences[0].starts_with("value_spent"), "{differences:?}");
}

/// One claim as a ledger of single grants keeps it.
struct Kept {
    id: String,
    campaign: CampaignId,
    days: (NaiveDate, NaiveDate),
    amount: i64,
    pending: bool,
}

/// Counts by looking at every grant again.
fn naive(kept: &[Kept], scope: Scope, per: Per, day: NaiveDate) -> i64 {
    let (first, last) = per.days_of(day);
    let counts = |one: &&Kept| match scope {
        Scope::Campaign(campaign) => one.campaign == campaign && (first..=last).contains(&one.days.0),
        Scope::Programme => (first..=last).contains(&one.days.1),
    };
    kept.iter().filter(counts).map(|one| one.amount).sum()
}

/// Claims, approvals, rejections and reversals at moments around midnights, Mondays and the first of a month, on two instances and in
/// two campaigns: each decision is that of the naive count, and so is each row.
#[tokio::test]
async fn random_claims_over_days_are_what_a_naive_count_says() {
    let programme = Programme::with(Limits { frequency: Frequency::Daily, ..Limits::default() }).await;
    let other = Ledger::start(programme.pool.clone()).await.unwrap();
    let second = CampaignId(Uuid::now_v7());
    let limits = Limits { frequency: Frequency::Daily, manual: true, ..Limits::default() };
    let id = second.to_string();
    programme
        .ledger
        .execute::<Campaign>(&id, super::support::create("Another", limits), &Metadata::system(now()))
        .await
        .unwrap();
    let second =
        Programme { campaign: second, pool: programme.pool.clone(), ledger: programme.ledger.clone(), ..programme };
    let own = json!([
        {"unit": "points", "amount": 90, "per": "day"}, {"unit": "points", "amount": 240, "per": "week"},
        {"unit": "points", "amount": 400, "per": "month"}, {"unit": "points", "amount": 600, "per": "total"}
    ]);
    let whole = json!([
        {"unit": "points", "amount": 120, "per": "day"}, {"unit": "points", "amount": 320, "per": "week"},
        {"unit": "points", "amount": 800, "per": "total"}, {"unit": "KRW", "amount": 1, "per": "total"}
    ]);
    limit_campaign(&programme, own.clone()).await;
    limit_programme(&programme.ledger, seoul(), whole.clone()).await;
    let rewards = [
        (programme.campaign, add(&programme, 10, RewardType::Point).await, budgets(own)),
        (second.campaign, add(&second, 30, RewardType::Point).await, vec![]),
    ];
    for who in 0..6 {
        register(&programme, member(who)).await;
    }
    let whole = budgets(whole);
    // the first of a month that begins with the campaigns' second day or later
    let begins = now().utc().date_naive() + TimeDelta::days(20);
    let mut random = rand::rngs::StdRng::seed_from_u64(20);
    let (mut kept, mut refused) = (Vec::<Kept>::new(), 0);
    for _ in 0..160 {
        let hours = random.random_range(0..24 * 18);
        let at = Moment::from(begins.and_hms_opt(0, 30, 0).unwrap().and_utc() + TimeDelta::hours(hours));
        let ledger = if random.random() { &programme.ledger } else { &other };
        if !kept.is_empty() && random.random_ratio(1, 4) {
            let number = random.random_range(0..kept.len());
            if kept[number].pending && random.random() {
                kept[number].pending = false;
                step(ledger, &kept[number].id, StaffAction::Approve, kept[number].at()).await;
            } else {
                let one = kept.swap_remove(number);
                let action = if one.pending { StaffAction::Reject } else { StaffAction::Reverse };
                step(ledger, &one.id, action, one.at()).await;
            }
            continue;
        }
        let (campaign, reward, own) = &rewards[random.random_range(0..2)];
        let days = (local_date(Tz::UTC, at), local_date(seoul(), at));
        let amount = if *campaign == programme.campaign { 10 } else { 30 };
        let scopes = [(Scope::Campaign(*campaign), days.0, own), (Scope::Programme, days.1, &whole)];
        let short = scopes.iter().flat_map(|(scope, day, budgets)| {
            let of = move |per: Per| budgets.iter().filter(move |budget| budget.per == per);
            Per::ALL.into_iter().flat_map(of).map(move |budget| (*scope, *day, budget))
        });
        let points = BudgetUnit::try_from("points".to_owned()).unwrap();
        let short = short
            .filter(|(_, _, budget)| budget.unit == points)
            .find(|(scope, day, budget)| naive(&kept, *scope, budget.per, *day) + amount > budget.amount.get());
        let who = member(random.random_range(0..6));
        let ask = ClaimRequest { reward_id: *reward, member_id: who, reference: None, at, refuse_own_campaign: false };
        let Ok(receipt) = ledger.request_reward(ask, &Everybody, &Metadata::of(who, Role::User, at)).await else {
            continue; // claimed on that day already
        };
        if receipt.appended == 0 || kept.iter().any(|one| one.id == *receipt.stream_id) {
            continue; // still pending, or refused as before
        }
        match short {
            Some((scope, day, budget)) => {
                let told = shortfall(&receipt).expect("a budget that is named");
                let committed = naive(&kept, scope, budget.per, day);
                assert_eq!((told.scope.as_str(), told.per), (scope.name(), budget.per));
                assert_eq!((told.period, told.committed), (budget.per.period_of(day), committed));
                refused += 1;
            }
            None => {
                let pending = receipt.state.status() == Some(ClaimStatus::Pending);
                assert!(pending || receipt.state.status() == Some(ClaimStatus::Granted), "{:?}", receipt.state);
                kept.push(Kept { id: receipt.stream_id.to_string(), campaign: *campaign, days, amount, pending });
            }
        }
    }
    assert!(refused > 10 && kept.len() > 10, "{refused} refused, {} kept", kept.len());
    let mut counted = BTreeMap::new();
    for one in &kept {
        for (scope, day) in [(one.campaign.0, one.days.0), (Uuid::nil(), one.days.1)] {
            *counted.entry((scope, "points".to_owned(), day)).or_insert(0) += one.amount;
        }
    }
    let stored: BTreeMap<_, _> = rows(&programme).await.into_iter().filter(|(_, amount)| *amount != 0).collect();
    assert_eq!(stored, counted);
    programme.assert_sound().await;
}

impl Kept {
    /// A moment at which the claim can still be decided: what was counted goes back to its own day all the same.
    fn at(&self) -> Moment {
        Moment::from(self.days.1.and_hms_opt(12, 0, 0).unwrap().and_utc() + TimeDelta::days(1))
    }
}
