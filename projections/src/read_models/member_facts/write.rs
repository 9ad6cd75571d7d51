//! Writes what a batch changed of the facts: one statement per table for what stays, one for what goes.
//! What a day or a run is, the fold has decided.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::DateSet;
use domain::facts::{Birthday, DayTally, Facts, MemberFacts};
use domain::id::MemberId;
use domain::member::Returned;
use domain::name::Name;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Touched, day_columns, sums_text};
use crate::engine::error::FoldError;
use crate::read_models::copy_in::{self, CopyIn};

pub(super) async fn write_members(
    tx: &mut PgConnection,
    touched: &Touched,
    after: &BTreeMap<MemberId, Facts>,
    registered_at: &BTreeMap<MemberId, DateTime<Utc>>,
) -> Result<(), FoldError> {
    let is_gone = |id: &&MemberId| after.get(id).is_some_and(|facts| facts.member.is_none());
    let gone: Vec<Uuid> = touched.members.iter().filter(is_gone).map(|id| id.0).collect();
    if !gone.is_empty() {
        sqlx::query("delete from members using unnest($1::uuid[]) as gone(id) where members.member_id = gone.id")
            .bind(gone)
            // planned each time: a plan made while the table was empty would read all of it ever after
            .persistent(false)
            .execute(&mut *tx)
            .await?;
    }
    let rows: Vec<(MemberId, &MemberFacts, DateTime<Utc>)> = touched
        .members
        .iter()
        .filter_map(|id| Some((*id, after.get(id)?.member.as_ref()?, *registered_at.get(id)?)))
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    let birthday = |of: fn(Birthday) -> u32| -> Vec<Option<i32>> {
        rows.iter().map(|row| row.1.birthday.and_then(|day| i32::try_from(of(day)).ok())).collect()
    };
    let returned = |id: &MemberId| after.get(id).and_then(|facts| facts.returned.as_ref());
    // arrays of arrays have one length: ids are joined, and no id holds a comma
    let former =
        |returned: &Returned| returned.former_ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    sqlx::query(
        "insert into members (member_id, time_zone, joined_on, birthday_month, birthday_day, profile_complete,
                             blocked, role, registered_at, first_id, former_ids)
        select member_id, time_zone, joined_on, birthday_month, birthday_day, profile_complete, blocked, role,
               registered_at, first_id, string_to_array(former_ids, ',')::uuid[]
        from unnest($1::uuid[], $2::text[], $3::date[], $4::integer[], $5::integer[], $6::boolean[],
                    $7::boolean[], $8::text[], $9::timestamptz[], $10::uuid[], $11::text[])
            as member(member_id, time_zone, joined_on, birthday_month, birthday_day, profile_complete, blocked, role,
                      registered_at, first_id, former_ids)
        on conflict (member_id) do update
        set time_zone = excluded.time_zone,
            profile_complete = excluded.profile_complete,
            blocked = excluded.blocked,
            role = excluded.role",
    )
    .bind(rows.iter().map(|row| row.0.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.1.time_zone.name()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.1.joined_on).collect::<Vec<_>>())
    .bind(birthday(|day| day.month))
    .bind(birthday(|day| day.day))
    .bind(rows.iter().map(|row| row.1.profile_complete).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.1.blocked).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.1.role.name()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.2).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| returned(&row.0).map(|it| it.first_id.0)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| returned(&row.0).map(former)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

type Day = (MemberId, Name, NaiveDate);

fn tally_of<'a>(facts: &'a BTreeMap<MemberId, Facts>, (member, kind, date): &Day) -> Option<&'a DayTally> {
    facts.get(member)?.kinds.get(kind)?.days.get(date)
}

/// Days that have no row yet.
async fn copy_days(tx: &mut PgConnection, days: &[(&Day, &DayTally)]) -> Result<(), FoldError> {
    let mut copied = CopyIn::new(5);
    for ((member, kind, date), tally) in days {
        copied.row().id(member.0).text(kind.as_str()).date(*date);
        copied.number(i64::try_from(tally.count).unwrap_or(i64::MAX)).jsonb(&sums_text(&tally.sums));
    }
    Ok(copied.into(tx, "member_days", "member_id, kind, local_date, count, sums").await?)
}

