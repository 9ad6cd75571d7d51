//! `audit stream`, `audit facts`, `audit re-evaluate`: what the log says of then, and of decisions.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, FixedOffset};
use clap::ValueEnum;
use domain::Moment;
use domain::condition::Condition;
use domain::id::{CampaignId, ClaimId, MemberId};
use projections::audit::{
    self, AsOf, Basis, Bulk, ConditionBasis, FactRow, FactsBasis, ReEvaluation, STREAM_TYPES, StreamAsOf,
};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::show::{Changed, changes, csv_line};
use super::{bar, head, moved, print_json};
use crate::clock;

/// As of when.
#[derive(Debug, Clone, clap::Args)]
struct When {
    /// As of this position of the log.
    #[arg(long, value_name = "POSITION", conflicts_with = "at_time")]
    at_position: Option<i64>,
    /// As of this moment, RFC 3339 with an offset.
    #[arg(long, value_name = "TIME")]
    at_time: Option<DateTime<FixedOffset>>,
}

impl When {
    async fn position(&self, conn: &mut PgConnection) -> anyhow::Result<(i64, Moment)> {
        let as_of = match (self.at_position, self.at_time) {
            (Some(position), _) => AsOf::Position(position),
            (None, Some(time)) => AsOf::Time(Moment::from(time)),
            (None, None) => AsOf::Head,
        };
        let found = audit::resolve(conn, as_of, clock::now()).await.context("the log cannot be read")?;
        found.map_err(|not_yet| anyhow!("that is beyond the end of the log, which is position {}", not_yet.head))
    }
}

/// Which stream, as of when.
#[derive(Debug, Clone, clap::Args)]
pub struct Stream {
    /// member, activity, campaign, claim or referral.
    #[arg(value_name = "TYPE", value_parser = clap::builder::PossibleValuesParser::new(STREAM_TYPES))]
    stream_type: String,
    /// Its id.
    id: Uuid,
    #[command(flatten)]
    when: When,
    /// Show what changed since this position instead.
    #[arg(long, value_name = "POSITION")]
    since: Option<i64>,
    /// One document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Difference {
    from: Option<StreamAsOf>,
    to: StreamAsOf,
    changed: Vec<Changed>,
}

impl Stream {
    pub(super) async fn run(self, pool: &PgPool) -> anyhow::Result<bool> {
        let mut conn = pool.acquire().await.context("the database cannot be reached")?;
        let (position, at) = self.when.position(&mut conn).await?;
        let id = self.id.to_string();
        let to = audit::state_of(&mut conn, &self.stream_type, &id, position, at).await?;
        let to = to.with_context(|| format!("there was no {} {id} at position {position}", self.stream_type))?;
        let Some(since) = self.since else {
            // as one document it is readable for people as well
            print_json(&to)?;
            return Ok(true);
        };
        let before = When { at_position: Some(since), at_time: None };
        let (since, then) = before.position(&mut conn).await?;
        let from = audit::state_of(&mut conn, &self.stream_type, &id, since, then).await?;
        let state = |side: Option<&StreamAsOf>| side.map_or(Ok(Value::Null), |side| serde_json::to_value(&side.state));
        let changed = changes(&state(from.as_ref())?, &state(Some(&to))?);
        if self.json {
            print_json(&Difference { from, to, changed })?;
        } else {
            changed.iter().for_each(|changed| println!("{changed}"));
        }
        Ok(true)
    }
}

/// Whose facts, as of when.
#[derive(Debug, Clone, clap::Args)]
pub struct Facts {
    /// The member.
    member: Uuid,
    #[command(flatten)]
    when: When,
    /// One document.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FactsDocument {
    member_id: Uuid,
    time_zone: &'static str,
    position: i64,
    joined_on: chrono::NaiveDate,
    profile_complete: bool,
    referrals: usize,
    facts: Vec<FactRow>,
}

