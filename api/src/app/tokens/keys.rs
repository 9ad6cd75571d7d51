//! The signing keys of access tokens: read from a file, or created once in a file readable by the service's user only.
//! No key is ever shown.

use std::io;
use std::path::{Path, PathBuf};

use jsonwebtoken::crypto::{sign, verify};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use sha2::{Digest, Sha256};

use crate::app::key_file::{self, MIN_KEY_BYTES};

/// The name of the file that is created when none is configured.
const FILE_NAME: &str = "token.keys";

/// All keys that tokens may be signed with.
#[derive(Clone)]
pub struct Keys {
    first: Key,
    others: Vec<Key>,
}

#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or created.
    #[error(
        "the token key file {path} cannot be read or made: {source}. Set TOKEN_KEY_FILE to a readable file, or DATA_DIR to a folder with room that can be written"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A line is too short to be a key.
    #[error("TOKEN_KEY_FILE: each line must be a key of at least {MIN_KEY_BYTES} characters, and there must be one")]
    NoKey,
}

impl Keys {
    /// Reads the configured file, or the one in the data folder, which is created if missing.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open(given: Option<&Path>, data_dir: &Path) -> Result<Self, KeyError> {
        let read = key_file::read_or_make(given, data_dir, FILE_NAME);
        Self::parse(&read.map_err(|(path, source)| KeyError::File { path, source })?)
    }

    /// Reads keys, one a line.
    ///
    /// # Errors
    /// [`KeyError::NoKey`].
    pub fn parse(lines: &str) -> Result<Self, KeyError> {
        let mut keys = key_file::keys(lines).ok_or(KeyError::NoKey)?.into_iter().map(Key::of);
        let first = keys.next().ok_or(KeyError::NoKey)?;
        Ok(Self { first, others: keys.collect() })
    }

    /// A keyed digest (HMAC-SHA-256 with the first key) to recognise a secret by. `purpose` separates different uses,
    /// and all of them from tokens, which begin with their header.
    ///
    /// # Errors
    /// The cryptography fails.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<String, jsonwebtoken::errors::Error> {
        sign(&sealed(purpose, secret), &self.first.encoding, Algorithm::HS256)
    }

    /// Whether a digest belongs to a secret under any of the keys; compared in constant time.
    #[must_use]
    pub fn is_seal(&self, digest: &str, purpose: &str, secret: &[u8]) -> bool {
        let text = sealed(purpose, secret);
        let made_with = |key: &Key| matches!(verify(digest, &text, &key.decoding, Algorithm::HS256), Ok(true));
        std::iter::once(&self.first).chain(&self.others).any(made_with)
    }

    pub(super) fn signing(&self) -> &Key {
        &self.first
    }

    pub(super) fn find(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.first).chain(&self.others).find(|key| key.id == id)
    }

    /// A value derived from a text, once with each key; use the first.
    pub fn derive<'a>(&'a self, text: &'a str) -> impl Iterator<Item = String> + 'a {
        std::iter::once(&self.first)
            .chain(&self.others)
            .filter_map(move |key| sign(text.as_bytes(), &key.encoding, Algorithm::HS256).ok())
    }

    /// Whether a value was derived from this text with any of the keys; compared in constant time.
    #[must_use]
    pub fn vouches_for(&self, text: &str, derived: &str) -> bool {
        let by = |key: &Key| verify(derived, text.as_bytes(), &key.decoding, Algorithm::HS256).unwrap_or(false);
        std::iter::once(&self.first).chain(&self.others).any(by)
    }
}

/// The input of the digest; the purpose ends at the first colon.
fn sealed(purpose: &str, secret: &[u8]) -> Vec<u8> {
    [purpose.as_bytes(), b":", secret].concat()
}

impl Key {
    fn of(line: &str) -> Self {
        let id = hex::encode(&Sha256::digest(line)[..8]);
        Self {
            id,
            encoding: EncodingKey::from_secret(line.as_bytes()),
            decoding: DecodingKey::from_secret(line.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_missing_file_is_made_once_and_for_us_alone() {
        let folder = std::env::temp_dir().join(format!("token-keys-{}", uuid::Uuid::new_v4()));
        let first = Keys::open(None, &folder).unwrap();
        let again = Keys::open(None, &folder).unwrap();
        assert_eq!(first.signing().id, again.signing().id);
        let mode = std::fs::metadata(folder.join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_short_key_and_an_empty_file_are_refused() {
        assert!(Keys::parse("").is_err());
        assert!(Keys::parse("short").is_err());
    }
}
