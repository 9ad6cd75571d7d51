//! How many files this process may have open, which bounds how many connections it can take: one that it could not take
//! would be left waiting by the kernel, and so would everything else that opens a file.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::http::router::ConnectionLimits;

/// What is left for everything that is no connection of a client: the database, Kafka, files.
const RESERVED: u64 = 256;

/// As many connections as wanted, or as many as the system allows. Asks the system for as many as it allows at all.
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
