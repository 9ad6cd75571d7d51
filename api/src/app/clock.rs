//! The one place of the edge that reads the clock. Rules get the moment handed in.

use domain::Moment;

/// Now.
#[must_use]
pub(crate) fn now() -> Moment {
    Moment::from(chrono::Utc::now())
}
