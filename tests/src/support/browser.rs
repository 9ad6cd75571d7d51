//! The pages in a real browser: scripts of `tests/browser` that drive Chromium by Playwright, fetched once for each lock
//! file of theirs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::folder;
use super::maven::locked_home;
use super::process::must_succeed;

const REMEDY: &str = "On Debian: `apt-get install chromium nodejs npm`, and the way to the npm registry.";

/// Runs one script against a service: it must end with 0. Pictures go to `target/screens`.
///
/// # Panics
/// With what the script printed, when it fails.
pub fn drive(script: &str, url: &str, arguments: &[&str]) {
    let home = home();
    let mut node = Command::new("node");
    node.current_dir(&home).arg(home.join(script)).arg(url).arg(folder::target().join("screens")).args(arguments);
    let output = node.output().unwrap_or_else(|error| panic!("node does not start: {error}. {REMEDY}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{script}:\n{}{}", text(&output.stdout), text(&output.stderr));
}

/// The scripts with what they need beside them.
fn home() -> PathBuf {
    let (home, _lock) = locked_home("browser");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    for entry in fs::read_dir(&source).expect("the scripts").flatten() {
        fs::copy(entry.path(), home.join(entry.file_name())).expect("a copy of a script");
    }
    let lock = fs::read_to_string(source.join("package-lock.json")).expect("the lock file");
    let stamp = home.join("fetched.json");
    if fs::read_to_string(&stamp).is_ok_and(|fetched| fetched == lock) {
        return home;
    }
    let mut npm = Command::new("npm");
    npm.current_dir(&home).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
    must_succeed(npm, "fetching the browser driver with npm", REMEDY);
    fs::write(stamp, lock).expect("a note of what was fetched");
    home
}
