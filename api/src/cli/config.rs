//! `reward-ledger config`: the effective configuration and where each value comes from, with secrets masked.

use std::io::Write as _;

use clap::ArgMatches;

use crate::config::Config;

/// Prints every option, then validates them together.
///
/// # Errors
/// They are not valid together.
pub fn show_config(config: &Config, matches: &ArgMatches) -> anyhow::Result<()> {
    let settings = config.settings(matches);
    let width = |of: fn(&crate::config::Setting) -> usize| settings.iter().map(of).max().unwrap_or_default();
    let (names, values) = (width(|setting| setting.name.len()), width(|setting| setting.value.len()));
    let mut out = std::io::stdout().lock();
    for setting in &settings {
        // a closed pipe is no error
        if writeln!(out, "{:names$}  {:values$}  {}", setting.name, setting.value, setting.origin).is_err() {
            break;
        }
    }
    Ok(config.validate()?)
}
