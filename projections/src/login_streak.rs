//! How long is this member's streak? Read from the runs that the member facts keep for every kind,
//! so it says the same as a condition does, as of that projection's checkpoint.

use chrono::NaiveDate;
use domain::DateSet;
use domain::id::MemberId;
use domain::name::Name;
use sqlx::PgPool;

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
}

/// The streak of one kind, as seen on a local date of the member.
///
/// # Errors
/// The database's.
pub async fn streak(pool: &PgPool, member: MemberId, kind: &Name, on: NaiveDate) -> sqlx::Result<Streak> {
    let runs: Vec<(NaiveDate, NaiveDate)> = sqlx::query_as(
        "select run.first_on, run.last_on
        from unnest(array[$1], array[$2]) as wanted(member_id, kind)
        cross join lateral (
            select first_on, last_on
            from member_runs
            where member_runs.member_id = wanted.member_id
              and member_runs.kind = wanted.kind
            offset 0
        ) as run",
    )
    .bind(member.0)
    .bind(kind.as_str())
    .fetch_all(pool)
    .await?;
    let mut dates = DateSet::default();
    runs.into_iter().for_each(|(first, last)| dates.insert_run(first, last));
    let last_on = dates.runs().next_back().map(|(_, last)| last);
    Ok(Streak {
        current: dates.streak(on, None),
        longest: dates.longest(),
        last_on,
        days: last_on.map_or(0, |last| dates.count(None, last)),
    })
}
