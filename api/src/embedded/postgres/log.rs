//! The files PostgreSQL's programs write to, and the end of what they said since we looked.
//! Knows the few sentences of theirs that decide something.

use super::error::EmbeddedPostgresError as Error;
use super::folders::not_writable;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A log that has grown beyond this is put aside at the next start; one old one is kept.
const ROTATE_BYTES: u64 = 16 * 1024 * 1024;
const TAIL_LINES: usize = 15;
const TAIL_BYTES: u64 = 8 * 1024;

/// A log file, and where it ended when it was opened.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    file: File,
    from: u64,
}

impl Log {
    /// Opens a log to write on at its end.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        if fs::metadata(path).is_ok_and(|found| found.len() > ROTATE_BYTES) {
            let _ = fs::rename(path, path.with_extension("log.1"));
        }
        let not_writable = |source| not_writable(path, source);
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(not_writable)?;
        let from = file.metadata().map_err(not_writable)?.len();
        Ok(Self { path: path.to_owned(), file, from })
    }

    /// Opens a log anew.
    pub(super) fn fresh(path: &Path) -> Result<Self, Error> {
        let _ = fs::remove_file(path);
        Self::open(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// For a program to write to.
    pub(super) fn output(&self) -> Result<Stdio, Error> {
        let copy = self.file.try_clone().map_err(|source| not_writable(&self.path, source))?;
        Ok(Stdio::from(copy))
    }

    /// The last lines since the log was opened.
    pub(super) fn tail(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            let end = file.metadata()?.len();
            file.seek(SeekFrom::Start(self.from.max(end.saturating_sub(TAIL_BYTES))))?;
            file.take(TAIL_BYTES).read_to_end(&mut bytes)
        });
        if read.is_err() || bytes.is_empty() {
            return "(nothing)".to_owned();
        }
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(TAIL_LINES)..).unwrap_or_default().join("\n")
    }

    /// Whether the server refused for a reason that goes away by itself.
    pub(super) fn says_it_passes(&self) -> bool {
        let said = self.tail();
        ["pre-existing shared memory block", "\"postmaster.pid\" already exists"]
            .iter()
            .any(|reason| said.contains(reason))
    }
}

/// Whether a program ended because the disk is full (or its quota is). The hint comes with a write
/// that found room for a part only, which is no error of the system's.
pub(super) fn said_disk_full(said: &str) -> bool {
    ["No space left on device", "Disk quota exceeded", "Check free disk space"]
        .iter()
        .any(|reason| said.contains(reason))
}
