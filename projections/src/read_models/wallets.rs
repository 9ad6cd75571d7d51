//! What does a member have, in which lots, and how did it come to that? For each member and unit all lots, the open holds,
//! and one entry for each event that moved something, with the balances behind it. What an event moves is said by the
//! domain; nothing is decided on these rows, which is what the guards are for. How rows are loaded and written is in
//! `rows`, how they are read now and as of then in `holdings`, the statement in `statement`, what ends next in `due`.

mod due;
mod holdings;
mod rows;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use domain::Event;
use domain::id::{LotId, MemberId};
use domain::value::{
    Account, Books, Entry, HoldChange, HoldId, Holdings, LotChange, Posting, UnitCode, entries, hold_change, postings,
};
use sqlx::postgres::PgConnection;

pub use due::{DueWallet, due, next_due_at};
pub use holdings::{Lots, MemberWallets, at, now};
pub use statement::{EntryKind, LotMove, StatementEntry, StatementPage, Subject, statement};

use crate::engine::error::FoldError;
use crate::engine::follower::BatchInterval;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;
use crate::read_models::moving_value::may_move_value;

/// The projection of this folder.
#[derive(Debug, Clone, Copy)]
pub struct Wallets;

/// One member's wallet of one unit.
type Key = (MemberId, UnitCode);

impl Projection for Wallets {
    const NAME: &'static str = "wallets";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &["claim", "wallet", "spend", "adjustment", "transfer"];
    const TABLES: &'static [&'static str] = &["wallets_lots", "wallets_holds", "wallets_entries"];
    const LATE_INDEXES: &'static [&'static str] =
        &["wallets_holds_of_a_member", "wallets_holds_by_their_ends", "wallets_lots_by_their_ends"];
    /// Every row is of one member, the subject of all events that move something in their wallets; each half of a
    /// transfer is an event of its own.
    const SPREAD: Spread = Spread::BySubject;
    /// Who has just been given something looks whether it is there.
    const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(0, 25);

    fn may_concern(event_type: &str, payload: &str) -> bool {
        may_move_value(event_type, payload)
    }

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let touched = Touched::by(batch);
        if touched.wallets.is_empty() {
            return Ok(());
        }
        let mut moving = Moving::load(tx, touched).await?;
        batch.iter().for_each(|recorded| moving.post(&recorded.event, recorded.entry.position));
        moving.write(tx).await
    }
}

/// The rows that a batch may change.
#[derive(Default)]
struct Touched {
    wallets: BTreeSet<Key>,
    lots: BTreeSet<(MemberId, UnitCode, LotId)>,
}

impl Touched {
    fn by(batch: &[Recorded]) -> Self {
        let mut touched = Self::default();
        for recorded in batch {
            entries(&recorded.event).iter().filter(|entry| entry.amount() != 0).for_each(|entry| touched.entry(entry));
        }
        touched
    }

    fn entry(&mut self, entry: &Entry<'_>) {
        self.wallets.insert((entry.member, entry.unit.clone()));
        match &entry.lots {
            LotChange::Of(parts) => {
                self.lots.extend(parts.iter().map(|part| (entry.member, entry.unit.clone(), part.lot_id)));
            }
            LotChange::New(_) | LotChange::None(_) => {}
        }
    }
}

/// The balances of one member's accounts.
#[derive(Debug, Clone, Copy, Default)]
struct Balances {
    wallet: i64,
    held: i64,
    receivable: i64,
}

impl Balances {
    /// All that is the member's, less what they owe.
    fn sum(&self) -> i64 {
        self.wallet + self.held + self.receivable
    }

    fn post(&mut self, posting: &Posting<'_>) {
        match posting.account {
            Account::Wallet => self.wallet += posting.amount,
            Account::Held => self.held += posting.amount,
            Account::Receivable => self.receivable += posting.amount,
            Account::Issued
            | Account::Spent
            | Account::Expired
            | Account::TakenBack
            | Account::Adjusted
            | Account::InTransit => {}
        }
    }
}

/// One event's effect on one wallet.
struct NewEntry {
    key: Key,
    position: i64,
    amount: i64,
    after: Balances,
}

/// What a batch touches, before and while it is posted.
struct Moving {
    balances: BTreeMap<Key, Balances>,
    books: Books,
    /// The lots that have rows already.
    known: BTreeSet<LotId>,
    ended: BTreeSet<HoldId>,
    entries: Vec<NewEntry>,
}

impl Moving {
    fn of(balances: BTreeMap<Key, Balances>, holdings: BTreeMap<Key, Holdings>) -> Self {
        let known = holdings.values().flat_map(|held| held.lots().map(|(id, _)| id)).collect();
        let books = Books::of(holdings);
        Self { balances, books, known, ended: BTreeSet::new(), entries: Vec::new() }
    }

    fn post(&mut self, event: &Event, position: i64) {
        // also what changes no balance: a refund whose lots have ended is over at once, and the lots say so
        let moved = entries(event).into_iter().filter(|entry| entry.amount() != 0);
        let keys: BTreeSet<Key> = moved.map(|entry| (entry.member, entry.unit.clone())).collect();
        if keys.is_empty() {
            return;
        }
        let sum = |balances: &BTreeMap<Key, Balances>, key: &Key| balances.get(key).map_or(0, Balances::sum);
        let before: Vec<(Key, i64)> = keys.into_iter().map(|key| (key.clone(), sum(&self.balances, &key))).collect();
        for posting in postings(event) {
            let Some(member) = posting.member else { continue };
            self.balances.entry((member, posting.unit.clone())).or_default().post(&posting);
        }
        self.books.post(event, position);
        if let Some((id, HoldChange::Ended)) = hold_change(event) {
            self.ended.insert(id);
        }
        for (key, before) in before {
            let after = self.balances.get(&key).copied().unwrap_or_default();
            self.entries.push(NewEntry { key, position, amount: after.sum() - before, after });
        }
    }
}
