//! What follows by itself from what is in the log: followers that send commands.

mod referral;

pub use referral::{EmailVerification, NotConsidered, ReferralProgramme, ReferralReactor};
