//! Reads facts as of the head of the log: the projected rows and the tail of the log beyond them, in
//! one database snapshot, with the events of a claim that is decided on them. Right however far the projection is behind;
//! nobody waits for it.

use chrono::{DateTime, NaiveDate, Utc};
use domain::activity::ActivityEvent;
use domain::event::StoredEvent;
use domain::facts::{Facts, FactsNeeded};
use domain::id::{ClaimId, MemberId};
use domain::member::Returned;
use domain::name::Name;
use domain::{Event, Moment};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{FromRow, Row};
use uuid::Uuid;

use super::{MemberRow, name, tally};
use crate::engine::error::FoldError;
use crate::log::partition::partition_of_subject;

/// Whose facts, and which of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsRequest {
    /// Whose.
    pub member: MemberId,
    /// What of them a condition looks at; the member itself is always there.
    pub needed: FactsNeeded,
    /// A claim that is decided on them: its events are read in the same snapshot.
    pub claim: Option<ClaimId>,
}

/// Facts, and up to where they are folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// What was asked for of the facts, and no more.
    pub facts: Facts,
    /// The head of the log in the snapshot that they were read in.
    pub position: i64,
    /// The events of the claim, in order; none where none was named.
    pub claim: Vec<StoredEvent>,
}

/// The facts of many members at once, one answer for each request, in order, all as of one position.
///
/// Connect with `jit=off`: PostgreSQL would take ten times as long to compile the statement for a
/// large batch as to run it.
///
/// # Errors
/// See [`FoldError`].
pub async fn load_many(conn: &mut PgConnection, requests: &[FactsRequest]) -> Result<Vec<Loaded>, FoldError> {
    if requests.is_empty() {
        return Ok(Vec::new());
    }
    let column = |of: fn(&FactsNeeded) -> &std::collections::BTreeSet<Name>| -> Vec<String> {
        // a name holds no comma
        let joined =
            |kinds: &std::collections::BTreeSet<Name>| kinds.iter().map(Name::as_str).collect::<Vec<_>>().join(",");
        requests.iter().map(|request| joined(of(&request.needed))).collect()
    };
    let rows: Vec<FactsRow> = sqlx::query_as(include_str!("load.sql"))
        .bind(requests.iter().map(|request| request.member.0).collect::<Vec<_>>())
        .bind(column(|needed| &needed.dates))
        .bind(column(|needed| &needed.tallies))
        .bind(requests.iter().map(|request| request.needed.every_kind).collect::<Vec<_>>())
        .bind(requests.iter().map(|request| request.needed.referrals).collect::<Vec<_>>())
        .bind(requests.iter().map(|request| partition_of_subject(&request.member.to_string())).collect::<Vec<_>>())
        .bind(requests.iter().map(|request| request.claim.map(|claim| claim.to_string())).collect::<Vec<_>>())
        .fetch_all(&mut *conn)
        .await?;
    let mut answers = Vec::with_capacity(requests.len());
    for (request, mut row) in requests.iter().zip(rows) {
        let (position, claim) = (row.head, std::mem::take(&mut row.claim));
        let facts = match row.fold()? {
            Some(facts) => facts,
            // a withdrawal may concern a day that was not read; the log up to the same position knows
            None => fold_until(conn, request.member, position).await?,
        };
        answers.push(Loaded { facts: restrict(facts, &request.needed), position, claim });
    }
    Ok(answers)
}

/// All facts of a member, from the log alone, as they were at a position.
///
/// # Errors
/// See [`FoldError`].
pub async fn fold_until(conn: &mut PgConnection, member: MemberId, position: i64) -> Result<Facts, FoldError> {
    let mut facts = Facts::default();
    read_until(conn, member, position).await?.iter().for_each(|event| facts.apply(event));
    Ok(facts)
}

/// The same as the log keeps them, for an auditor: an erasure takes nothing away.
///
/// # Errors
/// See [`FoldError`].
pub async fn fold_kept_until(conn: &mut PgConnection, member: MemberId, position: i64) -> Result<Facts, FoldError> {
    let mut facts = Facts::default();
    read_until(conn, member, position).await?.iter().for_each(|event| facts.apply_kept(event));
    Ok(facts)
}

async fn read_until(conn: &mut PgConnection, member: MemberId, position: i64) -> Result<Vec<Event>, FoldError> {
    let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
        "select fact.position, fact.event_type, fact.event_version, fact.payload
        from unnest(array[$1]) as wanted(subject)
        cross join lateral (
            select position, event_type, event_version, payload::text as payload
            from events
            where events.subject = wanted.subject
              and events.position <= $2
              and events.aggregate_type in ('member', 'activity', 'referral')
            order by position
        ) as fact
        order by fact.position",
    )
    .bind(member.to_string())
    .bind(position)
    // planned each time: a plan made while the log was empty would read all of it ever after
    .persistent(false)
    .fetch_all(conn)
    .await?;
    let decode = |(position, event_type, version, payload): (i64, String, String, String)| {
        Event::decode(&event_type, &version, &payload).map_err(|source| FoldError::Event { position, source })
    };
    rows.into_iter().map(decode).collect()
}

/// Only what is needed of the facts: two ways to the same facts then give the same value.
#[must_use]
pub fn restrict(mut facts: Facts, needed: &FactsNeeded) -> Facts {
    for (kind, of_kind) in &mut facts.kinds {
        if !needed.every_kind && !needed.dates.contains(kind) {
            of_kind.dates = domain::DateSet::default();
        }
        if !needed.tallies.contains(kind) {
            of_kind.days.clear();
        }
    }
    facts.kinds.retain(|_, of_kind| of_kind.dates.runs().next().is_some() || !of_kind.days.is_empty());
    if !needed.referrals {
        facts.referrals.clear();
    }
    facts
}

