//! `reward-ledger rebuild`: folds a projection again, beside a running service or without one.

use anyhow::Context;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use projections::Rebuilt;

use super::Database;
use crate::config::Config;

/// Which projection to fold again.
#[derive(Debug, Clone, clap::Args)]
pub struct Rebuild {
    /// The name of the projection.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(projections::ALL))]
    pub projection: String,
    /// Print one JSON document.
    #[arg(long)]
    pub json: bool,
}

impl Rebuild {
    /// Folds it again from position 1 beside the rows that serve, and swaps. Interrupted, it goes on
    /// where it was when it is run again.
    ///
    /// # Errors
    /// The database's, or an event's that cannot be folded; the old rows go on serving then.
    pub async fn run(self, config: Config) -> anyhow::Result<()> {
        let database = Database::open(&config).await?;
        let progress = progress();
        let told = progress.clone();
        let rebuilt = projections::rebuild(&database.pool, &self.projection, move |done, all| {
            told.set_length(u64::try_from(all).unwrap_or_default());
            told.set_position(u64::try_from(done).unwrap_or_default());
        });
        let rebuilt = rebuilt.await.with_context(|| format!("{} was not rebuilt", self.projection));
        progress.finish_and_clear();
        database.close().await?;
        let rebuilt = rebuilt?;
        if self.json {
            println!("{}", serde_json::to_string(&rebuilt)?);
        } else {
            println!("{}", told_of(&rebuilt));
        }
        Ok(())
    }
}

/// A bar on standard error; nothing where nobody looks.
fn progress() -> ProgressBar {
    let template = "{bar:30} {percent:>3} % {human_pos}/{human_len} events, {per_sec}, {eta} left";
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_style(style)
}

fn told_of(rebuilt: &Rebuilt) -> String {
    let mut text = format!("{} is folded again up to position {}", rebuilt.name, rebuilt.position);
    match &rebuilt.compared {
        None => text.push_str("; the old rows were of another version and were not compared"),
        Some(comparison) if comparison.same => {
            text.push_str(&format!("; at position {} old and new rows were the same", comparison.position));
        }
        Some(comparison) => {
            text.push_str(&format!("; at position {} the old rows WERE NOT the fold of the log:", comparison.position));
            for (old, new) in &comparison.different {
                text.push_str(&format!("\n  {}: {} rows before, {} now", old.table, old.rows, new.rows));
                let totals = old.totals.iter().zip(&new.totals).filter(|(old, new)| old != new);
                for ((column, before), (_, now)) in totals {
                    text.push_str(&format!("\n    sum of {column}: {before} before, {now} now"));
                }
            }
        }
    }
    text
}
