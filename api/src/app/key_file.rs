//! Files of secrets that a service makes for itself when none is configured, readable by its user only. It does not know what the
//! keys are for.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rand::RngCore as _;

/// The shortest key of a line, in bytes: the output length of HMAC-SHA-256.
pub const MIN_KEY_BYTES: usize = 32;

/// The configured file, or the one of this name in the data folder.
#[must_use]
pub fn path(given: Option<&Path>, data_dir: &Path, name: &str) -> PathBuf {
    given.map_or_else(|| data_dir.join(name), Path::to_owned)
}

/// Reads a file of keys, one a line. The one in the data folder is made with a new key if it is missing.
///
/// # Errors
/// With the path of the file that cannot be read or made.
pub fn read_or_make(given: Option<&Path>, data_dir: &Path, name: &str) -> Result<String, (PathBuf, io::Error)> {
    let path = path(given, data_dir, name);
    let made = if given.is_none() { make_unless_there(&path, new_line) } else { Ok(()) };
    made.and_then(|()| std::fs::read_to_string(&path)).map_err(|source| (path, source))
}

/// The keys of a file, without blank lines; `None`: there is none, or one is too short.
#[must_use]
pub fn keys(lines: &str) -> Option<Vec<&str>> {
    let keys: Vec<_> = lines.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let are_long = keys.iter().all(|key| key.len() >= MIN_KEY_BYTES);
    (are_long && !keys.is_empty()).then_some(keys)
}

/// Makes a file if it is missing. It is written under another name and linked, so that it appears complete or not at all;
/// when two processes start at once, the first one's stays.
///
/// # Errors
/// Those of the file system, and of `content`.
pub fn make_unless_there<T: AsRef<str>>(path: &Path, content: impl FnOnce() -> io::Result<T>) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let draft = folder.join(format!(".{}", uuid::Uuid::new_v4()));
    let content = content()?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(content.as_ref().as_bytes()).and_then(|()| file.sync_all())?;
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn new_line() -> io::Result<String> {
    let mut key = [0_u8; MIN_KEY_BYTES];
    rand::rng().fill_bytes(&mut key);
    Ok(format!("{}\n", hex::encode(key)))
}
