//! Hashes and checks passwords with argon2id, a few at a time and not on the threads that serve requests. It never sees
//! an e-mail.

use std::sync::Arc;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

use crate::app::limits::guesses::Guess;
use crate::app::problem::{Code, Problem};

/// How many passwords may wait; one more is refused as `overloaded`.
const MAX_WAITING: usize = 256;

/// Hashes and checks passwords; cheap to clone.
#[derive(Debug, Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// A hash to check against for an unknown e-mail, so that the answer takes as long.
    decoy: Arc<str>,
}

impl Passwords {
    /// Checks as many at a time as there are processors.
    ///
    /// # Errors
    /// Hashing fails.
    pub fn new() -> Result<Self, Problem> {
        let turns = std::thread::available_parallelism().map_or(2, usize::from);
        Ok(Self {
            turns: Arc::new(Semaphore::new(turns)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            decoy: hash("nobody has this password")?.into(),
        })
    }

    /// Hashes a password for storage.
    ///
    /// # Errors
    /// `overloaded`, `internal`.
    pub async fn hash(&self, password: String) -> Result<String, Problem> {
        self.in_turn(move || hash(&password)).await?
    }

    /// Checks a password; without a stored hash this takes as long and fails. The attempt was charged before, and is
    /// refunded unless the password is wrong.
    ///
    /// # Errors
    /// `overloaded`, `internal`.
    pub async fn matches(&self, password: String, stored: Option<String>, guess: Guess) -> Result<bool, Problem> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.to_string());
        let matched = self.in_turn(move || matches(&password, &stored)).await.map(|matches| matches && known);
        match matched {
            Ok(true) => guess.was_right(),
            Ok(false) => drop(guess),
            Err(_) => guess.was_not_made(),
        }
        matched
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let _place = self.waiting.try_acquire().map_err(|_| Problem::new(Code::Overloaded))?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|error| Problem::internal("password", &error))?;
        let worked = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(turn);
            result
        });
        worked.await.map_err(|error| Problem::internal("password", &error))
    }
}

fn hash(password: &str) -> Result<String, Problem> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|error| Problem::internal("password", &error))
}

fn matches(password: &str, stored: &str) -> bool {
    let parsed = PasswordHash::new(stored);
    parsed.is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches_and_nobody_has_none() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash("correct horse".to_owned()).await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(passwords.matches("correct horse".to_owned(), Some(stored.clone()), Guess::free()).await.unwrap());
        assert!(!passwords.matches("incorrect horse".to_owned(), Some(stored), Guess::free()).await.unwrap());
        assert!(!passwords.matches("nobody has this password".to_owned(), None, Guess::free()).await.unwrap());
    }
}
