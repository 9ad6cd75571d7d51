//! A page of the log as PostgreSQL sends it for COPY in its binary format: one buffer, from which the rows borrow
//! their text, and no column that nobody asked for. It knows the format, and nothing of events.

pub(crate) mod format;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Moment;
use futures::TryStreamExt;
use sqlx::postgres::PgConnection;

use self::format::{EPOCH_MICROS, HEADER, SIGNATURE};
use super::piece::{Column, ScanRange};

/// What was asked of a stored event; of the rest, what is not at hand is empty, zero and 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the log, explained in its migration")]
pub struct Row<'a> {
    pub position: i64,
    pub stream_type: &'a str,
    pub stream_id: &'a str,
    pub sequence: i64,
    pub subject: &'a str,
    pub event_type: &'a str,
    pub version: &'a str,
    pub payload: &'a str,
    pub occurred_at: Moment,
    pub recorded_at: Moment,
}

impl<'a> Row<'a> {
    const EMPTY: Self = Self {
        position: 0,
        stream_type: "",
        stream_id: "",
        sequence: 0,
        subject: "",
        event_type: "",
        version: "",
        payload: "",
        occurred_at: Moment::EPOCH,
        recorded_at: Moment::EPOCH,
    };

    /// The event it holds.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn event(&self) -> Result<domain::Event, domain::event::DecodeError> {
        domain::Event::decode(self.event_type, self.version, self.payload)
    }

    fn set(&mut self, column: Column, field: &'a [u8]) -> Option<()> {
        match column {
            Column::Position => self.position = number(field)?,
            Column::StreamType => self.stream_type = text(field)?,
            Column::StreamId => self.stream_id = text(field)?,
            Column::Sequence => self.sequence = number(field)?,
            Column::Subject => self.subject = text(field)?,
            Column::EventType => self.event_type = text(field)?,
            Column::Version => self.version = text(field)?,
            Column::Payload => self.payload = text(field)?,
            Column::OccurredAt => self.occurred_at = moment(field)?,
            Column::RecordedAt => self.recorded_at = moment(field)?,
        }
        Some(())
    }
}

/// Some positions of the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Page {
    bytes: Vec<u8>,
    /// What each row has, in this order.
    has: &'static [Column],
    /// Which of the rows are wanted, where there may be others.
    only: Option<ScanRange>,
}

impl Page {
    /// The events of a piece, in order. The connection is of no use any more when this is dropped half way.
    pub(super) async fn read(conn: &mut PgConnection, piece: ScanRange) -> sqlx::Result<Self> {
        let ScanRange { after, through, streams, columns } = piece;
        let names: Vec<_> = columns.iter().map(|column| column.name()).collect();
        let streams: Vec<_> = streams.iter().map(|stream| format!("'{}'", stream.replace('\'', "''"))).collect();
        let of_streams =
            if streams.is_empty() { "true" } else { &format!("aggregate_type in ({})", streams.join(", ")) };
        // COPY takes no parameters
        let copy = format!(
            "copy (
                select {}
                from events
                where position > {after}
                  and position <= {through}
                  and {of_streams}
                order by position
            ) to stdout (format binary)",
            names.join(", ")
        );
        let mut bytes = Vec::new();
        let mut pieces = conn.copy_out_raw(&copy).await?;
        while let Some(piece) = pieces.try_next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(Self { bytes, has: columns, only: None })
    }

    /// A piece of what was sent for more positions, all streams and all columns.
    pub(super) fn within(bytes: Vec<u8>, piece: ScanRange) -> Self {
        Self { bytes, has: Column::ALL, only: Some(piece) }
    }

    /// The memory that it took, for another page.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// As it was sent.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its rows, in order; one that cannot be read is an error in its place.
    pub(super) fn rows(&self) -> Rows<'_> {
        let rest = if self.bytes.starts_with(SIGNATURE) { self.bytes.get(HEADER.len()..) } else { None };
        let is_read = |column: &Column| self.only.is_none_or(|piece| piece.looks_at(*column));
        let columns = self.has.iter().map(|column| (*column, is_read(column))).collect();
        Rows { rest: rest.unwrap_or_default(), columns, only: self.only }
    }
}

