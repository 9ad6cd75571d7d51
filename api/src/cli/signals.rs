//! The signals that stop a process: SIGTERM, and SIGINT from a terminal.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for one of them.
///
/// # Errors
/// The signal handlers cannot be installed.
pub(super) async fn asked_to_stop() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("received a stop signal: finishing requests in progress");
    Ok(())
}
