//! The signals that stop a process: SIGTERM, and SIGINT from a terminal. SIGTERM is handled from the start: the first
//! process of a container gets no signal that it has no handler for.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Whether a part is served that ends in an orderly way.
static SERVING: AtomicBool = AtomicBool::new(false);

/// How a shell tells that SIGTERM ended a process.
const TERMINATED: i32 = 128 + 15;

/// Ends the process at SIGTERM, as the system would by itself outside a container, unless it serves by then. Whatever was
/// under way is a transaction that PostgreSQL rolls back, and goes on when the command is run again.
///
/// # Errors
/// The signal handler cannot be installed.
pub(super) fn end_when_asked() -> anyhow::Result<()> {
    tokio::spawn(end_at(signal(SignalKind::terminate())?));
    Ok(())
}

async fn end_at(mut asked: Signal) {
    while asked.recv().await.is_some() {
        if !SERVING.load(Ordering::Relaxed) {
            eprintln!("received a stop signal: ending; what was under way is rolled back, run it again to continue");
            std::process::exit(TERMINATED);
        }
    }
}

/// Waits for one of them.
///
/// # Errors
/// The signal handlers cannot be installed.
pub(super) async fn asked_to_stop() -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    SERVING.store(true, Ordering::Relaxed);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("received a stop signal: finishing requests in progress");
    Ok(())
}
