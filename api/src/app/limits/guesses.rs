//! The budget of wrong passwords: one for an account, whatever asks for its password (logging in, changing it,
//! erasing the account). Ten a minute from one address; from all addresses that never showed the right one
//! together thirty, so that many addresses are slowed down while the owner's own is not. A check is charged
//! before it is made and given back when it was right, so that many at once get no further than one after the
//! other. It never sees a password.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::app::limits::bucket::{Buckets, Policy};
use crate::app::problem::Problem;

const FROM_AN_ADDRESS: Policy = Policy::a_minute("password-address", 10);
const FROM_STRANGERS: Policy = Policy::a_minute("password-account", 30);
/// How many pairs of account and address are remembered as acquainted; the coldest go first.
const ACQUAINTED: usize = 65_536;

/// All budgets.
pub struct Guesses {
    from_an_address: Buckets,
    from_strangers: Buckets,
    acquainted: Cache<u64, ()>,
    hashes: RandomState,
}

/// An account, known by the e-mail as it is compared, and where somebody says that it is theirs.
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
    /// `rate_limited`: too many were wrong.
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

/// The right to look once whether a password is that of an account. Dropped without a word, it was wrong.
#[must_use = "a password is checked on behalf of a guess"]
pub struct Guess(Option<Charged>);

struct Charged {
    guesses: Arc<Guesses>,
    from: Origin,
    strange: bool,
}

impl Guess {
    /// Where nobody counts.
    pub(crate) fn free() -> Self {
        Self(None)
    }

    /// It was the right password: nothing is charged, and the address is known from now on.
    pub fn was_right(self) {
        if let Some(charged) = &self.0 {
            charged.guesses.acquainted.insert(charged.guesses.hashes.hash_one(&charged.from), ());
        }
        self.was_not_made();
    }

    /// Nobody looked: nothing is charged.
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
