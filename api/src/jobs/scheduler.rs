//! What only the clock brings: campaigns open and close, pending claims expire, referrals qualify whose condition time
//! alone fulfils, lots and holds of points end (`scheduler/wallets`), claims that were asked for while their member was erased
//! are withdrawn, and rows of codes that a process left behind are cleared away. It looks up what is due, sends an ordinary
//! command for each with the system as actor, and sleeps until the next due moment. When it begins it also looks at the
//! pending referrals that were never judged by the condition in force: it may have been changed.
//!
//! One process does this at a time, under a lease. That only spares work: a command that comes twice
//! (from a process that was paused and woke up, or because a row is a little old) finds the aggregate
//! where it stands and adds nothing. After downtime all that fell due meanwhile is due now.

mod wallets;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use commands::{AnswerFromReceipt, CommandError, Ledger, Metadata};
use domain::Moment;
use domain::campaign::{Campaign, CampaignCommand, CampaignRefusal};
use domain::claim::{ClaimCommand, ClaimRefusal};
use domain::id::{CampaignId, ClaimId, MemberId};
use futures::{StreamExt, stream};
use projections::read_models::campaign_windows::{self, CampaignWindows};
use projections::read_models::claim_history::{self, ClaimHistory};
use projections::read_models::referral_tally::ReferralTally;
use projections::{Followers, Freshness, Lease, LeaseEpoch, Projection, log};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::app::accounts::{self, Unsettled, withdrawal};
use crate::app::clock;
use crate::jobs::reactors::{NotConsidered, ReferralProgramme};

/// The name of its lease.
const NAME: &str = "scheduler";
/// The longest sleep: what was written meanwhile may be due earlier than anything known before.
const LONGEST_SLEEP_MS: u64 = 1_000;
/// The shortest, so that a clock that stands still cannot spin.
const SHORTEST_SLEEP_MS: u64 = 5;
/// How often a process without the lease looks whether it has it now.
const STANDBY_MS: u64 = 200;
/// How many commands of a kind are sent before looking again …
const BATCH: i64 = 500;
/// … and how many of them at once.
const AT_ONCE: usize = 64;
/// How long after an erasure a claim that was decided before it may still come in: longer than a request may take.
const LATE_CLAIMS: TimeDelta = TimeDelta::minutes(1);
/// How long it waits for the projections it asks.
const PROJECTION_TIME_LIMIT: Duration = Duration::from_secs(2);

/// The scheduler of one process.
pub struct Scheduler {
    ledger: Ledger,
    pool: PgPool,
    freshness: Freshness,
    programme: ReferralProgramme,
    /// Under which epoch of the lease, and up to the creation of which referral, those not judged yet were looked at.
    looked_at: Mutex<Option<(LeaseEpoch, i64)>>,
    lease: Lease,
    shutdown: CancellationToken,
}

