//! `reward-ledger`: one binary, several roles. Each role is a short file in `roles`; `cli` tells them apart.

use std::io::IsTerminal;
use std::process::ExitCode;

use api::cli::Cli;
use tracing_subscriber::EnvFilter;

/// Allocation is a fifth of the work of a claim with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is logged unless `RUST_LOG` says otherwise: not that the database finds its tables there already.
const DEFAULT_LOG: &str = "info,sqlx::postgres::notice=warn";

#[tokio::main]
async fn main() -> ExitCode {
    let (cli, matches) = Cli::read();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_LOG));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
    match cli.run(&matches).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
