//! The one loop that follows the log, and what it needs: checkpoints, leases, folds. It knows no read model.

pub mod checkpoint;
pub mod connections;
pub mod error;
pub mod fold;
pub mod follower;
pub mod freshness;
pub mod lease;
pub mod parked;
pub mod partition_progress;
pub mod projection;
