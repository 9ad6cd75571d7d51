//! The layers around every route: reading the body, the limit of concurrent requests, rate limits, time limits,
//! headers.

pub mod arrival;
pub mod cors;
pub mod coupon_codes;
pub mod headers;
pub mod in_flight;
pub mod rate_limits;
pub mod route_limits;
pub mod time_limit;
