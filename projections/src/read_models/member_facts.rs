//! What can a rule know about this member? The projected part of [`Facts`]: the member, per kind and
//! local date the count and the sums, the same dates as runs, and the qualified referrals.
//! How it is read, together with what the log holds beyond it, is in `load`; how it is written, in `write`.

mod load;
mod write;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::Event;
use domain::activity::ActivityEvent;
use domain::facts::{Birthday, DayTally, FACT_STREAMS, Facts, KindFacts, MemberFacts};
use domain::id::MemberId;
use domain::member::MemberEvent;
use domain::name::Name;
use domain::referral::ReferralEvent;
use domain::role::Role;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

pub use load::{FactsRequest, Loaded, fold_kept_until, fold_until, load_many, restrict};

use self::write::{write_days, write_members, write_referrals, write_runs};
use crate::engine::error::FoldError;
use crate::engine::projection::{Projection, Spread};
use crate::log::Recorded;

/// The projection of this file.
#[derive(Debug, Clone, Copy)]
pub struct MemberFactsProjection;

impl Projection for MemberFactsProjection {
    const NAME: &'static str = "member_facts";
    const VERSION: i32 = 1;
    const STREAMS: &'static [&'static str] = &FACT_STREAMS;
    const TABLES: &'static [&'static str] = &["members", "member_days", "member_runs", "member_referrals"];
    /// Every row is of one member, who is the subject of all events that change it: a referral's is the inviter.
    const SPREAD: Spread = Spread::BySubject;

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let touched = Touched::by(batch);
        let mut before = touched.load(tx).await?;
        let mut after = before.facts.clone();
        let mut referrals = BTreeMap::new();
        for recorded in batch {
            let Some((member, referral)) = concerns(recorded)? else { continue };
            after.entry(member).or_default().apply(&recorded.event);
            if let Some((invitee, counts_on)) = referral {
                referrals.insert((member, invitee), counts_on);
            }
            if let Event::Member(MemberEvent::Registered(_)) = &recorded.event {
                before.registered_at.insert(member, recorded.entry.recorded_at.utc());
            }
        }
        write_members(tx, &touched, &after, &before.registered_at).await?;
        write_days(tx, &touched, &before.facts, &after).await?;
        write_runs(tx, &touched, &before.facts, &after).await?;
        write_referrals(tx, &referrals).await
    }
}

/// An invitee, and the day on which the referral counts from now on, if it does.
type ReferralChange = (MemberId, Option<NaiveDate>);

/// Whose facts an event changes, and which referral of theirs.
fn concerns(recorded: &Recorded) -> Result<Option<(MemberId, Option<ReferralChange>)>, FoldError> {
    let stream_id = &recorded.entry.aggregate_id;
    Ok(match &recorded.event {
        Event::Member(_) => Some((stream_id.parse().map_err(|_| FoldError::stored("member id", stream_id))?, None)),
        Event::Activity(event) => Some((event.member(), None)),
        Event::Referral(ReferralEvent::Qualified(event)) => {
            Some((event.inviter_id, Some((event.invitee_id, Some(event.local_date)))))
        }
        Event::Referral(ReferralEvent::Voided(event)) => Some((event.inviter_id, Some((event.invitee_id, None)))),
        Event::Referral(ReferralEvent::Created(_)) | Event::Campaign(_) | Event::Claim(_) | Event::Value(_) => None,
    })
}

/// The rows that a batch may change.
#[derive(Default)]
struct Touched {
    members: BTreeSet<MemberId>,
    days: BTreeSet<(MemberId, Name, NaiveDate)>,
    /// The first and last day touched.
    spans: BTreeMap<(MemberId, Name), (NaiveDate, NaiveDate)>,
}

/// The rows as they are, as far as they are touched.
struct Before {
    facts: BTreeMap<MemberId, Facts>,
    registered_at: BTreeMap<MemberId, DateTime<Utc>>,
}

impl Touched {
    fn by(batch: &[Recorded]) -> Self {
        let mut touched = Self::default();
        for recorded in batch {
            match &recorded.event {
                Event::Member(_) => touched.members.extend(recorded.entry.aggregate_id.parse::<MemberId>()),
                Event::Activity(ActivityEvent::Recorded(fact)) => {
                    touched.day(fact.member_id, &fact.kind, fact.local_date);
                }
                Event::Activity(ActivityEvent::Voided(fact)) => {
                    touched.day(fact.member_id, &fact.kind, fact.local_date);
                }
                Event::Referral(_) | Event::Campaign(_) | Event::Claim(_) | Event::Value(_) => {}
            }
        }
        touched
    }

