//! Where a test process keeps its files: `target/harness/<random>`, swept by the next process once the owner is gone.
//! A lock tells an owner that lives from one that was killed; a process id would not (it is given again).

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// The folder of the build profile this process was built in, such as `target/debug`.
pub fn profile() -> PathBuf {
    let mut folder = std::env::current_exe().expect("the path of this program");
    folder.pop();
    if folder.ends_with("deps") || folder.ends_with("examples") {
        folder.pop();
    }
    folder
}

/// The build's `target` folder.
pub fn target() -> PathBuf {
    profile().parent().expect("a profile folder stands in the target folder").to_path_buf()
}

/// The root of the workspace.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate stands in the workspace")
}

/// A new, empty folder inside the one of this process, open to be passed through by another user.
pub fn fresh(name: &str) -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(1);
    let folder = process().join(format!("{name}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
    fs::create_dir_all(&folder).expect("a folder for the test");
    folder
}

fn process() -> &'static Path {
    static FOLDER: OnceLock<(PathBuf, File)> = OnceLock::new();
    let (folder, _lock) = FOLDER.get_or_init(|| {
        let parent = base();
        fs::create_dir_all(&parent).expect("a folder for the harness");
        let sweeping = File::create(parent.join("sweeping")).expect("a lock file");
        sweeping.lock().expect("one process sweeps at a time");
        sweep(&parent);
        let folder = parent.join(&uuid::Uuid::new_v4().simple().to_string()[..8]);
        fs::create_dir(&folder).expect("a folder for this process");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("a folder others may pass through");
        let lock = File::create(folder.join("lock")).expect("a lock file");
        lock.lock().expect("a lock on our own folder");
        (folder, lock)
    });
    folder
}

/// PostgreSQL refuses root and runs as another user, who must be able to reach its folder.
fn base() -> PathBuf {
    let wanted = target();
    let reachable = wanted
        .ancestors()
        .filter_map(|folder| fs::metadata(folder).ok())
        .all(|metadata| metadata.permissions().mode() & 0o001 != 0);
    if reachable || !nix::unistd::geteuid().is_root() {
        wanted.join("harness")
    } else {
        std::env::temp_dir().join("reward-ledger-harness")
    }
}

fn sweep(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let abandoned = match File::open(entry.path().join("lock")) {
            Ok(lock) => !matches!(lock.try_lock(), Err(TryLockError::WouldBlock)),
            Err(_) => false,
        };
        if abandoned {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}
