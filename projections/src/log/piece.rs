//! What can be asked of the log by whoever folds a long piece of it: which events, and what of each. It reads nothing.

/// What can be asked of a stored event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the log, explained in its migration")]
pub enum Column {
    Position,
    StreamType,
    StreamId,
    Sequence,
    Subject,
    EventType,
    Version,
    Payload,
    OccurredAt,
    RecordedAt,
}

impl Column {
    /// All of them, in the order in which they are packed.
    pub(super) const ALL: &'static [Self] = &[
        Self::Position,
        Self::StreamType,
        Self::StreamId,
        Self::Sequence,
        Self::Subject,
        Self::EventType,
        Self::Version,
        Self::Payload,
        Self::OccurredAt,
        Self::RecordedAt,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::StreamType => "aggregate_type",
            Self::StreamId => "aggregate_id",
            Self::Sequence => "sequence",
            Self::Subject => "subject",
            Self::EventType => "event_type",
            Self::Version => "event_version",
            Self::Payload => "payload",
            Self::OccurredAt => "occurred_at",
            Self::RecordedAt => "recorded_at",
        }
    }
}

/// A piece of the log, and what of it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScanRange {
    /// The position before it.
    pub after: i64,
    /// Its last position.
    pub through: i64,
    /// The stream types whose events are wanted; none named: all of them.
    pub streams: &'static [&'static str],
    /// What of each event. Each column more costs the server and the reader.
    pub columns: &'static [Column],
}

impl ScanRange {
    /// All of the log up to a position: its events, and nothing beside them.
    #[must_use]
    pub fn events(through: i64, streams: &'static [&'static str]) -> Self {
        let columns = &[Column::Position, Column::EventType, Column::Version, Column::Payload];
        Self { after: 0, through, streams, columns }
    }

    /// Everything that can be asked about all events after one position and up to another.
    pub(super) fn whole(after: i64, through: i64) -> Self {
        Self { after, through, streams: &[], columns: Column::ALL }
    }

    /// What of it lies in a page, where the log is divided into pages of so many positions; `None` behind its end.
    pub(super) fn in_page(self, page: i64, positions: i64) -> Option<Self> {
        let after = self.after.max(page * positions);
        let through = self.through.min((page + 1) * positions);
        (after < through).then_some(Self { after, through, ..self })
    }

    /// Whether a column has to be read of rows among which others are.
    pub(super) fn looks_at(&self, column: Column) -> bool {
        matches!(column, Column::Position | Column::StreamType) || self.columns.contains(&column)
    }

    /// Whether a row is asked for.
    pub(super) fn has(&self, position: i64, stream: &str) -> bool {
        position > self.after && position <= self.through && (self.streams.is_empty() || self.streams.contains(&stream))
    }
}
