//! `kafka dead-letters`: facts of other services that were refused, and putting them back once what was
//! in their way is gone. Listing writes nothing.

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;

use crate::app::operations::intake::{Letters, PutBackOrder};
use crate::cli::Database;
use crate::config::Config;
use crate::jobs::kafka_intake::Desk;
use crate::jobs::kafka_intake::dead_letters::{DeadLetter, PutBack, Which, look, topic_of};

/// Looks at the dead letters, or puts them back.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum DeadLetters {
    /// List dead letters: offset, when and why refused, whether replayed.
    List {
        /// One document.
        #[arg(long)]
        json: bool,
    },
    /// Put dead letters back on the topic they came from, unchanged. Those that were put back before stay.
    Replay(Order),
}

/// Which ones to put back.
#[derive(Debug, Clone, clap::Args)]
pub struct Order {
    /// The offset of a dead letter in the list; several are separated by commas.
    #[arg(long, value_name = "N", value_delimiter = ',', required_unless_present = "all", conflicts_with = "all")]
    offset: Vec<i64>,
    /// All dead letters.
    #[arg(long)]
    all: bool,
    /// The partition of the offset, where somebody gave the topic of the dead letters several.
    #[arg(long, value_name = "N", default_value_t = 0)]
    partition: i32,
    /// Also dead letters that were put back before.
    #[arg(long)]
    again: bool,
    /// One document.
    #[arg(long)]
    json: bool,
}

impl DeadLetters {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<bool> {
        let Some(brokers) = config.kafka() else {
            bail!(
                "KAFKA_BROKERS is not set, and the broker inside a service ends with it: set it to the address in \
                 the service's start-up lines"
            )
        };
        let database = Database::open(config).await?;
        let (topic, group) = (config.kafka_activities_topic.clone(), config.activities_group().to_owned());
        let desk = Desk { brokers, pool: database.pool.clone(), topic, group };
        let answered = match self {
            Self::List { json } => list(&desk, json).await,
            Self::Replay(order) => replay(&desk, order).await,
        };
        database.close().await?;
        println!("{}", answered?);
        Ok(true)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    topic: String,
    dead_letters: Vec<Line>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    partition: i32,
    offset: i64,
    refused_at: Option<String>,
    reason: String,
    detail: String,
    source: Option<String>,
    id: Option<String>,
    replayed_at: Option<String>,
}

/// The result of a replay.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    replayed: usize,
    replayed_before: usize,
    /// Dead letters whose value was too large for the topic.
    without_value: usize,
}

async fn list(desk: &Desk, as_json: bool) -> anyhow::Result<String> {
    let put_back = PutBack::read(&desk.pool, &desk.topic).await?;
    let mut letters = look(&desk.brokers, &desk.group, &desk.topic, Which::All);
    let mut lines = vec![];
    while let Some(letter) = letters.recv().await {
        lines.push(Line::of(&letter.context("Kafka")?, &put_back));
    }
    let listed = Listed { topic: topic_of(&desk.topic), dead_letters: lines };
    Ok(if as_json { serde_json::to_string(&listed)? } else { table(&listed) })
}

async fn replay(desk: &Desk, order: Order) -> anyhow::Result<String> {
    let Order { offset, all, partition, again, json } = order;
    let letters = if all { Letters::All } else { Letters::At { partition, offsets: offset.clone() } };
    let found = desk.replay(&PutBackOrder { letters, again, reason: None, actor: None }, None).await?;
    if found.missing > 0 {
        bail!("{} has not all of the offsets {offset:?} in partition {partition}", topic_of(&desk.topic));
    }
    let done = Replayed {
        replayed: found.replayed,
        replayed_before: found.replayed_before,
        without_value: found.without_value,
    };
    Ok(if json { serde_json::to_string(&done)? } else { done.told(&desk.topic) })
}

impl Replayed {
    fn told(&self, topic: &str) -> String {
        let mut text = format!("{} put back on {topic}", self.replayed);
        if self.replayed_before > 0 {
            text.push_str(&format!(", {} were put back before (--again does it once more)", self.replayed_before));
        }
        if self.without_value > 0 {
            text.push_str(&format!(", {} have no value to put back", self.without_value));
        }
        text
    }
}

impl Line {
    fn of(letter: &DeadLetter, put_back: &PutBack) -> Self {
        let (source, id) = letter.identity();
        let text = |at: DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
        Self {
            partition: letter.partition(),
            offset: letter.offset(),
            refused_at: DateTime::from_timestamp_millis(letter.refused_at_ms()).map(text),
            reason: letter.reason(),
            detail: letter.detail(),
            source,
            id,
            replayed_at: put_back.at(letter).map(text),
        }
    }
}

fn table(listed: &Listed) -> String {
    if listed.dead_letters.is_empty() {
        return format!("{} has no dead letters", listed.topic);
    }
    let row = |cells: [&str; 7]| {
        let [offset, refused, reason, source, id, replayed, detail] = cells;
        format!("{offset:>8}  {refused:<24}  {reason:<22}  {source:<16}  {id:<24}  {replayed:<24}  {detail}")
    };
    let mut lines = vec![row(["offset", "refused", "reason", "source", "id", "put back", "detail"])];
    for one in &listed.dead_letters {
        let place =
            if one.partition == 0 { one.offset.to_string() } else { format!("{}/{}", one.partition, one.offset) };
        let or_dash = |text: &Option<String>| text.as_deref().map_or_else(|| "-".to_owned(), printable);
        let cells = [&one.refused_at, &one.source, &one.id, &one.replayed_at].map(or_dash);
        let [refused, source, id, replayed] = cells;
        lines.push(row([&place, &refused, &one.reason, &source, &id, &replayed, &printable(&one.detail)]));
    }
    lines.join("\n")
}

/// Replaces control characters, so that foreign text cannot control the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
