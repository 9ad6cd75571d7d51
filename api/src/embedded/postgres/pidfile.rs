//! Whether a server runs on our data: what `postmaster.pid` says, checked against the process it
//! names. A number alone proves nothing: after a restart of the machine or the container it may
//! belong to any program. Does not know who started the server.

use nix::sys::signal::kill;
use nix::unistd::Pid;
use std::fs;
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Server {
    /// No server: no file, or one that a killed server left behind.
    Gone,
    /// A server that starts or stops.
    Busy,
    /// A server that takes connections at the socket in this folder.
    Ready {
        /// The folder of its socket.
        socket_folder: PathBuf,
    },
}

/// Looks at the data folder, which must be a real path.
pub(super) fn observe(data: &Path) -> Server {
    let Ok(text) = fs::read_to_string(data.join("postmaster.pid")) else {
        return Server::Gone;
    };
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let Some(pid) = lines.first().and_then(|line| line.parse::<i32>().ok()) else {
        // The server writes the number first; an empty file is one it is just making.
        return Server::Gone;
    };
    if !is_postmaster(pid, data) {
        return Server::Gone;
    }
    match (lines.get(4), lines.get(7)) {
        (Some(folder), Some(&"ready")) if !folder.is_empty() => Server::Ready { socket_folder: PathBuf::from(folder) },
        _ => Server::Busy,
    }
}

/// Keeps a file of a dead server from stopping the next one when its number belongs to another
/// program now (or to a zombie nobody buries). A server takes its parent's number for stale, and we
/// are its parent. The rest of the file stays: by it the new server still notices children of the
/// old one that hold the shared memory, which it would not if the file were gone.
pub(super) fn disarm(data: &Path) {
    let path = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else {
        return;
    };
    let Some((number, rest)) = text.split_once('\n') else {
        return;
    };
    let alive = number.trim().parse().is_ok_and(|pid| kill(Pid::from_raw(pid), None).is_ok());
    if alive && !is_postmaster(number.trim().parse().unwrap_or_default(), data) {
        let _ = fs::write(&path, format!("{}\n{rest}", std::process::id()));
    }
}

#[cfg(target_os = "linux")]
fn is_postmaster(pid: i32, data: &Path) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let Ok(stat) = fs::read_to_string(process.join("stat")) else {
        return false;
    };
    // `pid (name) state …`; the name may hold anything, so look behind its last bracket.
    let Some((head, tail)) = stat.rsplit_once(')') else {
        return false;
    };
    if !head.ends_with("(postgres") || matches!(tail.trim_start().chars().next(), Some('Z' | 'X')) {
        return false;
    }
    // Its working folder is its data. Root in a container may not be allowed to look: then the
    // name has to do.
    fs::read_link(process.join("cwd")).map_or(true, |folder| folder == data)
}

#[cfg(not(target_os = "linux"))]
fn is_postmaster(pid: i32, _data: &Path) -> bool {
    let ps = std::process::Command::new("ps").args(["-o", "stat=,comm=", "-p", &pid.to_string()]).output();
    ps.is_ok_and(|found| {
        let line = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        !line.starts_with('Z') && line.ends_with("postgres")
    })
}

#[cfg(test)]
mod tests {
    use super::{Server, disarm, observe};

    fn folder_with(pid: u32) -> std::path::PathBuf {
        let folder = std::env::temp_dir().join(format!("pidfile-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let text = format!("{pid}\n/data\n1700000000\n5432\n/run\n\n  5432  12\nready   \n");
        std::fs::write(folder.join("postmaster.pid"), text).unwrap();
        folder
    }

    #[test]
    fn a_number_that_belongs_to_another_program_is_no_server_and_is_disarmed() {
        let mut other = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let folder = folder_with(other.id());
        assert_eq!(observe(&folder), Server::Gone);
        disarm(&folder);
        let text = std::fs::read_to_string(folder.join("postmaster.pid")).unwrap();
        let expected = format!("{}\n/data\n", std::process::id());
        assert!(text.starts_with(&expected) && text.contains("5432  12"), "{text}");
        other.kill().unwrap();
        other.wait().unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn the_file_of_a_dead_server_is_left_for_the_next_server_to_judge() {
        let mut dead = std::process::Command::new("true").spawn().unwrap();
        dead.wait().unwrap();
        let folder = folder_with(dead.id());
        let before = std::fs::read(folder.join("postmaster.pid")).unwrap();
        disarm(&folder);
        assert_eq!(observe(&folder), Server::Gone);
        assert_eq!(std::fs::read(folder.join("postmaster.pid")).unwrap(), before);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
