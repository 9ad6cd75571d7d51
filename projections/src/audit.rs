//! Answers to an auditor's questions: a stream or a member's facts as of a position, re-evaluation of decisions,
//! backtests of a draft, verification of everything. All of it is folded from the log on request. No table is kept, and
//! nothing here appends or changes a row.

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
    ActivityState, AdjustmentState, CampaignState, ClaimState, MemberState, ReferralState, STREAM_TYPES, SpendState,
    StreamAsOf, StreamState, TransferState, UnitState, WalletState, is_named_by_code, state_of,
};
pub use tree::{Tree, grow, tree};
pub use verify::{Check, Failure, NotLookedAt, ProgressFn, Verification, checks, left_out};
pub(crate) use verify::{UnreadableRow, stored};

use crate::engine::error::FoldError;

/// Why an auditor's question could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The database did not answer, or refused a statement.
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    /// The log holds an event that this program does not know.
    #[error("position {position}: {source}")]
    Event {
        /// The position of the event.
        position: i64,
        /// Why it cannot be decoded.
        source: DecodeError,
    },
    /// The log contradicts itself.
    #[error("position {position}: {reason}")]
    Impossible {
        /// The position of the event.
        position: i64,
        /// The contradiction.
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
