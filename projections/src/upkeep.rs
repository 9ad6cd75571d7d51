//! What operators do about projections: rebuilds, digests, status, interventions, packing, handover.

pub mod digest;
pub mod error;
pub mod follow;
pub mod handover;
pub mod intervention;
pub mod packing;
pub mod projected;
pub mod rebuild;
pub mod status;
