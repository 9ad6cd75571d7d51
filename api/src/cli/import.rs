//! `reward-ledger import`: facts from a file, through the same rules and the same log as facts that
//! are sent. A service that runs on the database sees them at once; running it again continues, since
//! what is there already is a duplicate. It knows no HTTP and needs no service.

pub(super) mod lines;
mod report;
pub(super) mod source;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use commands::{CommandError, Ledger, Metadata, ReadError};
use domain::Moment;
use uuid::Uuid;

use crate::app::activities::{Outcome, RawActivity, RecordError, Refusal, Reporting, UnknownMembers, record_batch};
use crate::app::problem::{FieldErrors, Problem};
use crate::cli::Database;
use crate::config::Config;
use lines::{Chunk, Line};
pub use report::{Refused, Report};
use source::Source;

/// The longest line in bytes; a longer one is refused without being kept in memory.
const MAX_LINE_BYTES: u64 = 256 * 1024;
/// How often a batch is tried while the database is away: half a minute in all.
const ATTEMPTS: u32 = 9;
/// The pause after the first failed try; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(6);

/// Brings in what happened elsewhere.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum Import {
    /// Import activities: one JSON object a line, as in the body of `POST /activities`.
    ///
    /// Works beside a running service, which sees the facts at once. Running it again continues: what is there
    /// already is counted as a duplicate. Lines that break a rule are refused, listed by number, and do not stop it.
    /// Everything in a line is kept in the log for ever, its source and id too: leave personal data out, such as names,
    /// e-mail addresses and phone numbers.
    /// Ends with 0 when the file was read to its end, and with 1 when it could not be.
    Activities(ImportActivities),
}

/// What to import, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct ImportActivities {
    /// The file: NDJSON, as it is or compressed with gzip or zstd; `-` is standard input.
    pub file: PathBuf,
    /// Register members that are not known: zone UTC, joined on the local date of the fact that made them, without
    /// an account and a login; members like any other otherwise.
    #[arg(long)]
    pub create_members: bool,
    /// Write every refused line with its number and the reason to this file, one JSON object a line.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Print the report as one JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Why a file was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be opened.
    #[error("cannot open {}: {reason}", .file.display())]
    Open {
        /// Which file.
        file: PathBuf,
        /// Why.
        reason: std::io::Error,
    },
    /// It cannot be read on.
    #[error("reading failed after line {after_line}: {reason}")]
    Read {
        /// The last line that was read.
        after_line: u64,
        /// Why.
        reason: std::io::Error,
    },
    /// The refused lines cannot be written.
    #[error("cannot write the file of rejected lines: {0}")]
    Rejects(std::io::Error),
    /// The log does not take the facts.
    #[error("the lines from {from_line} on were not appended: {reason}")]
    Log {
        /// The first line of the batch.
        from_line: u64,
        /// Why.
        reason: RecordError,
    },
}

impl Import {
    /// Imports, beside a running service or without one.
    ///
    /// # Errors
    /// The database cannot be opened or closed.
    pub async fn run(&self, config: Config) -> anyhow::Result<ExitCode> {
        let database = Database::open(&config).await?;
        let ledger = Ledger::start(database.pool.clone()).await?;
        let code = self.import(&ledger).await;
        database.close().await?;
        Ok(code)
    }

    /// Imports and prints the report: on standard output, and what went wrong on standard error.
    async fn import(&self, ledger: &Ledger) -> ExitCode {
        let Self::Activities(order) = self;
        let mut report = Report::default();
        let outcome = order.import(ledger, &mut report).await;
        report.print(order.json);
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        }
    }
}

impl ImportActivities {
    /// Imports the file; the report tells how far it came, also when that was not the end.
    ///
    /// # Errors
    /// See [`ImportError`].
    pub async fn import(&self, ledger: &Ledger, report: &mut Report) -> Result<(), ImportError> {
        let started = Instant::now();
        let source =
            Source::open(&self.file).map_err(|reason| ImportError::Open { file: self.file.clone(), reason })?;
        let rejects = self
            .rejects
            .as_ref()
            .map(|file| File::create(file).map_err(|reason| ImportError::Open { file: file.clone(), reason }));
        let mut run = Run {
            ledger,
            unknown_members: if self.create_members { UnknownMembers::Register } else { UnknownMembers::Refuse },
            conversation: Uuid::now_v7(),
            rejects: rejects.transpose()?.map(BufWriter::new),
            report,
        };
        let outcome = run.follow(source).await;
        let closed = run.rejects.as_mut().map_or(Ok(()), Write::flush).map_err(ImportError::Rejects);
        report.took = started.elapsed();
        outcome.and(closed)
    }
}

