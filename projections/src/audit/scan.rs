//! Reads a long piece of the log for a fold, page after page and in order: two connections read and
//! decode ahead, each every other page, and no more is ever in memory than a few pages.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::Moment;
use sqlx::postgres::PgRow;
use sqlx::{PgPool, Row as _};
use tokio::sync::mpsc;

/// How many positions a page spans.
const PAGE_POSITIONS: i64 = 5_000;
/// How many pages are read and decoded at the same time.
const LANES: i64 = 2;
/// How many finished pages wait in each lane.
const WAITING: usize = 2;

/// What a fold needs of a stored event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) position: i64,
    pub(super) stream_id: &'a str,
    pub(super) subject: &'a str,
    pub(super) event_type: &'a str,
    pub(super) version: &'a str,
    pub(super) payload: &'a str,
    pub(super) occurred_at: Moment,
}

impl Row<'_> {
    /// The event it holds.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn event(&self) -> Result<domain::Event, domain::event::DecodeError> {
        domain::Event::decode(self.event_type, self.version, self.payload)
    }
}

/// What was made of one page, and the last position of it.
type Page<T> = (i64, Vec<T>);

/// A piece of the log that is being read.
#[derive(Debug)]
pub(super) struct Scan<T> {
    lanes: Vec<mpsc::Receiver<sqlx::Result<Page<T>>>>,
    turn: usize,
}

impl<T: Send + 'static> Scan<T> {
    /// Reads the events of some stream types after one position and up to another; `make` says what is
    /// kept of each.
    pub(super) fn start(
        pool: &PgPool,
        after: i64,
        through: i64,
        streams: &'static [&'static str],
        make: impl Fn(Row<'_>) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        let make = Arc::new(make);
        let lanes = (0..LANES).map(|lane| {
            let (pages, lane_of_pages) = mpsc::channel(WAITING);
            tokio::spawn(read_lane(
                pool.clone(),
                after + lane * PAGE_POSITIONS,
                through,
                streams,
                Arc::clone(&make),
                pages,
            ));
            lane_of_pages
        });
        Self { lanes: lanes.collect(), turn: 0 }
    }

    /// The next page; `None` after the last one.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn next(&mut self) -> sqlx::Result<Option<Page<T>>> {
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
    mut after: i64,
    through: i64,
    streams: &'static [&'static str],
    make: Arc<impl Fn(Row<'_>) -> Option<T> + Send + Sync + 'static>,
    pages: mpsc::Sender<sqlx::Result<Page<T>>>,
) {
    while after < through {
        let until = through.min(after + PAGE_POSITIONS);
        let page = match read(&pool, after, until, streams).await {
            Ok(rows) => made(rows, Arc::clone(&make)).await,
            Err(error) => Err(error),
        };
        let broken = page.is_err();
        // whoever asked may have gone
        if pages.send(page.map(|page| (until, page))).await.is_err() || broken {
            return;
        }
        after += LANES * PAGE_POSITIONS;
    }
}

async fn read(pool: &PgPool, after: i64, until: i64, streams: &[&str]) -> sqlx::Result<Vec<PgRow>> {
    let mut conn = pool.acquire().await?;
    sqlx::query(
        "select position, aggregate_id, subject, event_type, event_version, payload::text,
                case when isfinite(occurred_at) then occurred_at end
        from events
        where position > $1
          and position <= $2
          and aggregate_type = any($3)
        order by position",
    )
    .bind(after)
    .bind(until)
    .bind(streams)
    .persistent(false)
    .fetch_all(&mut *conn)
    .await
}

/// Decodes off the tasks that answer requests.
async fn made<T: Send + 'static>(
    rows: Vec<PgRow>,
    make: Arc<impl Fn(Row<'_>) -> Option<T> + Send + Sync + 'static>,
) -> sqlx::Result<Vec<T>> {
    let decode = move || {
        let mut kept = Vec::with_capacity(rows.len());
        // a row that cannot be read is found by the verification
        kept.extend(rows.iter().filter_map(|row| make(read_row(row).ok()?)));
        Ok(kept)
    };
    tokio::task::spawn_blocking(decode).await.unwrap_or(Err(sqlx::Error::WorkerCrashed))
}

fn read_row(row: &PgRow) -> sqlx::Result<Row<'_>> {
    Ok(Row {
        position: row.try_get(0)?,
        stream_id: row.try_get(1)?,
        subject: row.try_get(2)?,
        event_type: row.try_get(3)?,
        version: row.try_get(4)?,
        payload: row.try_get(5)?,
        occurred_at: Moment::from(row.try_get::<DateTime<Utc>, _>(6)?),
    })
}
