//! Numbers over all members along the log: which there are, how each is stored, and its rows. A row is the number behind
//! the last change in a group of positions; while a batch is folded it moves along, and where a group ends it stays.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate};
use domain::Moment;
use domain::budget::{BudgetUnit, Scope};
use domain::id::CampaignId;
use domain::value::{Account, UnitCode};
use sqlx::postgres::PgConnection;

use super::changes::Change;
use crate::engine::error::FoldError;

/// A group ends at the latest with so many positions: what comes behind a row is read from the log.
const GROUP_BITS: u32 = 10;

/// The first position of the group that a position is in.
pub(super) fn group_start(position: i64) -> i64 {
    (position >> GROUP_BITS) << GROUP_BITS
}

/// When something ends; `None` is never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End(pub(super) Option<Moment>);

const NEVER: &str = "never";

impl End {
    fn to_text(self) -> String {
        self.0.map_or_else(|| NEVER.to_owned(), Moment::to_text)
    }

    fn read(text: &str) -> Option<Self> {
        if text == NEVER {
            return Some(Self(None));
        }
        DateTime::parse_from_rfc3339(text).ok().map(|end| Self(Some(end.into())))
    }
}

/// One number over all members.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Total {
    /// What an account of a unit comes to.
    Account(UnitCode, Account),
    /// What of a unit is free and ends then.
    Free(UnitCode, End),
    /// What of a unit is held, in lots that end then.
    Held(UnitCode, End),
    /// What counts against the budgets of a scope on a day.
    Counted(Scope, BudgetUnit, NaiveDate),
}

/// The kind that says what accounts come to.
pub(super) const ACCOUNTS: &[&str] = &["account"];
/// The kinds that say what is outstanding.
pub(super) const OUTSTANDING: &[&str] = &["account", "free", "held"];

impl Total {
    /// Which kind it is stored under.
    pub(super) fn kind(&self) -> &'static str {
        self.stored().0
    }

    /// As it is stored: kind, unit and part.
    fn stored(&self) -> (&'static str, String, String) {
        match self {
            Self::Account(unit, account) => ("account", unit.to_string(), account.name().to_owned()),
            Self::Free(unit, end) => ("free", unit.to_string(), end.to_text()),
            Self::Held(unit, end) => ("held", unit.to_string(), end.to_text()),
            Self::Counted(scope, unit, day) => ("counted", unit.to_string(), part_of(*scope, *day)),
        }
    }

    fn read(kind: &str, unit: &str, part: &str) -> Result<Self, FoldError> {
        let code = || UnitCode::try_from(unit.to_owned()).ok();
        let account = || Account::ALL.into_iter().find(|account| account.name() == part);
        let total = match kind {
            "account" => code().zip(account()).map(|(unit, account)| Self::Account(unit, account)),
            "free" => code().zip(End::read(part)).map(|(unit, end)| Self::Free(unit, end)),
            "held" => code().zip(End::read(part)).map(|(unit, end)| Self::Held(unit, end)),
            "counted" => read_part(part)
                .zip(BudgetUnit::try_from(unit.to_owned()).ok())
                .map(|((scope, day), unit)| Self::Counted(scope, unit, day)),
            _ => None,
        };
        total.ok_or_else(|| FoldError::stored("total", format!("{kind} {unit} {part}")))
    }
}

/// The part under which a day of a scope is stored: the days of a scope stand beside each other, in order.
fn part_of(scope: Scope, day: NaiveDate) -> String {
    format!("{scope} {}", day.format("%Y-%m-%d"))
}

fn read_part(part: &str) -> Option<(Scope, NaiveDate)> {
    let (scope, day) = part.split_once(' ')?;
    let programme = Scope::Programme;
    let scope = if scope == programme.name() { programme } else { Scope::Campaign(CampaignId(scope.parse().ok()?)) };
    Some((scope, day.parse().ok()?))
}

/// A total behind an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub(super) position: i64,
    pub(super) amount: i128,
}

type Row = (String, String, String, i64, String);

fn read((kind, unit, part, position, amount): Row) -> Result<(Total, At), FoldError> {
    let amount = amount.parse().map_err(|_| FoldError::stored("amount", amount.as_str()))?;
    Ok((Total::read(&kind, &unit, &part)?, At { position, amount }))
}

/// The totals of some kinds as their last rows up to a position have them.
pub(super) async fn last_rows(
    conn: &mut PgConnection,
    kinds: &[&str],
    position: i64,
) -> Result<BTreeMap<Total, At>, FoldError> {
    // from each total to the next by the index: whatever the number of rows, as many steps as there are totals
    let rows: Vec<Row> = sqlx::query_as(
        "with recursive total as (
            select first.*
            from unnest($1::text[]) as wanted(kind)
            cross join lateral (
                select kind, unit, part
                from value_totals
                where value_totals.kind = wanted.kind
                order by kind, unit, part
                limit 1
            ) as first
            union all
            select next.*
            from total
            cross join lateral (
                select kind, unit, part
                from value_totals
                where value_totals.kind = total.kind
                  and (value_totals.unit, value_totals.part) > (total.unit, total.part)
                order by kind, unit, part
                limit 1
            ) as next
        )
        select total.kind, total.unit, total.part, last.position, last.amount
        from total
        cross join lateral (
            select position, amount::text as amount
            from value_totals
            where value_totals.kind = total.kind
              and value_totals.unit = total.unit
              and value_totals.part = total.part
              and value_totals.position <= $2
            order by kind desc, unit desc, part desc, position desc
            limit 1
        ) as last",
    )
    .bind(kinds)
    .bind(position)
    // planned each time: a plan made while the table was empty would read all of it ever after
    .persistent(false)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(read).collect()
}

