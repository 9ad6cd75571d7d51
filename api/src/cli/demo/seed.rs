//! The demo: an account for every role, an event to claim from, one for referrals, and a made-up
//! history, so that a first look shows numbers. Made once; a restart finds it and goes on at once.
//! How it is taken away again is in `leaving`.

pub mod remove;

use std::net::SocketAddr;

use chrono::{Days, NaiveDate, TimeDelta};
use commands::{CommandError, Ledger, Metadata};
use domain::Moment;
use domain::campaign::{
    Campaign, CampaignCommand, CampaignRefusal, CampaignTerms, Draft, NewReward, RewardTerms, RewardType,
};
use domain::condition::Condition;
use domain::id::{CampaignId, MemberId, RewardId};
use domain::quantity::{Amount, OutOfBounds, StockUnits};
use domain::role::Role;
use domain::zone::Tz;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::app::accounts::{self, DEMO_ACCOUNTS, DEMO_PASSWORD, NewAccount, Passwords, Returns};
use crate::app::activities::{RawActivity, Reporting, UnknownMembers, record_batch};
use crate::app::clock;
use crate::app::problem::{Code, Problem};
use crate::cli::demo::history;
use crate::cli::generate::Generate;
use crate::config::Config;
use crate::http::state::AppState;
use crate::jobs::demo_traffic::DemoTraffic;

pub(crate) use super::history::Made;
pub use remove::{Left, refuse_if_left, remove};

/// Of all of them.
pub(super) const BIRTH_DATE: Option<NaiveDate> = NaiveDate::from_ymd_opt(1_995, 1, 1);
/// The event that is created last: if it exists, so does the other one.
pub(super) const STREAK_EVENT: CampaignId = CampaignId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
pub(super) const STREAK_REWARD: RewardId = RewardId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0002));
pub(super) const REFERRAL_EVENT: CampaignId = CampaignId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0003));
pub(super) const REFERRAL_REWARD: RewardId = RewardId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0004));
/// Of the made-up history.
const MEMBERS: u32 = 60;
const DAYS: u32 = 60;
const BATCH: usize = 1_000;

/// Makes what of the demo is not there yet.
///
/// # Errors
/// The database is out of reach.
pub async fn make(state: &AppState) -> Result<(), Problem> {
    let now = clock::now();
    let house =
        House { ledger: &state.ledger, pool: &state.pool, returns: &state.returns, passwords: &state.passwords };
    make_accounts(&house, now, |_| None).await?;
    if state.ledger.load::<Campaign>(&STREAK_EVENT.to_string()).await?.state.terms().is_some() {
        return Ok(());
    }
    make_history(&state.ledger, now).await?;
    let referrals = json!("REFER_3_FRIENDS");
    make_event(&state.ledger, REFERRAL_EVENT, "Bring three friends", referrals, (REFERRAL_REWARD, 500, None), now)
        .await?;
    let streak = json!("DAILY_LOGIN_7_DAYS");
    make_event(&state.ledger, STREAK_EVENT, "Seven days in a row", streak, (STREAK_REWARD, 100, Some(50)), now).await
}

/// Fills an empty log with a history, if configured. If that fails, it is logged and the demo starts anyway: its
/// accounts and its two events are created in any case.
pub(crate) async fn give_history(config: &Config, pool: &PgPool) -> Option<Made> {
    if !config.demo_history {
        return None;
    }
    let made = history::fill(config, pool, clock::now()).await;
    if let Err(error) = &made {
        tracing::warn!("demo: the history is incomplete ({error:#}); to have all of it, start on an empty database");
    }
    made.unwrap_or_default()
}

/// The traffic of a demo, if configured. The accounts must exist.
///
/// # Errors
/// The database is out of reach.
pub(crate) async fn traffic(config: &Config, state: &AppState) -> Result<Option<DemoTraffic>, Problem> {
    if !config.demo_traffic {
        return Ok(None);
    }
    let email = DEMO_ACCOUNTS.iter().find(|(_, role)| *role == Role::Service).map_or("", |(email, _)| email);
    let Some(service) = accounts::find_by_email(&state.pool, email).await? else { return Ok(None) };
    let cast = history::cast(service.member());
    Ok(Some(DemoTraffic::new(state.ledger.clone(), state.facts.clone(), cast)))
}

/// What an account is made with.
pub(super) struct House<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) pool: &'a PgPool,
    pub(super) returns: &'a Returns,
    pub(super) passwords: &'a Passwords,
}

