//! Budgets: a bucket per key, and wrong passwords per account. What HTTP says of them is in `http::layers::rate_limits`.

pub mod bucket;
pub mod guesses;
