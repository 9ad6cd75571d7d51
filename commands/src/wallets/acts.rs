//! What somebody has done so far on a day, where the day limits it. The next one gets the number behind; whoever was faster
//! meanwhile has it already, and the append refuses.

use chrono::NaiveDate;
use domain::id::MemberId;
use domain::value::UnitCode;

use crate::guards::acts::ActKind;
use crate::ledger::Ledger;
use crate::log::coalesce::ReadError;

/// What somebody has done on one day with one unit.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct Done {
    /// How often.
    pub(super) times: i64,
    /// How much.
    pub(super) amount: i64,
}

impl Ledger {
    pub(super) async fn done_on(
        &self,
        kind: ActKind,
        actor: MemberId,
        unit: &UnitCode,
        day: NaiveDate,
    ) -> Result<Done, ReadError> {
        let sql = "select coalesce(max(number), 0) as times, coalesce(sum(amount), 0)::bigint as amount
                   from daily_acts
                   where kind = $1 and actor = $2 and unit = $3 and day = $4";
        let query = sqlx::query_as(sql).bind(kind.name()).bind(actor.0).bind(unit.as_str()).bind(day);
        Ok(query.fetch_one(&self.shared.pool).await?)
    }
}
