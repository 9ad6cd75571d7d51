//! The limit of open files, which bounds the number of client connections: beyond it, accepting a connection and
//! opening any file fail.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::http::router::ConnectionLimits;

/// File descriptors reserved for other uses than client connections: the database, Kafka, files.
const RESERVED: u64 = 256;

/// The number of connections: as many as wanted, or as the system allows. Raises the soft limit to the hard limit.
pub(super) fn bounded(wanted: ConnectionLimits) -> ConnectionLimits {
    let allowed = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, hard)| {
        setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
        Ok(hard)
    });
    let open_files = allowed.or_else(|_| getrlimit(Resource::RLIMIT_NOFILE).map(|(soft, _)| soft));
    let Ok(open_files) = open_files else { return wanted };
    let most = usize::try_from(open_files.saturating_sub(RESERVED).max(open_files / 2)).unwrap_or(usize::MAX);
    if most < wanted.most {
        tracing::warn!(
            open_files,
            connections = most,
            "the open-file limit is lower than MAX_CONNECTIONS needs; raise it with ulimit -n"
        );
    }
    ConnectionLimits { most: wanted.most.min(most), ..wanted }
}
