//! What is limited by the day, as the log has it. There may be as many rows as transfers: they are added to a temporary table and
//! compared by the database.

use sqlx::PgConnection;

use super::{CompareError, Compared};
use crate::guards::acts::{Act, acted};
use crate::guards::value::ValueChange;
use crate::log::named_parameters::NamedStatement;

pub(super) const ACTS: &str = "daily_acts";

static ADD: NamedStatement = NamedStatement::new(
    "insert into pg_temp.derived_acts (kind, actor, unit, day, number, amount)
    select kind, actor, unit, day, number, amount from {added}
    on conflict do nothing",
);

/// Writes what was put aside into the table, which is empty.
pub(super) const FILL: &str = "insert into daily_acts (kind, actor, unit, day, number, amount)
                               select kind, actor, unit, day, number, amount from pg_temp.derived_acts";

/// What the pages since the last that were put aside add.
#[derive(Default)]
pub(super) struct Acts(Vec<Act>);

impl Acts {
    /// Makes room for what does not fit into memory.
    pub(super) async fn begin(connection: &mut PgConnection) -> Result<Self, CompareError> {
        let sql = "create temporary table derived_acts (
                       kind text collate \"C\", actor uuid, unit text collate \"C\", day date, number bigint, amount bigint not null,
                       primary key (kind, actor, unit, day, number)
                   ) on commit drop";
        sqlx::query(sql).execute(connection).await?;
        Ok(Self::default())
    }

    pub(super) fn apply(&mut self, change: &ValueChange) {
        self.0.extend(acted(change).cloned());
    }

    /// Adds what is in memory to the temporary table, once it is more than `held` rows.
    pub(super) async fn put_aside(&mut self, connection: &mut PgConnection, held: usize) -> Result<(), CompareError> {
        if self.0.len() <= held {
            return Ok(());
        }
        let acts = std::mem::take(&mut self.0);
        let add = ADD
            .bind()
            .rows("added", acts.iter())
            .column("kind", |act| act.kind.name())
            .column("actor", |act| act.actor.0)
            .column("unit", |act| act.unit.as_str())
            .column("day", |act| act.day)
            .column("number", |act| act.number)
            .column("amount", |act| act.amount)
            .end();
        add.query()?.persistent(false).execute(connection).await?;
        Ok(())
    }
}

/// The table beside what was put aside.
pub(super) async fn compared(connection: &mut PgConnection) -> Result<Compared, CompareError> {
    let rows = sqlx::query_scalar("select count(*) from daily_acts").fetch_one(&mut *connection).await?;
    let sql = "select concat_ws(' ', kind, actor, unit, day, number), log.amount, stored.amount
               from pg_temp.derived_acts as log
               full join daily_acts as stored using (kind, actor, unit, day, number)
               where log.amount is distinct from stored.amount
               order by kind, actor, unit, day, number
               limit 1";
    let found: Option<(String, Option<i64>, Option<i64>)> =
        sqlx::query_as(sql).persistent(false).fetch_optional(connection).await?;
    let difference = found.map(|(key, log, row)| super::difference(ACTS, &key, &log, &row));
    Ok(Compared { table: ACTS, rows, difference })
}
