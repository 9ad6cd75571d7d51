//! The only place in this crate that reads the clock. Rules get the moment as a parameter.

use domain::Moment;

/// Now.
#[must_use]
pub(crate) fn now() -> Moment {
    Moment::from(chrono::Utc::now())
}
