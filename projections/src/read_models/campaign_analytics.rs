//! How does one campaign do, and what changed in it when? Exact now and as of any position of the log.
//!
//! Each change of a campaign that a timeline shows is a milestone with its position (`milestones`). What is asked is
//! read through a view, which is of one snapshot and one position (`view`).

mod fold;
mod milestones;
mod view;

pub use fold::CampaignAnalytics;
pub use milestones::{MAX_MILESTONES, Milestone, MilestoneKind};
pub use view::View;
