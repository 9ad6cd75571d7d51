//! What all lists share: newest first by position, so many at a time, and a cursor to go on with.

use std::sync::Arc;

use axum::http::Uri;
use domain::id::MemberId;

use crate::app::input::fields::{Fields, readers};
use crate::app::problem::{Code, Problem};
use crate::app::tokens::Keys;
use crate::http::input::cursor::Binding;

/// The default number of items on a page.
pub(super) const DEFAULT_LIMIT: i64 = 50;
/// The most items on a page.
pub(super) const MAX_LIMIT: i64 = 200;

/// Which part of a list is asked for.
#[derive(Debug, Clone)]
pub(super) struct Page {
    limit: i64,
    cursor: Option<String>,
}

impl Page {
    /// Reads `limit` and `cursor`.
    pub(super) fn read(fields: &mut Fields) -> Option<Self> {
        let limit = fields.optional("limit", readers::digits(1, MAX_LIMIT));
        // whatever is no cursor is an invalid one: its shape is no rule of the request
        let cursor = fields.optional("cursor", readers::string());
        fields.refuses(&[Code::InvalidCursor]);
        Some(Self { limit: limit?.unwrap_or(DEFAULT_LIMIT), cursor: cursor? })
    }

    /// For a list at a path, under a filter, for one caller.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub(super) fn of(self, keys: &Arc<Keys>, uri: &Uri, caller: MemberId) -> Result<Walk, Problem> {
        let binding = Binding::of(keys, uri, caller);
        let before = self.cursor.map(|cursor| binding.position(&cursor)).transpose()?;
        Ok(Walk { binding, before, limit: self.limit })
    }

    /// The same for a list whose place is more than a position: how many items are shown, and what the cursor holds.
    ///
    /// # Errors
    /// `invalid_cursor`.
    pub(super) fn opened(self, binding: &Binding) -> Result<(i64, Option<Vec<u8>>), Problem> {
        Ok((self.limit, self.cursor.map(|cursor| binding.open(&cursor)).transpose()?))
    }
}

/// One step of walking a list.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    binding: Binding,
    /// Only what was created before this position.
    pub(super) before: Option<i64>,
    limit: i64,
}

impl Walk {
    /// How many rows to read: one more than is shown tells whether there is more.
    pub(super) fn rows(&self) -> i64 {
        self.limit + 1
    }

    /// Cuts the rows to what is shown, and makes the cursor of the rest.
    ///
    /// # Errors
    /// `internal`: the cursor cannot be sealed.
    pub(super) fn cut<T>(&self, rows: &mut Vec<T>, position: impl Fn(&T) -> i64) -> Result<Option<String>, Problem> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= limit {
            return Ok(None);
        }
        rows.truncate(limit);
        rows.last().map(|last| self.binding.cursor(position(last))).transpose()
    }
}
