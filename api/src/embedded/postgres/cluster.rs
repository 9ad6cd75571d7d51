//! The cluster on the disk and the server on it: made once, started when it does not run, stopped
//! when nobody needs it. Everything here blocks and is called under the start lock, off the
//! asynchronous threads. Does not know roles, databases or connections.

use super::account::Account;
use super::binaries::Binaries;
use super::error::EmbeddedPostgresError as Error;
use super::folders::{Folders, not_writable, sweep_socket};
use super::log::{Log, said_disk_full};
use super::pidfile::{self, Server};
use super::settings;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Recovery after a crash replays at most what `max_wal_size` allows.
const READY_PATIENCE: Duration = Duration::from_secs(90);
const STOP_PATIENCE_S: &str = "60";
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A cluster that exists or can be made.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) folders: Folders,
    pub(super) account: Account,
    pub(super) binaries: Binaries,
    socket_folder: PathBuf,
    /// The server when this process started it, so that its end is noticed and it is buried.
    child: Mutex<Option<Child>>,
}

/// A server that takes connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) socket_folder: PathBuf,
    /// It ran before we looked.
    pub(super) attached: bool,
}

impl Cluster {
    /// Finds everything needed and makes the cluster when it is not there.
    pub(super) fn prepare(folders: Folders) -> Result<Self, Error> {
        let account = Account::choose(&folders.data())?;
        account.must_reach(&folders.data())?;
        let binaries = super::binaries::find(&folders, &account)?;
        let socket_folder = folders.socket_folder(&account)?;
        let cluster = Self { folders, account, binaries, socket_folder, child: Mutex::new(None) };
        if cluster.folders.data().exists() {
            let data = cluster.folders.data();
            cluster.account.own(&data).map_err(|source| not_writable(&data, source))?;
        } else {
            cluster.make()?;
        }
        Ok(cluster)
    }

    /// Makes the cluster in a folder of its own and moves it into place when it is whole: a crash
    /// in between leaves no half of one.
    fn make(&self) -> Result<(), Error> {
        let partial = self.partial();
        self.sweep_partials();
        fs::create_dir(&partial)
            .and_then(|()| self.account.own(&partial))
            .map_err(|source| not_writable(&partial, source))?;
        let log = Log::fresh(&self.folders.initdb_log())?;
        let output = || log.output();
        let status = self
            .command("initdb")
            .arg("--pgdata")
            .arg(&partial)
            .args(settings::INITDB)
            .stdout(output()?)
            .stderr(output()?)
            .status();
        let made = status
            .map_err(|source| failed("initdb", &source, &log))
            .and_then(|status| if status.success() { Ok(()) } else { Err(self.refuse("initdb", &status, &log)) })
            .and_then(|()| {
                settings::write(&partial.join("postgresql.conf"))
                    .and_then(|()| fs::rename(&partial, self.folders.data()))
                    .map_err(|source| not_writable(&partial, source))
            });
        if made.is_err() {
            let _ = fs::remove_dir_all(&partial);
        }
        made
    }

    /// Waits for a running server, or starts one and waits for that.
    pub(super) fn ensure_running(&self) -> Result<Running, Error> {
        let data = self.folders.data();
        let deadline = Instant::now() + READY_PATIENCE;
        let mut attached = true;
        let mut log = Log::open(&self.folders.server_log())?;
        loop {
            match pidfile::observe(&data) {
                Server::Ready { socket_folder } => {
                    return Ok(Running { socket_folder, attached });
                }
                Server::Busy => {}
                Server::Gone => match self.child_end() {
                    ChildEnd::Runs => {}
                    // `attached`: not started by this call, so how it ended is history. Another
                    // server was faster, or children of a killed one still hold its memory: both
                    // pass.
                    ChildEnd::Ended(status) if !attached && !log.says_it_passes() => {
                        return Err(self.refuse("postgres", &status, &log));
                    }
                    ChildEnd::Ended(_) | ChildEnd::None => {
                        log = Log::open(&self.folders.server_log())?;
                        self.spawn(&log)?;
                        attached = false;
                    }
                },
            }
            if Instant::now() > deadline {
                return Err(Error::NotReady {
                    seconds: READY_PATIENCE.as_secs(),
                    log: log.path().to_owned(),
                    said: log.tail(),
                });
            }
            sleep(LOOK_EVERY);
        }
    }

