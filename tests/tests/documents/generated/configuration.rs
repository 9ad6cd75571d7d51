//! Every option of the configuration, as the command line reads it.

use std::fmt::Write as _;

use api::config::Config;
use clap::{Arg, Args, Command};

use super::{cell, command_line::meaning, holds};

#[test]
fn the_configuration_reference_has_every_option() {
    let command = Config::augment_args(Command::new("reward-ledger"));
    let mut made = String::from("| environment | flag | default | meaning |\n|---|---|---|---|\n");
    for option in command.get_arguments() {
        let environment = option.get_env().and_then(|name| name.to_str()).expect("an option has a variable");
        let flag = option.get_long().expect("an option has a flag");
        writeln!(made, "| `{environment}` | `--{flag}` | {} | {} |", default(option), meaning(option)).unwrap();
    }
    holds("docs/reference/configuration.md", "options", &made);
}

fn default(option: &Arg) -> String {
    let values: Vec<_> = option.get_default_values().iter().filter_map(|value| value.to_str()).collect();
    match &values[..] {
        [] | [""] => "none".to_owned(),
        values => format!("`{}`", cell(&values.join(","))),
    }
}
