//! Headers with a meaning: how current an answer is, and which version of a resource it shows.

pub mod etag;
pub mod has_coupon;
pub mod positions;
pub mod step_answer;
