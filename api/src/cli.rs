//! The command line: which commands there are, and which role does each. Everything about a command is in its file under
//! `cli`; the configuration, which all commands take, is in `config`.

pub mod admin;
pub mod audit;
pub mod codes;
pub mod config;
pub mod database;
pub mod demo;
pub mod generate;
pub mod health;
pub mod import;
pub mod kafka;
pub mod metrics;
pub mod migrate;
pub mod points;
pub mod projections;
pub mod rebuild;
pub mod restore;
pub mod serve;
pub mod service;
pub mod signals;
pub mod worker;

use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser};

use crate::app::{build, time_zones};
use crate::config::Config;
use admin::Admin;
use audit::Audit;
use codes::CodesOrder;
use config::show_config;
use database::Database;
use demo::Demo;
use generate::Generate;
use health::Health;
use import::Import;
use kafka::Kafka;
use migrate::migrate;
use points::Points;
use projections::Projections;
use rebuild::Rebuild;
use restore::Restore;
use serve::{Serve, serve};
use service::Service;
use signals::end_when_asked;

pub use database::MIGRATOR;

/// An event-sourced reward ledger: members meet conditions, claim rewards, and every decision is kept.
#[derive(Parser)]
#[command(name = "reward-ledger", version = build::DESCRIBED.as_str())]
pub struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(clap::Subcommand)]
enum Role {
    /// Serve the API (the default), or one part of the service, until asked to stop.
    Serve(Serve),
    /// Bring the database to the schema of this version.
    Migrate,
    /// Ask the running service of this configuration whether it is ready: at `METRICS_LISTEN`, or at `LISTEN` where that is
    /// not set, over the loopback. Ends with 0 when it is, and with 1 and the reason when it is not or does not answer.
    Health(Health),
    /// Rebuild a projection from the log, beside the rows that serve.
    Rebuild(Rebuild),
    /// Show the state of all projections, or decide about one that has stopped.
    Projections(Projections),
    /// Manage administrators.
    #[command(subcommand)]
    Admin(Admin),
    /// Remove a demo from a database.
    #[command(subcommand)]
    Demo(Demo),
    /// Manage services and their keys.
    #[command(subcommand)]
    Service(Service),
    /// Work on points.
    #[command(subcommand)]
    Points(Points),
    /// Work on the codes of rewards.
    #[command(subcommand)]
    Codes(CodesOrder),
    /// Read the log as an auditor, and check everything against it.
    #[command(subcommand)]
    Audit(Audit),
    /// Compare the topic with the log, publish it again, handle refused facts.
    #[command(subcommand)]
    Kafka(Kafka),
    /// Show the configuration in force and where each option comes from.
    Config,
    /// Import what happened elsewhere.
    #[command(subcommand)]
    Import(Import),
    /// Restore the log from a file that `audit log` wrote, into an empty database.
    Restore(Restore),
    /// Generate made-up activities, as `import activities` reads them.
    Generate(Generate),
}

impl Cli {
    /// Every command with its arguments, for the reference that is made from it.
    #[must_use]
    pub fn command() -> clap::Command {
        <Self as CommandFactory>::command()
    }

    /// Reads the arguments of this process; ends it where they cannot be read, or ask for help.
    #[must_use]
    pub fn read() -> (Self, ArgMatches) {
        let matches = Self::command().get_matches();
        match Self::from_arg_matches(&matches) {
            Ok(cli) => (cli, matches),
            Err(error) => error.exit(),
        }
    }

    /// Does what was asked.
    ///
    /// # Errors
    /// With the remedy in the text.
    pub async fn run(self, matches: &ArgMatches) -> anyhow::Result<ExitCode> {
        end_when_asked()?;
        // `health` needs neither secrets nor time zones, and is run every few seconds
        let is_health = matches!(self.role, Some(Role::Health(_)));
        let config = if is_health { Ok(self.config) } else { prepared(self.config) };
        let config = match (config, &self.role) {
            // a check that could not run has found no difference
            (Err(error), Some(Role::Audit(_) | Role::Kafka(_))) => {
                eprintln!("error: {error:#}");
                return Ok(ExitCode::from(2));
            }
            (config, _) => config?,
        };
        match self.role {
            None => serve(config).await?,
            Some(Role::Serve(order)) => order.run(config).await?,
            Some(Role::Health(order)) => return Ok(order.run(&config).await),
            Some(Role::Migrate) => migrate(config).await?,
            Some(Role::Rebuild(order)) => order.run(config).await?,
            Some(Role::Projections(order)) => order.run(config).await?,
            Some(Role::Admin(order)) => order.run(config).await?,
            Some(Role::Demo(order)) => order.run(config).await?,
            Some(Role::Service(order)) => order.run(config).await?,
            Some(Role::Points(order)) => order.run(config).await?,
            Some(Role::Codes(order)) => order.run(config).await?,
            Some(Role::Audit(order)) => return Ok(order.run(config).await),
            Some(Role::Kafka(order)) => return Ok(order.run(config).await),
            Some(Role::Config) => show_config(&config, matches)?,
            Some(Role::Import(order)) => return order.run(config).await,
            Some(Role::Restore(order)) => order.run(config).await?,
            Some(Role::Generate(order)) => return Ok(order.run()),
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The configuration with the secrets that are in files, and the time zones in force.
fn prepared(config: Config) -> anyhow::Result<Config> {
    let config = config.with_secrets_of_files()?;
    time_zones::put_in_force(config.tzdir.as_deref())?;
    Ok(config)
}
