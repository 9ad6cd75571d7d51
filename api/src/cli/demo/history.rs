//! Five weeks of a programme for an empty log, so that a demo shows what the ledger looks like when it is used: some 400
//! members, nine events in every status, claims with every answer, points that members earn and pay with. It is made by the commands that everything is made
//! by, under a clock that begins five weeks ago: the write side hands that out for an empty log alone, and what is made
//! depends on the seed, the moment of the start and the keys of coupon codes, and on nothing else.

mod acts;
mod asking;
mod gifts;
pub(super) mod limits;
mod lives;
mod people;
mod shows;
mod stage;

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use chrono::TimeDelta;
use commands::{Ledger, Metadata};
use domain::Moment;
use domain::condition::Condition;
use domain::facts::Birthday;
use domain::id::MemberId;
use domain::member::Member;
use domain::role::Role;
use domain::zone::Tz;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

use self::acts::{Act, Agenda, Ask, Who};
use self::lives::{Lives, first_date};
use self::people::Someone;
use self::shows::{PARCEL, Running};
use self::stage::{Staff, Stage};
use super::seed::{BIRTH_DATE, House, make_accounts};
use crate::app::accounts::Passwords;
use crate::app::problem::Problem;
use crate::cli::generate::dice::Dice;
use crate::cli::generate::midnight;
use crate::config::Config;
use crate::jobs::demo_traffic::Cast;
use crate::jobs::reactors::EmailVerification;

pub(in crate::cli::demo) use shows::campaign_ids;

/// The seed of all random choices.
const SEED: u64 = 1;
/// The random stream for everything but the members' facts …
const OF_THE_STORY: u32 = u32::MAX;
/// … and the one for the ids of accounts and for who the other people are.
const OF_ACCOUNTS: u32 = u32::MAX - 1;
const OF_PEOPLE: u32 = u32::MAX - 2;
/// … and the one for codes of coupons.
const OF_CODES: u32 = u32::MAX - 3;
/// How long before its first date in UTC the history begins, because some time zones are this far ahead.
const BEFORE_FIRST_DATE: TimeDelta = TimeDelta::hours(15);
/// An advisory lock held while a log is filled, so that two demos that start together do not both find it empty.
const LOCK: i64 = 0x6465_6d6f_2068_6973;

/// The cast of the traffic after the history: the made-up members and the running events.
pub(crate) fn cast(reporter: MemberId) -> Cast {
    let members = lives::member_ids(&key());
    Cast { members, rewards: shows::claimed_by_traffic(), reporter }
}

fn key() -> [u8; 32] {
    Sha256::digest(format!("demo {SEED}")).into()
}

/// What the history contains.
#[derive(Debug, Clone, Copy)]
pub struct Made {
    /// How many events the log has.
    pub log_events: i64,
    /// The number of members.
    pub members: usize,
    /// The number of promotional events …
    pub events: usize,
    /// … and how many of them are running.
    pub running: usize,
    /// How many claims wait for a decision.
    pub waiting: usize,
    /// How long it took.
    pub took: Duration,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log_events, members, events, running, waiting, took } = self;
        write!(
            f,
            "
This is a demo. Its log was empty and has been filled with five weeks of a made-up programme: {log_events} log entries,
{members} members, {events} events of which {running} run, {waiting} claims that wait for a decision (in {took:.1?})."
        )
    }
}

/// Fills an empty log up to now; `None` if it is not empty.
///
/// # Errors
/// The database is unreachable, or another process writes to the log meanwhile. What was written before stays.
pub async fn fill(config: &Config, pool: &PgPool, now: Moment) -> anyhow::Result<Option<Made>> {
    let started = Instant::now();
    let mut one_at_a_time = pool.begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *one_at_a_time).await?;
    let Some(ledger) = Ledger::start_in_the_past(pool.clone()).await? else { return Ok(None) };
    let key = key();
    let begins = Moment::from(midnight(first_date(now)) - BEFORE_FIRST_DATE);
    let staff = sign_up(config, pool, &ledger, &key, begins).await?;
    let mut agenda = Agenda::default();
    let mut dice = Dice::of(key, OF_THE_STORY);
    let Lives { mut people, own } = lives::put_on(&mut agenda, &key, now, &mut Dice::of(key, OF_PEOPLE), staff.member)?;
    gifts::put_on(&mut agenda, now, own);
    let shows: Vec<Running> = shows::put_on(&mut agenda, now, &mut dice)?;
    know(&ledger, &mut people[own], begins).await?;
    limits::set(&ledger, &Metadata::of(staff.staff.admin, Role::Admin, begins)).await?;
    let condition: Condition = serde_json::from_str(&config.referral_condition).context("REFERRAL_CONDITION")?;
    let head = ledger.head();
    let head = *head.borrow();
    let mut stage = Stage {
        ledger: &ledger,
        staff: staff.staff,
        people,
        own,
        shows,
        claims: HashMap::new(),
        agenda,
        dice,
        code_dice: Dice::of(key, OF_CODES),
        code_keys: config.code_keys()?,
        referrals: Some(condition).filter(|_| config.email_verification == EmailVerification::Off),
        head,
        now,
    };
    stage.play().await?;
    fill_queue(&mut stage).await?;
    ledger.on_disk().await?;
    Ok(Some(Made {
        log_events: stage.head,
        members: stage.people.len(),
        events: stage.shows.len(),
        running: stage.running(),
        waiting: stage.claims_waiting(),
        took: started.elapsed(),
    }))
}

/// Fills the queue of waiting claims, and makes some of them lose what their rule needs.
async fn fill_queue(stage: &mut Stage<'_>) -> anyhow::Result<()> {
    let now = stage.now;
    for _ in 0..stage.missing_in_queue() {
        stage.agenda.put(now, Act::Ask(Ask { show: PARCEL, who: Who::Eligible, left: true }));
    }
    stage.play().await?;
    stage.give_back(now);
    Ok(stage.play().await?)
}

/// The accounts of the demo.
struct Accounts {
    staff: Staff,
    member: MemberId,
}

async fn sign_up(
    config: &Config,
    pool: &PgPool,
    ledger: &Ledger,
    key: &[u8; 32],
    at: Moment,
) -> anyhow::Result<Accounts> {
    let mut dice = Dice::of(*key, OF_ACCOUNTS);
    let ids = Role::ALL.map(|role| (role, MemberId(uuid::Builder::from_random_bytes(dice.bytes()).into_uuid())));
    let of = |wanted| ids.iter().find(|(role, _)| *role == wanted).map(|(_, id)| *id);
    let (passwords, returns) = (Passwords::new().map_err(told)?, config.returns()?);
    let house = House { ledger, pool, returns: &returns, passwords: &passwords };
    make_accounts(&house, at, of).await.map_err(told)?;
    let one = |role| of(role).context("a role without an account");
    let staff = Staff { admin: one(Role::Admin)?, operator: one(Role::Operator)?, service: one(Role::Service)? };
    Ok(Accounts { staff, member: one(Role::User)? })
}

/// Reads the demo's own member, who signed up with an account.
async fn know(ledger: &Ledger, own: &mut Someone, at: Moment) -> anyhow::Result<()> {
    own.zone = Tz::UTC;
    own.birthday = BIRTH_DATE.map(Birthday::of);
    own.member = ledger.load::<Member>(&own.id.to_string()).await?;
    own.know_of_registration(at);
    Ok(())
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow!("{}", problem.code().title())
}