/// What is counted in scopes from one day to another, as the last rows up to a position have it.
pub(super) async fn last_rows_between(
    conn: &mut PgConnection,
    wanted: &[(Scope, BudgetUnit, NaiveDate, NaiveDate)],
    position: i64,
) -> Result<BTreeMap<Total, At>, FoldError> {
    let year = |year| NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default();
    let clamped = |day: NaiveDate| day.clamp(year(1), year(9_999));
    let rows: Vec<Row> = sqlx::query_as(
        "with recursive total as (
            select first.*, wanted.last_part
            from unnest($1::text[], $2::text[], $3::text[]) as wanted(unit, first_part, last_part)
            cross join lateral (
                select kind, unit, part
                from value_totals
                where value_totals.kind = 'counted'
                  and value_totals.unit = wanted.unit
                  and value_totals.part >= wanted.first_part
                  and value_totals.part <= wanted.last_part
                order by kind, unit, part
                limit 1
            ) as first
            union
            select next.*, total.last_part
            from total
            cross join lateral (
                select kind, unit, part
                from value_totals
                where value_totals.kind = total.kind
                  and value_totals.unit = total.unit
                  and value_totals.part > total.part
                  and value_totals.part <= total.last_part
                order by kind, unit, part
                limit 1
            ) as next
        )
        select total.kind, total.unit, total.part, last.position, last.amount
        from (select distinct kind, unit, part from total) as total
        cross join lateral (
            select position, amount::text as amount
            from value_totals
            where value_totals.kind = total.kind
              and value_totals.unit = total.unit
              and value_totals.part = total.part
              and value_totals.position <= $4
            order by kind desc, unit desc, part desc, position desc
            limit 1
        ) as last",
    )
    .bind(wanted.iter().map(|(_, unit, ..)| unit.to_string()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(scope, _, first, _)| part_of(*scope, clamped(*first))).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(scope, .., last)| part_of(*scope, clamped(*last))).collect::<Vec<_>>())
    .bind(position)
    // planned each time: a plan made while the table was empty would read all of it ever after
    .persistent(false)
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(read).collect()
}

/// The last rows of what a batch changes, and the rows that it adds.
#[derive(Debug, Default)]
pub(super) struct Totals {
    last: BTreeMap<Total, At>,
    new: BTreeMap<(Total, i64), i128>,
    replaced: Vec<(Total, i64)>,
}

impl Totals {
    pub(super) async fn load<'a>(
        tx: &mut PgConnection,
        changed: impl Iterator<Item = &'a Total>,
    ) -> Result<Self, FoldError> {
        let changed: BTreeSet<_> = changed.map(Total::stored).collect();
        let (mut kinds, mut units, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for (kind, unit, part) in changed {
            kinds.push(kind);
            units.push(unit);
            parts.push(part);
        }
        let rows: Vec<Row> = sqlx::query_as(
            "select last.*
            from unnest($1::text[], $2::text[], $3::text[]) as changed(kind, unit, part)
            cross join lateral (
                select kind, unit, part, position, amount::text
                from value_totals
                where value_totals.kind = changed.kind
                  and value_totals.unit = changed.unit
                  and value_totals.part = changed.part
                order by kind desc, unit desc, part desc, position desc
                limit 1
            ) as last",
        )
        .bind(kinds)
        .bind(units)
        .bind(parts)
        .fetch_all(tx)
        .await?;
        Ok(Self { last: rows.into_iter().map(read).collect::<Result<_, _>>()?, ..Self::default() })
    }

    pub(super) fn change(&mut self, Change { position, total, by }: &Change) {
        let before = self.last.get(total).copied();
        let amount = before.map_or(0, |before| before.amount) + by;
        if let Some(before) = before.filter(|before| group_start(before.position) == group_start(*position))
            && self.new.remove(&(total.clone(), before.position)).is_none()
        {
            self.replaced.push((total.clone(), before.position));
        }
        self.new.insert((total.clone(), *position), amount);
        self.last.insert(total.clone(), At { position: *position, amount });
    }

    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        let columns = |rows: &mut dyn Iterator<Item = (Total, i64)>| {
            let mut columns = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            for (total, position) in rows {
                let (kind, unit, part) = total.stored();
                columns.0.push(kind);
                columns.1.push(unit);
                columns.2.push(part);
                columns.3.push(position);
            }
            columns
        };
        if !self.replaced.is_empty() {
            let (kinds, units, parts, positions) = columns(&mut self.replaced.into_iter());
            sqlx::query(
                "delete from value_totals
                using unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as replaced(kind, unit, part, position)
                where value_totals.kind = replaced.kind
                  and value_totals.unit = replaced.unit
                  and value_totals.part = replaced.part
                  and value_totals.position = replaced.position",
            )
            .bind(kinds)
            .bind(units)
            .bind(parts)
            .bind(positions)
            // planned each time: a plan made while the table was empty would read all of it ever after
            .persistent(false)
            .execute(&mut *tx)
            .await?;
        }
        let amounts: Vec<String> = self.new.values().map(ToString::to_string).collect();
        let (kinds, units, parts, positions) = columns(&mut self.new.into_keys());
        sqlx::query(
            "insert into value_totals (kind, unit, part, position, amount)
            select kind, unit, part, position, amount::numeric
            from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
                as total(kind, unit, part, position, amount)",
        )
        .bind(kinds)
        .bind(units)
        .bind(parts)
        .bind(positions)
        .bind(amounts)
        .execute(tx)
        .await?;
        Ok(())
    }
}
