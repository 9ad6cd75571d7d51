//! How long is this member's streak? Read from the runs that the member facts keep for every kind,
//! so it says the same as a condition does, as of that projection's checkpoint. Which day it is today
//! is not known here: whoever asks says so.

use chrono::NaiveDate;
use domain::DateSet;
use domain::id::MemberId;
use domain::name::Name;
use domain::zone::Tz;
use sqlx::PgPool;

use crate::engine::error::FoldError;

/// The local dates on which a member has a fact of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The member's zone, which says what day it is for them.
    pub time_zone: Tz,
    dates: DateSet,
}

/// Consecutive local dates with a fact of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Streak {
    /// The run that ends on the day asked about or on the day before; 0 when none does.
    pub current: u32,
    /// The longest run there ever was.
    pub longest: u32,
    /// The latest date with a fact.
    pub last_on: Option<NaiveDate>,
    /// The number of dates with a fact.
    pub days: u32,
    /// The current run ended on the day before: without a fact on the day asked about it is over.
    pub at_risk: bool,
}

impl Runs {
    /// The streak as seen on a local date of the member.
    #[must_use]
    pub fn streak(&self, on: NaiveDate) -> Streak {
        let current = self.dates.streak(on, None);
        let last_on = self.dates.runs().next_back().map(|(_, last)| last);
        Streak {
            current,
            longest: self.dates.longest(),
            last_on,
            days: last_on.map_or(0, |last| self.dates.count(None, last)),
            at_risk: current > 0 && self.dates.run_with(on).is_none(),
        }
    }
}

/// When a member was active in one kind of fact; none for who is no member.
///
/// # Errors
/// The database's; an invalid stored zone.
pub async fn runs(pool: &PgPool, member: MemberId, kind: &Name) -> Result<Option<Runs>, FoldError> {
    let rows: Vec<(String, Option<NaiveDate>, Option<NaiveDate>)> = sqlx::query_as(
        "select member.time_zone, run.first_on, run.last_on
        from members member
        left join member_runs run on run.member_id = member.member_id and run.kind = $2
        where member.member_id = $1",
    )
    .bind(member.0)
    .bind(kind.as_str())
    .fetch_all(pool)
    .await?;
    let Some((zone, _, _)) = rows.first() else { return Ok(None) };
    let time_zone = zone.parse().map_err(|_| FoldError::stored("time zone", zone))?;
    let mut dates = DateSet::default();
    rows.iter().filter_map(|(_, first, last)| first.zip(*last)).for_each(|(first, last)| dates.insert_run(first, last));
    Ok(Some(Runs { time_zone, dates }))
}

/// A member's local dates with facts of any kind within a period, and the number of facts. Empty for an unknown member.
///
/// # Errors
/// The database's.
pub async fn days(
    pool: &PgPool,
    member: MemberId,
    first: NaiveDate,
    last: NaiveDate,
) -> Result<Vec<(NaiveDate, i64)>, FoldError> {
    let sql = "select local_date, sum(count)::bigint
               from member_days
               where member_id = $1 and local_date between $2 and $3
               group by local_date
               order by local_date";
    Ok(sqlx::query_as(sql).bind(member.0).bind(first).bind(last).fetch_all(pool).await?)
}

/// The time zone of a member; `None` for an unknown member.
///
/// # Errors
/// The database's; an invalid stored zone.
pub async fn zone_of(pool: &PgPool, member: MemberId) -> Result<Option<Tz>, FoldError> {
    let sql = "select time_zone from members where member_id = $1";
    let zone: Option<String> = sqlx::query_scalar(sql).bind(member.0).fetch_optional(pool).await?;
    zone.map(|zone| zone.parse().map_err(|_| FoldError::stored("time zone", &zone))).transpose()
}
