//! What grants count against budgets, as the log has it: a row for each scope, unit and day. There are few of them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{CompareError, Compared, compared};
use crate::guards::spent::row_of;
use crate::guards::value::ValueChange;
use crate::log::named_parameters::NamedStatement;

pub(super) const SPENT: &str = "value_spent";

static FILL: NamedStatement = NamedStatement::new(
    "insert into value_spent (scope, unit, day, amount) select scope, unit, day, amount from {derived}",
);

/// The rows as the log has them.
#[derive(Default)]
pub(super) struct Spent(BTreeMap<(Uuid, String, NaiveDate), i64>);

impl Spent {
    pub(super) fn apply(&mut self, change: &ValueChange) {
        match change {
            ValueChange::Counted { scope, unit, day, amount } => {
                *self.0.entry((row_of(*scope), unit.to_string(), *day)).or_default() += amount;
            }
            ValueChange::LotGiven { .. }
            | ValueChange::LotMoved { .. }
            | ValueChange::HoldBegun { .. }
            | ValueChange::HoldEnded { .. }
            | ValueChange::Owed { .. }
            | ValueChange::Acted(_)
            | ValueChange::CouponGranted { .. }
            | ValueChange::CouponUsed { .. } => {}
        }
    }

    /// Writes them into the table, which is empty.
    pub(super) async fn fill(&self, connection: &mut PgConnection) -> Result<(), CompareError> {
        let rows = FILL
            .bind()
            .rows("derived", self.0.iter())
            .column("scope", |((scope, _, _), _)| *scope)
            .column("unit", |((_, unit, _), _)| unit.as_str())
            .column("day", |((_, _, day), _)| *day)
            .column("amount", |(_, amount)| *amount)
            .end();
        rows.query()?.persistent(false).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn compared(&self, connection: &mut PgConnection) -> Result<Compared, CompareError> {
        let rows: Vec<(Uuid, String, NaiveDate, i64)> =
            sqlx::query_as("select scope, unit, day, amount from value_spent").fetch_all(connection).await?;
        let stored = rows.into_iter().map(|(scope, unit, day, amount)| ((scope, unit, day), amount)).collect();
        Ok(compared(SPENT, &self.0, &stored))
    }
}
