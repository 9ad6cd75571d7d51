//! A draft of a campaign replayed over the facts of the log: who would have been granted what, and when
//! the stock would have run out. It writes nothing.
//!
//! What is replayed is what happened, not when somebody reported it:
//! - A fact counts from the moment it occurred, a withdrawn one until its withdrawal. What a member is
//!   (zone, role, complete profile, blocked, erased) and the referrals of a member change at the moments
//!   of their events. So a history that was imported in one night is replayed over its years.
//! - A member may ask from the registration on; one whom an import made, from the first moment of the
//!   join date. Who is blocked, erased or in a role that never claims does not ask meanwhile.
//! - `firstPossible`: each member asks once in each period, at the first moment in it at which the
//!   condition is met. Moments are those of facts, the member's local midnights (a birthday begins, a
//!   window moves on) and the first moment of a period. `asClaimed`: members ask when they really asked
//!   for a reward of a campaign, granted or denied.
//! - The clock of the replay ends with the last thing that the log knows of, whenever it is run.
//! - Members who ask at the same millisecond take their turns by id. Refused is, in this order: who has
//!   the grant of the period, who has reached the member's limit, who comes after a budget is spent,
//!   and who finds no stock. Who was refused asks again in the next period only.
//!
//! In memory are the facts of the kinds that the condition names, 16 bytes each and a few more with measures, and who
//! would have asked. A log that is too long for that is read several times, each time for a share of the members.

mod calendar;
mod grants;
mod history;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::budget::{Budget, BudgetUnit, CountedAmount};
use domain::condition::Condition;
use domain::facts::FACT_STREAMS;
use domain::id::{CampaignId, MemberId};
use domain::period::Frequency;
use domain::zone::Tz;
use domain::{Event, Moment};
use sqlx::PgPool;

use self::calendar::Window;
use self::grants::{Asking, Grants};
use self::history::{Histories, Item, Share};
use super::AuditError;
use super::history::FACT_AND_CLAIM_STREAMS;
use crate::log::blocking::off_the_tasks;
use crate::log::{self, Column, Scan, ScanRange};

/// A campaign with one reward, which need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BacktestDraft {
    /// Its condition.
    pub condition: Condition,
    /// Active from this moment on …
    pub starts_at: Moment,
    /// … and before this one.
    pub ends_at: Moment,
    /// How often a member may ask.
    pub frequency: Frequency,
    /// The zone of its days, its start date and its periods, except where those are the member's: see
    /// [`Condition::is_of_a_day`].
    pub time_zone: Tz,
    /// The most grants of all.
    pub max_reward_count: Option<i64>,
    /// The most grants to one member: the smaller of the campaign's and the reward's.
    pub per_member_limit: Option<i64>,
    /// How many grants are in stock.
    pub quantity: Option<i64>,
    /// How much one grant hands out.
    pub amount: i64,
    /// What one grant counts against budgets: the points that it credits, and what it costs.
    pub counts: Vec<CountedAmount>,
    /// The draft's own budgets; those of the programme are spent by all campaigns, and left out.
    pub budgets: Vec<Budget>,
}

/// When members are taken to ask for the reward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestTiming {
    /// In each period at the first moment when the condition is met.
    FirstPossible,
    /// When they in fact asked for a reward of this campaign.
    AsClaimed(CampaignId),
}

/// What the draft would have granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BacktestResult {
    /// The position up to which the log was read.
    pub position: i64,
    /// Registered members who could have asked.
    pub members_seen: i64,
    /// The number of grants.
    pub granted: i64,
    /// How often a budget left no room.
    pub denied_budget_exhausted: i64,
    /// How often a request failed for lack of stock alone.
    pub denied_out_of_stock: i64,
    /// The sum of all amounts.
    pub amount: i64,
    /// The points that all grants credit, and what they cost.
    pub counted: BTreeMap<BudgetUnit, i64>,
    /// When the last one in stock was granted.
    pub sold_out_at: Option<Moment>,
    /// Grants by day in the zone of the draft; days without one are left out.
    pub by_day: BTreeMap<NaiveDate, i64>,
    /// The grants in order of time.
    pub winners: Vec<Winner>,
}

/// One grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Winner {
    /// The member.
    pub member_id: MemberId,
    /// The moment of the grant.
    pub at: Moment,
    /// The period it is for.
    pub period: Arc<str>,
}

const COLUMNS: &[Column] =
    &[Column::Position, Column::StreamId, Column::EventType, Column::Version, Column::Payload, Column::OccurredAt];

/// Up to this many positions are replayed for all members at once; each takes at most about 16 bytes of memory.
const POSITIONS_A_SHARE: i64 = 32_000_000;

