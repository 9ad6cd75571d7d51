//! `audit log`: the log through a filter, event after event, to the end or for as long as somebody listens. A file that it writes
//! is what `restore` reads; how it goes on with one is in `log/export`.

mod export;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use projections::log::{Entry, EntryFilter, Order, read_filtered};
use serde::Serialize;
use sqlx::PgPool;
use uuid::Uuid;

use super::show::{Format, csv_line, say};
use super::{head, print_json};
use crate::routes::audit::EntryBody;
use export::Export;

/// How many events are read at once.
const PAGE_EVENTS: i64 = 1_000;
/// How often the log is asked for more.
const POLL: Duration = Duration::from_millis(500);

/// Which events, and how they are shown.
#[derive(Debug, Clone, clap::Args)]
pub struct Log {
    /// Begin after this position.
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: i64,
    /// The most events to print.
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
    /// Only this type, such as `claim.granted`.
    #[arg(long, value_name = "TYPE")]
    r#type: Option<String>,
    /// Only events that concern this member or campaign.
    #[arg(long, value_name = "ID")]
    subject: Option<Uuid>,
    /// Only streams of this type: member, activity, campaign, claim, referral.
    #[arg(long, value_name = "TYPE")]
    stream_type: Option<String>,
    /// Only this stream.
    #[arg(long, value_name = "ID")]
    stream_id: Option<Uuid>,
    /// Only events of this actor: an account, `system` or `kafka`.
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// At the end of the log, wait for more until interrupted.
    #[arg(long, conflicts_with = "json")]
    follow: bool,
    /// Write to this file, which is made or continued after its last whole line: an export of the whole log, which `restore`
    /// reads. Refused when the file holds an event that is not in this log.
    #[arg(long, value_name = "FILE",
          conflicts_with_all = ["after", "type", "subject", "stream_type", "stream_id", "actor", "json"])]
    into: Option<PathBuf>,
    /// The format of a line.
    #[arg(long, value_enum, default_value_t = Format::Ndjson, conflicts_with = "json")]
    format: Format,
    /// One document: `{events, head}`.
    #[arg(long)]
    json: bool,
}

const COLUMNS: [&str; 14] = [
    "position",
    "recordedAt",
    "occurredAt",
    "type",
    "version",
    "streamType",
    "streamId",
    "sequence",
    "subject",
    "actor",
    "eventId",
    "payload",
    "previousHash",
    "hash",
];

#[derive(Serialize)]
struct Document {
    events: Vec<EntryBody>,
    head: i64,
}

impl Log {
    pub(super) async fn run(self, pool: &PgPool) -> anyhow::Result<bool> {
        let filter = EntryFilter {
            event_type: self.r#type.clone(),
            subject: self.subject.map(|id| id.to_string()),
            stream_type: self.stream_type.clone(),
            stream_id: self.stream_id.map(|id| id.to_string()),
            actor: self.actor.map(|actor| actor.to_lowercase()),
            role: None,
        };
        let mut shown = Vec::new();
        let (mut after, mut left) = (self.after, self.limit.unwrap_or(u64::MAX));
        let mut export = None;
        if let Some(file) = &self.into {
            if self.format != Format::Ndjson {
                bail!("--into takes --format ndjson, which `restore` reads");
            }
            let (opened, last) = Export::open(file, pool).await?;
            (export, after) = (Some(opened), last);
        }
        if self.format == Format::Csv {
            say(csv_line(COLUMNS))?;
        }
        while left > 0 {
            let mut connection = pool.acquire().await.context("the database cannot be reached")?;
            let page = read_filtered(&mut connection, &filter, after, i64::MAX, Order::Ascending, PAGE_EVENTS)
                .await
                .context("the log cannot be read")?;
            drop(connection);
            let Some(last) = page.last() else {
                if self.follow {
                    export.as_mut().map_or(Ok(()), Export::flush)?;
                    tokio::time::sleep(POLL).await;
                    continue;
                }
                break;
            };
            after = last.position;
            for entry in page {
                if left == 0 {
                    break;
                }
                left -= 1;
                if let Some(export) = &mut export {
                    export.write(entry)?;
                    continue;
                }
                match (self.json, self.format) {
                    (true, _) => shown.push(
                        EntryBody::try_from(entry).map_err(|_| anyhow::anyhow!("a stored value is not valid JSON"))?,
                    ),
                    (false, Format::Ndjson) => say(serde_json::to_string(
                        &EntryBody::try_from(entry).map_err(|_| anyhow::anyhow!("a stored value is not valid JSON"))?,
                    )?)?,
                    (false, Format::Csv) => say(csv_of(&entry))?,
                }
            }
        }
        if let Some(export) = export {
            export.finish()?;
        }
        if self.json {
            print_json(&Document { events: shown, head: head(pool).await? })?;
        }
        Ok(true)
    }
}

fn csv_of(entry: &Entry) -> String {
    let fields = [
        entry.position.to_string(),
        entry.recorded_at.to_text(),
        entry.occurred_at.to_text(),
        entry.event_type.clone(),
        entry.event_version.clone(),
        entry.aggregate_type.clone(),
        entry.aggregate_id.clone(),
        entry.sequence.to_string(),
        entry.subject.clone(),
        entry.actor.clone(),
        entry.event_id.to_string(),
        entry.payload.clone(),
        hex::encode(entry.previous_hash),
        hex::encode(entry.hash),
    ];
    csv_line(fields.iter().map(String::as_str))
}