/// Why a round did not come to its end; the next one tries again.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("database error: {0}")]
    Database(#[from] sqlx::Error),
    #[error("{0} is behind")]
    Behind(&'static str),
    #[error("{0}")]
    Command(String),
    #[error("a referral: {0}")]
    Referral(#[from] NotConsidered),
}

/// Tells whoever listens what the scheduler's figures mean.
pub fn describe_metrics() {
    wallets::describe();
}

impl Scheduler {
    /// Runs beside the followers until shutdown.
    pub fn start(
        ledger: Ledger,
        pool: PgPool,
        freshness: Freshness,
        programme: ReferralProgramme,
        followers: &Followers,
        shutdown: CancellationToken,
    ) {
        let lease = followers.lease(NAME);
        let looked_at = Mutex::default();
        followers.run(Self { ledger, pool, freshness, programme, looked_at, lease, shutdown }.run());
    }

    async fn run(self) {
        while !self.shutdown.is_cancelled() {
            let sleep = if self.lease.is_held() { self.round().await } else { Duration::from_millis(STANDBY_MS) };
            let _ = tokio::time::timeout(sleep, self.shutdown.cancelled()).await;
        }
    }

    /// Does all that is due and says how long there is nothing to do. The parts do not wait for each other: one of the
    /// projections may have stopped.
    async fn round(&self) -> Duration {
        let (campaigns, claims, erased, coupons, codes, referrals, changed, wallets) = tokio::join!(
            self.keep_windows(),
            self.expire_claims(),
            self.withdraw_claims(),
            self.end_holds_of_coupons(),
            self.clear_codes(),
            self.wake_referrals(),
            self.judge_all_once(),
            self.settle_wallets()
        );
        let mut sleep = Duration::from_millis(LONGEST_SLEEP_MS);
        for part in [campaigns, claims, erased, coupons, codes, referrals, changed, wallets] {
            match part {
                Ok(Some(next)) => sleep = sleep.min(until(next)),
                Ok(None) => {}
                Err(reason) => tracing::warn!(%reason, "scheduler: a run failed; retrying"),
            }
        }
        sleep.max(Duration::from_millis(SHORTEST_SLEEP_MS))
    }

    async fn keep_windows(&self) -> Result<Option<DateTime<Utc>>, Trouble> {
        loop {
            self.up_to_date(CampaignWindows::NAME).await?;
            let at = clock::now();
            let due = campaign_windows::due(&self.pool, at.utc(), BATCH).await?;
            if due.is_empty() || !self.may_go_on() {
                return Ok(campaign_windows::next_edge_at(&self.pool).await?);
            }
            let kept = stream::iter(due).map(|id| self.keep_window(id, at)).buffer_unordered(AT_ONCE);
            if !anything_appended(kept.collect().await)? {
                return Ok(None);
            }
        }
    }

    async fn expire_claims(&self) -> Result<Option<DateTime<Utc>>, Trouble> {
        loop {
            self.up_to_date(ClaimHistory::NAME).await?;
            let at = clock::now();
            let overdue = claim_history::overdue(&self.pool, at.utc(), BATCH).await?;
            if overdue.is_empty() || !self.may_go_on() {
                return Ok(claim_history::next_expiry_at(&self.pool).await?);
            }
            let expired = stream::iter(overdue).map(|id| self.expire_claim(id, at)).buffer_unordered(AT_ONCE);
            if !anything_appended(expired.collect().await)? {
                return Ok(None);
            }
        }
    }

    /// Most are withdrawn with the account itself: this is for those that came in at the same moment.
    async fn withdraw_claims(&self) -> Result<Option<DateTime<Utc>>, Trouble> {
        let at = clock::now();
        let erased = accounts::unsettled(&self.pool, BATCH).await?;
        if erased.is_empty() || !self.may_go_on() {
            return Ok(None);
        }
        self.up_to_date(ClaimHistory::NAME).await?;
        let settled = stream::iter(erased).map(|account| self.settle(account, at)).buffer_unordered(AT_ONCE);
        settled.collect::<Vec<_>>().await.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(None)
    }

    async fn settle(&self, account: Unsettled, at: Moment) -> Result<(), Trouble> {
        let pending = claim_history::pending_of(&self.pool, account.member(), BATCH).await?;
        for claim in &pending {
            self.withdraw_claim(*claim, at).await?;
        }
        let emptied = self.ledger.forfeit_wallets(account.member(), &Metadata::system(at)).await;
        emptied.map_err(|error| Trouble::Command(error.to_string()))?;
        if pending.is_empty() && at.utc() > account.erased_at + LATE_CLAIMS {
            accounts::settle(&self.pool, account.member()).await?;
        }
        Ok(())
    }

    async fn withdraw_claim(&self, id: ClaimId, at: Moment) -> Result<(), Trouble> {
        let none = AnswerFromReceipt::none();
        match self.ledger.change_claim(&id.to_string(), withdrawal(at), &Metadata::system(at), &none, None).await {
            // somebody decided it in the meantime
            Ok(_) | Err(CommandError::Refused { refusal: ClaimRefusal::StepNotAllowed { .. }, .. }) => Ok(()),
            Err(error) => Err(Trouble::Command(error.to_string())),
        }
    }

    /// Clears away the rows of codes that a process which died has left behind.
    async fn clear_codes(&self) -> Result<Option<DateTime<Utc>>, Trouble> {
        self.ledger.clear_codes_left_behind().await.map(|()| None).map_err(told)
    }

    /// Records the end of holds of coupons that nobody ended in time.
    async fn end_holds_of_coupons(&self) -> Result<Option<DateTime<Utc>>, Trouble> {
        loop {
            let at = clock::now();
            let due = self.ledger.coupons_with_holds_due(at, BATCH).await.map_err(told)?;
            if due.is_empty() || !self.may_go_on() {
                return Ok(self.ledger.next_end_of_a_coupon_hold().await.map_err(told)?.map(Moment::utc));
            }
            let ended = stream::iter(due).map(|id| self.end_holds_of_coupon(id, at)).buffer_unordered(AT_ONCE);
            if !anything_appended(ended.collect().await)? {
                return Ok(None);
            }
        }
    }

    async fn end_holds_of_coupon(&self, id: ClaimId, at: Moment) -> Result<usize, Trouble> {
        self.ledger.end_holds_of_coupon(id, &Metadata::system(at)).await.map_err(told)
    }

    /// Looks again at the referrals whose moment has come.
    async fn wake_referrals(&self) -> Result<Option<DateTime<Utc>>, Trouble> {
        loop {
            let due = self.programme.due(clock::now(), BATCH).await?;
            if due.is_empty() || !self.may_go_on() {
                return Ok(self.programme.next_moment().await?.map(Moment::utc));
            }
            // as with the others: rows that stay as they are are no reason to look again at once
            if !self.consider(due).await? {
                return Ok(None);
            }
        }
    }

    /// Once for each time that this process has the lease: looks at the pending referrals that were not judged by the
    /// condition in force, a batch after the other. From then on the reactor keeps their rows.
    async fn judge_all_once(&self) -> Result<Option<DateTime<Utc>>, Trouble> {
        let Some(epoch) = self.lease.epoch() else { return Ok(None) };
        let looked_at = *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let mut after = match looked_at {
            Some((of, after)) if of == epoch => after,
            _ => {
                self.up_to_date(ReferralTally::NAME).await?;
                0
            }
        };
        while after < i64::MAX && self.may_go_on() {
            let batch = self.programme.not_judged(after, BATCH).await?;
            let last = batch.last().map_or(i64::MAX, |(_, position)| *position);
            self.consider(batch.into_iter().map(|(invitee, _)| invitee).collect()).await?;
            after = last;
            *self.looked_at.lock().unwrap_or_else(PoisonError::into_inner) = Some((epoch, after));
        }
        Ok(None)
    }

    /// Each of them is considered, also where another one is trouble. Whether any of them waits for something else now.
    async fn consider(&self, invitees: Vec<MemberId>) -> Result<bool, Trouble> {
        let considered = stream::iter(invitees).map(|invitee| self.programme.consider(invitee, None));
        let outcomes: Vec<Result<bool, NotConsidered>> = considered.buffer_unordered(AT_ONCE).collect().await;
        Ok(outcomes.into_iter().collect::<Result<Vec<_>, _>>()?.contains(&true))
    }

    fn may_go_on(&self) -> bool {
        self.lease.is_held() && !self.shutdown.is_cancelled()
    }

    /// Waits until a projection has folded all that is in the log now: what this process has just
    /// written, too, so that nothing is due twice.
    async fn up_to_date(&self, projection: &'static str) -> Result<(), Trouble> {
        let head = log::head(&mut *self.pool.acquire().await?).await?.position;
        let reached = self.freshness.wait_for(projection, head, PROJECTION_TIME_LIMIT).await;
        reached.map(|_| ()).map_err(|_| Trouble::Behind(projection))
    }

    async fn keep_window(&self, id: CampaignId, at: Moment) -> Result<usize, Trouble> {
        let (command, metadata) = (CampaignCommand::KeepTime { at }, Metadata::system(at));
        match self.ledger.execute::<Campaign>(&id.to_string(), command, &metadata).await {
            Ok(receipt) => Ok(receipt.appended),
            Err(CommandError::Refused { refusal: CampaignRefusal::Unknown, .. }) => Ok(0),
            Err(error) => Err(Trouble::Command(error.to_string())),
        }
    }

    async fn expire_claim(&self, id: ClaimId, at: Moment) -> Result<usize, Trouble> {
        let (command, metadata) = (ClaimCommand::Expire { at, value: None }, Metadata::system(at));
        let none = AnswerFromReceipt::none();
        match self.ledger.change_claim(&id.to_string(), command, &metadata, &none, None).await {
            Ok(receipt) => Ok(receipt.appended),
            // somebody decided it, or expired it, in the meantime
            Err(CommandError::Refused {
                refusal: ClaimRefusal::StepNotAllowed { .. } | ClaimRefusal::NotYetExpired { .. },
                ..
            }) => Ok(0),
            Err(error) => Err(Trouble::Command(error.to_string())),
        }
    }
}

fn told(error: impl std::fmt::Display) -> Trouble {
    Trouble::Command(error.to_string())
}

/// Whether a batch did anything. One that did not is no reason to look again at once: the rows say that
/// something is due, and the aggregates know better.
fn anything_appended(outcomes: Vec<Result<usize, Trouble>>) -> Result<bool, Trouble> {
    let appended: usize = outcomes.into_iter().sum::<Result<_, _>>()?;
    Ok(appended > 0)
}

fn until(moment: DateTime<Utc>) -> Duration {
    (moment - clock::now().utc()).to_std().unwrap_or_default()
}
