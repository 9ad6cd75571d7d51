//! Posts the log once more: what each event moves between accounts must balance and leave no account on the wrong side, and the
//! lots that each payment took must be those that anybody chooses again from what was known when it was decided. It trusts no table.
//!
//! What members hold is kept in memory, for so many lots at a time: of a log with more, the events of some of the members are posted
//! in a pass of their own.

mod wallet;

use std::collections::BTreeMap;

use domain::Event;
use domain::id::MemberId;
use domain::value::{Account, Allocation, Holdings, UnitCode, allocation, postings};
use sqlx::{Connection, PgConnection, PgPool};

use super::pages::{self, PAGE_POSITIONS};
use super::{Check, ProgressFn};
use crate::audit::AuditError;
use crate::log::partition::partition_of;
use wallet::Wallet;

/// The streams whose events move value.
const STREAMS: &[&str] = &["claim", "spend", "wallet", "adjustment", "transfer"];
/// How many lots a pass keeps in memory, about.
const LOTS_IN_MEMORY: i64 = 500_000;

/// Both checks over the log up to a position.
pub(super) async fn checks(pool: &PgPool, position: i64, progress: ProgressFn<'_>) -> Result<[Check; 2], AuditError> {
    let mut conn = pool.acquire().await?;
    let mut tx = conn.begin_with("begin isolation level repeatable read read only").await?;
    // only how often the log is read depends on it
    let lots: i64 =
        sqlx::query_scalar("select count(*) from wallet_lots").persistent(false).fetch_one(&mut *tx).await?;
    let passes = i32::try_from(lots / LOTS_IN_MEMORY + 1).unwrap_or(i32::MAX);
    let mut audit = ValueAudit::new(position);
    for pass in 0..passes {
        audit.pass(&mut tx, pass, passes, progress).await?;
    }
    tx.rollback().await?;
    Ok(audit.finish())
}

/// Both checks, and what the accounts of the programme come to so far.
struct ValueAudit {
    through: i64,
    postings: Check,
    allocations: Check,
    balances: BTreeMap<(UnitCode, Account), i128>,
}

/// What some of the members hold.
type Wallets = BTreeMap<(MemberId, UnitCode), Wallet>;

impl ValueAudit {
    fn new(through: i64) -> Self {
        let (postings, allocations) = (Check::new("postings"), Check::new("allocations"));
        Self { through, postings, allocations, balances: BTreeMap::new() }
    }

    /// Posts what concerns the members of one pass.
    async fn pass(
        &mut self,
        conn: &mut PgConnection,
        pass: i32,
        passes: i32,
        progress: ProgressFn<'_>,
    ) -> Result<(), AuditError> {
        let mut wallets = Wallets::new();
        let mut done = 0;
        while done < self.through {
            let until = self.through.min(done + PAGE_POSITIONS);
            // another check reports what cannot be read
            let entries = pages::read(conn, done, until, STREAMS).await?.into_iter().flatten();
            for entry in entries.filter(|entry| partition_of(&entry.subject, passes) == pass) {
                let Ok(event) = entry.event() else { continue };
                if let Some(choice) = allocation(&event) {
                    self.choose_again(conn, &wallets, &choice, entry.position).await?;
                }
                self.post(&mut wallets, &event, entry.position);
            }
            done = until;
            progress(&self.postings.name, done);
        }
        for ((member, unit), wallet) in wallets {
            self.take_note(member, &unit, wallet.finish());
        }
        Ok(())
    }

    /// Chooses the lots of a payment again, from what was held where it was decided.
    async fn choose_again(
        &mut self,
        conn: &mut PgConnection,
        wallets: &Wallets,
        choice: &Allocation<'_>,
        position: i64,
    ) -> Result<(), AuditError> {
        self.allocations.checked += 1;
        let Allocation { member, unit, lots_position, .. } = *choice;
        if lots_position >= position {
            let reason = format!("the lots are said to be chosen at position {lots_position}, which is not before");
            self.allocations.fails(Some(position), reason);
            return Ok(());
        }
        let known = wallets.get(&(member, unit.clone()));
        let held = match known.map(|wallet| wallet.at(lots_position)) {
            None => Holdings::default(),
            Some(Some(held)) => held,
            Some(None) => read_again(conn, member, unit, lots_position).await?,
        };
        if !choice.is_right(&held) {
            let reason = format!(
                "{} {unit} of member {member}: from what was held at position {lots_position}, other lots are chosen",
                choice.amount
            );
            self.allocations.fails(Some(position), reason);
        }
        Ok(())
    }

