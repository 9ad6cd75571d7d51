//! Spans of UTC and the steps in which they are kept: a quarter of an hour, an hour, a day. Every zone
//! of today is whole quarters away from UTC, so that a day of any of them is made of few whole steps;
//! what is left over at the edges is for the raw rows.

use chrono::{DateTime, TimeDelta, Utc};

/// A length in which sets of members are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Width {
    Quarter,
    Hour,
    Day,
}

impl Width {
    /// The longest first.
    pub(super) const ALL: [Self; 3] = [Self::Day, Self::Hour, Self::Quarter];

    pub(super) fn minutes(self) -> i16 {
        match self {
            Self::Quarter => 15,
            Self::Hour => 60,
            Self::Day => 1_440,
        }
    }

    pub(super) fn of_minutes(minutes: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|width| width.minutes() == minutes)
    }

    /// The next shorter one.
    pub(super) fn shorter(self) -> Option<Self> {
        match self {
            Self::Day => Some(Self::Hour),
            Self::Hour => Some(Self::Quarter),
            Self::Quarter => None,
        }
    }

    pub(super) fn length(self) -> TimeDelta {
        TimeDelta::minutes(self.minutes().into())
    }

    /// The start of the step that a moment is in.
    pub(super) fn floor(self, moment: DateTime<Utc>) -> DateTime<Utc> {
        moment - TimeDelta::milliseconds(moment.timestamp_millis().rem_euclid(self.length().num_milliseconds()))
    }

    /// The start of the next step, unless one starts at the moment itself.
    pub(super) fn ceil(self, moment: DateTime<Utc>) -> DateTime<Utc> {
        let floor = self.floor(moment);
        if floor == moment { moment } else { floor + self.length() }
    }
}

/// The start of the minute that a moment is in.
pub(super) fn whole_minute(moment: DateTime<Utc>) -> DateTime<Utc> {
    moment - TimeDelta::milliseconds(moment.timestamp_millis().rem_euclid(60_000))
}

/// From a moment on and before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

impl Span {
    pub(super) fn is_empty(self) -> bool {
        self.from >= self.to
    }

    /// Takes it apart: runs of whole steps, no longer ones than `longest`, and what is in none.
    pub(super) fn cut(self, longest: Option<Width>) -> (Vec<(Width, Self)>, Vec<Self>) {
        let (mut whole, mut rest) = (Vec::new(), vec![self]);
        for width in Width::ALL.into_iter().filter(|width| longest.is_some_and(|longest| *width <= longest)) {
            let mut left = Vec::new();
            for span in rest {
                let inner = Self { from: width.ceil(span.from), to: width.floor(span.to) };
                if inner.is_empty() {
                    left.push(span);
                    continue;
                }
                whole.push((width, inner));
                left.push(Self { from: span.from, to: inner.from });
                left.push(Self { from: inner.to, to: span.to });
            }
            left.retain(|span| !span.is_empty());
            rest = left;
        }
        (whole, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_span_is_cut_into_steps_that_follow_each_other_and_leave_less_than_a_quarter_at_each_end() {
        let span = Span { from: at("2026-03-01T18:07:00.001Z"), to: at("2026-03-05T05:50:00Z") };
        let (whole, rest) = span.cut(Some(Width::Day));
        let mut pieces: Vec<_> = whole.iter().map(|(_, span)| *span).chain(rest.iter().copied()).collect();
        pieces.sort_by_key(|piece| piece.from);
        assert_eq!((pieces[0].from, pieces[pieces.len() - 1].to), (span.from, span.to));
        assert!(pieces.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert!(rest.iter().all(|piece| piece.to - piece.from < TimeDelta::minutes(15)));
        assert_eq!(whole[0], (Width::Day, Span { from: at("2026-03-02T00:00:00Z"), to: at("2026-03-05T00:00:00Z") }));
        assert_eq!(span.cut(None), (vec![], vec![span]));
    }

    #[test]
    fn before_1970_steps_are_cut_the_same() {
        assert_eq!(Width::Quarter.floor(at("1969-12-31T23:59:59.999Z")), at("1969-12-31T23:45:00Z"));
        assert_eq!(Width::Day.ceil(at("1969-12-30T00:00:00.001Z")), at("1969-12-31T00:00:00Z"));
    }
}
