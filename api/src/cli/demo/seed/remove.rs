//! What a demo leaves behind: accounts whose password is known to everybody, and events that give points. A service
//! that is no demo does not start beside them, and says how to be rid of them.

use anyhow::bail;
use commands::{CommandError, Ledger, Metadata};
use domain::campaign::{Campaign, CampaignCommand, CampaignRefusal, CampaignStatus};
use sqlx::PgPool;

use crate::app::accounts::{self, Account, DEMO_ACCOUNTS, DEMO_PASSWORD, Passwords};
use crate::app::clock;
use crate::app::limits::guesses::Guess;
use crate::app::problem::Problem;
use crate::cli::demo::history::{campaign_ids, limits};

/// What was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Left {
    /// How many accounts.
    pub accounts: usize,
    /// How many events.
    pub events: usize,
}

/// The accounts of the five addresses from before there were marks: an older version may have made them.
pub(super) async fn unmarked(pool: &PgPool) -> Result<Vec<Account>, Problem> {
    Ok(accounts::find_older_than_marks(pool, &DEMO_ACCOUNTS.map(|(email, _)| email)).await?)
}

/// Marks those among them that have the demo's password.
pub(super) async fn mark(pool: &PgPool, unmarked: Vec<Account>, passwords: &Passwords) -> Result<(), Problem> {
    for account in unmarked {
        let id = account.member();
        // nobody guesses here
        let free = Guess::free();
        if passwords.matches(DEMO_PASSWORD.to_owned(), account.password_hash, free).await? {
            accounts::mark_as_demo(pool, id).await?;
        }
    }
    Ok(())
}

async fn left(pool: &PgPool) -> Result<Vec<Account>, Problem> {
    let unmarked = unmarked(pool).await?;
    if !unmarked.is_empty() {
        mark(pool, unmarked, &Passwords::new()?).await?;
    }
    Ok(accounts::find_of_demo(pool).await?)
}

/// Refuses to go on where accounts of a demo are left.
///
/// # Errors
/// With the remedy.
pub async fn refuse_if_left(pool: &PgPool) -> anyhow::Result<()> {
    let left = left(pool).await.map_err(told)?;
    if left.is_empty() {
        return Ok(());
    }
    let roles: Vec<_> = left.iter().map(|account| account.role.as_str()).collect();
    bail!(
        "this database holds {} accounts of the demo ({}), and everybody knows their password: take them away with \
         `reward-ledger demo remove`, set DEMO=true, or use another database",
        left.len(),
        roles.join(", ")
    )
}

/// Erases the accounts of the demo, ends its events and lifts its budgets. Its members and what they did stay in the log.
///
/// # Errors
/// The database is out of reach.
pub async fn remove(pool: &PgPool) -> anyhow::Result<Left> {
    let accounts = left(pool).await.map_err(told)?;
    let ledger = Ledger::start(pool.clone()).await?;
    for account in &accounts {
        let metadata = Metadata::system(clock::now());
        accounts::erase_of_demo(&ledger, pool, account.member(), &metadata).await.map_err(told)?;
    }
    let mut events = 0;
    for id in campaign_ids() {
        let (id, at) = (id.to_string(), clock::now());
        let known = ledger.load::<Campaign>(&id).await?.state;
        if known.terms().is_none() || known.status(at).is_none_or(|status| status == CampaignStatus::Ended) {
            continue;
        }
        match ledger.execute::<Campaign>(&id, CampaignCommand::End { at }, &Metadata::system(at)).await {
            // somebody was quicker
            Err(CommandError::Refused { refusal: CampaignRefusal::StepNotAllowed { .. }, .. }) => {}
            ended => {
                ended?;
                events += 1;
            }
        }
    }
    limits::lift(&ledger, &Metadata::system(clock::now())).await?;
    Ok(Left { accounts: accounts.len(), events })
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow::anyhow!("{}", problem.code().title())
}
