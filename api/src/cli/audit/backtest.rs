//! `audit backtest`: a draft from a file, replayed over all that happened.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, anyhow};
use projections::audit::{self, BacktestResult};
use serde_json::json;
use sqlx::PgPool;

use super::show::{Format, csv_line, say};
use super::{bar, head, moved, print_json};
use crate::app::input::fields::read_body;
use crate::app::input::json::parse;
use crate::routes::events::backtest::{Order, OutcomeBody};

/// Which draft, and what is shown.
#[derive(Debug, Clone, clap::Args)]
pub struct Backtest {
    /// A file with the body of `POST /events/backtest`.
    file: PathBuf,
    /// All winners, one a line, instead of the summary.
    #[arg(long, value_enum, conflicts_with = "json")]
    winners: Option<Format>,
    /// One document, with all winners.
    #[arg(long)]
    json: bool,
}

impl Backtest {
    pub(super) async fn run(self, pool: &PgPool) -> anyhow::Result<bool> {
        let order = self.order()?;
        let (started, position) = (Instant::now(), head(pool).await?);
        let told = bar(position);
        told.set_message("replay");
        let outcome = audit::backtest(pool, order.draft, order.ask, position, |done| moved(&told, done)).await?;
        told.finish_and_clear();
        let body = OutcomeBody::of(&outcome, started, if self.json { usize::MAX } else { 0 });
        match self.winners {
            None if self.json => print_json(&body)?,
            None => say(summary(&outcome, started))?,
            Some(format) => show_winners(&outcome, format)?,
        }
        Ok(true)
    }

    fn order(&self) -> anyhow::Result<Order> {
        let name = || format!("the draft in {}", self.file.display());
        let bytes = std::fs::read(&self.file).with_context(name)?;
        let read = parse(&bytes).and_then(read_body::<Order>);
        read.map_err(|problem| {
            let errors: Vec<_> =
                problem.errors().iter().map(|error| format!("{} {}", error.field(), error.message())).collect();
            let what = if errors.is_empty() { problem.code().name().to_owned() } else { errors.join("; ") };
            anyhow!("{}: {what}", name())
        })
    }
}

fn show_winners(outcome: &BacktestResult, format: Format) -> anyhow::Result<()> {
    if format == Format::Csv {
        say("memberId,at,period")?;
    }
    for winner in &outcome.winners {
        let (member, at) = (winner.member_id.to_string(), winner.at.to_text());
        match format {
            Format::Ndjson => say(json!({"memberId": member, "at": at, "period": winner.period}))?,
            Format::Csv => say(csv_line([member.as_str(), &at, &winner.period]))?,
        }
    }
    Ok(())
}

fn summary(outcome: &BacktestResult, started: Instant) -> String {
    let mut lines = vec![
        format!("up to position {}, in {} ms", outcome.position, started.elapsed().as_millis()),
        format!("{} members could ask, {} grants, {} in all", outcome.members_seen, outcome.granted, outcome.amount),
        match outcome.sold_out_at {
            Some(at) => format!("sold out at {at}; {} claims refused afterwards", outcome.denied_out_of_stock),
            None => "never sold out".to_owned(),
        },
    ];
    if outcome.denied_budget_exhausted > 0 {
        lines.push(format!("{} claims refused by a budget", outcome.denied_budget_exhausted));
    }
    lines.extend(outcome.counted.iter().map(|(unit, amount)| format!("{amount} {unit}")));
    lines.extend(outcome.by_day.iter().map(|(date, granted)| format!("{date} {granted:>8}")));
    lines.join("\n")
}
