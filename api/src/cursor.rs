//! Cursors: where a list goes on. Opaque to clients; bound to the list, its filter and who reads it,
//! so that one cursor never continues another list. The limit may change from page to page.

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::MemberId;
use sha2::{Digest, Sha256};

use crate::problem::{Code, Problem};

/// What a cursor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binding([u8; 8]);

impl Binding {
    /// The list at a path, under the filter of the query, for one caller.
    #[must_use]
    pub fn of(uri: &Uri, caller: MemberId) -> Self {
        let mut filter: Vec<&str> = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("limit=") && !pair.starts_with("cursor="))
            .collect();
        filter.sort_unstable();
        let mut hash = Sha256::new();
        for part in [uri.path(), &filter.join("&"), &caller.to_string()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash.finalize()[..8]);
        Self(bytes)
    }

    /// The cursor of what comes after the item at `position`.
    #[must_use]
    pub fn cursor(self, position: i64) -> String {
        self.seal(&position.to_be_bytes())
    }

    /// A cursor that holds something else than a position.
    #[must_use]
    pub fn seal(self, place: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode([&self.0, place].concat())
    }

    /// Reads what a cursor holds.
    ///
    /// # Errors
    /// `invalid_cursor` when it belongs to something else, or is none.
    pub fn open(self, cursor: &str) -> Result<Vec<u8>, Problem> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
        let place = bytes.and_then(|bytes| bytes.strip_prefix(&self.0).map(<[u8]>::to_vec));
        place.ok_or_else(|| Problem::new(Code::InvalidCursor))
    }

    /// Reads a cursor back.
    ///
    /// # Errors
    /// `invalid_cursor` when it belongs to something else, or is none.
    pub fn position(self, cursor: &str) -> Result<i64, Problem> {
        let invalid = || Problem::new(Code::InvalidCursor);
        let position = self.open(cursor)?.try_into().ok().map(i64::from_be_bytes);
        position.filter(|position| *position > 0).ok_or_else(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn binding(uri: &str, caller: u128) -> Binding {
        Binding::of(&uri.parse().unwrap(), MemberId(Uuid::from_u128(caller)))
    }

    #[test]
    fn a_cursor_continues_its_own_list_only() {
        let cursor = binding("/events?status=active&limit=2", 1).cursor(42);
        let same = format!("/events?limit=7&cursor={cursor}&status=active");
        assert_eq!(binding(&same, 1).position(&cursor), Ok(42));
        for (uri, caller) in [("/rewards?status=active", 1), ("/events?status=ended", 1), ("/events?status=active", 2)]
        {
            assert_eq!(binding(uri, caller).position(&cursor).unwrap_err().code(), Code::InvalidCursor);
        }
        for garbage in ["", "garbage", "AAAA"] {
            assert!(binding("/events", 1).position(garbage).is_err());
        }
    }
}
