//! Moves a checkpoint and writes the rows it stands for with one statement: both or neither, and neither whenever the
//! decision takes a transaction.

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use uuid::Uuid;

use super::{fed_by_workers, last_epoch, leaves_aside};

/// The common table expression `moved`, which has a row if the checkpoint was moved; the other writes of the statement
/// depend on it. It moves a checkpoint of this version from exactly the start of the batch, if nothing is parked or
/// skipped and no worker feeds the projection. In every other case the batch needs a transaction.
/// [`CheckpointMove::bind`] binds its parameters after the given number of others.
pub(crate) fn moved(behind: usize) -> String {
    let [name, version, after, through, owner] = [1, 2, 3, 4, 5].map(|number| format!("${}", behind + number));
    format!(
        "known as (
            select version, position, {}, {}
            from checkpoints
            where name = {name}
            for update skip locked
        ), moved as (
            update checkpoints
            set position = {through}, owner = {owner}, epoch = {}, updated_at = now(),
                state = 'following', trouble_position = null, trouble = null
            from known
            where checkpoints.name = {name}
              and known.version = {version}
              and known.position = {after}
              and not known.leaves_aside
              and not known.fed_by_workers
            returning true
        )",
        leaves_aside!(),
        fed_by_workers!(),
        last_epoch!()
    )
}

/// A move of a checkpoint.
#[derive(Debug, Clone, Copy)]
pub struct CheckpointMove {
    /// The follower.
    pub name: &'static str,
    /// The version of its logic.
    pub version: i32,
    /// The position before the batch, where the checkpoint must be.
    pub after: i64,
    /// The last position of the batch, where it will be.
    pub through: i64,
    /// The process that moves it.
    pub owner: Uuid,
}

impl CheckpointMove {
    /// Binds the parameters of [`moved`] after those that the query has.
    pub(crate) fn bind<'q>(self, query: Query<'q, Postgres, PgArguments>) -> Query<'q, Postgres, PgArguments> {
        query.bind(self.name).bind(self.version).bind(self.after).bind(self.through).bind(self.owner)
    }
}
