//! `audit stream` and `audit facts`: what the log says of then.

use anyhow::{Context, anyhow, bail};
use chrono::{DateTime, FixedOffset};
use domain::Moment;
use domain::id::MemberId;
use projections::audit::{self, AsOf, FactRow, STREAM_TYPES, StreamAsOf, is_named_by_code};
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::{print_json, say};
use crate::app::audit::changes::{Changed, changes};
use crate::app::clock;

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
    fn is_named(&self) -> bool {
        self.at_position.is_some() || self.at_time.is_some()
    }

    async fn position(&self, conn: &mut PgConnection) -> anyhow::Result<(i64, Moment)> {
        let as_of = match (self.at_position, self.at_time) {
            (Some(position), _) => AsOf::Position(position),
            (None, Some(time)) => AsOf::Time(Moment::from(time)),
            (None, None) => AsOf::Head,
        };
        let found = audit::resolve(conn, as_of, clock::now()).await.context("the log cannot be read")?;
        found.map_err(|not_yet| anyhow!("the position is beyond the end of the log, which is {}", not_yet.head))
    }
}

/// Which stream, as of when.
#[derive(Debug, Clone, clap::Args)]
pub struct Stream {
    /// What it is about.
    #[arg(value_name = "TYPE", value_parser = clap::builder::PossibleValuesParser::new(STREAM_TYPES))]
    stream_type: String,
    /// Its id; of a unit, its code.
    id: String,
    #[command(flatten)]
    when: When,
    /// Show what changed since this position instead.
    #[arg(long, value_name = "POSITION", conflicts_with = "since_time")]
    since: Option<i64>,
    /// Show what changed since this moment instead, RFC 3339 with an offset.
    #[arg(long, value_name = "TIME")]
    since_time: Option<DateTime<FixedOffset>>,
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
        let id = match Uuid::parse_str(&self.id) {
            Ok(id) if !is_named_by_code(&self.stream_type) => id.to_string(),
            Err(_) if is_named_by_code(&self.stream_type) => self.id,
            Ok(_) | Err(_) => bail!("{} is no id of a {}", self.id, self.stream_type),
        };
        let to = audit::state_of(&mut conn, &self.stream_type, &id, position, at).await?;
        let to = to.with_context(|| format!("{} {id} did not exist at position {position}", self.stream_type))?;
        let before = When { at_position: self.since, at_time: self.since_time };
        if !before.is_named() {
            // as one document it is readable for people as well
            print_json(&to)?;
            return Ok(true);
        }
        let (since, then) = before.position(&mut conn).await?;
        let from = audit::state_of(&mut conn, &self.stream_type, &id, since, then).await?;
        let changed = changes(from.as_ref().map(|from| &from.state), &to.state)?;
        if self.json {
            print_json(&Difference { from, to, changed })?;
        } else {
            changed.iter().try_for_each(say)?;
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
            found.with_context(|| format!("no member {} was registered at position {position}", self.member))?;
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
        say(format_args!(
            "member {} as of position {position}: zone {}, joined {}, profile {}, {} qualified referrals",
            self.member,
            document.time_zone,
            document.joined_on,
            yes(document.profile_complete),
            document.referrals
        ))?;
        for row in &document.facts {
            let sums = serde_json::to_string(&row.sums)?;
            say(format_args!("{:24} {} {:>8}  {sums}", row.kind.as_str(), row.local_date, row.count))?;
        }
        Ok(true)
    }
}
