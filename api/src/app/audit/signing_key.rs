//! The Ed25519 key that signs checkpoints, in a PEM file readable by the service's user only. It is never in the
//! database, because whoever can rewrite the log must not be able to sign it.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{self, DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, KeypairBytes};
use ed25519_dalek::{SigningKey, VerifyingKey};
use rand::RngCore as _;

/// The name of the file that is created when none is configured.
const FILE_NAME: &str = "audit.key";

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or created.
    #[error("the audit key {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("the audit key {0} is not an Ed25519 key in PEM")]
    NoKey(PathBuf),
}

/// The file of the key, which may not exist yet.
#[must_use]
pub fn path(given: Option<&Path>, data_dir: &Path) -> PathBuf {
    given.map_or_else(|| data_dir.join(FILE_NAME), Path::to_owned)
}

/// The key to sign with; created in the data folder if none is configured and none exists.
///
/// # Errors
/// See [`KeyError`].
pub fn open_or_make(given: Option<&Path>, data_dir: &Path) -> Result<SigningKey, KeyError> {
    let path = path(given, data_dir);
    if given.is_none() {
        make_unless_there(data_dir, &path).map_err(|source| KeyError::File { path: path.clone(), source })?;
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

fn make_unless_there(folder: &Path, path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let pem = new_key().map_err(io::Error::other)?;
    // written to a temporary file, then linked: the key appears complete or not at all, even with two processes
    // starting
    let beside = folder.join(format!(".{FILE_NAME}.{}", uuid::Uuid::new_v4()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(pem.as_ref().as_bytes()).and_then(|()| file.sync_all())?;
    let linked = std::fs::hard_link(&beside, path);
    std::fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
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
