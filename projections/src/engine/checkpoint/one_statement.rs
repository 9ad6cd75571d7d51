//! How one statement moves a checkpoint and writes what it stands for: all of it or nothing, and nothing wherever it
//! takes a transaction to tell what is right.

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use uuid::Uuid;

use super::{fed_by_workers, last_epoch, leaves_aside};

/// The common table expression `moved`: it has a row if the checkpoint was moved, and whatever else the statement writes
/// hangs on that. It moves a checkpoint of this version from exactly where the piece begins, and only where nothing is left
/// aside and no worker feeds it; whatever it does not move needs a transaction. Its parameters are bound by
/// [`CheckpointMove::bind`], behind so many others.
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

/// A checkpoint that is to be moved: whose, over which piece of the log, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct CheckpointMove {
    /// The follower.
    pub name: &'static str,
    /// Of its logic.
    pub version: i32,
    /// The position before the piece, where the checkpoint must stand.
    pub after: i64,
    /// The last position of the piece, where it shall stand.
    pub through: i64,
    /// Who moves it.
    pub owner: Uuid,
}

impl CheckpointMove {
    /// The parameters of [`moved`], behind those that a query has.
    pub(crate) fn bind<'q>(self, query: Query<'q, Postgres, PgArguments>) -> Query<'q, Postgres, PgArguments> {
        query.bind(self.name).bind(self.version).bind(self.after).bind(self.through).bind(self.owner)
    }
}
