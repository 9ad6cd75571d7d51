//! `reward-ledger restore`: the log out of a file that `audit log` wrote, into an empty database, with all that is derived from it.
//! Everything is written in one transaction: a file that is refused leaves nothing behind. What is in no event does not come back.

mod line;

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::{Context, anyhow, bail};
use commands::guards::compare;
use commands::log::restored::{RestoreError, RestoredHead, Restoring, broken_stream, lock_empty_log};
use projections::audit::left_out;
use serde::Serialize;
use sqlx::postgres::PgDatabaseError;
use sqlx::{Connection, PgConnection, PgPool};

use super::Database;
use super::audit::earlier::{Earlier, held_to};
use super::import::{lines, source::Source};
use crate::config::Config;
use line::Line;

/// The longest line in bytes: that of the largest event has half as many.
pub(super) const MAX_LINE_BYTES: u64 = 512 * 1024;

/// Where the log is, and what it has to agree with.
#[derive(Debug, Clone, clap::Args)]
pub struct Restore {
    /// What `audit log` wrote: NDJSON, as it is or compressed with gzip or zstd; `-` is standard input.
    pub file: PathBuf,
    #[command(flatten)]
    earlier: Earlier,
    /// Print the report as one JSON document.
    #[arg(long)]
    json: bool,
}

/// What was restored.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    position: i64,
    hash: String,
    epoch: i64,
    checkpoint: Option<u64>,
    projections: Vec<&'static str>,
    left_out: Vec<String>,
}

impl Restore {
    /// Restores the log, its guard rows and its read models.
    ///
    /// # Errors
    /// With the line and the remedy; nothing is restored then, unless the text says otherwise.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let database = Database::open(&config).await?;
        let report = self.restore(&database.pool, &config).await;
        database.close().await?;
        let report = report?;
        if self.json {
            writeln!(io::stdout(), "{}", serde_json::to_string(&report)?)?;
        } else {
            writeln!(io::stdout(), "{}", told_of(&report))?;
        }
        Ok(())
    }

    async fn restore(&self, pool: &PgPool, config: &Config) -> anyhow::Result<Report> {
        let signed = self.earlier.read(config)?;
        let checkpoint = match signed {
            Some((checkpoint, Ok(()))) => Some(checkpoint),
            Some((_, Err(error))) => return Err(error).with_context(|| self.earlier.name()),
            None => None,
        };
        let source = Source::open(&self.file).with_context(|| format!("cannot open {}", self.file.display()))?;
        let mut connection = PgConnection::connect_with(&pool.connect_options()).await.context(UNREACHABLE)?;
        sqlx::query("begin").execute(&mut connection).await.context(UNREACHABLE)?;
        // an error leaves without a commit
        let head = write(&mut connection, source).await?;
        if let Some(checkpoint) = &checkpoint {
            let check = held_to(checkpoint, &mut connection, config).await?;
            if let Some(failure) = check.first_failure {
                bail!("{}: {}; nothing was restored", self.earlier.name(), failure.reason);
            }
        }
        sqlx::query("commit").execute(&mut connection).await.context("the log was not restored")?;
        // an estimate of a log that was empty would plan every read for an empty one
        sqlx::query("analyze events")
            .execute(&mut connection)
            .await
            .context("the log is restored, but not analyzed")?;
        for name in projections::ALL {
            projections::rebuild(pool, name, |_, _| {}).await.with_context(|| {
                format!(
                    "the log is restored, but not all read models: `reward-ledger rebuild {name}`, or start the service"
                )
            })?;
        }
        let mut left_out = left_out(&mut connection, &compare::TABLES).await?;
        left_out.retain(|table| table != "_sqlx_migrations");
        connection.close().await?;
        let checkpoint = checkpoint.map(|checkpoint| checkpoint.size);
        let hash = hex::encode(head.hash);
        let (position, epoch, projections) = (head.position, head.epoch, projections::ALL.to_vec());
        Ok(Report { position, hash, epoch, checkpoint, projections, left_out })
    }
}

const UNREACHABLE: &str = "the database cannot be reached";

/// The events, the guard rows and the head, in the transaction of the connection.
async fn write(connection: &mut PgConnection, source: Source) -> anyhow::Result<RestoredHead> {
    match lock_empty_log(connection).await {
        Err(not_empty @ RestoreError::NotEmpty(_)) => {
            bail!("{not_empty}; restore into a new database that `reward-ledger migrate` has prepared")
        }
        locked => locked.context(UNREACHABLE)?,
    }
    let bar = source.progress("");
    let consumed = source.consumed.clone();
    let mut restoring = Restoring::begin(connection).await?;
    let (mut chunks, mut last) = (lines::read(source.reader, MAX_LINE_BYTES), 0);
    while let Some(chunk) = chunks.recv().await {
        let chunk =
            chunk.with_context(|| format!("the file cannot be read after line {last}; nothing was restored"))?;
        for line in &chunk.lines {
            last = line.number;
            let bytes = line.text().ok_or_else(|| {
                anyhow!("line {last} has more than {MAX_LINE_BYTES} bytes, so it is no event; nothing was restored")
            })?;
            let refused = |why: &dyn std::fmt::Display| anyhow!("line {last}: {why}; nothing was restored");
            let line = Line::read(bytes).map_err(|error| refused(&error))?;
            let (event, hash) = line.event().map_err(|error| refused(&error))?;
            match restoring.add(&event, hash).await {
                Err(RestoreError::NotNext(why)) => return Err(refused(&why)),
                added => added.map_err(of_the_database)?,
            }
        }
        bar.set_position(consumed.load(std::sync::atomic::Ordering::Relaxed));
    }
    let head = restoring.finish().await.map_err(of_the_database)?;
    bar.finish_and_clear();
    if let Some((stream_type, stream_id, events, last)) = broken_stream(connection).await? {
        bail!(
            "the stream {stream_type}/{stream_id} has {events} events and ends at number {last}; nothing was restored"
        );
    }
    compare::fill(connection, |_| {}).await.map_err(|error| anyhow!("the guard rows cannot be derived: {error}"))?;
    head.write(connection).await?;
    Ok(head)
}

/// With the event that the database refuses: COPY counts its rows as the log counts positions.
fn of_the_database(error: RestoreError) -> anyhow::Error {
    let RestoreError::Database(sqlx::Error::Database(refusal)) = &error else { return error.into() };
    let place = refusal.try_downcast_ref::<PgDatabaseError>().and_then(PgDatabaseError::r#where);
    let place = place.and_then(|place| place.split([',', ':']).find_map(|part| part.trim().strip_prefix("line ")));
    match place {
        Some(position) => anyhow!("position {position}: {refusal}; nothing was restored"),
        None => anyhow!("{refusal}; nothing was restored"),
    }
}

fn told_of(report: &Report) -> String {
    let Report { position, hash, epoch, checkpoint, projections, left_out } = report;
    let agrees = match checkpoint {
        Some(size) => format!("it agrees with the checkpoint of position {size}"),
        None => "compare the hash with one that you kept elsewhere, or give --checkpoint".to_owned(),
    };
    format!(
        "the log is restored up to position {position}, hash {hash}\n{agrees}\nits next events are of epoch {epoch}\n\
         guard rows are derived, {} read models rebuilt\n\
         not in the log, and therefore not restored (only a base back-up has it): {}",
        projections.len(),
        left_out.join(", ")
    )
}
