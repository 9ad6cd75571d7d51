//! Work that takes its time, done on a thread of its own kind, so that the tasks which answer requests go on.

/// Does it.
///
/// # Errors
/// It panicked.
pub(crate) async fn off_the_tasks<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> sqlx::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| sqlx::Error::WorkerCrashed)
}
