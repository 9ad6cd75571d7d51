//! The Ed25519 key that signs checkpoints, in a PEM file readable by the service's user only. It is never in the
//! database, because whoever can rewrite the log must not be able to sign it.

use std::io;
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{self, DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{SigningKey, VerifyingKey};
use rand::RngCore as _;

use crate::app::key_file;

/// The name of the file that is created when none is configured.
const FILE_NAME: &str = "audit.key";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or created.
    #[error(
        "the audit key {path} cannot be read or made: {source}. Set AUDIT_KEY_FILE to a readable file, or DATA_DIR to a folder with room that can be written"
    )]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the audit key {0} is not an Ed25519 key in PEM. Set AUDIT_KEY_FILE to a file that holds one")]
    NoKey(PathBuf),
}

/// The file of the key, which may not exist yet.
#[must_use]
pub fn path(given: Option<&Path>, data_dir: &Path) -> PathBuf {
    key_file::path(given, data_dir, FILE_NAME)
}

/// The key to sign with; created in the data folder if none is configured and none exists.
///
/// # Errors
/// See [`KeyError`].
pub fn open_or_make(given: Option<&Path>, data_dir: &Path) -> Result<SigningKey, KeyError> {
    let path = path(given, data_dir);
    if given.is_none() {
        let pem = || new_key().map_err(io::Error::other);
        key_file::make_unless_there(&path, pem).map_err(|source| KeyError::File { path: path.clone(), source })?;
    }
    let text = read(&path)?;
    SigningKey::from_pkcs8_pem(&text).map_err(|_| KeyError::NoKey(path))
}

/// The key to verify with, from a file that holds either half of it.
///
/// # Errors
/// See [`KeyError`].
pub fn open_public(path: &Path) -> Result<VerifyingKey, KeyError> {
    let text = read(path)?;
    let public = VerifyingKey::from_public_key_pem(&text).ok();
    public
        .or_else(|| SigningKey::from_pkcs8_pem(&text).ok().map(|key| key.verifying_key()))
        .ok_or_else(|| KeyError::NoKey(path.to_owned()))
}

fn read(path: &Path) -> Result<String, KeyError> {
    std::fs::read_to_string(path).map_err(|source| KeyError::File { path: path.to_owned(), source })
}

/// A new key in the first version of PKCS#8, without its public half: OpenSSL 3 reads no other.
fn new_key() -> pkcs8::Result<impl AsRef<str>> {
    let mut secret_key = [0; 32];
    rand::rng().fill_bytes(&mut secret_key);
    KeypairBytes { secret_key, public_key: None }.to_pkcs8_pem(LineEnding::LF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_one_that_other_programs_read_too() {
        let made = new_key().unwrap();
        assert!(SigningKey::from_pkcs8_pem(made.as_ref()).is_ok());
        assert!(KeypairBytes::from_pkcs8_pem(made.as_ref()).unwrap().public_key.is_none());
    }
}
