//! The PostgreSQL of this machine: where its newest server is, and which user may run it.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::Command,
};

pub(super) const REMEDY: &str = "The tests need the PostgreSQL server: on Debian `apt-get install postgresql`.";

/// The newest installed server's folder.
pub(super) fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .map(|version| version.path())
        .filter(|version| version.join("bin/postgres").is_file())
        .max_by_key(|version| version.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    if let Some(version) = newest {
        return version.join("bin");
    }
    let output = Command::new("pg_config").arg("--bindir").output().unwrap_or_else(|_| panic!("{REMEDY}"));
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    assert!(has_server(&folder), "{REMEDY}");
    folder
}

fn has_server(folder: &Path) -> bool {
    folder.join("postgres").is_file() && folder.join("initdb").is_file()
}

pub(super) fn as_server_user(mut command: Command) -> Command {
    if let Some((user, group)) = server_user() {
        command.uid(user).gid(group);
    }
    command
}

/// Whom the server runs as when we are root, which it refuses.
pub(super) fn server_user() -> Option<(u32, u32)> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let find = |name| nix::unistd::User::from_name(name).ok().flatten();
    let user = find("postgres").or_else(|| find("nobody")).expect("a user `postgres` or `nobody`");
    Some((user.uid.as_raw(), user.gid.as_raw()))
}