/// Replays the log up to a position against a draft. `progress` is called with the number of positions read.
///
/// # Errors
/// See [`AuditError`]. A fact that cannot be decoded is an error: the answer would not be exact.
pub async fn backtest(
    pool: &PgPool,
    draft: BacktestDraft,
    ask: RequestTiming,
    position: i64,
    mut progress: impl FnMut(i64) + Send,
) -> Result<BacktestResult, AuditError> {
    let head = log::head(&mut *pool.acquire().await?).await?;
    let streams: &[&str] = match ask {
        RequestTiming::FirstPossible => &FACT_STREAMS,
        RequestTiming::AsClaimed(_) => &FACT_AND_CLAIM_STREAMS,
    };
    let (draft, as_claimed) = (Arc::new(draft), matches!(ask, RequestTiming::AsClaimed(_)));
    let shares = u32::try_from(position / POSITIONS_A_SHARE).unwrap_or(u32::MAX).saturating_add(1);
    let mut replay = Replay::default();
    for nth in 0..shares {
        let mut histories = Histories::of(head.recorded_at, Share { nth, of: shares });
        let needed = draft.condition.needs();
        let piece = ScanRange { after: 0, through: position, streams, columns: COLUMNS };
        let mut scan = Scan::of(pool, piece, move |row| {
            let event = match row.event() {
                Ok(event) => event,
                Err(source) => return Some(Err(AuditError::Event { position: row.position, source })),
            };
            if let (Event::Claim(claim), RequestTiming::AsClaimed(campaign)) = (&event, ask) {
                return Item::asked(claim, campaign).map(Ok);
            }
            Item::of(event, row.stream_id, row.occurred_at, &needed).map(Ok)
        });
        while let Some((done, items)) = scan.next().await? {
            for item in items {
                histories.take_in(item?);
            }
            progress((i64::from(nth) * position + done) / i64::from(shares));
        }
        let draft = Arc::clone(&draft);
        let add = move || {
            replay.add(histories, &draft, as_claimed);
            replay
        };
        replay = off_the_tasks(add).await?;
    }
    let outcome = off_the_tasks(move || replay.outcome(&draft)).await?;
    Ok(BacktestResult { position, ..outcome })
}

/// The pure part: turns histories into grants.
#[derive(Debug, Default)]
struct Replay {
    /// The window, from the first share, which sees the time of every event.
    window: Option<Window>,
    ids: Vec<MemberId>,
    /// Members by the index of their id in `ids`.
    asks: Vec<Asking>,
    members_seen: i64,
}

impl Replay {
    /// Walks the time of a share of the members, on all cores.
    fn add(&mut self, histories: Histories, draft: &BacktestDraft, as_claimed: bool) {
        let (window, members) = histories.finish(draft);
        let window = *self.window.get_or_insert(window);
        let periods = calendar::Periods::of(draft.frequency, draft.time_zone, window);
        let walk = timeline::Walk {
            draft,
            window,
            periods: &periods,
            names: &members.names,
            as_claimed,
            by_member: draft.condition.is_of_a_day(),
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let (share, known) = (members.len().div_ceil(threads).max(1), self.ids.len());
        std::thread::scope(|scope| {
            let walkers: Vec<_> = members
                .chunks(share)
                .enumerate()
                .map(|(part, members)| scope.spawn(move || walk.members(known + part * share, members)))
                .collect();
            for (seen, mut found) in walkers.into_iter().filter_map(|walker| walker.join().ok()) {
                self.members_seen += seen;
                self.asks.append(&mut found);
            }
        });
        self.ids.extend(members.iter().map(|member| member.id));
    }

    /// Grants requests in order of time.
    fn outcome(self, draft: &BacktestDraft) -> BacktestResult {
        let Self { window, ids, mut asks, members_seen } = self;
        let Some(window) = window else { return BacktestResult::default() };
        let mut order: Vec<(MemberId, u32)> = ids.into_iter().zip(0..).collect();
        order.sort_unstable();
        let mut turns = vec![0; order.len()];
        for (turn, (_, place)) in (0_u32..).zip(&order) {
            if let Some(of_place) = usize::try_from(*place).ok().and_then(|place| turns.get_mut(place)) {
                *of_place = turn;
            }
        }
        for ask in &mut asks {
            let turn = usize::try_from(ask.member).ok().and_then(|place| turns.get(place));
            ask.member = turn.copied().unwrap_or(ask.member);
        }
        asks.sort_unstable();
        let periods = calendar::Periods::of(draft.frequency, draft.time_zone, window);
        let mut grants = Grants::of(draft);
        let ids: Vec<MemberId> = order.into_iter().map(|(id, _)| id).collect();
        for ask in asks {
            grants.ask(ask, &ids, &periods);
        }
        grants.outcome(members_seen, window)
    }
}
