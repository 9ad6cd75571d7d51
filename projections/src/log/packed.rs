//! The log packed: 5,000 events in a row of `log_pages`, as COPY sends them and compressed, so that a replay pays for
//! their content and not for each of their rows. A page is a copy, never the log: what is not packed, or not of this
//! log, or damaged, is read from the log itself. When pages are packed is decided in `packing`.

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use zstd::bulk::{Compressor, Decompressor};
use zstd::zstd_safe::get_frame_content_size;

use super::piece::ScanRange;
use crate::log::blocking::off_the_tasks;
use crate::log::pg_copy::Page;

/// How many positions a page has: the last of them is a multiple of this.
pub(crate) const POSITIONS: i64 = 5_000;
/// Of zstd: faster ones make larger pages, and to send a page costs more than to unpack it.
const LEVEL: i32 = 1;
/// The most that a page may be before it is packed; one with larger events is read from the log.
const MOST_BYTES: usize = 64 << 20;
/// SQLSTATEs.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
const UNDEFINED_TABLE: &str = "42P01";

/// A page as it is stored.
#[derive(Debug)]
pub(super) struct Packed(PgRow);

impl Packed {
    /// What of it is asked for; `None` when it is damaged. `buffer` is what an earlier page left: to fill memory anew
    /// costs nearly as much as to unpack.
    pub(super) fn unpack(&self, piece: ScanRange, mut buffer: Vec<u8>) -> Option<Page> {
        let frame: &[u8] = self.0.try_get(0).ok()?;
        let length = usize::try_from(get_frame_content_size(frame).ok()??).ok()?;
        if length > MOST_BYTES {
            return None;
        }
        buffer.clear();
        buffer.reserve(length);
        Decompressor::new().ok()?.decompress_to_buffer(frame, &mut buffer).ok()?;
        Some(Page::within(buffer, piece))
    }
}

/// The page that holds a piece, if it is packed and of this log. An auditor's role may see the log alone, and a program
/// that does not migrate may find no pages: both read the log itself.
pub(super) async fn read(conn: &mut PgConnection, piece: ScanRange) -> sqlx::Result<Option<Packed>> {
    let through = (piece.through + POSITIONS - 1) / POSITIONS * POSITIONS;
    let stored = sqlx::query(
        "select log_pages.rows
        from log_pages
        join events on events.position = log_pages.through and events.hash = log_pages.hash
        where log_pages.through = $1",
    )
    .bind(through)
    .fetch_optional(conn)
    .await;
    match stored {
        Err(sqlx::Error::Database(refused))
            if refused.code().is_some_and(|code| code == INSUFFICIENT_PRIVILEGE || code == UNDEFINED_TABLE) =>
        {
            Ok(None)
        }
        stored => Ok(stored?.map(Packed)),
    }
}

/// Packs the page up to a position, all of which must be in the log; `false` where it cannot be packed: a row cannot be
/// read, or it is too large. To do it twice is harmless.
pub(crate) async fn pack(conn: &mut PgConnection, through: i64) -> sqlx::Result<bool> {
    let page = Page::read(conn, ScanRange::whole(through - POSITIONS, through)).await?;
    let Some(frame) = off_the_tasks(move || packed(&page, through)).await? else { return Ok(false) };
    sqlx::query(
        "insert into log_pages (through, hash, rows)
        select position, hash, $2
        from events
        where position = $1
        on conflict do nothing",
    )
    .bind(through)
    .bind(frame)
    .execute(conn)
    .await?;
    Ok(true)
}

fn packed(page: &Page, through: i64) -> Option<Vec<u8>> {
    let is_whole = page.rows().map(|row| row.map_or(0, |row| row.position)).eq(through - POSITIONS + 1..=through);
    if !is_whole || page.bytes().len() > MOST_BYTES {
        return None;
    }
    let mut compressor = Compressor::new(LEVEL).ok()?;
    compressor.include_checksum(true).ok()?;
    compressor.compress(page.bytes()).ok()
}

/// The last positions of all pages that are stored; none where the database does not have them yet.
pub(crate) async fn all(conn: &mut PgConnection) -> sqlx::Result<Vec<i64>> {
    let there: bool = sqlx::query_scalar("select to_regclass('log_pages') is not null").fetch_one(&mut *conn).await?;
    if !there {
        return Ok(Vec::new());
    }
    sqlx::query_scalar("select through from log_pages order by through").persistent(false).fetch_all(conn).await
}

/// Whether a stored page says what the log says at its positions, as the connection's transaction sees both.
pub(crate) async fn is_right(conn: &mut PgConnection, through: i64) -> sqlx::Result<bool> {
    let whole = ScanRange::whole(through - POSITIONS, through);
    let Some(packed) = read(conn, whole).await? else { return Ok(false) };
    let log = Page::read(conn, whole).await?;
    off_the_tasks(move || packed.unpack(whole, Vec::new()).is_some_and(|page| page.bytes() == log.bytes())).await
}
