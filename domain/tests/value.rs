//! Random commands on wallets against a second ledger that keeps every single point as a thing of its own. After each command both
//! must say the same of everybody, and what must hold at every position of a log must hold.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod purse;

use std::collections::BTreeMap;

use domain::value::{Account, Books, allocation, postings};
use proptest::prelude::*;

use purse::naive::Naive;
use purse::random::{Order, orders};
use purse::{Desk, MEMBERS, Outcome, UNITS, unit};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_point_is_where_a_naive_ledger_has_it(orders in orders()) {
        let (mut desk, mut naive) = (Desk::default(), Naive::default());
        for order in &orders {
            let order = &desk.resolved(order);
            let (done, expected) = obey(&mut desk, &mut naive, order);
            prop_assert_eq!(done, expected, "{:?}", order);
            naive.end_what_is_due(desk.now);
            for who in 0..MEMBERS {
                for what in 0..UNITS {
                    let told = desk.standing(who, what);
                    prop_assert_eq!(&told, &naive.standing(who, what, desk.now), "{} {} after {:?}", who, what, order);
                    prop_assert_eq!(desk.free_lots(who, what), naive.free_lots(who, what), "lots after {:?}", order);
                }
            }
        }
        desk.sweep();
        naive.end_what_is_due(desk.now);
        for what in 0..UNITS {
            for account in Account::ALL {
                let told = desk.books.balance(&unit(what), account);
                prop_assert_eq!(told, naive.balance(what, account), "{:?} of {}", account, what);
            }
        }
        check_log(&desk)?;
    }
}

/// Both carry out an order; the naive ledger is told where its lots stand in the log.
fn obey(desk: &mut Desk, naive: &mut Naive, order: &Order) -> (Outcome, Outcome) {
    let now = desk.now;
    naive.end_what_is_due(now);
    let before = desk.position();
    let done = desk.obey(order);
    let expected = naive.obey(order, now, before, desk);
    (done, expected)
}

/// What must hold at every position.
fn check_log(desk: &Desk) -> Result<(), TestCaseError> {
    let mut balances: BTreeMap<_, i64> = BTreeMap::new();
    let mut books = vec![Books::default()];
    for (index, event) in desk.log.iter().enumerate() {
        let position = i64::try_from(index).unwrap() + 1;
        let mut sums: BTreeMap<_, i64> = BTreeMap::new();
        for posting in postings(event) {
            *sums.entry(posting.unit.clone()).or_default() += posting.amount;
            *balances.entry((posting.account, posting.member, posting.unit.clone())).or_default() += posting.amount;
        }
        prop_assert!(sums.values().all(|sum| *sum == 0), "{:?} is not balanced", event);
        if let Some(choice) = allocation(event) {
            let known = &books[usize::try_from(choice.lots_position).unwrap()];
            let held = known.wallet(choice.member, choice.unit).unwrap();
            prop_assert!(choice.is_right(held), "{:?} at {} from {:?}", choice, position, held);
        }
        let mut after = books[index].clone();
        after.post(event, position);
        for ((account, of, unit), amount) in &balances {
            let fits = match account {
                Account::Wallet | Account::Held => *amount >= 0,
                Account::Receivable | Account::Issued => *amount <= 0,
                Account::Spent | Account::Expired | Account::TakenBack => *amount >= 0,
                Account::Adjusted | Account::InTransit => true,
            };
            prop_assert!(fits, "{:?} of {:?} in {} is {} at {}", account, of, unit, amount, position);
        }
        for (member, unit, wallet) in after.wallets() {
            let of = |account| balances.get(&(account, Some(member), unit.clone())).copied().unwrap_or(0);
            let free: i64 = wallet.lots().map(|(_, lot)| lot.free).sum();
            let held: i64 = wallet.holds().map(|(_, hold)| domain::value::total(&hold.lots)).sum();
            prop_assert_eq!(
                (free, held),
                (of(Account::Wallet), of(Account::Held)),
                "lots and accounts at {}",
                position
            );
            prop_assert_eq!(-wallet.owed(), of(Account::Receivable));
            prop_assert!(wallet.lots().all(|(_, lot)| (0..=lot.amount).contains(&lot.free) && lot.expired >= 0));
        }
        books.push(after);
    }
    let last: &Books = &books[books.len() - 1];
    prop_assert_eq!(last, &desk.books);
    for what in 0..UNITS {
        let of = |account| last.balance(&unit(what), account);
        let theirs = of(Account::Wallet) + of(Account::Held) + of(Account::Receivable);
        let gone = of(Account::Spent) + of(Account::Expired) + of(Account::TakenBack);
        prop_assert_eq!(-of(Account::Issued) - of(Account::Adjusted), theirs + gone);
        prop_assert_eq!(of(Account::InTransit), 0);
    }
    Ok(())
}