    /// Whether the server runs, or will in a moment. Buries ours when it ended.
    pub(super) fn is_alive(&self) -> bool {
        let ours_runs = matches!(self.child_end(), ChildEnd::Runs);
        ours_runs || pidfile::observe(&self.folders.data()) != Server::Gone
    }

    /// Ends the server: sessions are cut off, what was committed stays.
    pub(super) fn stop(&self) -> Result<(), Error> {
        if !self.is_alive() {
            return Ok(());
        }
        let log = Log::open(&self.folders.server_log())?;
        let status = self
            .command("pg_ctl")
            .args(["stop", "--mode", "fast", "--wait", "--timeout", STOP_PATIENCE_S, "--silent", "--pgdata"])
            .arg(self.folders.data())
            .stdout(log.output()?)
            .stderr(log.output()?)
            .status()
            .map_err(|source| failed("pg_ctl", &source, &log))?;
        let ended = status.success() || !self.is_alive();
        if let Some(mut child) = self.lock_child().take_if(|_| ended) {
            let _ = child.wait();
        }
        if ended && !self.socket_folder.starts_with(&self.folders.root) {
            let _ = fs::remove_dir(&self.socket_folder);
        }
        if ended { Ok(()) } else { Err(self.refuse("pg_ctl", &status, &log)) }
    }

    fn spawn(&self, log: &Log) -> Result<(), Error> {
        sweep_socket(&self.socket_folder);
        pidfile::disarm(&self.folders.data());
        let child = self
            .command("postgres")
            .arg("-D")
            .arg(self.folders.data())
            .args(settings::fixed(&self.socket_folder))
            .stdout(log.output()?)
            .stderr(log.output()?)
            .spawn()
            .map_err(|source| failed("postgres", &source, log))?;
        tracing::debug!(process.id = child.id(), "embedded PostgreSQL started");
        *self.lock_child() = Some(child);
        Ok(())
    }

    /// A program of PostgreSQL's as the server's user, without our environment: a `PGHOST` or
    /// `PGDATA` meant for something else must not reach it.
    fn command(&self, program: &'static str) -> Command {
        let mut command = self.account.command(&self.binaries.program(program));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("LC_ALL", "C")
            .current_dir(&self.folders.root)
            .stdin(Stdio::null());
        command
    }

    fn child_end(&self) -> ChildEnd {
        let mut held = self.lock_child();
        let Some(child) = held.as_mut() else {
            return ChildEnd::None;
        };
        match child.try_wait() {
            Ok(None) => ChildEnd::Runs,
            Ok(Some(status)) => {
                *held = None;
                ChildEnd::Ended(status.to_string())
            }
            Err(_) => {
                *held = None;
                ChildEnd::None
            }
        }
    }

    fn lock_child(&self) -> std::sync::MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse(&self, program: &'static str, status: &impl ToString, log: &Log) -> Error {
        let said = log.tail();
        if said_disk_full(&said) {
            return Error::DiskFull { folder: self.folders.root.clone(), said };
        }
        Error::Failed { program, status: status.to_string(), log: log.path().to_owned(), said }
    }

    fn partial(&self) -> PathBuf {
        self.folders.root.join(format!("data.partial-{}", uuid::Uuid::new_v4().simple()))
    }

    /// Removes what an interrupted first start left. An `initdb` whose owner was killed may still
    /// write there; it fails in its own folder and harms nobody.
    fn sweep_partials(&self) {
        let Ok(entries) = fs::read_dir(&self.folders.root) else {
            return;
        };
        entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("data.partial-"))
            .for_each(|entry| drop(fs::remove_dir_all(entry.path())));
    }
}

enum ChildEnd {
    None,
    Runs,
    Ended(String),
}

fn failed(program: &'static str, source: &std::io::Error, log: &Log) -> Error {
    let path: &Path = log.path();
    Error::Failed { program, status: source.to_string(), log: path.to_owned(), said: log.tail() }
}
