//! A page of the log, oldest or newest first, all of it or what passes a filter. No index helps a filter, since the log
//! pays for each with every append: a page is looked for during about a second, by two at a time, and says where to go on.

use std::time::{Duration, Instant};

use projections::log::{Entry, EntryFilter, Order, read_filtered};
use sqlx::PgConnection;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::app::problem::{Code, Problem};

/// A page that is looked for by a filter takes about so long at most, so that one that finds little in a long log is
/// answered in time: the page says where to go on.
const LOOKED_FOR: Duration = Duration::from_secs(1);
/// How many positions one statement looks through.
const POSITIONS_A_STATEMENT: i64 = 20_000;
/// How many events one statement gives.
const EVENTS_A_STATEMENT: i64 = 250;
/// A page that holds so much is not filled further.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// How long one waits who looks for something while others do.
const TURN_PATIENCE: Duration = Duration::from_secs(2);

/// Searches of the log by a filter that are under way.
static SEARCHING: Semaphore = Semaphore::const_new(2);

/// From where, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Walk {
    /// Oldest first, after this position.
    After(i64),
    /// Newest first, before this position.
    Before(i64),
}

/// Which part of the log.
#[derive(Debug, Clone)]
pub struct Slice {
    /// From where, and which way.
    pub walk: Walk,
    /// How many events at most.
    pub limit: i64,
    /// Which of them.
    pub filter: EntryFilter,
}

/// A part of the log. It may hold less than was asked for, or nothing, and the next one more.
#[derive(Debug)]
pub struct LogPage {
    /// In the order of the walk.
    pub entries: Vec<Entry>,
    /// Where to go on: after this position, or before it; none at the end of the walk.
    pub next: Option<i64>,
    /// Where the log ends.
    pub head: i64,
}

/// A turn of whoever looks for something; who wants everything needs none. Take it before the connection.
///
/// # Errors
/// `overloaded` when others look for something all the time.
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
    // one more than is shown tells whether there is more
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
    /// The positions that the next statement looks through, after one and up to another; none at the end.
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

    /// The same way from here on.
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
