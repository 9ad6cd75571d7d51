//! How does one campaign do, and what changed in it when? Exact now and as of any position of the log.
//!
//! Each change of a campaign that a timeline shows is a milestone with its position (`milestones`). Each step of its claims
//! is a small row. Marks along the steps hold the totals (`steps`), and the decisions by each version of the condition
//! (`judgements`), so that any position needs one mark and at most 255 steps. The fold records by how much a step changes the
//! number of members (`claimants`), so queries need not know who they are. Queries read through a view, which is one
//! snapshot as of one position (`view`, `answer`).

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
