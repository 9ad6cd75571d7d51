//! Reads a long piece of the log for a fold, page after page and in order: a few connections read and decode ahead,
//! each its share of the pages, and no more is ever in memory than a few of them.

use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use tokio::sync::mpsc;

use super::copy::{Column, Page, Row, Rows, Unreadable};

/// How many positions a page spans, unless another number is asked for.
const PAGE_POSITIONS: i64 = 5_000;
/// How many pages are read and decoded at the same time: while one is decoded, the next is sent.
const LANES: i64 = 3;
/// How many finished pages wait in each lane.
const WAITING: usize = 2;
/// A piece of the log, and what of it is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    /// The position before it.
    pub after: i64,
    /// Its last position.
    pub through: i64,
    /// The stream types whose events are wanted; none named: all of them.
    pub streams: &'static [&'static str],
    /// What of each event. Each column more costs the server and the reader.
    pub columns: &'static [Column],
    /// How many positions are read at once.
    pub page: i64,
}

impl Piece {
    /// All of the log up to a position: its events, and nothing beside them.
    #[must_use]
    pub fn events(through: i64, streams: &'static [&'static str]) -> Self {
        let columns = &[Column::Position, Column::EventType, Column::Version, Column::Payload];
        Self { after: 0, through, streams, columns, page: PAGE_POSITIONS }
    }
}

/// What was made of one page, and the last position of it.
type Made<T> = (i64, T);

/// A piece of the log that is being read.
#[derive(Debug)]
pub struct Scan<T> {
    lanes: Vec<mpsc::Receiver<sqlx::Result<Made<T>>>>,
    turn: usize,
}

impl<T: Send + 'static> Scan<Vec<T>> {
    /// Reads a piece; `make` says what is kept of each event. A row that cannot be read is left out: the verification
    /// finds it. It has connections of its own, beside those of the pool.
    pub fn of(pool: &PgPool, piece: Piece, make: impl Fn(Row<'_>) -> Option<T> + Send + Sync + 'static) -> Self {
        let keep = move |rows: Rows<'_>| Ok(rows.filter_map(|row| make(row.ok()?)).collect());
        Scan::pages(pool, piece, keep)
    }
}

impl<T: Send + 'static> Scan<T> {
    /// The same, a page at a time. It has connections of its own, beside those of the pool.
    pub(super) fn pages(
        pool: &PgPool,
        piece: Piece,
        make: impl Fn(Rows<'_>) -> Result<T, Unreadable> + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        let lanes = (0..LANES).map(|lane| {
            let (pages, lane_of_pages) = mpsc::channel(WAITING);
            tokio::spawn(read_lane(pool.clone(), lane, piece, Arc::clone(&make), pages));
            lane_of_pages
        });
        Self { lanes: lanes.collect(), turn: 0 }
    }

    /// The next page: its last position, and what was made of it; `None` after the last one.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> sqlx::Result<Option<(i64, T)>> {
        let lane = self.turn % self.lanes.len();
        self.turn += 1;
        match self.lanes.get_mut(lane) {
            Some(lane) => lane.recv().await.transpose(),
            None => Ok(None),
        }
    }
}

async fn read_lane<T: Send + 'static>(
    pool: PgPool,
    lane: i64,
    piece: Piece,
    make: Arc<impl Fn(Rows<'_>) -> Result<T, Unreadable> + Send + Sync + 'static>,
    pages: mpsc::Sender<sqlx::Result<Made<T>>>,
) {
    let mut after = piece.after + lane * piece.page;
    if after >= piece.through {
        return;
    }
    // whoever asked may have gone, here and below
    let mut conn = match PgConnection::connect_with(&pool.connect_options()).await {
        Ok(conn) => conn,
        Err(error) => return pages.send(Err(error)).await.unwrap_or_default(),
    };
    while after < piece.through {
        let until = piece.through.min(after + piece.page);
        let page = match Page::read(&mut conn, after, until, piece.streams, piece.columns).await {
            Ok(page) => made(page, Arc::clone(&make)).await,
            Err(error) => Err(error),
        };
        let broken = page.is_err();
        if pages.send(page.map(|page| (until, page))).await.is_err() || broken {
            return;
        }
        after += LANES * piece.page;
    }
    let _ = conn.close().await;
}

/// Decodes off the tasks that answer requests.
async fn made<T: Send + 'static>(
    page: Page,
    make: Arc<impl Fn(Rows<'_>) -> Result<T, Unreadable> + Send + Sync + 'static>,
) -> sqlx::Result<T> {
    let made = tokio::task::spawn_blocking(move || make(page.rows())).await.map_err(|_| sqlx::Error::WorkerCrashed)?;
    made.map_err(|Unreadable| sqlx::Error::Decode("a stored event has a column that cannot be read".into()))
}
