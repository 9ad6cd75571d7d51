//! Turns for routes that fold the whole log: one at a time in a process, since each of them takes all the time it can
//! get. Such a route says `Limit::WholeLog`, which gives it the time.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::app::problem::{Code, Problem};

static FOLDING: Semaphore = Semaphore::const_new(1);

/// The turn of one who folds the whole log.
///
/// # Errors
/// `overloaded` while another one does.
pub(super) fn turn() -> Result<SemaphorePermit<'static>, Problem> {
    FOLDING.try_acquire().map_err(|_| Problem::new(Code::Overloaded))
}
