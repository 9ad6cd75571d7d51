//! What `deploy/Dockerfile` says, read as a container engine reads it: the instructions of its last stage.

use std::{collections::BTreeMap, fs};

use tests::support::folder;

/// What an engine runs, and as whom.
pub(crate) struct Image {
    /// The program and the arguments that always stand.
    pub(crate) entrypoint: Vec<String>,
    /// The arguments unless others are given.
    pub(crate) command: Vec<String>,
    /// The program that tells whether it is well.
    pub(crate) health: Vec<String>,
    /// Its environment.
    pub(crate) environment: BTreeMap<String, String>,
    /// User and group, as numbers.
    pub(crate) user: String,
    /// The only folder that it may write to.
    pub(crate) volume: String,
    /// Where it starts.
    pub(crate) folder: String,
    /// Its ports.
    pub(crate) ports: Vec<u16>,
    /// The signal that asks it to stop.
    pub(crate) stop: String,
    /// What is copied into it from the build: source, destination.
    pub(crate) copied: Vec<(String, String)>,
    /// Every instruction of the file, of all stages.
    pub(crate) instructions: Vec<(String, String)>,
}

impl Image {
    /// Reads it.
    pub(crate) fn read() -> Image {
        let text = fs::read_to_string(folder::workspace().join("deploy/Dockerfile")).unwrap();
        let instructions = instructions(&text);
        let last = instructions.iter().rposition(|(name, _)| name == "FROM").expect("it has stages");
        let stage = &instructions[last..];
        let of = |wanted: &str| {
            let found: Vec<&str> =
                stage.iter().filter(|(name, _)| name == wanted).map(|(_, rest)| rest.as_str()).collect();
            assert_eq!(found.len(), 1, "one {wanted} stands in the last stage: {found:?}");
            found[0].to_owned()
        };
        let health = of("HEALTHCHECK");
        let (_, health) = health.split_once(" CMD ").expect("HEALTHCHECK … CMD […]");
        let copies = stage.iter().filter(|(name, _)| name == "COPY").map(|(_, rest)| {
            let mut words = rest.split(' ').filter(|word| !word.starts_with("--"));
            (words.next().unwrap().to_owned(), words.next().unwrap().to_owned())
        });
        Image {
            entrypoint: json(&of("ENTRYPOINT")),
            command: json(&of("CMD")),
            health: json(health),
            environment: of("ENV")
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(|pair| pair.split_once('=').expect("NAME=value"))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            user: of("USER"),
            volume: of("VOLUME"),
            folder: of("WORKDIR"),
            ports: of("EXPOSE").split(' ').map(|port| port.parse().unwrap()).collect(),
            stop: of("STOPSIGNAL"),
            copied: copies.collect(),
            instructions,
        }
    }
}

/// Names and arguments; lines that end with a backslash go on.
fn instructions(text: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let words = joined.lines().map(str::trim).filter(|line| !line.is_empty());
    words
        .map(|line| line.split_once(' ').expect("an instruction has arguments"))
        .map(|(name, rest)| (name.to_owned(), rest.trim().to_owned()))
        .collect()
}

/// The exec form, which needs no shell.
fn json(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|_| panic!("not in the exec form: {text}"))
}
