//! What does the programme owe, and what did it cost? What every account comes to over all members, what is outstanding by
//! the moment at which it ends, and what each event has cost, exact now and as of any position of the log.
//!
//! How: each of these numbers is a total (`totals`) with a row for each group of positions in which it changed, so that
//! any position needs the last row before it and at most 1,024 events of the log. What an event changes about them is said
//! once, for the fold and for the past (`changes`), and rests on the domain's entries. What events cost is what their rewards
//! cost, times the grants that the dashboard has counted (`costs`). Whose the value is, is not known here.

mod answer;
mod budgets;
mod changes;
mod costs;
mod totals;
mod view;

use sqlx::postgres::PgConnection;

pub use answer::{AccountsOfUnit, CostOfEvent, Ending, Liability, UnitLiability, ValueAnalytics};
pub use budgets::BudgetStanding;
pub use view::View;

use self::changes::Known;
use self::totals::Totals;
use crate::engine::error::FoldError;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;
use crate::read_models::dashboard::Dashboard;
use crate::read_models::moving_value::{may_count, may_move_value};

/// The projection of this folder.
#[derive(Debug, Clone, Copy)]
pub struct Value;

/// The read models that these answers combine; the dashboard has counted the grants and has the names of events.
pub const MODELS: &[&str] = &[Value::NAME, Dashboard::NAME];

/// The streams whose events move value or say what it costs.
const STREAMS: [&str; 6] = ["campaign", "claim", "wallet", "spend", "adjustment", "transfer"];

impl Projection for Value {
    const NAME: &'static str = "value";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &STREAMS;
    const TABLES: &'static [&'static str] = &["value_totals", "value_lots", "value_costs", "value_budgeted"];
    const SPREAD: Spread = Spread::Whole { because: "its totals are sums over all members up to a position" };

    fn may_concern(event_type: &str, payload: &str) -> bool {
        may_move_value(event_type, payload) || may_count(event_type, payload)
    }

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let known = Known::load(tx, batch).await?;
        let changes = known.changes(batch);
        if !changes.is_empty() {
            let mut totals = Totals::load(tx, changes.iter().map(|change| &change.total)).await?;
            changes.iter().for_each(|change| totals.change(change));
            totals.write(tx).await?;
        }
        known.write(tx).await
    }
}
