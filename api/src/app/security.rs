//! What whoever guards the service wants to read in its log: one target, `security`, with the random id of an account
//! and a reason. No e-mail, no name and no token is ever in it; an address is only where the configuration asks for
//! it. What strangers cause (failed log-ins, refused tokens) is written so many times a minute and counted beyond,
//! so that nobody fills a disk by it; what staff do is always written.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use domain::id::MemberId;
use domain::role::Role;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::app::client_address::ClientAddress;

/// How many lines a minute strangers can cause.
const LINES_A_MINUTE: u32 = 120;

/// Writes security events; cheap to clone.
#[derive(Clone)]
pub struct SecurityLog {
    shows_addresses: bool,
    strangers: Arc<Strangers>,
}

struct Strangers {
    lines: DefaultDirectRateLimiter,
    left_out: AtomicU64,
}

/// What went wrong with a password that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// To log in.
    LogIn,
    /// To prove who one is, before a change of the password or an erasure.
    Proof,
}

impl Attempt {
    fn name(self) -> &'static str {
        match self {
            Self::LogIn => "log_in_failed",
            Self::Proof => "password_check_failed",
        }
    }
}

impl SecurityLog {
    /// With addresses, or without.
    #[must_use]
    pub fn new(shows_addresses: bool) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(LINES_A_MINUTE).unwrap_or(NonZeroU32::MIN));
        let strangers = Strangers { lines: RateLimiter::direct(quota), left_out: AtomicU64::new(0) };
        Self { shows_addresses, strangers: Arc::new(strangers) }
    }

    /// A password was wrong, or was not looked at any more.
    pub fn password_refused(&self, attempt: Attempt, account: Option<MemberId>, reason: &str, from: ClientAddress) {
        let Some(left_out) = self.strangers.may_write() else { return };
        let account = account.map(tracing::field::display);
        let address = self.shown(from).map(tracing::field::display);
        tracing::warn!(target: "security", event = attempt.name(), account.id = account, reason,
                       client.address = address, left_out, "password check failed");
    }

    /// A token or a key was shown that is no good. One that only grew old is everyday, and said to who debugs.
    pub fn token_refused(&self, kind: &str, account: Option<MemberId>, reason: &str, from: ClientAddress) {
        if reason == "token_expired" {
            tracing::debug!(target: "security", event = "token_refused", token = kind, reason, "token rejected");
            return;
        }
        let Some(left_out) = self.strangers.may_write() else { return };
        let account = account.map(tracing::field::display);
        let address = self.shown(from).map(tracing::field::display);
        tracing::warn!(target: "security", event = "token_refused", token = kind, account.id = account, reason,
                       client.address = address, left_out, "token rejected");
    }

    /// A refresh token came back after it was followed by others: somebody else has it, and its log-in is over.
    pub fn refresh_token_reused(&self, account: MemberId, from: ClientAddress) {
        let address = self.shown(from).map(tracing::field::display);
        tracing::warn!(target: "security", event = "refresh_token_reused", account.id = %account,
                       client.address = address, "refresh token reused: session revoked");
    }

    /// Something was done to an account by somebody, in a role.
    pub fn account_changed(&self, event: &'static str, account: MemberId, by: MemberId, role: Role) {
        tracing::info!(target: "security", event, account.id = %account, actor.id = %by, actor.role = role.name(),
                       "account changed");
    }

    /// An account has another role.
    pub fn role_changed(&self, account: MemberId, from: &str, to: Role, by: MemberId, role: Role) {
        tracing::info!(target: "security", event = "role_changed", account.id = %account, role.from = from,
                       role.to = to.name(), actor.id = %by, actor.role = role.name(), "account role changed");
    }

    fn shown(&self, from: ClientAddress) -> Option<IpAddr> {
        from.0.filter(|_| self.shows_addresses)
    }
}

impl Strangers {
    /// Whether a line may be written, and how many were left out before it.
    fn may_write(&self) -> Option<u64> {
        if self.lines.check().is_ok() {
            return Some(self.left_out.swap(0, Ordering::Relaxed));
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_cause_so_many_lines_and_the_next_one_says_how_many_were_left_out() {
        let log = SecurityLog::new(false);
        let written = (0..1_000).filter(|_| log.strangers.may_write().is_some()).count();
        assert!((120..=121).contains(&written), "{written}");
        assert_eq!(log.strangers.left_out.load(Ordering::Relaxed), 1_000 - u64::try_from(written).unwrap());
    }

    #[test]
    fn an_address_is_shown_where_the_configuration_asks_for_it_alone() {
        let from = ClientAddress(Some(IpAddr::from([198, 51, 100, 7])));
        assert_eq!(SecurityLog::new(false).shown(from), None);
        assert_eq!(SecurityLog::new(true).shown(from), from.0);
    }
}
