//! The budget of wrong passwords of an account, shared by everything that asks for its password (log-in, change of
//! password, erasure): ten a minute from one address, and thirty a minute from all addresses together that never had
//! the right one, so that a distributed attack is slowed down and the owner is not. A check is charged before it runs
//! and refunded when the password was right, so that parallel attempts gain nothing. It never sees a password.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::app::limits::bucket::{Buckets, Policy};
use crate::app::problem::Problem;

const FROM_AN_ADDRESS: Policy = Policy::a_minute("password-address", 10);
const FROM_STRANGERS: Policy = Policy::a_minute("password-account", 30);
/// How many (account, address) pairs with a right password are remembered; the least recently used are evicted.
const ACQUAINTED: usize = 65_536;

/// All budgets.
pub struct Guesses {
    from_an_address: Buckets,
    from_strangers: Buckets,
    acquainted: Cache<u64, ()>,
    hashes: RandomState,
}

/// An account, by its canonical e-mail, and the client address.
type Origin = (String, Option<IpAddr>);

impl Guesses {
    pub(crate) fn new() -> Self {
        Self {
            from_an_address: Buckets::new(FROM_AN_ADDRESS),
            from_strangers: Buckets::new(FROM_STRANGERS),
            acquainted: Cache::new(ACQUAINTED),
            hashes: RandomState::new(),
        }
    }

    /// Charges one check.
    ///
    /// # Errors
    /// `rate_limited`: too many attempts were wrong.
    pub(crate) fn charge(self: &Arc<Self>, account: String, address: Option<IpAddr>) -> Result<Guess, Problem> {
        let from = (account, address);
        if let Some(refused) = self.from_an_address.count(&from).refusal() {
            return Err(refused);
        }
        let strange = self.acquainted.get(&self.hashes.hash_one(&from)).is_none();
        if strange && let Some(refused) = self.from_strangers.count(&from.0).refusal() {
            self.from_an_address.give_back(&from);
            return Err(refused);
        }
        Ok(Guess(Some(Charged { guesses: self.clone(), from, strange })))
    }
}

/// The permission for one check of a password. Dropping it counts the attempt as wrong.
#[must_use = "a password is checked on behalf of a guess"]
pub struct Guess(Option<Charged>);

struct Charged {
    guesses: Arc<Guesses>,
    from: Origin,
    strange: bool,
}

impl Guess {
    /// A permission without limits.
    pub(crate) fn free() -> Self {
        Self(None)
    }

    /// The password was right: the charge is refunded, and the address is remembered.
    pub fn was_right(self) {
        if let Some(charged) = &self.0 {
            charged.guesses.acquainted.insert(charged.guesses.hashes.hash_one(&charged.from), ());
        }
        self.was_not_made();
    }

    /// The password was not checked: the charge is refunded.
    pub fn was_not_made(self) {
        let Some(Charged { guesses, from, strange }) = self.0 else { return };
        guesses.from_an_address.give_back(&from);
        if strange {
            guesses.from_strangers.give_back(&from.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::V4(number.into()))
    }

    #[track_caller]
    fn wrong(guesses: &Arc<Guesses>, from: u32) -> bool {
        guesses.charge("ann@example.org".to_owned(), address(from)).is_ok()
    }

    #[test]
    fn ten_wrong_passwords_from_an_address_bar_that_address_and_no_other() {
        let guesses = Arc::new(Guesses::new());
        let let_in = (0..20).filter(|_| wrong(&guesses, 1)).count();
        assert!((10..=11).contains(&let_in), "{let_in}");
        assert!(wrong(&guesses, 2), "the owner is elsewhere");
        assert!(guesses.charge("bob@example.org".to_owned(), address(1)).is_ok(), "and so is everybody else");
    }

    #[test]
    fn many_addresses_together_bar_strangers_and_never_whoever_showed_the_right_one() {
        let guesses = Arc::new(Guesses::new());
        guesses.charge("ann@example.org".to_owned(), address(0)).unwrap_or_else(|_| Guess::free()).was_right();
        let let_in = (1..=100).filter(|from| wrong(&guesses, *from)).count();
        assert!((30..=31).contains(&let_in), "{let_in}");
        assert!(!wrong(&guesses, 200), "a stranger");
        assert!(wrong(&guesses, 0), "the owner");
    }

    #[test]
    fn what_was_right_or_never_made_is_not_charged() {
        let guesses = Arc::new(Guesses::new());
        for turn in 0..200 {
            let guess = guesses.charge("ann@example.org".to_owned(), address(7));
            let guess = guess.unwrap_or_else(|_| panic!("check {turn} is refused"));
            if turn % 2 == 0 { guess.was_right() } else { guess.was_not_made() }
        }
    }

    #[test]
    fn checks_at_the_same_moment_are_charged_before_they_are_made() {
        let guesses = Arc::new(Guesses::new());
        let held: Vec<_> = (0..50).map(|_| guesses.charge("ann@example.org".to_owned(), address(9))).collect();
        let let_in = held.iter().filter(|guess| guess.is_ok()).count();
        assert!((10..=11).contains(&let_in), "{let_in}");
    }
}
