//! `reward-ledger points`: what is done once for points that were granted before grants credited anything. It asks the log
//! which grants there are, and each claim whether it was credited: running it again credits nothing twice.

use std::collections::BTreeMap;

use anyhow::anyhow;
use commands::{AnswerFromReceipt, CommandError, Ledger, Metadata};
use domain::Moment;
use domain::campaign::RewardType;
use domain::claim::{ClaimCommand, ClaimRefusal};
use domain::event::Event;
use domain::value::UnitCode;
use sqlx::PgPool;

use super::Database;
use crate::app::clock;
use crate::config::Config;

/// How many grants are read at once.
const GRANTS_AT_ONCE: i64 = 1_000;

/// Works on points.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Points {
    /// Credit the grants of points that credited nothing, because they were made before points were credited.
    ///
    /// Each is credited once, by the terms of its reward today: the days of its lot begin today. Grants that were taken
    /// back since are left out. Works beside a running service; running it again continues.
    CreditPastGrants {
        /// Count what would be credited and write nothing.
        #[arg(long)]
        dry_run: bool,
    },
}

/// What was credited, or would be.
#[derive(Debug, Default)]
struct Credited {
    grants: u64,
    amounts: BTreeMap<UnitCode, i128>,
}

/// A grant as the log tells of it.
#[derive(sqlx::FromRow)]
struct Grant {
    position: i64,
    aggregate_id: String,
    event_type: String,
    event_version: String,
    payload: String,
}

impl Points {
    /// Does it.
    ///
    /// # Errors
    /// With the remedy in the text.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self::CreditPastGrants { dry_run } = self;
        let database = Database::open(&config).await?;
        let done = credit_past_grants(&database.pool, dry_run).await;
        database.close().await?;
        print!("{}", done?.report(dry_run));
        Ok(())
    }
}

async fn credit_past_grants(pool: &PgPool, dry_run: bool) -> anyhow::Result<Credited> {
    let ledger = Ledger::start(pool.clone()).await?;
    let (mut credited, mut after, at) = (Credited::default(), 0, clock::now());
    loop {
        let grants = grants_after(pool, after).await?;
        let Some(last) = grants.last() else { return Ok(credited) };
        after = last.position;
        for grant in grants.iter().filter(|grant| grant.is_of_points()) {
            let Some(credit) = ledger.credit_due(&grant.aggregate_id, at).await? else { continue };
            if dry_run || self::credit(&ledger, &grant.aggregate_id, at).await? {
                credited.grants += 1;
                *credited.amounts.entry(credit.unit).or_default() += i128::from(credit.amount.get());
            }
        }
    }
}

/// Credits one grant; `false`: it was credited or taken back meanwhile.
async fn credit(ledger: &Ledger, claim: &str, at: Moment) -> anyhow::Result<bool> {
    let command = ClaimCommand::Credit { at, value: None };
    let none = AnswerFromReceipt::none();
    match ledger.change_claim(claim, command, &Metadata::system(at), &none, None).await {
        Ok(receipt) => Ok(receipt.appended > 0),
        Err(CommandError::Refused { refusal: ClaimRefusal::StepNotAllowed { .. }, .. }) => Ok(false),
        Err(error) => Err(anyhow!("the grant {claim} was not credited: {error}; run the command again to go on")),
    }
}

async fn grants_after(pool: &PgPool, position: i64) -> sqlx::Result<Vec<Grant>> {
    let sql = "select position, aggregate_id, event_type, event_version, payload::text as payload
               from events
               where position > $1 and event_type in ('claim.granted', 'claim.approved')
               order by position
               limit $2";
    sqlx::query_as(sql).bind(position).bind(GRANTS_AT_ONCE).fetch_all(pool).await
}

impl Grant {
    fn is_of_points(&self) -> bool {
        let event = Event::decode(&self.event_type, &self.event_version, &self.payload);
        matches!(event, Ok(Event::Claim(event)) if event.about().reward_type == RewardType::Point)
    }
}

impl Credited {
    fn report(&self, dry_run: bool) -> String {
        let verb = if dry_run { "would be credited" } else { "credited" };
        let amounts = self.amounts.iter().map(|(unit, amount)| format!("  {amount} {unit}\n"));
        format!("{} grants {verb}\n{}", self.grants, amounts.collect::<String>())
    }
}
