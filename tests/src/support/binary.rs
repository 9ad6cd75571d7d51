//! The program under test, never a stale one: cargo is asked for it once a process and answers at once when it is fresh.
//!
//! `--workspace` keeps the features of the shared crates as `cargo test` chose them, so that nothing is built twice.
//! `REWARD_LEDGER_BIN` names a ready binary instead, for a machine without the sources.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use super::{folder, process::must_succeed};

/// The path of `reward-ledger`, built in the profile of this process.
pub fn reward_ledger() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("REWARD_LEDGER_BIN").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    let profile = folder::profile();
    let name = match profile.file_name().and_then(|name| name.to_str()).expect("the profile's folder has a name") {
        "debug" => "dev",
        other => other,
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(folder::workspace())
        .args(["build", "--quiet", "--workspace", "--bin", "reward-ledger", "--profile", name, "--target-dir"])
        .arg(folder::target());
    for (key, _) in std::env::vars_os() {
        if key.to_str().is_some_and(|key| key.starts_with("CARGO_PKG_") || key.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(key);
        }
    }
    must_succeed(cargo, "building reward-ledger", "The service is tested as built: make it compile first.");
    let binary = profile.join("reward-ledger");
    assert!(binary.is_file(), "cargo built reward-ledger, but not at {}", binary.display());
    binary
}
