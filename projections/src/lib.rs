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
pub use engine::follower::{Batch, Begun, Follower, Followers, OnPoison, Rest};
pub use engine::freshness::{Behind, Freshness, State};
pub use engine::lease::{Lease, LeaseEpoch};
pub use engine::progress::Progress;
pub use engine::projection::{Projection, Spread};
pub use kafka::brokers::{At, Brokers, Looked, ToTheEnd, TopicError};
pub use kafka::published::Published;
pub use kafka::relay::intervene;
pub use registry::{ALL, fed_by_workers, tables};
pub use upkeep::digest::{Digest, TableDigest, digest};
pub use upkeep::error::{DigestError, InterventionError, RebuildError, WorkersApart};
pub use upkeep::follow::{follow_all, start_all, start_followers};
pub use upkeep::intervention::{Intervened, Intervention, Step};
pub use upkeep::packing::{keep_packed, pack_all};
pub use upkeep::projected::Projected;
pub use upkeep::rebuild::{Comparison, Rebuilt, rebuild};
