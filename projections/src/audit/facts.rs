//! What a condition would have seen of a member at a position, by kind and day: folded from the member's events in the
//! log, never read from the projection.

use chrono::NaiveDate;
use domain::condition::Seen;
use domain::facts::Facts;
use domain::id::MemberId;
use domain::name::Name;
use domain::zone::Tz;
use schemars::JsonSchema;
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::BTreeMap;

use super::AuditError;
use crate::read_models::member_facts::fold_kept_until;

/// The facts of one member as of a position; one page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactsAsOf {
    /// The member's zone.
    pub time_zone: Tz,
    /// The local date of the registration.
    pub joined_on: NaiveDate,
    /// Nickname, bio and picture were all set.
    pub profile_complete: bool,
    /// Qualified referrals by the member.
    pub referrals: usize,
    /// One row for each kind and local date.
    pub rows: Vec<FactRow>,
    /// Whether more rows follow the last one.
    pub more: bool,
}

/// The facts of one kind on one local date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FactRow {
    /// The kind of activity.
    #[schemars(with = "String")]
    pub kind: Name,
    /// The member's local date.
    pub local_date: NaiveDate,
    /// How many activities.
    pub count: u64,
    /// The sum of each measure: a number, or a string of its digits beyond ±2⁵³.
    #[schemars(with = "BTreeMap<String, Seen>")]
    pub sums: BTreeMap<Name, Seen>,
}

/// The facts of a member as of a position: at most `limit` rows after the row named. `None` when nobody had registered
/// under the id by then. A member who was erased later is still included, as the log has it.
///
/// # Errors
/// See [`AuditError`].
pub async fn facts_as_of(
    conn: &mut PgConnection,
    member: MemberId,
    position: i64,
    after: Option<(Name, NaiveDate)>,
    limit: usize,
) -> Result<Option<FactsAsOf>, AuditError> {
    let facts = fold_kept_until(conn, member, position).await?;
    let Some(known) = &facts.member else { return Ok(None) };
    let mut rest =
        rows(&facts).filter(|row| after.as_ref().is_none_or(|(kind, on)| (&row.kind, row.local_date) > (kind, *on)));
    let shown = rest.by_ref().take(limit).collect();
    Ok(Some(FactsAsOf {
        time_zone: known.time_zone,
        joined_on: known.joined_on,
        profile_complete: known.profile_complete,
        referrals: facts.referrals.len(),
        rows: shown,
        more: rest.next().is_some(),
    }))
}

fn rows(facts: &Facts) -> impl Iterator<Item = FactRow> + '_ {
    facts.kinds.iter().flat_map(|(kind, of_kind)| {
        of_kind.days.iter().map(|(day, tally)| FactRow {
            kind: kind.clone(),
            local_date: *day,
            count: tally.count,
            sums: tally.sums.iter().map(|(measure, sum)| (measure.clone(), Seen::Number(*sum))).collect(),
        })
    })
}