    fn post(&mut self, wallets: &mut Wallets, event: &Event, position: i64) {
        let mut sums: BTreeMap<&UnitCode, i128> = BTreeMap::new();
        for posting in postings(event) {
            let amount = i128::from(posting.amount);
            *sums.entry(posting.unit).or_default() += amount;
            *self.balances.entry((posting.unit.clone(), posting.account)).or_default() += amount;
        }
        self.postings.checked += i64::from(!sums.is_empty());
        if let Some((unit, sum)) = sums.into_iter().find(|(_, sum)| *sum != 0) {
            self.postings.fails(Some(position), format!("what is posted in {unit} sums to {sum}"));
        }
        for (member, unit, movement) in wallet::movements(event, position) {
            let wallet = wallets.entry((member, unit.clone())).or_default();
            let failure = wallet.post(movement);
            self.take_note(member, &unit, failure);
        }
    }

    fn take_note(&mut self, member: MemberId, unit: &UnitCode, failure: Option<wallet::Wrong>) {
        if let Some(wallet::Wrong { position, reason }) = failure {
            self.postings.fails(position, format!("{unit} of member {member}: {reason}"));
        }
    }

    /// What was given is all somewhere.
    fn finish(mut self) -> [Check; 2] {
        let units: Vec<UnitCode> = self.balances.keys().map(|(unit, _)| unit.clone()).collect();
        for unit in units {
            let of = |account| self.balances.get(&(unit.clone(), account)).copied().unwrap_or(0);
            let given = -of(Account::Issued) - of(Account::Adjusted);
            let theirs = of(Account::Wallet) + of(Account::Held) + of(Account::Receivable);
            let gone = of(Account::Spent) + of(Account::Expired) + of(Account::TakenBack);
            let on_the_way = of(Account::InTransit);
            if given != theirs + gone || on_the_way != 0 {
                let reason = format!(
                    "{unit}: {given} were given, members have {theirs}, {gone} are gone, {on_the_way} on the way"
                );
                self.postings.fails(None, reason);
            }
            let wrong = |account: &Account| match account {
                Account::Issued => of(*account) > 0,
                Account::Spent | Account::Expired | Account::TakenBack => of(*account) < 0,
                Account::Wallet | Account::Held | Account::Receivable | Account::Adjusted | Account::InTransit => false,
            };
            if let Some(account) = Account::ALL.iter().find(|account| wrong(account)) {
                let reason = format!("{unit}: the account {} comes to {}", account.name(), of(*account));
                self.postings.fails(None, reason);
            }
        }
        [self.postings, self.allocations]
    }
}

/// What a member held at a position that is far behind, from all that the log has of the member.
async fn read_again(
    conn: &mut PgConnection,
    member: MemberId,
    unit: &UnitCode,
    through: i64,
) -> Result<Holdings, AuditError> {
    let mut wallet = Wallet::default();
    let (subject, mut after) = (member.to_string(), 0);
    loop {
        let rows = pages::read_of(conn, &subject, after, through, STREAMS).await?;
        let Some(last) = rows.last() else { break };
        after = last.as_ref().map_or_else(|unreadable| unreadable.position.unwrap_or(through), |entry| entry.position);
        for entry in rows.into_iter().flatten() {
            let Ok(event) = entry.event() else { continue };
            let movements = wallet::movements(&event, entry.position);
            let ours = movements.into_iter().filter(|(whose, what, _)| (*whose, what) == (member, unit));
            // what is wrong in them was told when they were posted
            ours.for_each(|(.., movement)| drop(wallet.post(movement)));
        }
    }
    Ok(wallet.at(through).unwrap_or_default())
}
