//! What a projection is: a fold of the log into read tables, and its properties. What the rows mean is the projection's
//! affair; `upkeep::projected` makes it follow the log.

use std::future::Future;

use sqlx::postgres::PgConnection;

use crate::engine::checkpoint::CheckpointMove;
use crate::engine::error::FoldError;
use crate::engine::follower::{self, BatchInterval, OnPoison};
use crate::log::Recorded;

/// The suffix of the shadow tables that a rebuild fills.
pub(crate) const REBUILD_SUFFIX: &str = "__next";

/// Whether several workers can fold a projection, each some partitions of the topic. All events of one subject are in
/// one partition, in order; events of different subjects arrive in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// They can: each row depends on the events of one subject, or does not depend on their order.
    BySubject,
    /// They cannot: only a follower of the whole log can fold it.
    Whole {
        /// Which rows depend on the order of the events of several subjects.
        because: &'static str,
    },
}

/// The properties of a projection, without its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Descriptor {
    /// See [`Projection::NAME`].
    pub name: &'static str,
    /// See [`Projection::STREAMS`].
    pub streams: &'static [&'static str],
    /// See [`Projection::TABLES`].
    pub tables: &'static [&'static str],
    /// See [`Projection::SPREAD`].
    pub spread: Spread,
}

impl Descriptor {
    /// The properties of a projection.
    #[must_use]
    pub const fn of<P: Projection>() -> Self {
        Self { name: P::NAME, streams: P::STREAMS, tables: P::TABLES, spread: P::SPREAD }
    }
}

/// A fold of the log into read tables.
pub trait Projection: Send + Sync + 'static {
    /// The name of its checkpoint.
    const NAME: &'static str;
    /// The version of its logic: a binary with a higher one rebuilds the projection at start.
    const VERSION: i32;
    /// The stream types whose events it folds.
    const STREAMS: &'static [&'static str];
    /// The tables it owns. A rebuild replaces them, so that no view and no foreign key may refer to them.
    const TABLES: &'static [&'static str];
    /// Indexes of these tables that no fold uses: a rebuild creates them after the rows.
    const LATE_INDEXES: &'static [&'static str] = &[];
    /// What it does about an event that cannot be folded: a projection that counts value, or on which decisions rest,
    /// stops before it; another one parks the event's stream.
    const ON_POISON: OnPoison = OnPoison::Stop;
    /// Whether workers may feed it.
    const SPREAD: Spread;
    /// How long it waits between the starts of two batches.
    const BATCH_INTERVAL: BatchInterval = follower::BATCH_INTERVAL;
    /// Whether it tries [`Projection::fold_in_one_statement`] first.
    const FOLDS_IN_ONE_STATEMENT: bool = false;

    /// Whether an event can change a row, by its type and its stored text. One that cannot is not even decoded: a
    /// projection of few events among many costs the others little.
    #[must_use]
    fn may_concern(_event_type: &str, _payload: &str) -> bool {
        true
    }

    /// Folds the next events. Each is given exactly once.
    fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> impl Future<Output = Result<(), FoldError>> + Send;

    /// Folds the next events and moves the checkpoint with one statement, if one can. After `false` or an error nothing
    /// was written, and they are folded in a transaction. This saves three of four round trips for projections that
    /// requests wait for.
    fn fold_in_one_statement(
        &self,
        _: &mut PgConnection,
        _: &[Recorded],
        _: CheckpointMove,
    ) -> impl Future<Output = Result<bool, FoldError>> + Send {
        async { Ok(false) }
    }
}
