//! `audit re-evaluate`: decisions made again, of one claim leaf by leaf, or all there are in one fold. A long
//! run keeps what it has done in a file, and goes on from there after it was killed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use clap::ValueEnum;
use domain::condition::Condition;
use domain::id::{CampaignId, ClaimId};
use indicatif::ProgressBar;
use projections::audit::{self, Basis, ConditionBasis, FactsBasis, ReEvaluation, ReEvaluationRequest, Run};
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::app::problem::shortened;

use super::report::{Format, Report, leaf};
use super::spool::Spool;
use super::{bar, head, moved, print_json, say, to_whoever_listens};

/// Which decisions, on what facts and by what rule.
#[derive(Debug, Clone, clap::Args)]
pub struct ReEvaluate {
    /// Only the attempts of this claim, leaf by leaf.
    #[arg(long, value_name = "ID", conflicts_with = "event")]
    claim: Option<Uuid>,
    /// Only decisions of this event.
    #[arg(long, value_name = "ID")]
    event: Option<Uuid>,
    /// The facts as the decision saw them, or as the log has them now.
    #[arg(long, value_enum, default_value_t = FactsChoice::AsDecided)]
    facts: FactsChoice,
    /// `asDecided`, `current`, or a file with a condition in JSON.
    #[arg(long, value_name = "asDecided|current|FILE", default_value = "asDecided")]
    condition: String,
    /// Save progress in this file, and resume from it when it exists.
    #[arg(long, value_name = "FILE", conflicts_with = "claim")]
    resume: Option<PathBuf>,
    /// How often progress is saved, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 20, requires = "resume")]
    save_every: u64,
    /// The changes as CSV; the sums go to standard error.
    #[arg(long, conflicts_with_all = ["json", "claim"])]
    csv: bool,
    /// One document.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FactsChoice {
    #[value(name = "asDecided")]
    AsDecided,
    Known,
}

impl ReEvaluate {
    fn basis(&self) -> anyhow::Result<Basis> {
        let facts = match self.facts {
            FactsChoice::AsDecided => FactsBasis::AsDecided,
            FactsChoice::Known => FactsBasis::Known,
        };
        let condition = match self.condition.as_str() {
            "asDecided" => ConditionBasis::AsDecided,
            "current" => ConditionBasis::Current,
            file => ConditionBasis::Given(Arc::new(given(&PathBuf::from(file))?)),
        };
        Ok(Basis { facts, condition })
    }

    pub(super) async fn run(self, pool: &PgPool) -> anyhow::Result<bool> {
        let basis = self.basis()?;
        let position = head(pool).await?;
        if let Some(claim) = self.claim {
            let mut conn = pool.acquire().await.context("the database cannot be reached")?;
            let made = audit::re_evaluate(&mut conn, ClaimId(claim), &basis, position).await?;
            let made = made.with_context(|| format!("there is no claim {claim}"))?;
            to_whoever_listens(self.show_one(&made))?;
            return Ok(made.same);
        }
        let order = ReEvaluationRequest { campaign: self.event.map(CampaignId), basis, position };
        let (mut run, mut spool) = self.begin(pool, order).await?;
        let told = bar(run.position());
        self.fold(&mut run, &mut spool, &told).await?;
        told.finish_and_clear();
        let report = Report { totals: run.totals(), cost: run.cost(), position: run.position() };
        to_whoever_listens(report.show(self.format(), spool.changes()?))?;
        spool.discard()?;
        Ok(report.totals.same == report.totals.decisions)
    }

    /// A new run, or the one that was saved.
    async fn begin(&self, pool: &PgPool, order: ReEvaluationRequest) -> anyhow::Result<(Run, Spool)> {
        let mut spool = Spool::open(self.resume.as_deref())?;
        let run = match spool.saved()? {
            Some(saved) => {
                let resumed = Run::resume(pool, order, saved).await;
                let file = || self.resume.as_deref().unwrap_or(Path::new("")).display().to_string();
                let (run, length) = resumed.with_context(|| format!("the run in {} cannot be resumed", file()))?;
                spool.cut(length)?;
                run
            }
            None => Run::start(pool, order).await?.context("there is no such event")?,
        };
        Ok((run, spool))
    }

    async fn fold(&self, run: &mut Run, spool: &mut Spool, told: &ProgressBar) -> anyhow::Result<()> {
        let (mut saved_at, mut pause) = (Instant::now(), Duration::from_secs(self.save_every));
        while let Some(step) = run.next().await? {
            told.set_message(step.reads);
            moved(told, step.done);
            spool.add(&step.changed)?;
            if self.resume.is_some() && saved_at.elapsed() >= pause {
                let began = Instant::now();
                spool.save(run)?;
                saved_at = Instant::now();
                // what there is to save grows: most of the time is for the fold
                pause = pause.max(began.elapsed() * 10);
            }
        }
        if self.resume.is_some() { spool.save(run) } else { Ok(()) }
    }

    fn format(&self) -> Format {
        match (self.json, self.csv) {
            (true, _) => Format::Json,
            (false, true) => Format::Csv,
            (false, false) => Format::Table,
        }
    }

    fn show_one(&self, made: &ReEvaluation) -> anyhow::Result<()> {
        if self.json {
            return print_json(made);
        }
        for attempt in &made.attempts {
            let word = if attempt.same { "the same" } else { "different" };
            say(format_args!(
                "position {}: decided {}, judged again {}: {word}",
                attempt.position, attempt.decided.verdict, attempt.re_evaluated.verdict
            ))?;
            for difference in &attempt.differences {
                say(format_args!("  {}", leaf(&serde_json::to_value(difference)?)))?;
            }
        }
        Ok(())
    }
}

fn given(file: &Path) -> anyhow::Result<Condition> {
    let text = std::fs::read_to_string(file).with_context(|| format!("the condition in {}", file.display()))?;
    let value: Value = serde_json::from_str(&text).with_context(|| format!("the condition in {}", file.display()))?;
    Condition::parse(&value).or_else(|problems| {
        let named: Vec<_> =
            problems.iter().map(|problem| format!("{} {}", shortened(&problem.path), problem.rule)).collect();
        bail!("the condition in {}: {}", file.display(), named.join("; "))
    })
}