pub(super) async fn write_days(
    tx: &mut PgConnection,
    touched: &Touched,
    before: &BTreeMap<MemberId, Facts>,
    after: &BTreeMap<MemberId, Facts>,
) -> Result<(), FoldError> {
    let tally_of = |day: &Day| tally_of(after, day);
    let (mut kept, gone): (Vec<_>, Vec<_>) = touched.days.iter().partition(|day| tally_of(day).is_some());
    let is_new = |day: &Day| self::tally_of(before, day).is_none();
    if copy_in::is_worth_it(kept.iter().filter(|day| is_new(day)).count()) {
        let new: Vec<_> =
            kept.extract_if(.., |day| is_new(day)).filter_map(|day| Some((day, tally_of(day)?))).collect();
        copy_days(tx, &new).await?;
    }
    if !kept.is_empty() {
        let (members, kinds, dates) = day_columns(kept.iter().copied());
        let tallies = || kept.iter().filter_map(|day| tally_of(day));
        sqlx::query(
            "insert into member_days (member_id, kind, local_date, count, sums)
            select member_id, kind, local_date, count, sums::jsonb
            from unnest($1::uuid[], $2::text[], $3::date[], $4::bigint[], $5::text[])
                as day(member_id, kind, local_date, count, sums)
            on conflict (member_id, kind, local_date) do update
            set count = excluded.count,
                sums = excluded.sums",
        )
        .bind(members)
        .bind(kinds)
        .bind(dates)
        .bind(tallies().map(|tally| i64::try_from(tally.count).unwrap_or(i64::MAX)).collect::<Vec<_>>())
        .bind(tallies().map(|tally| sums_text(&tally.sums)).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    }
    if !gone.is_empty() {
        let (members, kinds, dates) = day_columns(gone.iter().copied());
        sqlx::query(
            "delete from member_days
            using unnest($1::uuid[], $2::text[], $3::date[]) as gone(member_id, kind, local_date)
            where member_days.member_id = gone.member_id
              and member_days.kind = gone.kind
              and member_days.local_date = gone.local_date",
        )
        .bind(members)
        .bind(kinds)
        .bind(dates)
        // as above
        .persistent(false)
        .execute(tx)
        .await?;
    }
    Ok(())
}

/// A run is known by its first day: what grew at its end is updated in place, what was merged into
/// another run or lost its first day is deleted.
pub(super) async fn write_runs(
    tx: &mut PgConnection,
    touched: &Touched,
    before: &BTreeMap<MemberId, Facts>,
    after: &BTreeMap<MemberId, Facts>,
) -> Result<(), FoldError> {
    let none = DateSet::default();
    let mut kept = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut gone = (Vec::new(), Vec::new(), Vec::new());
    for (member, kind) in touched.spans.keys() {
        let dates = |facts: &'_ BTreeMap<MemberId, Facts>| -> BTreeMap<NaiveDate, NaiveDate> {
            let of_kind = facts.get(member).and_then(|facts| facts.kinds.get(kind));
            of_kind.map_or(&none, |of_kind| &of_kind.dates).runs().collect()
        };
        let (old, new) = (dates(before), dates(after));
        for (first, last) in new.iter().filter(|(first, last)| old.get(first) != Some(last)) {
            kept.0.push(member.0);
            kept.1.push(kind.as_str());
            kept.2.push(*first);
            kept.3.push(*last);
        }
        for first in old.keys().filter(|first| !new.contains_key(first)) {
            gone.0.push(member.0);
            gone.1.push(kind.as_str());
            gone.2.push(*first);
        }
    }
    if !gone.0.is_empty() {
        sqlx::query(
            "delete from member_runs
            using unnest($1::uuid[], $2::text[], $3::date[]) as gone(member_id, kind, first_on)
            where member_runs.member_id = gone.member_id
              and member_runs.kind = gone.kind
              and member_runs.first_on = gone.first_on",
        )
        .bind(gone.0)
        .bind(gone.1)
        .bind(gone.2)
        // as above
        .persistent(false)
        .execute(&mut *tx)
        .await?;
    }
    if !kept.0.is_empty() {
        sqlx::query(
            "insert into member_runs (member_id, kind, first_on, last_on)
            select * from unnest($1::uuid[], $2::text[], $3::date[], $4::date[])
            on conflict (member_id, kind, first_on) do update
            set last_on = excluded.last_on",
        )
        .bind(kept.0)
        .bind(kept.1)
        .bind(kept.2)
        .bind(kept.3)
        .execute(tx)
        .await?;
    }
    Ok(())
}

pub(super) async fn write_referrals(
    tx: &mut PgConnection,
    changes: &BTreeMap<(MemberId, MemberId), Option<NaiveDate>>,
) -> Result<(), FoldError> {
    if changes.is_empty() {
        return Ok(());
    }
    let (inviters, invitees): (Vec<Uuid>, Vec<Uuid>) = changes.keys().map(|key| (key.0.0, key.1.0)).unzip();
    sqlx::query(
        "with change as (
            select * from unnest($1::uuid[], $2::uuid[], $3::date[]) as change(member_id, invitee_id, local_date)
        ), gone as (
            delete from member_referrals
            using change
            where member_referrals.member_id = change.member_id
              and member_referrals.invitee_id = change.invitee_id
              and change.local_date is null
        )
        insert into member_referrals (member_id, invitee_id, local_date)
        select member_id, invitee_id, local_date
        from change
        where local_date is not null
        on conflict (member_id, invitee_id) do update
        set local_date = excluded.local_date",
    )
    .bind(inviters)
    .bind(invitees)
    .bind(changes.values().copied().collect::<Vec<_>>())
    // as above
    .persistent(false)
    .execute(tx)
    .await?;
    Ok(())
}
