//! `reward-ledger service`: accounts of other programs and their keys. A key is shown once, on standard
//! output and with nothing beside it; everything else is said on standard error.

use std::collections::BTreeSet;

use anyhow::{anyhow, bail};
use commands::Ledger;
use domain::activity::LEDGER_SOURCE;
use domain::name::Name;
use serde_json::Value;
use uuid::Uuid;

use super::Database;
use crate::app::accounts::{self, Right, ServiceEntry, ServiceError, ServiceKey};
use crate::app::clock;
use crate::app::input::fields::{Reader as _, readers};
use crate::config::Config;

/// Makes services, and gives and takes their keys.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Service {
    /// Create a service and print its key, which is shown only now. It is the bearer token of the service.
    Create {
        /// The name of the service: lower-case letters, digits, `_`, `.` and `-`.
        name: String,
        /// The sources that it may report activities for, separated by commas.
        #[arg(long, value_delimiter = ',', required_unless_present_any = ["another_key", "may"], conflicts_with = "another_key")]
        sources: Vec<String>,
        /// What it may do with value, separated by commas: take points of members in payment, redeem their coupons.
        #[arg(long, value_name = "RIGHTS", value_delimiter = ',', value_parser = Right::NAMES, conflicts_with = "another_key")]
        may: Vec<String>,
        /// Give a service that is there another key, beside those it has: the first half of a rotation,
        /// of which `revoke --key` is the second.
        #[arg(long)]
        another_key: bool,
    },
    /// List the services with their sources, rights and keys.
    List,
    /// Revoke the keys of a service, on every instance within a second.
    Revoke {
        /// The name of the service.
        name: String,
        /// Only this key, by its id as `list` shows it.
        #[arg(long)]
        key: Option<Uuid>,
    },
}

impl Service {
    /// Does it.
    ///
    /// # Errors
    /// With the remedy in the text.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let order = self.checked()?;
        let database = Database::open(&config).await?;
        let done = order.carry_out(&database).await;
        database.close().await?;
        print!("{}", done?);
        Ok(())
    }

    fn checked(self) -> anyhow::Result<Order> {
        Ok(match self {
            Self::Create { name, another_key: true, sources: _, may: _ } => Order::AddKey(service_name(name)?),
            Self::Create { name, another_key: false, sources: given, may } => {
                Order::Create(service_name(name)?, sources(given)?, Right::named(may.iter().map(String::as_str)))
            }
            Self::List => Order::List,
            Self::Revoke { name, key } => Order::Revoke(service_name(name)?, key),
        })
    }
}

enum Order {
    Create(Name, BTreeSet<String>, BTreeSet<Right>),
    AddKey(Name),
    List,
    Revoke(Name, Option<Uuid>),
}

fn service_name(text: String) -> anyhow::Result<Name> {
    readers::name().read(Value::String(text)).map_err(|broken| anyhow!("the name of the service {}", broken.message))
}

fn sources(given: Vec<String>) -> anyhow::Result<BTreeSet<String>> {
    let mut sources = BTreeSet::new();
    for source in given {
        let source = readers::visible(1, 64).read(Value::String(source));
        let source = source.map_err(|broken| anyhow!("--sources: each {}", broken.message))?;
        if source == LEDGER_SOURCE {
            bail!("--sources: `{LEDGER_SOURCE}` is the ledger's own; give the names of other sources");
        }
        sources.insert(source);
    }
    Ok(sources)
}

impl Order {
    /// What is to be printed on standard output.
    async fn carry_out(self, database: &Database) -> anyhow::Result<String> {
        let (pool, now) = (&database.pool, clock::now());
        match self {
            Self::Create(name, sources, rights) => {
                let ledger = Ledger::start(pool.clone()).await?;
                shown(accounts::create_service(&ledger, name, sources, rights, now).await)
            }
            Self::AddKey(name) => shown(accounts::add_key(pool, &name, now).await),
            Self::List => Ok(accounts::list_services(pool).await?.iter().map(line).collect()),
            Self::Revoke(name, key) => {
                let revoked = accounts::revoke_keys(pool, &name, key, now).await.map_err(told)?;
                if let (Some(key), 0) = (key, revoked) {
                    bail!("{} has no valid key {key}; `service list` shows the keys", name.as_str());
                }
                Ok(format!("{revoked} revoked\n"))
            }
        }
    }
}

fn shown(key: Result<ServiceKey, ServiceError>) -> anyhow::Result<String> {
    Ok(format!("{}\n", key.map_err(told)?.text()))
}

fn line(entry: &ServiceEntry) -> String {
    let ServiceEntry { name, account_id, sources, rights, key_id, created_at, revoked_at } = entry;
    let state = revoked_at.map_or_else(|| "good".to_owned(), |at| format!("revoked {}", at.format("%FT%TZ")));
    let (sources, may, created) = (sources.join(","), rights.join(","), created_at.format("%FT%TZ"));
    format!("{name}\taccount {account_id}\tsources {sources}\tmay {may}\tkey {key_id}\tmade {created}\t{state}\n")
}

fn told(error: ServiceError) -> anyhow::Error {
    let remedy = match &error {
        ServiceError::NameTaken => ": give it another key with `service create NAME --another-key`",
        ServiceError::Unknown => ": `service list` shows those that are there",
        ServiceError::Write(_) | ServiceError::Database(_) => "",
    };
    anyhow!("{error}{remedy}")
}