/// One hash for all of them: they share the password.
pub(super) async fn make_accounts(
    house: &House<'_>,
    now: Moment,
    id: impl Fn(Role) -> Option<MemberId>,
) -> Result<(), Problem> {
    let mut password_hash = None;
    remove::mark(house.pool, remove::unmarked(house.pool).await?, house.passwords).await?;
    for (email, role) in DEMO_ACCOUNTS {
        if accounts::find_by_email(house.pool, email).await?.is_some() {
            continue;
        }
        let hash = match password_hash.take() {
            Some(hash) => hash,
            None => house.passwords.hash(DEMO_PASSWORD.to_owned()).await?,
        };
        let account = NewAccount {
            id: id(role),
            email: email.to_owned(),
            password_hash: hash.clone(),
            nickname: None,
            birth_date: BIRTH_DATE,
            time_zone: Tz::UTC,
            role,
            invite_code: None,
            demo: true,
        };
        password_hash = Some(hash);
        match accounts::sign_up(house.ledger, house.pool, house.returns, account, now, Uuid::now_v7(), |_| None).await {
            // another instance was quicker
            Err(problem) if problem.code() == Code::EmailTaken => {}
            done => {
                done?;
            }
        }
    }
    Ok(())
}

async fn make_history(ledger: &Ledger, now: Moment) -> Result<(), Problem> {
    let end = now.utc().date_naive() - Days::new(1);
    let facts: Vec<RawActivity> = Generate { members: MEMBERS, days: DAYS, seed: 1, end, out: None }.facts().collect();
    for chunk in facts.chunks(BATCH) {
        let metadata = Metadata::system(now);
        let reporting = Reporting { unknown_members: UnknownMembers::Register, ..Reporting::of(metadata) };
        record_batch(ledger, chunk, &reporting).await?;
    }
    Ok(())
}

async fn make_event(
    ledger: &Ledger,
    id: CampaignId,
    name: &str,
    condition: serde_json::Value,
    (reward_id, amount, quantity): (RewardId, i64, Option<i64>),
    now: Moment,
) -> Result<(), Problem> {
    let broken = |error: OutOfBounds| Problem::internal("demo", &error);
    let condition = Condition::parse(&condition).map_err(|_| Problem::internal("demo", &"a condition is none"))?;
    let terms = CampaignTerms {
        name: name.to_owned(),
        description: Some("A demo".to_owned()),
        starts_at: Moment::from(now.utc() - TimeDelta::days(1)),
        ends_at: Moment::from(now.utc() + TimeDelta::days(365)),
        frequency: Default::default(),
        time_zone: Tz::UTC,
        approval: Default::default(),
        max_reward_count: None,
        per_member_limit: None,
        pending_expires_after: Default::default(),
        budgets: vec![],
    };
    let reward = RewardTerms {
        name: format!("{amount} points"),
        description: None,
        reward_type: RewardType::Point,
        amount: Amount::try_from(amount).map_err(broken)?,
        quantity: quantity.map(StockUnits::try_from).transpose().map_err(broken)?,
        per_member_limit: None,
        value: None,
    };
    let unit = ledger.unit(Metadata::system(now));
    let create = CampaignCommand::Create { draft: Box::new(Draft { terms, condition }), at: now };
    let add = CampaignCommand::AddReward(Box::new(NewReward { reward_id, terms: reward }));
    for command in [create, add] {
        match unit.execute::<Campaign>(&id.to_string(), command).await {
            // made before, by an earlier start that was interrupted or by another instance
            Err(CommandError::Refused { refusal: CampaignRefusal::AlreadyCreated, .. }) => return Ok(()),
            decided => {
                decided?;
            }
        }
    }
    match unit.commit::<CampaignRefusal>().await {
        Err(CommandError::Conflict(_) | CommandError::Guard(commands::GuardRefusal::NameTaken)) => Ok(()),
        committed => committed.map(|_| ()).map_err(Problem::from),
    }
}

/// Prints who is there and what to try first.
pub(crate) fn explain(address: SocketAddr, history: Option<Made>) {
    if let Some(made) = history {
        println!("{made}");
    }
    let accounts = DEMO_ACCOUNTS.map(|(email, _)| email).join(", ");
    println!(
        "
Pages: http://{address}/ui

Demo accounts, all with the password {DEMO_PASSWORD}:
  {accounts}

Three things to try:
  TOKEN=$(curl -s http://{address}/auth/login -H 'content-type: application/json' \\
    -d '{{\"email\": \"member@example.com\", \"password\": \"{DEMO_PASSWORD}\"}}' | sed 's/.*\"accessToken\":\"\\([^\"]*\\)\".*/\\1/')
  curl -s http://{address}/events -H \"authorization: Bearer $TOKEN\"
  curl -s -X POST http://{address}/claims/{STREAK_REWARD}/claim -H \"authorization: Bearer $TOKEN\"
"
    );
}
