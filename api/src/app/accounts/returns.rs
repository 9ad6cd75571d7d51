//! Recognises people who sign up again after an erasure with the same e-mail. All that is kept is a keyed fingerprint
//! of the e-mail (HMAC-SHA-256 with the token keys, separated from their other uses) and the random id, for the time
//! that `RETURN_AFTER` sets. It keeps once-per-person limits effective without naming anybody. The rules of claims and
//! referrals decide what follows from a return.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Moment;
use domain::id::MemberId;
use domain::identity::email_key;
use domain::member::Returned;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::clock;
use crate::app::problem::{Code, Problem};
use crate::app::tokens::Keys;

/// The purpose that separates these fingerprints from other uses of the token keys.
const PURPOSE: &str = "erased-email";
/// How often one person may return within `RETURN_AFTER`: a claim looks at each earlier account.
const MAX_RETURNS: usize = 16;
/// How often expired fingerprints are deleted.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Recognises returning people; cheap to clone.
#[derive(Debug, Clone)]
pub struct Returns {
    keys: Arc<Keys>,
    kept_for: TimeDelta,
}

impl Returns {
    /// Keeps fingerprints under these keys for this long; zero keeps none.
    #[must_use]
    pub fn new(keys: Arc<Keys>, kept_for: TimeDelta) -> Self {
        Self { keys, kept_for }
    }

    /// The token keys, which fingerprints are made with too.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.clone()
    }

    /// The fingerprint of an erased e-mail.
    pub(super) fn fingerprint(&self, email: &str) -> Option<String> {
        if self.kept_for <= TimeDelta::zero() { None } else { self.fingerprints(email).into_iter().next() }
    }

    /// The fingerprints of an e-mail under each of our keys.
    fn fingerprints(&self, email: &str) -> Vec<String> {
        self.keys.derive(&format!("{PURPOSE}:{}", email_key(email))).collect()
    }

    /// The earlier accounts of an e-mail.
    ///
    /// # Errors
    /// `email_taken`: the person returned too often.
    pub(super) async fn earlier(&self, pool: &PgPool, email: &str, now: Moment) -> Result<Earlier, Problem> {
        let (fingerprints, since) = (self.fingerprints(email), now.utc() - self.kept_for);
        let sql = "select member_id, first_id, blocked
                   from erased_emails
                   where fingerprint = any($1) and erased_at > $2
                   order by erased_at, member_id";
        let lives: Vec<Life> = sqlx::query_as(sql).bind(&fingerprints).bind(since).fetch_all(pool).await?;
        if lives.len() >= MAX_RETURNS {
            return Err(Problem::new(Code::EmailTaken));
        }
        Ok(Earlier { fingerprints, since, lives })
    }

    /// Deletes expired fingerprints until shutdown.
    pub async fn forget_old(self, pool: PgPool, stopping: CancellationToken) {
        loop {
            let sql = "delete from erased_emails where erased_at <= $1";
            let before = clock::now().utc() - self.kept_for;
            if let Err(error) = sqlx::query(sql).bind(before).execute(&pool).await {
                tracing::warn!(%error, "cannot delete expired e-mail fingerprints of erased accounts; retrying in ten minutes");
            }
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(FORGET_EVERY) => {}
            }
        }
    }
}

/// An account that was erased.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
struct Life {
    member_id: Uuid,
    first_id: Uuid,
    blocked: bool,
}

/// The earlier accounts of an e-mail at some moment.
#[derive(Debug, Clone)]
pub(super) struct Earlier {
    fingerprints: Vec<String>,
    since: DateTime<Utc>,
    lives: Vec<Life>,
}

impl Earlier {
    /// What the registration event records of it; nothing for a new person.
    pub(super) fn returned(&self) -> Option<Returned> {
        let first = self.lives.first()?;
        let former_ids = self.lives.iter().map(|life| MemberId(life.member_id)).collect();
        Some(Returned { first_id: MemberId(first.first_id), former_ids })
    }

    /// Whether the last of them was blocked when it was erased.
    pub(super) fn was_blocked(&self) -> bool {
        self.lives.last().is_some_and(|life| life.blocked)
    }

    /// Fails the transaction of a sign-up when an account was erased since the earlier accounts were read.
    pub(super) async fn are_all(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let known: Vec<Uuid> = self.lives.iter().map(|life| life.member_id).collect();
        sqlx::query("select know_who_returns($1, $2, $3)")
            .bind(&self.fingerprints)
            .bind(known)
            .bind(self.since)
            .execute(connection)
            .await
            .map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn returns(lines: &str, days: i64) -> Returns {
        Returns::new(Arc::new(Keys::parse(lines).unwrap()), TimeDelta::days(days))
    }

    #[test]
    fn a_fingerprint_is_of_the_mailbox_and_of_the_key() {
        let (first, second) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
        let of = |email: &str| returns(first, 1).fingerprint(email).unwrap();
        assert_eq!(of("Ann@bücher.example"), of("ann@xn--bcher-kva.example"));
        assert_ne!(of("ann@x.example"), of("bob@x.example"));
        assert!(!of("ann@x.example").contains("ann"));
        let both = returns(&format!("{second}\n{first}"), 1);
        assert!(both.fingerprints("ann@x.example").contains(&of("ann@x.example")), "also while keys change");
        assert_ne!(both.fingerprint("ann@x.example"), Some(of("ann@x.example")));
        assert_eq!(returns(first, 0).fingerprint("ann@x.example"), None);
    }
}
