//! Reads a long piece of the log for a fold, page after page and in order: a few connections read and decode ahead,
//! each its share of the pages, and no more is ever in memory than a few of them. What is packed is read packed.

use std::sync::Arc;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use tokio::sync::mpsc;

use super::packed::{self, POSITIONS};
use super::piece::ScanRange;
use crate::log::blocking::off_the_tasks;
use crate::log::pg_copy::{Broken, Page, Row};

/// How many pages are read and decoded at the same time: while one is decoded, the next is sent.
const LANES: i64 = 4;
/// How many finished pages wait in each lane.
const WAITING: usize = 2;

/// What was kept of one page, and the last position of it.
type ScannedPage<T> = (i64, Vec<T>);

/// A piece of the log that is being read.
#[derive(Debug)]
pub struct Scan<T> {
    lanes: Vec<mpsc::Receiver<sqlx::Result<ScannedPage<T>>>>,
    turn: usize,
}

impl<T: Send + 'static> Scan<T> {
    /// Reads a piece; `make` says what is kept of each event. A row that cannot be read is left out: the verification
    /// finds it. It has connections of its own, beside those of the pool.
    pub fn of(pool: &PgPool, piece: ScanRange, make: impl Fn(Row<'_>) -> Option<T> + Send + Sync + 'static) -> Self {
        Self::of_all(pool, piece, move |row| make(row.ok()?))
    }

    /// The same, and `make` is told of the rows that cannot be read as well.
    pub(super) fn of_all(
        pool: &PgPool,
        piece: ScanRange,
        make: impl Fn(Result<Row<'_>, Broken>) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        let lanes = (0..LANES).map(|lane| {
            let (pages, lane_of_pages) = mpsc::channel(WAITING);
            tokio::spawn(read_lane(pool.clone(), lane, piece, Arc::clone(&make), pages));
            lane_of_pages
        });
        Self { lanes: lanes.collect(), turn: 0 }
    }

    /// The next page: its last position, and what was kept of it; `None` after the last one.
    ///
    /// # Errors
    /// The database's.
    pub async fn next(&mut self) -> sqlx::Result<Option<ScannedPage<T>>> {
        let lane = self.turn % self.lanes.len();
        self.turn += 1;
        match self.lanes.get_mut(lane) {
            Some(lane) => lane.recv().await.transpose(),
            None => Ok(None),
        }
    }
}

/// Says what is kept of a row.
trait Make<T>: Fn(Result<Row<'_>, Broken>) -> Option<T> + Send + Sync + 'static {}
impl<T, F: Fn(Result<Row<'_>, Broken>) -> Option<T> + Send + Sync + 'static> Make<T> for F {}

async fn read_lane<T: Send + 'static>(
    pool: PgPool,
    lane: i64,
    piece: ScanRange,
    make: Arc<impl Make<T>>,
    pages: mpsc::Sender<sqlx::Result<ScannedPage<T>>>,
) {
    let mut page = piece.after / POSITIONS + lane;
    if piece.in_page(page, POSITIONS).is_none() {
        return;
    }
    // whoever asked may have gone, here and below
    let mut conn = match PgConnection::connect_with(&pool.connect_options()).await {
        Ok(conn) => conn,
        Err(error) => return pages.send(Err(error)).await.unwrap_or_default(),
    };
    let mut buffer = Vec::new();
    while let Some(part) = piece.in_page(page, POSITIONS) {
        let kept = read(&mut conn, part, &make, &mut buffer).await;
        let broken = kept.is_err();
        if pages.send(kept.map(|kept| (part.through, kept))).await.is_err() || broken {
            return;
        }
        page += LANES;
    }
    let _ = conn.close().await;
}

/// What is kept of a piece: of the packed page, if there is one, or of the log.
async fn read<T: Send + 'static, M: Make<T>>(
    conn: &mut PgConnection,
    part: ScanRange,
    make: &Arc<M>,
    buffer: &mut Vec<u8>,
) -> sqlx::Result<Vec<T>> {
    if let Some(packed) = packed::read(conn, part).await? {
        let (make, left) = (Arc::clone(make), std::mem::take(buffer));
        let kept = off_the_tasks(move || packed.unpack(part, left).map(|page| kept(page, &*make))).await?;
        if let Some((kept, left)) = kept {
            *buffer = left;
            return Ok(kept);
        }
        tracing::warn!(through = part.through, "packed page of log_pages is damaged; reading the events table instead");
    }
    let (page, make) = (Page::read(conn, part).await?, Arc::clone(make));
    off_the_tasks(move || kept(page, &*make).0).await
}

/// What is kept of a page, and the memory that it took.
fn kept<T>(page: Page, make: &impl Make<T>) -> (Vec<T>, Vec<u8>) {
    let kept = page.rows().filter_map(make).collect();
    (kept, page.into_buffer())
}
