//! Reads ahead for whoever folds a long piece of the log into tables: while one page is folded, the next ones are read
//! and decoded. An event that cannot be decoded is handed on as what it is, and a page with a row that cannot even be
//! read is left to the reader of single entries, who says what is wrong with it.

use sqlx::PgPool;

use super::piece::{Column, ScanRange};
use super::scan::Scan;
use super::{DecodedEvent, EventHeader};
use crate::log::pg_copy::Row;

/// What of an event a fold looks at.
const COLUMNS: &[Column] = &[
    Column::Position,
    Column::StreamType,
    Column::StreamId,
    Column::Sequence,
    Column::EventType,
    Column::Version,
    Column::Payload,
    Column::RecordedAt,
];

/// The events of some stream types after one position and up to another; `None` stands for a row that cannot be read.
pub(crate) fn read_ahead(
    pool: &PgPool,
    after: i64,
    through: i64,
    streams: &'static [&'static str],
) -> Scan<Option<DecodedEvent>> {
    let piece = ScanRange { after, through, streams, columns: COLUMNS };
    Scan::of_all(pool, piece, |row| Some(row.ok().map(read)))
}

fn read(row: Row<'_>) -> DecodedEvent {
    let place = EventHeader {
        position: row.position,
        aggregate_type: row.stream_type.to_owned(),
        aggregate_id: row.stream_id.to_owned(),
        sequence: row.sequence,
        event_type: row.event_type.to_owned(),
        recorded_at: row.recorded_at,
    };
    place.with(row.event())
}
