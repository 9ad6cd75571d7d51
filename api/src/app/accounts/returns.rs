//! Who comes back after an erasure: the same mailbox, not long after. Nothing is kept but a keyed fingerprint of the
//! e-mail (HMAC-SHA-256 under the token keys, apart from all else that they sign) beside the random id, for as long
//! as `RETURN_AFTER` says. It lets what a person may have once stay with the person; it names nobody.
//! It does not know what follows from a return: the rules of claims and referrals do.

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

/// What sets these fingerprints apart from everything else that is made with the token keys.
const PURPOSE: &str = "erased-email";
/// How often one person may come back within `RETURN_AFTER`: a claim looks at each of their earlier accounts.
const MAX_RETURNS: usize = 16;
/// How often old fingerprints are taken away.
const FORGET_EVERY: Duration = Duration::from_secs(600);

/// Knows who comes back; cheap to clone.
#[derive(Debug, Clone)]
pub struct Returns {
    keys: Arc<Keys>,
    kept_for: TimeDelta,
}

impl Returns {
    /// Fingerprints under these keys, kept for so long; for no time at all, none are kept.
    #[must_use]
    pub fn new(keys: Arc<Keys>, kept_for: TimeDelta) -> Self {
        Self { keys, kept_for }
    }

    /// The keys that fingerprints are made with, which sign tokens as well.
    #[must_use]
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.clone()
    }

    /// What is kept of an e-mail that is erased.
    pub(super) fn fingerprint(&self, email: &str) -> Option<String> {
        if self.kept_for <= TimeDelta::zero() { None } else { self.fingerprints(email).into_iter().next() }
    }

    /// An e-mail under each of our keys.
    fn fingerprints(&self, email: &str) -> Vec<String> {
        self.keys.derive(&format!("{PURPOSE}:{}", email_key(email))).collect()
    }

    /// The earlier accounts of an e-mail.
    ///
    /// # Errors
    /// `email_taken`: somebody came back too often.
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

    /// Takes away what is older than it may be, until asked to stop.
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

/// What is known of the earlier accounts of an e-mail at some moment.
#[derive(Debug, Clone)]
pub(super) struct Earlier {
    fingerprints: Vec<String>,
    since: DateTime<Utc>,
    lives: Vec<Life>,
}

impl Earlier {
    /// What the log says of it; nothing about somebody new.
    pub(super) fn returned(&self) -> Option<Returned> {
        let first = self.lives.first()?;
        let former_ids = self.lives.iter().map(|life| MemberId(life.member_id)).collect();
        Some(Returned { first_id: MemberId(first.first_id), former_ids })
    }

    /// Whether the last of them was blocked when it went.
    pub(super) fn was_blocked(&self) -> bool {
        self.lives.last().is_some_and(|life| life.blocked)
    }

    /// Refuses, in the transaction of a sign-up, when an account was erased that it does not know of.
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