/// One row of `load.sql`.
struct FactsRow {
    head: i64,
    member: Option<MemberRow>,
    returned: Option<Returned>,
    runs: Vec<(String, NaiveDate, NaiveDate)>,
    days: Vec<(String, NaiveDate, i64, String)>,
    referrals: Vec<(Uuid, NaiveDate)>,
    tail: Vec<(i64, String, String, String)>,
    claim: Vec<StoredEvent>,
}

impl FactsRow {
    /// The facts; `None` when the tail withdraws one.
    fn fold(self) -> Result<Option<Facts>, FoldError> {
        let mut tail = Vec::with_capacity(self.tail.len());
        for (position, event_type, version, payload) in &self.tail {
            let event = Event::decode(event_type, version, payload)
                .map_err(|source| FoldError::Event { position: *position, source })?;
            if let Event::Activity(ActivityEvent::Voided(_)) = event {
                return Ok(None);
            }
            tail.push(event);
        }
        let mut facts = Facts {
            member: self.member.map(TryInto::try_into).transpose()?,
            returned: self.returned,
            ..Facts::default()
        };
        for (kind, first, last) in self.runs {
            facts.kinds.entry(name("kind", kind)?).or_default().dates.insert_run(first, last);
        }
        for (kind, date, count, sums) in self.days {
            facts.kinds.entry(name("kind", kind)?).or_default().days.insert(date, tally(count, &sums)?);
        }
        facts.referrals.extend(self.referrals.into_iter().map(|(invitee, date)| (MemberId(invitee), date)));
        tail.iter().for_each(|event| facts.apply(event));
        Ok(Some(facts))
    }
}

impl FromRow<'_, PgRow> for FactsRow {
    fn from_row(row: &PgRow) -> sqlx::Result<Self> {
        let registered: Option<String> = row.try_get("time_zone")?;
        let (kinds, firsts, lasts): (Vec<_>, Vec<_>, Vec<_>) =
            (list(row, "run_kinds")?, list(row, "run_firsts")?, list(row, "run_lasts")?);
        let runs = kinds.into_iter().zip(firsts).zip(lasts).map(|((kind, first), last)| (kind, first, last));
        let (kinds, dates): (Vec<_>, Vec<_>) = (list(row, "day_kinds")?, list(row, "day_dates")?);
        let (counts, sums): (Vec<_>, Vec<_>) = (list(row, "day_counts")?, list(row, "day_sums")?);
        let days = kinds.into_iter().zip(dates).zip(counts.into_iter().zip(sums));
        let (positions, types): (Vec<_>, Vec<_>) = (list(row, "tail_positions")?, list(row, "tail_types")?);
        let (versions, payloads): (Vec<_>, Vec<_>) = (list(row, "tail_versions")?, list(row, "tail_payloads")?);
        let tail = positions.into_iter().zip(types).zip(versions.into_iter().zip(payloads));
        Ok(Self {
            head: row.try_get("head")?,
            member: registered.map(|_| MemberRow::from_row(row)).transpose()?,
            returned: row
                .try_get::<Option<Uuid>, _>("first_id")?
                .map(|first_id| returned(row, first_id))
                .transpose()?,
            runs: runs.collect(),
            days: days.map(|((kind, date), (count, sums))| (kind, date, count, sums)).collect(),
            referrals: list(row, "invitees")?.into_iter().zip(list(row, "referral_dates")?).collect(),
            tail: tail.map(|((position, kind), (version, payload))| (position, kind, version, payload)).collect(),
            claim: steps(row)?,
        })
    }
}

/// The events of the claim that was named; hardly any has one yet.
fn steps(row: &PgRow) -> sqlx::Result<Vec<StoredEvent>> {
    let Some(sequences) = row.try_get::<Option<Vec<i64>>, _>("claim_sequences")? else { return Ok(Vec::new()) };
    let (types, versions) = (list::<String>(row, "claim_types")?, list::<String>(row, "claim_versions")?);
    let (payloads, actors) = (list::<String>(row, "claim_payloads")?, list::<String>(row, "claim_actors")?);
    let (positions, times) = (list::<i64>(row, "claim_positions")?, list::<DateTime<Utc>>(row, "claim_times")?);
    let names = types.into_iter().zip(versions);
    let contents = payloads.into_iter().zip(actors);
    let places = positions.into_iter().zip(times);
    let steps = sequences.into_iter().zip(names).zip(contents).zip(places);
    let step = |(((sequence, (event_type, event_version)), (payload, actor)), (position, recorded_at))| StoredEvent {
        sequence,
        event_type,
        event_version,
        payload,
        actor,
        position,
        recorded_at: Moment::from(recorded_at),
    };
    Ok(steps.map(step).collect())
}

/// The earlier ids of a member who came back.
fn returned(row: &PgRow, first_id: Uuid) -> sqlx::Result<Returned> {
    let former_ids = list::<Uuid>(row, "former_ids")?.into_iter().map(MemberId).collect();
    Ok(Returned { first_id: MemberId(first_id), former_ids })
}

/// An aggregated column; null when nothing was aggregated.
fn list<'r, T>(row: &'r PgRow, column: &str) -> sqlx::Result<Vec<T>>
where
    Option<Vec<T>>: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    Ok(row.try_get::<Option<Vec<T>>, _>(column)?.unwrap_or_default())
}
