//! Cursors of paged lists. They are opaque to clients and authenticated over the list, its filter, the caller and the
//! position. A cursor of another list, filter or caller, or an altered one, is invalid. The limit may change from page
//! to page.

use std::sync::Arc;

use axum::http::Uri;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::id::MemberId;

use crate::app::problem::{Code, Problem};
use crate::app::tokens::Keys;

/// The purpose of the digest.
const PURPOSE: &str = "cursor";
/// The length of an HMAC-SHA-256.
const DIGEST_BYTES: usize = 32;

/// What a cursor belongs to, and the keys that authenticate it. Instances with the same token keys accept each other's
/// cursors.
#[derive(Debug, Clone)]
pub struct Binding {
    keys: Arc<Keys>,
    /// Path, filter and caller, each prefixed with its length.
    scope: Vec<u8>,
}

impl Binding {
    /// The list of a path, a filter and a caller.
    #[must_use]
    pub fn of(keys: &Arc<Keys>, uri: &Uri, caller: MemberId) -> Self {
        let mut filter: Vec<&str> = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("limit=") && !pair.starts_with("cursor="))
            .collect();
        filter.sort_unstable();
        let mut scope = Vec::new();
        for part in [uri.path(), &filter.join("&"), &caller.to_string()] {
            scope.extend((part.len() as u64).to_be_bytes());
            scope.extend(part.as_bytes());
        }
        Self { keys: Arc::clone(keys), scope }
    }

    /// The cursor of the page after the item at `position`.
    ///
    /// # Errors
    /// `internal`: the digest fails.
    pub fn cursor(&self, position: i64) -> Result<String, Problem> {
        self.seal(&position.to_be_bytes())
    }

    /// A cursor that holds other data than a position.
    ///
    /// # Errors
    /// `internal`: the digest fails.
    pub fn seal(&self, place: &[u8]) -> Result<String, Problem> {
        let digest =
            self.keys.seal(PURPOSE, &self.sealed(place)).map_err(|error| Problem::internal("cursor", &error))?;
        let digest = URL_SAFE_NO_PAD.decode(digest).map_err(|error| Problem::internal("cursor", &error))?;
        Ok(URL_SAFE_NO_PAD.encode([place, &digest].concat()))
    }

    /// Verifies a cursor and returns its data.
    ///
    /// # Errors
    /// `invalid_cursor` when it belongs to another list, was altered, or is not a cursor.
    pub fn open(&self, cursor: &str) -> Result<Vec<u8>, Problem> {
        let invalid = || Problem::new(Code::InvalidCursor);
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| invalid())?;
        let (place, digest) = bytes.split_last_chunk::<DIGEST_BYTES>().ok_or_else(invalid)?;
        let genuine = self.keys.is_seal(&URL_SAFE_NO_PAD.encode(digest), PURPOSE, &self.sealed(place));
        if genuine { Ok(place.to_vec()) } else { Err(invalid()) }
    }

    /// Verifies a cursor and returns its position.
    ///
    /// # Errors
    /// `invalid_cursor` when it belongs to another list, was altered, or is not a cursor.
    pub fn position(&self, cursor: &str) -> Result<i64, Problem> {
        let invalid = || Problem::new(Code::InvalidCursor);
        let position = self.open(cursor)?.try_into().ok().map(i64::from_be_bytes);
        position.filter(|position| *position > 0).ok_or_else(invalid)
    }

    fn sealed(&self, place: &[u8]) -> Vec<u8> {
        [self.scope.as_slice(), place].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const OLD: &str = "0123456789abcdef0123456789abcdef";
    const NEW: &str = "fedcba9876543210fedcba9876543210";

    fn keys(lines: &[&str]) -> Arc<Keys> {
        Arc::new(Keys::parse(&lines.join("\n")).unwrap())
    }

    fn binding(uri: &str, caller: u128) -> Binding {
        Binding::of(&keys(&[OLD]), &uri.parse().unwrap(), MemberId(Uuid::from_u128(caller)))
    }

    fn is_refused<T>(read: Result<T, Problem>) -> bool {
        read.is_err_and(|problem| problem.code() == Code::InvalidCursor)
    }

    #[test]
    fn a_cursor_continues_its_own_list_only() {
        let cursor = binding("/events?status=active&limit=2", 1).cursor(42).unwrap();
        let same = format!("/events?limit=7&cursor={cursor}&status=active");
        assert_eq!(binding(&same, 1).position(&cursor), Ok(42));
        for (uri, caller) in [("/rewards?status=active", 1), ("/events?status=ended", 1), ("/events?status=active", 2)]
        {
            assert!(is_refused(binding(uri, caller).position(&cursor)), "{uri} {caller}");
        }
        for garbage in ["", "garbage", "AAAA"] {
            assert!(is_refused(binding("/events", 1).position(garbage)));
        }
    }

    #[test]
    fn a_cursor_outlives_a_change_of_keys_for_as_long_as_its_key_is_there() {
        let of = |lines: &[&str]| Binding::of(&keys(lines), &"/events".parse().unwrap(), MemberId(Uuid::nil()));
        let cursor = of(&[OLD]).cursor(42).unwrap();
        assert_eq!(of(&[NEW, OLD]).position(&cursor), Ok(42));
        assert!(is_refused(of(&[NEW]).position(&cursor)));
    }

    #[test]
    fn what_a_key_digests_for_another_purpose_is_no_cursor() {
        let binding = binding("/events", 1);
        let place = 42_i64.to_be_bytes();
        let digest = binding.keys.seal("idempotency", &binding.sealed(&place)).unwrap();
        let digest = URL_SAFE_NO_PAD.decode(digest).unwrap();
        assert!(is_refused(binding.open(&URL_SAFE_NO_PAD.encode([place.as_slice(), &digest].concat()))));
    }

    proptest! {
        #[test]
        fn a_cursor_with_any_bit_altered_is_none(
            place in prop::collection::vec(any::<u8>(), 0..100),
            bit in any::<prop::sample::Index>(),
        ) {
            let binding = binding("/audit/members/1/facts", 1);
            let cursor = binding.seal(&place).unwrap();
            prop_assert_eq!(binding.open(&cursor), Ok(place));
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let bit = bit.index(8 * bytes.len());
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(is_refused(binding.open(&URL_SAFE_NO_PAD.encode(&bytes))));
        }

        #[test]
        fn a_cursor_with_any_letter_altered_cut_off_or_added_is_none(
            place in prop::collection::vec(any::<u8>(), 0..20),
            at in any::<prop::sample::Index>(),
            letter in "[A-Za-z0-9_=-]",
        ) {
            let binding = binding("/events", 1);
            let cursor = binding.seal(&place).unwrap();
            let at = at.index(cursor.len());
            let altered = format!("{}{letter}{}", &cursor[..at], &cursor[at + 1..]);
            prop_assert!(altered == cursor || is_refused(binding.open(&altered)));
            prop_assert!(is_refused(binding.open(&cursor[..at])));
            let longer = format!("{cursor}{letter}");
            prop_assert!(is_refused(binding.open(&longer)));
        }
    }
}
