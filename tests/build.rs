//! What this machine has for tests that not every machine can run: they are reported as ignored where it is missing,
//! and never as passed.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo:rerun-if-env-changed=HISTORY_DIR");
    println!("cargo:rerun-if-changed=build.rs");
    when("real_history", env::var_os("HISTORY_DIR").is_some());
    when("may_mount", may_mount());
    when("may_chroot", may_chroot());
}

fn when(name: &str, is_so: bool) {
    println!("cargo:rustc-check-cfg=cfg({name})");
    if is_so {
        println!("cargo:rustc-cfg={name}");
    }
}

/// Whether this user may mount a disk; it is tried, since root in a container often may not.
fn may_mount() -> bool {
    let Some(folder) = env::var_os("OUT_DIR").map(|out| PathBuf::from(out).join("mounted")) else { return false };
    let succeeds = |program: &str, arguments: &[&str], folder: &Path| {
        Command::new(program).args(arguments).arg(folder).output().is_ok_and(|output| output.status.success())
    };
    fs::create_dir_all(&folder).is_ok()
        && succeeds("mount", &["-t", "tmpfs", "-o", "size=1m", "reward-ledger-tests"], &folder)
        && succeeds("umount", &[], &folder)
}

/// Whether this user may run a program in a file system of its own, as a container engine does.
fn may_chroot() -> bool {
    let inside =
        "mount --bind / / && exec setpriv --no-new-privs -- /usr/sbin/chroot --userspec=65532:65532 / /bin/true";
    let arguments = ["--mount", "--propagation", "private", "--pid", "--fork", "sh", "-c", inside];
    Command::new("unshare").args(arguments).output().is_ok_and(|output| output.status.success())
}
