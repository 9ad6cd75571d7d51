//! What is read: the one loop that follows the log, the tables folded from it with their queries,
//! and the relay that publishes it.
//!
//! Deliberately absent: how commands are handled, and HTTP. Nothing here appends to the log.

pub mod audit;
pub mod engine;
pub mod kafka;
pub mod log;
pub mod read_models;
mod registry;
pub mod upkeep;

pub use engine::error::{FoldError, FollowError};
pub use engine::follower::{Batch, BatchInterval, Begun, Follower, Followers, OnPoison};
pub use engine::freshness::{FollowerState, Freshness, NotCaughtUp};
pub use engine::lease::{Lease, LeaseEpoch};
pub use engine::partition_progress::PartitionProgress;
pub use engine::projection::{Projection, Spread};
pub use kafka::brokers::{Brokers, PartitionSnapshot, ReadToEnd, TopicError, TopicSnapshot};
pub use kafka::published::Published;
pub use kafka::relay::intervene;
pub use registry::{ALL, fed_by_workers, tables};
pub use upkeep::digest::{Digest, TableDigest, digest};
pub use upkeep::error::{DigestError, InterventionError, RebuildError, WorkersApart};
pub use upkeep::follow::{follow_all, start_all, start_followers};
pub use upkeep::intervention::{Intervention, InterventionKind, InterventionOutcome};
pub use upkeep::packing::{keep_packed, pack_all};
pub use upkeep::projected::Projected;
pub use upkeep::rebuild::{Comparison, Rebuilt, rebuild};
