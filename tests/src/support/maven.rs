//! What the tests need of Java's registry: the jars that a `pom.xml` lists, fetched once for each version of the list.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use super::{folder, process::must_succeed};

/// What to do where Java or Maven is missing.
pub const REMEDY: &str = "On Debian: `apt-get install openjdk-17-jdk-headless maven`, and the way to Maven Central \
                          (or its mirror in ~/.m2/settings.xml).";

/// A folder of its own under the build's `target`, locked: one process works in it while the others wait.
pub fn locked_home(name: &str) -> (PathBuf, File) {
    let home = folder::target().join(name);
    fs::create_dir_all(&home).expect("a folder for what is fetched");
    let lock = File::create(home.join("lock")).expect("a lock file");
    lock.lock().expect("a lock on the folder");
    (home, lock)
}

/// Fetches what `pom` lists into `lib` of a locked folder, unless it is there; by scope: `lib/<scope>` where asked.
pub fn fetch(home: &Path, pom: &str, by_scope: bool) {
    let stamp = home.join("fetched.xml");
    if fs::read_to_string(&stamp).is_ok_and(|fetched| fetched == pom) {
        return;
    }
    fs::remove_dir_all(home.join("lib")).ok();
    fs::write(home.join("pom.xml"), pom).expect("the list of what to fetch");
    let mut maven = Command::new("mvn");
    maven.current_dir(home).args(["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]);
    if by_scope {
        maven.arg("-Dmdep.useSubDirectoryPerScope=true");
    }
    must_succeed(maven, "fetching jars with Maven", REMEDY);
    fs::write(stamp, pom).expect("a note of what was fetched");
}