/// The rows of a page that are still to come.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    rest: &'a [u8],
    /// What each row has, and whether it is looked at.
    columns: Vec<(Column, bool)>,
    only: Option<ScanRange>,
}

impl<'a> Rows<'a> {
    fn read(&mut self) -> Option<Result<Row<'a>, Broken>> {
        let (count, rest) = self.rest.split_first_chunk::<2>()?;
        if i16::from_be_bytes(*count) < 0 {
            return None;
        }
        let (mut fields, mut row, mut read) = (Fields(rest), Row::EMPTY, Ok(()));
        for (column, is_read) in &self.columns {
            let set = fields.next().and_then(|field| if *is_read { row.set(*column, field) } else { Some(()) });
            read = read.and(set.ok_or(Broken));
        }
        self.rest = fields.0;
        Some(read.map(|()| row))
    }

    fn is_wanted(&self, row: &Row<'a>) -> bool {
        self.only.is_none_or(|piece| piece.has(row.position, row.stream_type))
    }
}

impl<'a> Iterator for Rows<'a> {
    type Item = Result<Row<'a>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.read()? {
                Ok(row) if !self.is_wanted(&row) => {}
                // whether one that cannot be read was wanted is not known
                read => return Some(read),
            }
        }
    }
}

/// A row is not what was asked for: a moment beyond all time, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

/// Fields, each behind its length.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// The next one; `None` when it is null, and for ever when there is none.
    fn next(&mut self) -> Option<&'a [u8]> {
        let Some((length, rest)) = self.0.split_first_chunk::<4>() else {
            self.0 = &[];
            return None;
        };
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.0 = rest;
            return None;
        };
        let (field, rest) = rest.split_at_checked(length).unwrap_or_default();
        self.0 = rest;
        Some(field)
    }
}

fn number(field: &[u8]) -> Option<i64> {
    field.try_into().ok().map(i64::from_be_bytes)
}

fn text(field: &[u8]) -> Option<&str> {
    str::from_utf8(field).ok()
}

/// `None` for both infinities.
fn moment(field: &[u8]) -> Option<Moment> {
    let micros = number(field)?.checked_add(EPOCH_MICROS)?;
    DateTime::<Utc>::UNIX_EPOCH.checked_add_signed(TimeDelta::microseconds(micros)).map(Moment::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [Column::Position, Column::Payload, Column::OccurredAt];

    fn field(row: &mut Vec<u8>, bytes: &[u8]) {
        row.extend(i32::try_from(bytes.len()).unwrap().to_be_bytes());
        row.extend(bytes);
    }

    /// One row for each moment, counted in µs from 2000; `None` is null.
    fn page(moments: &[Option<i64>]) -> Page {
        let mut bytes = HEADER.to_vec();
        for (position, micros) in (1_i64..).zip(moments) {
            bytes.extend(3_i16.to_be_bytes());
            field(&mut bytes, &position.to_be_bytes());
            field(&mut bytes, "{\"é\":1}".as_bytes());
            match micros {
                Some(micros) => field(&mut bytes, &micros.to_be_bytes()),
                None => bytes.extend(format::NULL.to_be_bytes()),
            }
        }
        bytes.extend(format::END.to_be_bytes());
        Page { bytes, has: &COLUMNS, only: None }
    }

    #[test]
    fn a_row_that_cannot_be_read_is_an_error_and_those_beside_it_are_not() {
        let read = page(&[Some(0), Some(i64::MAX), None, Some(i64::MIN), Some(1_000)]);
        let rows: Vec<_> = read.rows().collect();
        let positions: Vec<_> = rows.iter().map(|row| row.map(|row| row.position)).collect();
        assert_eq!(positions, [Ok(1), Err(Broken), Err(Broken), Err(Broken), Ok(5)]);
        let last = rows[4].unwrap();
        assert_eq!((last.payload, last.occurred_at.to_text().as_str()), ("{\"é\":1}", "2000-01-01T00:00:00.001Z"));
    }

    #[test]
    fn a_page_that_breaks_off_ends() {
        let whole = page(&[Some(0), Some(0)]);
        for length in 0..whole.bytes.len() {
            let broken = Page { bytes: whole.bytes[..length].to_vec(), ..page(&[]) };
            assert!(broken.rows().count() <= 2, "{length}");
        }
        assert_eq!(page(&[]).rows().count(), 0);
    }
}
