//! How does one campaign do, and what changed in it when? Exact now and as of any position of the log.
//!
//! How: each change of a campaign that a timeline shows is a milestone with its position (`milestones`). The steps of its
//! claims are kept one by one in few bytes, and added up at marks along them (`steps`), as is what each version of its
//! condition judged (`judgements`): any position is a mark and at most 255 steps. How many members a step changed is
//! said when it is folded (`claimants`), so that nobody who looks back needs to know who they were. What is asked is read
//! through a view, which is of one snapshot and one position (`view`, `answer`).

mod answer;
mod claimants;
mod counts;
mod fold;
mod judgements;
mod milestones;
mod moving;
mod steps;
mod view;

use crate::engine::projection::Projection as _;
use crate::read_models::dashboard::Dashboard;

pub use answer::{CampaignMembers, LeafMet, MAX_MISSING, Missing, OneCampaign, StepsBucket, Version};
pub use fold::CampaignAnalytics;
pub use milestones::{MAX_MILESTONES, Milestone, MilestoneKind};
pub use view::View;

/// The read models that these answers combine; the dashboard has the number of members.
pub const MODELS: &[&str] = &[CampaignAnalytics::NAME, Dashboard::NAME];
