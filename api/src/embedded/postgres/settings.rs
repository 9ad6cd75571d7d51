//! How the cluster is made and how the server is set. What must hold is given at every start and
//! wins over the file; what is a matter of taste is written into `postgresql.conf` once.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// The superuser of the cluster, used only to prepare the role and the database.
pub(super) const SUPERUSER: &str = "postgres";
/// No TCP port is opened: the number only names the socket.
pub(super) const PORT: u16 = 5432;

/// Only who may enter the socket's folder connects at all, so the socket needs no password. Bytes
/// decide the order of text: the same on every machine.
pub(super) const INITDB: &[&str] = &[
    "--username=postgres",
    "--auth-local=trust",
    "--auth-host=reject",
    "--encoding=UTF8",
    "--locale=C",
    "--data-checksums",
];

const FIXED: &[&str] = &[
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "logging_collector=off",
    "log_destination=stderr",
];

/// Statements that fail are the client's to log: here a lost race for a unique key is everyday.
const CHANGEABLE: &str = "
# Written once by reward-ledger; yours to change.
max_connections = 100
shared_buffers = 128MB
max_wal_size = 2GB
checkpoint_completion_target = 0.9
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] '
log_min_messages = log
log_min_error_statement = panic
log_checkpoints = off
";

/// The arguments of every start.
pub(super) fn fixed(socket_folder: &Path) -> Vec<OsString> {
    let mut folders = b"unix_socket_directories=\"".to_vec();
    for byte in socket_folder.as_os_str().as_bytes() {
        if *byte == b'"' {
            folders.push(b'"');
        }
        folders.push(*byte);
    }
    folders.push(b'"');
    let settings = FIXED.iter().map(OsString::from).chain([OsString::from_vec(folders)]);
    settings.flat_map(|setting| [OsString::from("-c"), setting]).collect()
}

/// Adds the changeable settings to a new cluster's file.
pub(super) fn write(file: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(file)?;
    file.write_all(CHANGEABLE.as_bytes())?;
    file.sync_all()
}
