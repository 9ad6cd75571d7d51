//! Rate limits: token buckets by key, and the budget of wrong passwords by account. `http::layers::rate_limits` applies
//! them.

pub mod bucket;
pub mod guesses;
