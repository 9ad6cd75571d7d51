//! The fingerprint by which two requests count as the same: method, path, query and body, byte by byte, without
//! headers.

use axum::http::{Method, Uri};
use sha2::{Digest, Sha256};

/// SHA-256 over a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint(pub(super) [u8; 32]);

impl Fingerprint {
    pub(super) fn of(method: &Method, uri: &Uri, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        let parts: [&[u8]; 4] =
            [method.as_str().as_bytes(), uri.path().as_bytes(), uri.query().unwrap_or_default().as_bytes(), body];
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// The fingerprint of the parts of a request.
    pub(super) fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_that_differ_anywhere_are_others() {
        let of =
            |method, uri: &'static str, body: &str| Fingerprint::of(&method, &Uri::from_static(uri), body.as_bytes());
        let one = of(Method::POST, "/a?b=1", "{}");
        assert_eq!(one, of(Method::POST, "/a?b=1", "{}"));
        for other in [
            of(Method::PATCH, "/a?b=1", "{}"),
            of(Method::POST, "/ab?=1", "{}"),
            of(Method::POST, "/a", "b=1{}"),
            of(Method::POST, "/a?b=1", "{ }"),
        ] {
            assert_ne!(one, other);
        }
    }
}
