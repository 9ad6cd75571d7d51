//! Chooses the time zone rules: those of the machine, which its owner can update without a new build, or those compiled
//! into this program if the machine has none or older ones. They are read once at start. `domain::zone` knows what a
//! zone is.

mod directory;
mod release;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use domain::zone::rules::{self, ZoneRules};

pub use directory::NotReadable;

use crate::app::clock;
use release::Release;

/// Where machines keep compiled zones.
const DIRECTORIES: [&str; 3] = ["/usr/share/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];
/// After this many days rules are reported as old.
const OLD_DAYS: i64 = 365;

static SOURCE: OnceLock<Source> = OnceLock::new();

/// The origin of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// This directory.
    Directory(PathBuf),
    /// This program.
    Program,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(directory) => directory.display().fmt(f),
            Self::Program => f.write_str("compiled in"),
        }
    }
}

/// Installs the rules: those of `tzdir` if given, else the machine's unless they are older than the program's.
///
/// # Errors
/// `tzdir` cannot be read. Unreadable directories of the machine are skipped.
pub fn put_in_force(tzdir: Option<&Path>) -> Result<(), NotReadable> {
    let found = match tzdir {
        Some(directory) => Some((directory::read(directory)?, directory.to_owned())),
        None => of_machine(DIRECTORIES.iter().map(Path::new)),
    };
    let (source, rules) = match found {
        Some((rules, directory)) => (Source::Directory(directory), rules),
        None => (Source::Program, ZoneRules::bundled()),
    };
    // the rules that were installed first stay
    if rules::put_in_force(rules).is_ok() {
        let _ = SOURCE.set(source);
    }
    Ok(())
}

/// The first directory with rules that are not older than the program's.
fn of_machine<'a>(directories: impl Iterator<Item = &'a Path>) -> Option<(ZoneRules, PathBuf)> {
    let ours = Release::of(rules::bundled_version());
    let is_new = |directory: &&Path| directory::version(directory).is_some_and(|its| Release::of(&its) >= ours);
    let readable = |directory: &Path| Some((directory::read(directory).ok()?, directory.to_owned()));
    directories.filter(is_new).find_map(readable)
}

/// The installed rules as `config` shows them: `2026f (/usr/share/zoneinfo)`.
#[must_use]
pub fn shown() -> String {
    format!("{} ({})", rules::in_force().version(), SOURCE.get().unwrap_or(&Source::Program))
}

/// Logs the installed rules at start, with a warning if they are old.
pub fn tell() {
    let version = rules::in_force().version();
    let Some(days) = Release::of(version).and_then(|release| release.age_days(clock::now())) else {
        tracing::warn!("time zone rules: {}: the release is unknown, so their age cannot be checked", shown());
        return;
    };
    if days > OLD_DAYS {
        tracing::warn!(
            "time zone rules {} are older than a year: where a zone has changed since, facts are given the wrong day. \
             Renew the tzdata of this machine",
            shown()
        );
    } else {
        tracing::info!("time zone rules: {}", shown());
    }
}

#[cfg(test)]
mod tests;
