//! Every command with its own arguments, as the command line reads them; those of the configuration are in a table of
//! their own.

use std::fmt::Write as _;

use api::cli::Cli;
use clap::{Arg, Command};

use super::{cell, holds};

#[test]
fn the_command_line_reference_has_every_command() {
    let mut made = String::from("| command, and its arguments | default | meaning |\n|---|---|---|\n");
    for command in Cli::command().get_subcommands() {
        describe("", command, &mut made);
    }
    holds("docs/reference/command-line.md", "commands", &made);
}

fn describe(before: &str, command: &Command, made: &mut String) {
    let path = format!("{before}{}", command.get_name());
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
    writeln!(made, "| **`{path}`** | | {} |", cell(&about)).unwrap();
    for argument in command.get_arguments().filter(|it| !it.is_global_set()) {
        writeln!(made, "| `{}` | {} | {} |", shown(argument), default(argument), meaning(argument)).unwrap();
    }
    for inner in command.get_subcommands() {
        describe(&format!("{path} "), inner, made);
    }
}

fn shown(argument: &Arg) -> String {
    let value = argument.get_value_names().and_then(|names| names.first()).map(|name| format!("<{}>", cell(name)));
    let takes_value = argument.get_action().takes_values();
    match (argument.get_long(), value.filter(|_| takes_value)) {
        (Some(flag), Some(value)) => format!("--{flag} {value}"),
        (Some(flag), None) => format!("--{flag}"),
        (None, value) => value.unwrap_or_else(|| format!("<{}>", argument.get_id())),
    }
}

fn default(argument: &Arg) -> String {
    let values: Vec<_> = argument.get_default_values().iter().filter_map(|value| value.to_str()).collect();
    match (&values[..], argument.get_env().and_then(|name| name.to_str())) {
        _ if !argument.get_action().takes_values() => String::new(),
        (_, Some(variable)) => format!("`${variable}`"),
        ([], None) if argument.is_required_set() => "required".to_owned(),
        (values, None) => values.iter().map(|value| format!("`{}`", cell(value))).collect(),
    }
}

/// What it is for, and the values it can have where these are few.
pub(super) fn meaning(argument: &Arg) -> String {
    let help = argument.get_long_help().or(argument.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = cell(&help);
    if !text.ends_with('.') {
        text.push('.');
    }
    let values: Vec<String> = argument
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set() && argument.get_action().takes_values())
        .map(|value| match value.get_help() {
            Some(help) => format!("`{}` ({})", value.get_name(), help.to_string().trim_end_matches('.')),
            None => format!("`{}`", value.get_name()),
        })
        .collect();
    if !values.is_empty() {
        text.push_str(&format!(" Values: {}.", cell(&values.join(", "))));
    }
    text
}
