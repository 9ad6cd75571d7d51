//! How a role is asked to stop: SIGTERM, or SIGINT from whoever sits in front of it.

use tokio::signal::unix::{SignalKind, signal};

/// Waits until it is asked to stop.
///
/// # Errors
/// Signals cannot be listened to.
pub(super) async fn asked_to_stop() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("received a stop signal: finishing requests in progress");
    Ok(())
}
