//! A page of the log, oldest or newest first, complete or filtered. Filters have no index, because every append would
//! pay for it. So a filtered page searches for about a second, with at most two searches at a time, and tells where to
//! continue.

use std::time::{Duration, Instant};

use projections::log::{Entry, EntryFilter, Order, read_filtered};
use sqlx::PgConnection;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::app::problem::{Code, Problem};

/// A filtered search stops after about this time, so that it answers in time even if it finds little in a long log.
const LOOKED_FOR: Duration = Duration::from_secs(1);
/// How many positions one statement searches.
const POSITIONS_A_STATEMENT: i64 = 20_000;
/// How many events one statement returns.
const EVENTS_A_STATEMENT: i64 = 250;
/// A page stops growing at this size.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// How long a search waits for its turn.
const TURN_PATIENCE: Duration = Duration::from_secs(2);

/// Limits the number of concurrent searches.
static SEARCHING: Semaphore = Semaphore::const_new(2);

/// The start and the direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Oldest first, after this position.
    After(i64),
    /// Newest first, before this position.
    Before(i64),
}

/// The part of the log that is requested.
#[derive(Debug, Clone)]
pub struct Slice {
    /// The start and the direction.
    pub walk: Walk,
    /// The most events.
    pub limit: i64,
    /// The filter.
    pub filter: EntryFilter,
}

/// A page of the log. It can hold fewer events than requested, or none, and the next page more.
#[derive(Debug)]
pub struct LogPage {
    /// In the requested direction.
    pub entries: Vec<Entry>,
    /// The position to continue after, or before; `None` at the end.
    pub next: Option<i64>,
    /// The last position of the log.
    pub head: i64,
}

/// Waits for a turn to search; a page without a filter needs none. Take it before a connection.
///
/// # Errors
/// `overloaded` if no turn becomes free in time.
pub async fn turn(filter: &EntryFilter) -> Result<Option<SemaphorePermit<'static>>, Problem> {
    if filter.is_empty() {
        return Ok(None);
    }
    let turn = tokio::time::timeout(TURN_PATIENCE, SEARCHING.acquire()).await;
    turn.map(Result::ok).map_err(|_| Problem::new(Code::Overloaded))
}

/// Reads a page.
///
/// # Errors
/// The database's.
pub async fn read(conn: &mut PgConnection, slice: &Slice) -> sqlx::Result<LogPage> {
    let head = projections::log::head(conn).await?.position;
    let (begun, mut entries, mut bytes) = (Instant::now(), Vec::new(), 0);
    let limit = usize::try_from(slice.limit).unwrap_or(usize::MAX);
    let mut walk = match slice.walk {
        Walk::After(after) => Walk::After(after),
        Walk::Before(before) => Walk::Before(before.min(head.saturating_add(1))),
    };
    // one more event than shown tells whether there are more
    while let Some((after, through, order)) = walk.piece(head)
        && entries.len() <= limit
        && bytes < PAGE_BYTES
        && begun.elapsed() < LOOKED_FOR
    {
        let missing = i64::try_from(limit + 1 - entries.len()).unwrap_or(EVENTS_A_STATEMENT).min(EVENTS_A_STATEMENT);
        let found = read_filtered(conn, &slice.filter, after, through, order, missing).await?;
        let full = i64::try_from(found.len()).is_ok_and(|found| found == missing);
        walk = match (found.last().filter(|_| full), order) {
            (Some(last), _) => walk.past(last.position),
            (None, Order::Ascending) => Walk::After(through),
            (None, Order::Descending) => Walk::Before(after + 1),
        };
        bytes += found.iter().map(|entry| entry.payload.len() + entry.metadata.len()).sum::<usize>();
        entries.extend(found);
    }
    if entries.len() > limit {
        entries.truncate(limit);
        walk = entries.last().map_or(walk, |last| walk.past(last.position));
    }
    let next = walk.piece(head).map(|_| walk.from());
    Ok(LogPage { entries, next, head })
}

impl Walk {
    /// The positions that the next statement searches (after, up to); `None` at the end.
    fn piece(self, head: i64) -> Option<(i64, i64, Order)> {
        match self {
            Self::After(after) => {
                let through = head.min(after.saturating_add(POSITIONS_A_STATEMENT));
                (after < head).then_some((after, through, Order::Ascending))
            }
            Self::Before(before) => {
                let after = (before - 1).saturating_sub(POSITIONS_A_STATEMENT).max(0);
                (before > 1).then_some((after, before - 1, Order::Descending))
            }
        }
    }

    /// The same direction, from this position.
    fn past(self, position: i64) -> Self {
        match self {
            Self::After(_) => Self::After(position),
            Self::Before(_) => Self::Before(position),
        }
    }

    fn from(self) -> i64 {
        match self {
            Self::After(position) | Self::Before(position) => position,
        }
    }
}
