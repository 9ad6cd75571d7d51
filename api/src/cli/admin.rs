//! `reward-ledger admin`: the first administrator, who cannot be made by another one.

use anyhow::{Context, anyhow, bail};
use commands::{Ledger, Metadata};
use domain::member::{Giver, RoleChange};
use domain::role::Role;
use domain::zone::Tz;
use serde_json::Value;
use uuid::Uuid;

use super::Database;
use crate::app::accounts::{self, NewAccount, Passwords};
use crate::app::clock;
use crate::app::input::fields::{Reader as _, readers};
use crate::app::problem::{Code, Problem};
use crate::config::Config;

/// Makes administrators.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Admin {
    /// Create an administrator; one line of standard input is the password. An account that exists is
    /// made ADMIN and keeps its password.
    Create {
        /// The e-mail of the account.
        #[arg(long)]
        email: String,
    },
}

impl Admin {
    /// Does it.
    ///
    /// # Errors
    /// With the rule that is broken, or the database's.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let Self::Create { email } = self;
        let email =
            readers::email().read(Value::String(email)).map_err(|broken| anyhow!("--email {}", broken.message))?;
        let database = Database::open(&config).await?;
        let made = make(&config, &database, &email).await;
        database.close().await?;
        println!("{}", made?);
        Ok(())
    }
}

async fn make(config: &Config, database: &Database, email: &str) -> anyhow::Result<&'static str> {
    let ledger = Ledger::start(database.pool.clone()).await?;
    let (pool, now) = (&database.pool, clock::now());
    if let Some(account) = accounts::find_by_email(pool, email).await? {
        let change = RoleChange { to: Role::Admin, by: Giver::House };
        match accounts::change_role(&ledger, pool, account.member(), change, &Metadata::system(now)).await {
            Err(problem) if problem.code() == Code::SameRole => {}
            changed => {
                changed.map_err(told)?;
                tracing::info!(target: "security", event = "role_changed", account.id = %account.id,
                               role.from = account.role, role.to = Role::Admin.name(), actor.role = "HOUSE",
                               "account role changed");
            }
        }
        return Ok("the account is an administrator now and keeps its password");
    }
    let passwords = Passwords::new().map_err(told)?;
    let account = NewAccount {
        id: None,
        email: email.to_owned(),
        password_hash: passwords.hash(password()?).await.map_err(told)?,
        nickname: None,
        birth_date: None,
        time_zone: Tz::UTC,
        role: Role::Admin,
        invite_code: None,
        demo: false,
    };
    accounts::sign_up(&ledger, pool, &config.returns()?, account, now, Uuid::now_v7(), |_| None).await.map_err(told)?;
    Ok("the administrator is created")
}

fn password() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("standard input must hold the password")?;
    let text = Value::String(line.trim_end_matches(['\r', '\n']).to_owned());
    match readers::new_password().read(text) {
        Ok(password) => Ok(password),
        Err(broken) => bail!("the password on standard input {}", broken.message),
    }
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow!("{}", problem.code().title())
}