    fn day(&mut self, member: MemberId, kind: &Name, day: NaiveDate) {
        self.days.insert((member, kind.clone(), day));
        let span = self.spans.entry((member, kind.clone())).or_insert((day, day));
        *span = (span.0.min(day), span.1.max(day));
    }

    async fn load(&self, tx: &mut PgConnection) -> Result<Before, FoldError> {
        let mut before = Before { facts: BTreeMap::new(), registered_at: BTreeMap::new() };
        self.load_members(tx, &mut before).await?;
        self.load_days(tx, &mut before.facts).await?;
        self.load_runs(tx, &mut before.facts).await?;
        Ok(before)
    }

    async fn load_members(&self, tx: &mut PgConnection, before: &mut Before) -> Result<(), FoldError> {
        if self.members.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = self.members.iter().map(|member| member.0).collect();
        let rows: Vec<(Uuid, DateTime<Utc>, MemberRow)> = sqlx::query_as::<_, StoredMember>(
            "select member.*
            from unnest($1::uuid[]) as wanted(member_id)
            cross join lateral (
                select member_id, registered_at, time_zone, joined_on, birthday_month, birthday_day,
                       profile_complete, blocked, role
                from members
                where members.member_id = wanted.member_id
                limit 1
            ) as member",
        )
        .bind(ids)
        .fetch_all(tx)
        .await?
        .into_iter()
        .map(|stored| (stored.member_id, stored.registered_at, stored.row))
        .collect();
        for (id, registered_at, row) in rows {
            before.facts.entry(MemberId(id)).or_default().member = Some(row.try_into()?);
            before.registered_at.insert(MemberId(id), registered_at);
        }
        Ok(())
    }

    async fn load_days(&self, tx: &mut PgConnection, facts: &mut BTreeMap<MemberId, Facts>) -> Result<(), FoldError> {
        if self.days.is_empty() {
            return Ok(());
        }
        let (members, kinds, dates) = day_columns(self.days.iter());
        let rows: Vec<(Uuid, String, NaiveDate, i64, String)> = sqlx::query_as(
            "select wanted.member_id, wanted.kind, wanted.local_date, day.count, day.sums
            from unnest($1::uuid[], $2::text[], $3::date[]) as wanted(member_id, kind, local_date)
            cross join lateral (
                select count, sums::text
                from member_days
                where member_days.member_id = wanted.member_id
                  and member_days.kind = wanted.kind
                  and member_days.local_date = wanted.local_date
                limit 1
            ) as day",
        )
        .bind(members)
        .bind(kinds)
        .bind(dates)
        .fetch_all(tx)
        .await?;
        for (member, kind, date, count, sums) in rows {
            let of_kind = kind_facts(facts, member, kind)?;
            of_kind.days.insert(date, tally(count, &sums)?);
        }
        Ok(())
    }

    /// The runs that hold a touched day or stand beside one.
    async fn load_runs(&self, tx: &mut PgConnection, facts: &mut BTreeMap<MemberId, Facts>) -> Result<(), FoldError> {
        if self.spans.is_empty() {
            return Ok(());
        }
        let (members, kinds, firsts) = day_columns(self.spans.iter().map(|((m, k), span)| (m, k, &span.0)));
        let lasts: Vec<NaiveDate> = self.spans.values().map(|span| span.1).collect();
        let rows: Vec<(Uuid, String, NaiveDate, NaiveDate)> = sqlx::query_as(
            "select wanted.member_id, wanted.kind, run.first_on, run.last_on
            from unnest($1::uuid[], $2::text[], $3::date[], $4::date[]) as wanted(member_id, kind, first_on, last_on)
            cross join lateral (
                select first_on, last_on
                from member_runs
                where member_runs.member_id = wanted.member_id
                  and member_runs.kind = wanted.kind
                  and member_runs.first_on <= wanted.last_on + 1
                  and member_runs.last_on >= wanted.first_on - 1
                offset 0
            ) as run",
        )
        .bind(members)
        .bind(kinds)
        .bind(firsts)
        .bind(lasts)
        .fetch_all(tx)
        .await?;
        for (member, kind, first, last) in rows {
            kind_facts(facts, member, kind)?.dates.insert_run(first, last);
        }
        Ok(())
    }
}

