//! Time zones of a test's own making, as `zic` would compile them: a folder for `TZDIR`. A zone whose date changes in a
//! few seconds shows what midnight brings without waiting for it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::folder;

const HOUR: i32 = 3_600;

/// A folder of compiled time zones.
pub struct TimeZones {
    folder: PathBuf,
}

impl TimeZones {
    /// One of a release, without zones.
    pub fn of(version: &str) -> TimeZones {
        let folder = folder::fresh("zoneinfo");
        fs::write(folder.join("tzdata.zi"), format!("# version {version}\n")).expect("a version");
        TimeZones { folder }
    }

    /// A zone that is always so many hours ahead of UTC.
    pub fn ahead(self, name: &str, hours: i32) -> TimeZones {
        self.zone(name, hours, &[])
    }

    /// A zone whose clock is set forward by a whole day at a moment.
    pub fn next_day_at(self, name: &str, moment: DateTime<Utc>) -> TimeZones {
        self.zone(name, -12, &[(moment.timestamp(), 12)])
    }

    /// Where `TZDIR` points.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    fn zone(self, name: &str, hours: i32, changes: &[(i64, i32)]) -> TimeZones {
        let file = self.folder.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("the folder of the zone");
        fs::write(file, compiled(hours, changes)).expect("the zone");
        self
    }
}

/// RFC 9636, version 2: an empty block of version 1, the block with 64-bit moments, and what holds after the last.
fn compiled(hours: i32, changes: &[(i64, i32)]) -> Vec<u8> {
    let header = |changes: usize, types: usize, letters: usize| {
        let mut header = b"TZif2".to_vec();
        header.extend([0; 15]);
        for count in [0, 0, 0, changes, types, letters] {
            header.extend(u32::try_from(count).expect("a few").to_be_bytes());
        }
        header
    };
    let clock = |hours: i32| [&(hours * HOUR).to_be_bytes()[..], &[0, 0]].concat();
    let mut file = [header(0, 1, 4), clock(hours), b"LMT\0".to_vec()].concat();
    file.extend(header(changes.len(), changes.len() + 1, 4));
    changes.iter().for_each(|(moment, _)| file.extend(moment.to_be_bytes()));
    (1..=changes.len()).for_each(|number| file.push(u8::try_from(number).expect("a few")));
    file.extend(clock(hours));
    changes.iter().for_each(|(_, hours)| file.extend(clock(*hours)));
    file.extend(b"LMT\0");
    let last = changes.last().map_or(hours, |(_, hours)| *hours);
    // POSIX counts towards the west
    file.extend(format!("\n<LMT>{}\n", -last).bytes());
    file
}
