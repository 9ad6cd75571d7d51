//! `reward-ledger config`: what is in force and where it comes from, secrets masked.

use std::io::Write as _;

use clap::ArgMatches;

use crate::config::Config;

/// Prints every option, and then whether they fit together.
///
/// # Errors
/// They do not.
pub fn show_config(config: &Config, matches: &ArgMatches) -> anyhow::Result<()> {
    let settings = config.settings(matches);
    let width = |of: fn(&crate::config::Setting) -> usize| settings.iter().map(of).max().unwrap_or_default();
    let (names, values) = (width(|setting| setting.name.len()), width(|setting| setting.value.len()));
    let mut out = std::io::stdout().lock();
    for setting in &settings {
        // whoever stops reading has seen enough
        if writeln!(out, "{:names$}  {:values$}  {}", setting.name, setting.value, setting.origin).is_err() {
            break;
        }
    }
    Ok(config.validate()?)
}