impl Facts {
    pub(super) async fn run(self, pool: &PgPool) -> anyhow::Result<bool> {
        let mut conn = pool.acquire().await.context("the database cannot be reached")?;
        let (position, _) = self.when.position(&mut conn).await?;
        let found = audit::facts_as_of(&mut conn, MemberId(self.member), position, None, usize::MAX).await?;
        let found =
            found.with_context(|| format!("nobody was registered as {} at position {position}", self.member))?;
        let document = FactsDocument {
            member_id: self.member,
            time_zone: found.time_zone.name(),
            position,
            joined_on: found.joined_on,
            profile_complete: found.profile_complete,
            referrals: found.referrals,
            facts: found.rows,
        };
        if self.json {
            print_json(&document)?;
            return Ok(true);
        }
        let yes = |flag| if flag { "complete" } else { "not complete" };
        println!(
            "member {} as of position {position}: zone {}, joined {}, profile {}, {} qualified referrals",
            self.member,
            document.time_zone,
            document.joined_on,
            yes(document.profile_complete),
            document.referrals
        );
        for row in &document.facts {
            println!(
                "{:24} {} {:>8}  {}",
                row.kind.as_str(),
                row.local_date,
                row.count,
                serde_json::to_string(&row.sums)?
            );
        }
        Ok(true)
    }
}

/// Which decisions, on what facts and by what rule.
#[derive(Debug, Clone, clap::Args)]
pub struct ReEvaluate {
    /// Only the attempts of this claim, leaf by leaf.
    #[arg(long, value_name = "ID", conflicts_with = "event")]
    claim: Option<Uuid>,
    /// Only decisions of this event.
    #[arg(long, value_name = "ID")]
    event: Option<Uuid>,
    /// The facts as they were read, or as the log has them now.
    #[arg(long, value_enum, default_value_t = FactsChoice::AsDecided)]
    facts: FactsChoice,
    /// `asDecided`, `current`, or a file with a condition in JSON.
    #[arg(long, value_name = "asDecided|current|FILE", default_value = "asDecided")]
    condition: String,
    /// The changes as CSV.
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
            return self.show_one(&made.with_context(|| format!("there is no claim {claim}"))?);
        }
        let told = bar(position);
        told.set_message("decisions");
        let campaign = self.event.map(CampaignId);
        let made = audit::re_evaluate_all(pool, campaign, &basis, position, |done| moved(&told, done)).await?;
        told.finish_and_clear();
        self.show_all(&made.context("there is no such event")?)
    }

    fn show_one(&self, made: &ReEvaluation) -> anyhow::Result<bool> {
        if self.json {
            print_json(made)?;
            return Ok(made.same);
        }
        for attempt in &made.attempts {
            let word = if attempt.same { "the same" } else { "different" };
            println!(
                "position {}: decided {}, judged again {}: {word}",
                attempt.position, attempt.decided.verdict, attempt.re_evaluated.verdict
            );
            for difference in &attempt.differences {
                println!("  {}", serde_json::to_string(difference)?);
            }
        }
        Ok(made.same)
    }

    fn show_all(&self, made: &Bulk) -> anyhow::Result<bool> {
        let same = made.same == made.decisions;
        if self.json {
            print_json(made)?;
        } else if self.csv {
            println!("claimId,position,from,to,why");
            for change in &made.changed {
                let why = serde_json::to_string(&change.why)?;
                let fields = [&change.claim_id.to_string(), &change.position.to_string(), change.from, change.to, &why];
                println!("{}", csv_line(fields));
            }
        } else {
            println!("{} decisions up to position {}: {} the same", made.decisions, made.position, made.same);
            for change in &made.changed {
                let leaves: Vec<_> = change.why.iter().map(|leaf| leaf.path.as_str()).collect();
                println!(
                    "claim {} at position {}: {} -> {} by {leaves:?}",
                    change.claim_id, change.position, change.from, change.to
                );
            }
        }
        Ok(same)
    }
}

fn given(file: &std::path::Path) -> anyhow::Result<Condition> {
    let text = std::fs::read_to_string(file).with_context(|| format!("the condition in {}", file.display()))?;
    let value: Value = serde_json::from_str(&text).with_context(|| format!("the condition in {}", file.display()))?;
    Condition::parse(&value).or_else(|problems| {
        let named: Vec<_> = problems.iter().map(|problem| format!("{} {}", problem.path, problem.rule)).collect();
        bail!("the condition in {}: {}", file.display(), named.join("; "))
    })
}
