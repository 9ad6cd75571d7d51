//! Addresses with passwords that are given as files, as container engines hand secrets out. Read once, before anything else.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use super::Config;

/// The longest address that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Why a secret cannot be had from its file.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// Nobody can tell which counts.
    #[error("{0} and {0}_FILE are both set: unset one of them")]
    Both(&'static str),
    /// The file cannot be read.
    #[error("{name}_FILE: {path} cannot be read ({source}); put the secret there, readable by user {user}", path = path.display())]
    Unreadable {
        /// The option without `_FILE`.
        name: &'static str,
        /// The file.
        path: PathBuf,
        /// The user that this process runs as.
        user: nix::unistd::Uid,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds nothing, or far too much.
    #[error("{name}_FILE: {path} holds no address; write postgres://user:password@host:port/database into it", path = path.display())]
    NoAddress {
        /// The option without `_FILE`.
        name: &'static str,
        /// The file.
        path: PathBuf,
    },
}

impl Config {
    /// The same configuration with what its files of secrets hold.
    ///
    /// # Errors
    /// With the option, the file and the remedy.
    pub fn with_secrets_of_files(self) -> Result<Self, SecretFileError> {
        let database_url = either("DATABASE_URL", self.database_url, self.database_url_file.as_deref())?;
        let owner = either("DATABASE_OWNER_URL", self.database_owner_url, self.database_owner_url_file.as_deref())?;
        Ok(Self { database_url, database_owner_url: owner, ..self })
    }
}

fn either(
    name: &'static str,
    given: Option<SecretString>,
    file: Option<&Path>,
) -> Result<Option<SecretString>, SecretFileError> {
    match (given, file) {
        (Some(_), Some(_)) => Err(SecretFileError::Both(name)),
        (given, None) => Ok(given),
        (None, Some(path)) => read(name, path).map(Some),
    }
}

fn read(name: &'static str, path: &Path) -> Result<SecretString, SecretFileError> {
    let unreadable =
        |source| SecretFileError::Unreadable { name, path: path.to_owned(), user: nix::unistd::geteuid(), source };
    let mut text = String::new();
    let file = File::open(path).map_err(unreadable)?;
    let length = file.take(LONGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    match text.trim() {
        address if !address.is_empty() && length as u64 <= LONGEST => Ok(SecretString::from(address)),
        _ => Err(SecretFileError::NoAddress { name, path: path.to_owned() }),
    }
}
