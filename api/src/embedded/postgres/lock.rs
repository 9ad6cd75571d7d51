//! Who may start and stop the server, and who uses it: two lock files of the operating system.
//!
//! `start.lock` is held alone while the server is started, looked after or stopped. `users.lock` is
//! held together by every process that uses the server; whoever can take it alone was the last. The
//! kernel drops both when a process ends, however it ends. Whoever may open such a file can hold it and keep everybody
//! from starting, reading being enough: so they are for their owner alone, who is whoever runs the service, and not the
//! user that the server steps down to. Knows nothing of PostgreSQL.

use super::error::EmbeddedPostgresError as Error;
use super::folders::Folders;
use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A first start may fetch the programs and make the data: a slow disk gets this long.
const START_PATIENCE: Duration = Duration::from_secs(180);
/// Reading and writing, for the owner and nobody else.
const OWNER_ALONE: u32 = 0o600;
const RETRY_EVERY: Duration = Duration::from_millis(20);

/// Held while the server is started or stopped; dropped, it lets the next one in.
#[derive(Debug)]
pub(super) struct StartLock(#[expect(dead_code, reason = "held for its lock")] File);

/// Held by each process that uses the server.
#[derive(Debug)]
pub(super) struct UserLock(#[expect(dead_code, reason = "held for its lock")] File);

impl StartLock {
    /// Waits for the turn of this process.
    pub(super) async fn take(folders: &Folders) -> Result<Self, Error> {
        let file = open(&folders.start_lock())?;
        let deadline = Instant::now() + START_PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => {
                    sleep(RETRY_EVERY).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Busy { folder: folders.root.clone(), seconds: START_PATIENCE.as_secs() });
                }
                Err(TryLockError::Error(source)) => {
                    return Err(super::folders::not_writable(&folders.start_lock(), source));
                }
            }
        }
    }
}

impl UserLock {
    /// Joins the users. Only under the start lock, so nobody takes the lock alone meanwhile.
    pub(super) fn join(folders: &Folders, _turn: &StartLock) -> Result<Self, Error> {
        let path = folders.users_lock();
        let file = open(&path)?;
        file.lock_shared().map_err(|source| super::folders::not_writable(&path, source))?;
        Ok(Self(file))
    }

    /// Leaves the users; true when nobody else is left.
    pub(super) fn leave(self, folders: &Folders, _turn: &StartLock) -> Result<bool, Error> {
        drop(self);
        match open(&folders.users_lock())?.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(source)) => Err(super::folders::not_writable(&folders.users_lock(), source)),
        }
    }
}

fn open(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true).mode(OWNER_ALONE);
    let private = |file: &File| match file.metadata()?.permissions().mode() & 0o777 {
        OWNER_ALONE => Ok(()),
        // made by a version that did not say for whom
        _ => file.set_permissions(Permissions::from_mode(OWNER_ALONE)),
    };
    let opened = options.open(path).and_then(|file| private(&file).map(|()| file));
    opened.map_err(|source| super::folders::not_writable(path, source))
}
