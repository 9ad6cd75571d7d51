//! What is read: the one loop that follows the log, the tables folded from it with their queries,
//! and the relay that publishes it.
//!
//! Deliberately absent: how commands are handled, and HTTP. Nothing here appends to the log.

pub mod audit;
mod brokers;
pub mod campaign_catalogue;
pub mod campaign_windows;
pub mod checkpoint;
pub mod claim_history;
pub mod connections;
mod copied;
pub mod dashboard;
mod digest;
mod error;
mod fold;
pub mod follow;
mod freshness;
mod handover;
mod intervention;
mod lease;
pub mod log;
pub mod login_streak;
pub mod member_facts;
mod off_the_tasks;
mod packing;
mod parked;
mod progress;
mod projection;
mod published;
mod rebuild;
pub mod referral_tally;
mod registry;
pub mod relay;
pub mod status;
mod tail;
pub mod topic;
pub mod worker;

pub use brokers::{At, Brokers, Looked, ToTheEnd, TopicError};
pub use digest::{Digest, TableDigest, digest};
pub use error::{FoldError, FollowError, RebuildError};
pub use follow::{Batch, Follower, Followers, OnPoison, Outcome, Rest};
pub use freshness::{Behind, Freshness, State};
pub use intervention::{Intervened, Intervention, Step, intervene};
pub use lease::Lease;
pub use packing::{keep_packed, pack_all};
pub use progress::Progress;
pub use projection::{Projected, Projection, Spread};
pub use published::Published;
pub use rebuild::{Comparison, Rebuilt, rebuild};
pub use registry::{ALL, FED_BY_WORKERS, follow_all, start_all, tables};
