//! Headers that carry meaning: how fresh an answer is, and which version of a resource it shows.

pub mod etag;
pub mod positions;
