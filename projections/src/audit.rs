//! What an auditor asks of the log: a stream or a member's facts as they were, decisions made again,
//! a draft replayed, everything verified. All of it is folded from the log when it is asked for; no
//! table is kept, and nothing here appends or changes a row.

mod as_of;
mod backtest;
mod because;
mod counted;
mod facts;
mod flags;
mod history;
mod judge;
mod re_evaluation;
mod rules;
mod streams;
pub mod topic;
mod tree;
mod verify;

use domain::event::DecodeError;

pub use as_of::{AsOf, NotYet, resolve};
pub use backtest::{BacktestDraft, BacktestResult, RequestTiming, Winner, backtest};
pub use counted::{Counted, CountedDay, MAX_COUNTED, MAX_DAYS, counted};
pub use facts::{FactRow, FactsAsOf, facts_as_of};
pub use flags::{Flag, FlagKind, MAX_NAMED, Pending, flags};
pub use judge::{Attempt, Basis, ConditionBasis, Difference, FactsBasis, Judgement, ReEvaluation, re_evaluate};
pub use re_evaluation::{
    Bulk, Change, Cost, MAX_CHANGES, NotResumed, ReEvaluationProgress, ReEvaluationRequest, RewardCost, Run, Totals,
    re_evaluate_all,
};
pub use streams::{
    ActivityState, CampaignState, ClaimState, MemberState, ReferralState, STREAM_TYPES, StreamAsOf, StreamState,
    state_of,
};
pub use tree::{Tree, grow, tree};
pub use verify::{Check, Failure, NotLookedAt, ProgressFn, Verification, checks, left_out};
pub(crate) use verify::{UnreadableRow, stored};

use crate::engine::error::FoldError;

/// What an auditor asked for could not be found out.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database did not answer, or refused.
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    /// The log holds an event that this program does not know.
    #[error("position {position}: {source}")]
    Event {
        /// Where.
        position: i64,
        /// Why it cannot be read.
        source: DecodeError,
    },
    /// The log says something that cannot be.
    #[error("position {position}: {reason}")]
    Impossible {
        /// Where.
        position: i64,
        /// What.
        reason: String,
    },
}

impl From<FoldError> for AuditError {
    fn from(error: FoldError) -> Self {
        match error {
            FoldError::Database(error) => Self::Database(error),
            FoldError::Event { position, source } => Self::Event { position, source },
            error @ FoldError::Stored { .. } => Self::Impossible { position: 0, reason: error.to_string() },
        }
    }
}