fn kind_facts(facts: &mut BTreeMap<MemberId, Facts>, member: Uuid, kind: String) -> Result<&mut KindFacts, FoldError> {
    Ok(facts.entry(MemberId(member)).or_default().kinds.entry(name("kind", kind)?).or_default())
}

fn name(what: &'static str, text: String) -> Result<Name, FoldError> {
    Name::try_from(text.clone()).map_err(|_| FoldError::stored(what, text))
}

/// Columns of member, kind and date, as `unnest` takes them.
fn day_columns<'a>(days: impl Iterator<Item = impl Into<DayKey<'a>>>) -> (Vec<Uuid>, Vec<&'a str>, Vec<NaiveDate>) {
    let mut columns = (Vec::new(), Vec::new(), Vec::new());
    for day in days {
        let DayKey(member, kind, date) = day.into();
        columns.0.push(member.0);
        columns.1.push(kind.as_str());
        columns.2.push(*date);
    }
    columns
}

struct DayKey<'a>(&'a MemberId, &'a Name, &'a NaiveDate);

impl<'a> From<&'a (MemberId, Name, NaiveDate)> for DayKey<'a> {
    fn from((member, kind, date): &'a (MemberId, Name, NaiveDate)) -> Self {
        Self(member, kind, date)
    }
}

impl<'a> From<(&'a MemberId, &'a Name, &'a NaiveDate)> for DayKey<'a> {
    fn from((member, kind, date): (&'a MemberId, &'a Name, &'a NaiveDate)) -> Self {
        Self(member, kind, date)
    }
}

/// A stored member.
#[derive(Debug, sqlx::FromRow)]
struct StoredMember {
    member_id: Uuid,
    registered_at: DateTime<Utc>,
    #[sqlx(flatten)]
    row: MemberRow,
}

/// What is stored of a member apart from the key.
#[derive(Debug, sqlx::FromRow)]
struct MemberRow {
    time_zone: String,
    joined_on: NaiveDate,
    birthday_month: Option<i32>,
    birthday_day: Option<i32>,
    profile_complete: bool,
    blocked: bool,
    role: String,
}

impl TryFrom<MemberRow> for MemberFacts {
    type Error = FoldError;

    fn try_from(row: MemberRow) -> Result<Self, FoldError> {
        let birthday = row.birthday_month.zip(row.birthday_day);
        let number = |number: i32| u32::try_from(number).map_err(|_| FoldError::stored("birthday", number.to_string()));
        Ok(Self {
            time_zone: row.time_zone.parse().map_err(|_| FoldError::stored("time zone", row.time_zone))?,
            joined_on: row.joined_on,
            birthday: match birthday {
                Some((month, day)) => Some(Birthday { month: number(month)?, day: number(day)? }),
                None => None,
            },
            profile_complete: row.profile_complete,
            blocked: row.blocked,
            role: Role::from_name(&row.role).ok_or_else(|| FoldError::stored("role", row.role))?,
        })
    }
}

/// Sums are kept as `{"minutes": "25"}`: whole numbers of any size, exactly.
fn tally(count: i64, sums: &str) -> Result<DayTally, FoldError> {
    let count = u64::try_from(count).map_err(|_| FoldError::stored("count", count.to_string()))?;
    if sums == "{}" {
        return Ok(DayTally { count, sums: BTreeMap::new() });
    }
    let stored: BTreeMap<Name, String> = serde_json::from_str(sums).map_err(|_| FoldError::stored("sums", sums))?;
    let sums = stored
        .into_iter()
        .map(|(measure, digits)| Ok((measure, digits.parse().map_err(|_| FoldError::stored("sums", digits))?)))
        .collect::<Result<_, FoldError>>()?;
    Ok(DayTally { count, sums })
}

fn sums_text(sums: &BTreeMap<Name, i128>) -> String {
    let digits = sums.iter().map(|(measure, sum)| (measure.as_str().to_owned(), sum.to_string().into()));
    serde_json::Value::Object(digits.collect()).to_string()
}