struct Run<'a> {
    ledger: &'a Ledger,
    unknown_members: UnknownMembers,
    conversation: Uuid,
    rejects: Option<BufWriter<File>>,
    report: &'a mut Report,
}

impl Run<'_> {
    async fn follow(&mut self, source: Source) -> Result<(), ImportError> {
        let (bar, consumed) = (source.progress(": {msg}"), source.consumed.clone());
        let mut chunks = lines::read(source.reader, MAX_LINE_BYTES);
        while let Some(chunk) = chunks.recv().await {
            let chunk = chunk.map_err(|reason| ImportError::Read { after_line: self.report.lines, reason })?;
            self.take(chunk).await?;
            bar.set_position(consumed.load(std::sync::atomic::Ordering::Relaxed));
            bar.set_message(self.report.summary());
        }
        bar.finish_and_clear();
        Ok(())
    }

    async fn take(&mut self, chunk: Chunk) -> Result<(), ImportError> {
        let (mut reports, mut lines) = (Vec::with_capacity(chunk.lines.len()), Vec::with_capacity(chunk.lines.len()));
        for line in &chunk.lines {
            match line.read() {
                Ok(report) => {
                    reports.push(report);
                    lines.push(line);
                }
                Err(problem) => self.refuse(line, problem.code().name(), problem.errors().clone())?,
            }
        }
        let from_line = chunk.lines.first().map_or(0, |line| line.number);
        let outcomes = self.record(&reports).await.map_err(|reason| ImportError::Log { from_line, reason })?;
        for (line, outcome) in lines.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Recorded { position, made_member, .. } => self.report.imported(position, made_member),
                Outcome::Duplicate { .. } => self.report.duplicates += 1,
                Outcome::Refused(Refusal::Invalid(problems)) => self.refuse(line, "validation_failed", problems)?,
                Outcome::Refused(refusal) => self.refuse(line, refusal.code(), FieldErrors::default())?,
            }
        }
        self.report.lines = chunk.lines.last().map_or(self.report.lines, |line| line.number);
        Ok(())
    }

    /// Tries again while the database is away or others are faster; what a try has written without
    /// our knowing is a duplicate in the next.
    async fn record(&self, reports: &[RawActivity]) -> Result<Vec<Outcome>, RecordError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..ATTEMPTS {
            match record_batch(self.ledger, reports, &self.reporting()).await {
                Err(error) if passes(&error) => {
                    tokio::time::sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                outcome => return outcome,
            }
        }
        record_batch(self.ledger, reports, &self.reporting()).await
    }

    fn reporting(&self) -> Reporting {
        let metadata = Metadata::system(Moment::from(chrono::Utc::now())).correlated(self.conversation);
        Reporting { unknown_members: self.unknown_members, ..Reporting::of(metadata) }
    }

    fn refuse(&mut self, line: &Line, code: &'static str, errors: FieldErrors) -> Result<(), ImportError> {
        let refused = Refused { line: line.number, code, errors };
        if let Some(file) = &mut self.rejects {
            refused.write(line.text(), file).map_err(ImportError::Rejects)?;
        }
        self.report.refused(refused);
        Ok(())
    }
}

impl Line {
    fn read(&self) -> Result<RawActivity, Problem> {
        let too_long = || Problem::field("body", "length", format!("must have at most {MAX_LINE_BYTES} bytes"));
        RawActivity::from_json(self.text().ok_or_else(too_long)?)
    }
}

/// Whether it may go better in a moment.
fn passes(error: &RecordError) -> bool {
    match error {
        RecordError::Read(ReadError::Overloaded | ReadError::Unavailable)
        | RecordError::Write(CommandError::Overloaded | CommandError::Unavailable | CommandError::Conflict(_)) => true,
        RecordError::Read(ReadError::Broken(_))
        | RecordError::Write(
            CommandError::Refused { .. }
            | CommandError::Guard(_)
            | CommandError::Stale { .. }
            | CommandError::TooLarge { .. }
            | CommandError::Broken(_),
        ) => false,
    }
}
