//! Who did something in spans of time: unions of the sets that lie whole in a span and are not newer
//! than the view; what remains at the edges is read from single rows. Exact for any span.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::claim::ClaimEventType;
use roaring::RoaringBitmap;

use super::sets::{self, ACTIVE};
use super::span::{Span, Width};
use super::view::View;
use crate::engine::error::FoldError;

/// A piece of one of the asked spans.
type ScanRange = (usize, Span);

#[derive(sqlx::FromRow)]
struct SetRow {
    nth: i64,
    minutes: i16,
    starts_at: DateTime<Utc>,
    position: i64,
    members: Vec<u8>,
}

impl View {
    /// Who did it, for each span.
    pub(super) async fn seen(&mut self, what: &'static str, spans: &[Span]) -> Result<Vec<RoaringBitmap>, FoldError> {
        let mut seen = vec![RoaringBitmap::new(); spans.len()];
        let mut edges: Vec<ScanRange> = Vec::new();
        let mut pieces: Vec<(usize, Span, Option<Width>)> =
            spans.iter().enumerate().map(|(nth, span)| (nth, self.rounded(what, *span), Some(Width::Day))).collect();
        while !pieces.is_empty() {
            let mut runs = Vec::new();
            for (nth, span, longest) in std::mem::take(&mut pieces) {
                let (whole, rest) = span.cut(longest);
                runs.extend(whole.into_iter().map(|(width, span)| (nth, width, span)));
                edges.extend(rest.into_iter().map(|span| (nth, span)));
            }
            let mut newer = BTreeSet::new();
            for row in self.stored_sets(what, &runs).await? {
                let width = Width::of_minutes(row.minutes)
                    .ok_or_else(|| FoldError::stored("length of a span", row.minutes.to_string()))?;
                if row.position <= self.as_of.position {
                    seen[place(row.nth)?] |= sets::read(&row.members)?;
                } else {
                    newer.insert((place(row.nth)?, row.starts_at, width));
                }
            }
            // what has come to a set since is not in its parts, or in a part that is shorter
            pieces = newer
                .into_iter()
                .map(|(nth, from, width)| (nth, Span { from, to: from + width.length() }, width.shorter()))
                .collect();
        }
        for (nth, member) in self.seen_at_edges(what, joined(edges)).await? {
            seen[place(nth)?].insert(member.unsigned_abs());
        }
        Ok(seen)
    }

    async fn stored_sets(&mut self, what: &str, runs: &[(usize, Width, Span)]) -> Result<Vec<SetRow>, FoldError> {
        if runs.is_empty() {
            return Ok(vec![]);
        }
        Ok(sqlx::query_as(include_str!("seen/sets.sql"))
            .bind(what)
            .bind(runs.iter().map(|(nth, _, _)| i64::try_from(*nth).unwrap_or(i64::MAX)).collect::<Vec<_>>())
            .bind(runs.iter().map(|(_, width, _)| width.minutes()).collect::<Vec<_>>())
            .bind(runs.iter().map(|(_, _, span)| span.from).collect::<Vec<_>>())
            .bind(runs.iter().map(|(_, _, span)| span.to).collect::<Vec<_>>())
            .fetch_all(&mut *self.tx)
            .await?)
    }

    /// Who did it, row by row: facts have a table, who asked for a reward is in the log.
    async fn seen_at_edges(&mut self, what: &str, edges: Vec<ScanRange>) -> Result<Vec<(i64, i32)>, FoldError> {
        if edges.is_empty() {
            return Ok(vec![]);
        }
        let rows = if what == ACTIVE {
            sqlx::query_as(include_str!("seen/active_rows.sql"))
        } else {
            sqlx::query_as(include_str!("seen/asking_rows.sql"))
        };
        let rows = rows
            .bind(edges.iter().map(|(nth, _)| i64::try_from(*nth).unwrap_or(i64::MAX)).collect::<Vec<_>>())
            .bind(edges.iter().map(|(_, span)| span.from).collect::<Vec<_>>())
            .bind(edges.iter().map(|(_, span)| span.to).collect::<Vec<_>>())
            .bind(self.as_of.position);
        let rows = if what == ACTIVE { rows } else { rows.bind(attempts()) };
        Ok(rows.fetch_all(&mut *self.tx).await?)
    }
}

/// The stored names of the steps by which members ask for rewards.
fn attempts() -> Vec<&'static str> {
    ClaimEventType::ALL.iter().filter(|step| step.is_attempt()).map(|step| step.name()).collect()
}

fn place(nth: i64) -> Result<usize, FoldError> {
    usize::try_from(nth).map_err(|_| FoldError::stored("place of a span", nth.to_string()))
}

/// Pieces that follow each other become one.
fn joined(mut pieces: Vec<ScanRange>) -> Vec<ScanRange> {
    pieces.sort_by_key(|(nth, span)| (*nth, span.from));
    let mut joined: Vec<ScanRange> = Vec::with_capacity(pieces.len());
    for (nth, span) in pieces {
        match joined.last_mut() {
            Some((last, before)) if *last == nth && before.to >= span.from => before.to = before.to.max(span.to),
            _ => joined.push((nth, span)),
        }
    }
    joined
}
