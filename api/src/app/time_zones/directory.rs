//! A directory of compiled time zones (`/usr/share/zoneinfo`) and its release.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use domain::zone::rules::ZoneRules;
use jiff::tz::TimeZoneDatabase;

/// The files that name the release: the source that many machines keep beside the zones, or one of its own.
const VERSION_FILES: [&str; 3] = ["tzdata.zi", "+VERSION", "version"];
/// No first line is longer.
const MAX_LINE: u64 = 200;

/// Why `TZDIR` is not a directory of time zones.
#[derive(Debug, thiserror::Error)]
pub enum NotReadable {
    /// It cannot be read.
    #[error("TZDIR: {0}. Name a directory of compiled time zones, as /usr/share/zoneinfo, or unset it")]
    Directory(#[source] jiff::Error),
    /// It holds no zone.
    #[error(
        "TZDIR: no time zone is in {0}. Name a directory of compiled time zones, as /usr/share/zoneinfo, or unset it"
    )]
    Empty(String),
    /// One of its zones is damaged.
    #[error("TZDIR: {name} is no time zone: {source}. Install the time zones again, or unset it")]
    Zone {
        /// The name of the zone.
        name: String,
        /// The cause.
        source: jiff::Error,
    },
}

/// Reads all of it.
pub(super) fn read(directory: &Path) -> Result<ZoneRules, NotReadable> {
    let zones = TimeZoneDatabase::from_dir(directory).map_err(NotReadable::Directory)?;
    let names: Vec<String> = zones.available().map(|name| name.as_str().to_owned()).collect();
    if names.is_empty() {
        return Err(NotReadable::Empty(directory.display().to_string()));
    }
    let version = version(directory).unwrap_or_else(|| "unknown".to_owned());
    let read = |name: String| match zones.get(&name) {
        Ok(zone) => Ok((name, zone)),
        Err(source) => Err(NotReadable::Zone { name, source }),
    };
    Ok(ZoneRules::of(version, names.into_iter().map(read).collect::<Result<Vec<_>, _>>()?))
}

/// The release, if the line names it: `# version 2026f`, or `2026f` alone.
pub(super) fn version(directory: &Path) -> Option<String> {
    let first_line = |name: &&str| {
        let mut line = String::new();
        let file = File::open(directory.join(name)).ok()?;
        BufReader::new(file.take(MAX_LINE)).read_line(&mut line).ok()?;
        Some(line.trim().trim_start_matches("# version ").to_owned()).filter(|version| !version.is_empty())
    };
    VERSION_FILES.iter().find_map(first_line)
}
