//! Settles what members owe, as soon as points come into their wallets: from grants, refunds, released holds and whatever else gives.
//! Done twice it changes nothing. Most members owe nothing, and are not looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use commands::{Ledger, Metadata};
use domain::id::MemberId;
use domain::value::{Account, UnitCode, entries};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use projections::FollowError;
use projections::engine::follower::{Batch, Follower, OnPoison};
use projections::log::Entry;
use projections::read_models::moving_value::may_move_value;
use sqlx::PgConnection;

use crate::app::clock;

/// How many wallets are settled at once.
const AT_ONCE: usize = 16;

/// The follower that settles debts.
#[derive(Clone)]
pub struct DebtReactor {
    ledger: Ledger,
}

impl DebtReactor {
    /// Settles by commands to this ledger.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger }
    }

    async fn settle(&self, (member, unit): (MemberId, UnitCode), metadata: Metadata) -> Result<(), FollowError> {
        let settled = self.ledger.settle_wallet(member, &unit, &metadata).await;
        settled.map(|_| ()).map_err(|error| FollowError::Trouble(error.to_string()))
    }
}

impl Follower for DebtReactor {
    fn name(&self) -> &'static str {
        "debt_reactor"
    }

    /// One member's debt is nothing to the others.
    fn on_poison(&self) -> OnPoison {
        OnPoison::Park
    }

    /// Two instances would only take the work out of each other's hands.
    fn leased(&self) -> bool {
        true
    }

    /// The streams whose events give points to members.
    fn streams(&self) -> &'static [&'static str] {
        &["claim", "spend", "adjustment", "transfer"]
    }

    async fn handle(&self, _: &mut PgConnection, batch: &Batch) -> Result<i64, FollowError> {
        let mut causes = BTreeMap::new();
        let may_give = |entry: &&Arc<Entry>| may_move_value(&entry.event_type, &entry.payload);
        for entry in batch.entries.iter().filter(may_give) {
            let poison = |reason: String| FollowError::Poison { position: entry.position, reason };
            let event = entry.event().map_err(|error| poison(error.to_string()))?;
            let gives = entries(&event).into_iter().filter(|moved| moved.to == Account::Wallet && moved.amount() > 0);
            causes.extend(gives.map(|moved| ((moved.member, moved.unit.clone()), entry)));
        }
        let trouble = |error: String| FollowError::Trouble(error);
        let given: Vec<_> = causes.keys().cloned().collect();
        let debtors = self.ledger.debtors(&given).await.map_err(|error| trouble(error.to_string()))?;
        let settled = debtors.into_iter().filter_map(|wallet| {
            let cause = causes.get(&wallet)?;
            let metadata = Metadata::system(clock::now()).correlated(cause.correlation_id).caused_by(cause.event_id);
            Some(self.settle(wallet, metadata))
        });
        let settled = stream::iter(settled.collect::<Vec<_>>()).buffer_unordered(AT_ONCE);
        settled.try_collect::<Vec<()>>().await?;
        Ok(batch.through)
    }
}
