//! `reward-ledger`: one binary, several roles. Each role is a short file in `roles`.

use std::io::IsTerminal;
use std::process::ExitCode;

use api::config::Config;
use api::generate::Generate;
use api::import::Import;
use api::roles::{self, Admin, Audit, Kafka, Projections, Rebuild, Serve, Service};
use clap::{CommandFactory, FromArgMatches, Parser};
use tracing_subscriber::EnvFilter;

/// Allocation is a fifth of the work of a claim with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// An event-sourced reward ledger: members meet conditions, claim rewards, and every decision stays.
#[derive(Parser)]
#[command(name = "reward-ledger", version)]
struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(clap::Subcommand)]
enum Role {
    /// Serve the API until asked to stop (the default), or feed projections from Kafka.
    Serve(Serve),
    /// Bring the database to the shape of this version, and end.
    Migrate,
    /// Fold a projection again from the first position.
    Rebuild(Rebuild),
    /// How the projections are doing; what to do about one in trouble.
    Projections(Projections),
    /// Make administrators.
    #[command(subcommand)]
    Admin(Admin),
    /// Make services, and give and take their keys.
    #[command(subcommand)]
    Service(Service),
    /// Look into the log, and hold everything else against it.
    #[command(subcommand)]
    Audit(Audit),
    /// Hold the topic against the log.
    #[command(subcommand)]
    Kafka(Kafka),
    /// Show the configuration in force and where each option comes from.
    Config,
    /// Bring in what happened elsewhere.
    #[command(subcommand)]
    Import(Import),
    /// Write the facts of a made-up programme, as `import activities` reads them.
    Generate(Generate),
}

/// What is logged unless `RUST_LOG` says otherwise: not that the database finds its tables there already.
const DEFAULT_LOG: &str = "info,sqlx::postgres::notice=warn";

#[tokio::main]
async fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
    let outcome = match cli.role {
        None => roles::serve(cli.config).await.map(|()| ExitCode::SUCCESS),
        Some(Role::Serve(order)) => order.run(cli.config).await.map(|()| ExitCode::SUCCESS),
        Some(Role::Migrate) => roles::migrate(cli.config).await.map(|()| ExitCode::SUCCESS),
        Some(Role::Rebuild(order)) => order.run(cli.config).await.map(|()| ExitCode::SUCCESS),
        Some(Role::Projections(order)) => order.run(cli.config).await.map(|()| ExitCode::SUCCESS),
        Some(Role::Admin(order)) => order.run(cli.config).await.map(|()| ExitCode::SUCCESS),
        Some(Role::Service(order)) => order.run(cli.config).await.map(|()| ExitCode::SUCCESS),
        Some(Role::Audit(order)) => Ok(order.run(cli.config).await),
        Some(Role::Kafka(order)) => Ok(order.run(cli.config).await),
        Some(Role::Config) => roles::show_config(&cli.config, &matches).map(|()| ExitCode::SUCCESS),
        Some(Role::Import(order)) => roles::import(cli.config, &order).await,
        Some(Role::Generate(order)) => Ok(order.run()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
