//! Records what is over in members' wallets: holds that nobody ended in time, and lots that have ended. Every answer and every decision
//! counts them as over already; this makes the log say so for members who do nothing.
//!
//! A million lots may end at one midnight. So a round records a batch and not all, a few wallets at a time, and claims go on beside it.

use chrono::{DateTime, Utc};
use commands::Metadata;
use domain::Moment;
use domain::id::MemberId;
use domain::value::UnitCode;
use futures::{StreamExt, stream};
use metrics::{counter, gauge};
use projections::Projection;
use projections::read_models::wallets::{self, Wallets};

use super::{BATCH, Scheduler, Trouble};
use crate::app::clock;

/// How many wallets are settled at once.
const WALLETS_AT_ONCE: usize = 8;
/// In how many wallets something was recorded that was over.
const SETTLED: &str = "ledger_wallets_settled_total";
/// For how long the longest due of the wallets has been so.
const DUE_SECONDS: &str = "ledger_wallets_due_seconds";

/// Tells whoever listens what the figures mean.
pub(super) fn describe() {
    metrics::describe_counter!(SETTLED, "Wallets in which the scheduler recorded ended lots and holds");
    metrics::describe_gauge!(
        DUE_SECONDS,
        "How long the longest due wallet has waited for its ended lots and holds to be recorded"
    );
}

impl Scheduler {
    /// Records what is due in a batch of wallets, and says when to come back for the others.
    pub(super) async fn settle_wallets(&self) -> Result<Option<DateTime<Utc>>, Trouble> {
        self.up_to_date(Wallets::NAME).await?;
        let at = clock::now();
        let due = wallets::due(&self.pool, at.utc(), BATCH).await?;
        let waited = due.first().map_or(0, |(.., due_at)| (at.utc() - *due_at).num_milliseconds());
        gauge!(DUE_SECONDS).set(std::time::Duration::from_millis(waited.try_into().unwrap_or(0)).as_secs_f64());
        if due.is_empty() || !self.may_go_on() {
            return Ok(wallets::next_due_at(&self.pool).await?);
        }
        let settled = stream::iter(due).map(|(member, unit, _)| self.settle_wallet(member, unit, at));
        let settled: Vec<Result<bool, Trouble>> = settled.buffer_unordered(WALLETS_AT_ONCE).collect().await;
        let settled =
            settled.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().filter(|changed| *changed).count();
        counter!(SETTLED).increment(settled.try_into().unwrap_or(0));
        // rows that stay as they are are no reason to look again at once
        Ok((settled > 0).then_some(at.utc()))
    }

    async fn settle_wallet(&self, member: MemberId, unit: UnitCode, at: Moment) -> Result<bool, Trouble> {
        let settled = self.ledger.settle_wallet(member, &unit, &Metadata::system(at)).await;
        settled.map(|appended| appended.is_some()).map_err(|error| Trouble::Command(error.to_string()))
    }
}
