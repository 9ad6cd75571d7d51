//! The security log: messages with the target `security`, the random id of an account and a reason. It never contains
//! an e-mail, a name or a token, and client addresses only if configured. Messages that strangers can cause (failed
//! log-ins, refused tokens) are limited per minute and counted beyond, so that nobody can fill the disk; actions of
//! staff are always logged.

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

/// What a password was sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// To log in.
    LogIn,
    /// To confirm a change of password or an erasure.
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
    /// A security log with or without client addresses.
    #[must_use]
    pub fn new(shows_addresses: bool) -> Self {
        let quota = Quota::per_minute(NonZeroU32::new(LINES_A_MINUTE).unwrap_or(NonZeroU32::MIN));
        let strangers = Strangers { lines: RateLimiter::direct(quota), left_out: AtomicU64::new(0) };
        Self { shows_addresses, strangers: Arc::new(strangers) }
    }

    /// Logs a wrong password, or one that was not checked any more.
    pub fn password_refused(&self, attempt: Attempt, account: Option<MemberId>, reason: &str, from: ClientAddress) {
        let Some(left_out) = self.strangers.may_write() else { return };
        let account = account.map(tracing::field::display);
        let address = self.shown(from).map(tracing::field::display);
        tracing::warn!(target: "security", event = attempt.name(), account.id = account, reason,
                       client.address = address, left_out, "password check failed");
    }

    /// Logs a token or key that was refused. An expired one is normal and logged at debug level.
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

    /// Logs the reuse of a refresh token that was replaced before: it may have been stolen, and its session is ended.
    pub fn refresh_token_reused(&self, account: MemberId, from: ClientAddress) {
        let address = self.shown(from).map(tracing::field::display);
        tracing::warn!(target: "security", event = "refresh_token_reused", account.id = %account,
                       client.address = address, "refresh token reused: session revoked");
    }

    /// Logs an action on an account, with actor and role.
    pub fn account_changed(&self, event: &'static str, account: MemberId, by: MemberId, role: Role) {
        tracing::info!(target: "security", event, account.id = %account, actor.id = %by, actor.role = role.name(),
                       "account changed");
    }

    /// Logs a change of role.
    pub fn role_changed(&self, account: MemberId, from: &str, to: Role, by: MemberId, role: Role) {
        tracing::info!(target: "security", event = "role_changed", account.id = %account, role.from = from,
                       role.to = to.name(), actor.id = %by, actor.role = role.name(), "account role changed");
    }

    fn shown(&self, from: ClientAddress) -> Option<IpAddr> {
        from.0.filter(|_| self.shows_addresses)
    }
}

impl Strangers {
    /// Whether a line may be written, and how many were suppressed before it.
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
