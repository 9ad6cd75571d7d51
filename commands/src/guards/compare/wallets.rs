//! What members hold of units, as the log has it: lots, open holds and debts. There may be a million lots, so that what a few pages of
//! the log change is added to temporary tables, and these are compared with the guard rows by the database.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::id::{LotId, MemberId};
use domain::value::{HoldId, NewLot, Portion, UnitCode};
use sqlx::PgConnection;

use super::{CompareError, Compared};
use crate::guards::value::ValueChange;
use crate::guards::value_totals::row_of;
use crate::log::named_parameters::NamedStatement;

pub(super) const LOTS: &str = "wallet_lots";
pub(super) const HOLDS: &str = "wallet_holds";
pub(super) const DEBTS: &str = "wallet_debts";

const TEMPORARY: [&str; 3] = [
    // what is null belongs to a lot that something was taken from before anything gave it
    "create temporary table derived_lots (
         member_id uuid, unit text collate \"C\", lot_id uuid, amount bigint, free bigint not null, expired bigint not null,
         available_from timestamptz(3), expires_at timestamptz(3), position bigint,
         primary key (member_id, unit, lot_id)
     ) on commit drop",
    "create temporary table derived_holds (
         hold_id uuid primary key, member_id uuid, unit text collate \"C\", held_by text, expires_at timestamptz(3), lots text
     ) on commit drop",
    "create temporary table derived_debts (
         member_id uuid, unit text collate \"C\", owed bigint not null, primary key (member_id, unit)
     ) on commit drop",
];

static ADD_LOTS: NamedStatement = NamedStatement::new(
    "insert into pg_temp.derived_lots as lots
         (member_id, unit, lot_id, amount, free, expired, available_from, expires_at, position)
    select member_id, unit, lot_id, amount, free, expired, available_from, expires_at, position from {added}
    on conflict (member_id, unit, lot_id) do update
    set free = lots.free + excluded.free,
        expired = lots.expired + excluded.expired,
        amount = coalesce(lots.amount, excluded.amount),
        available_from = coalesce(lots.available_from, excluded.available_from),
        expires_at = coalesce(lots.expires_at, excluded.expires_at),
        position = coalesce(lots.position, excluded.position)",
);

static END_HOLDS: NamedStatement =
    NamedStatement::new("delete from pg_temp.derived_holds where hold_id in (select hold_id from {changed})");

static ADD_HOLDS: NamedStatement = NamedStatement::new(
    "insert into pg_temp.derived_holds (hold_id, member_id, unit, held_by, expires_at, lots)
    select hold_id, member_id, unit, held_by, expires_at, lots from {added}",
);

static ADD_DEBTS: NamedStatement = NamedStatement::new(
    "insert into pg_temp.derived_debts as debts (member_id, unit, owed)
    select member_id, unit, owed from {added}
    on conflict (member_id, unit) do update set owed = debts.owed + excluded.owed",
);

/// Each row beside that of the log, as texts: the first pair that differs.
const COMPARE: [(&str, &str, &str); 3] = [
    (
        LOTS,
        "select count(*) from wallet_lots",
        "select concat_ws(' ', member_id, unit, lot_id),
                case when log.free is not null then
                    format('%s, %s free, %s expired, from %s to %s, position %s', log.amount, log.free, log.expired,
                           log.available_from, log.expires_at, log.position) end,
                case when stored.free is not null then
                    format('%s, %s free, %s expired, from %s to %s, position %s', stored.amount, stored.free, stored.expired,
                           stored.available_from, stored.expires_at, stored.position) end
         from pg_temp.derived_lots as log
         full join wallet_lots as stored using (member_id, unit, lot_id)
         where (log.amount, log.free, log.expired, log.available_from, log.expires_at, log.position)
               is distinct from
               (stored.amount, stored.free, stored.expired, stored.available_from, stored.expires_at, stored.position)
         order by member_id, unit, lot_id
         limit 1",
    ),
    (
        HOLDS,
        "select count(*) from wallet_holds",
        "with stored as (
             select hold_id,
                    concat_ws(' ', member_id, unit, held_by, 'until', expires_at, 'of', (
                        select string_agg(concat_ws(' ', lot, amount), ', ' order by number)
                        from unnest(lots, amounts) with ordinality as parts (lot, amount, number)
                    )) as said
             from wallet_holds
         ),
         log as (
             select hold_id, concat_ws(' ', member_id, unit, held_by, 'until', expires_at, 'of', lots) as said
             from pg_temp.derived_holds
         )
         select hold_id::text, left(log.said, 400), left(stored.said, 400)
         from log full join stored using (hold_id)
         where log.said is distinct from stored.said
         order by hold_id
         limit 1",
    ),
    (
        DEBTS,
        "select count(*) from wallet_debts",
        "select concat_ws(' ', member_id, unit), log.owed::text, stored.owed::text
         from pg_temp.derived_debts as log
         full join wallet_debts as stored using (member_id, unit)
         where coalesce(log.owed, 0) <> coalesce(stored.owed, 0)
         order by member_id, unit
         limit 1",
    ),
];

/// Writes what was put aside into the tables, which are empty.
pub(super) const FILL: [&str; 3] = [
    "insert into wallet_lots (member_id, unit, lot_id, amount, free, expired, available_from, expires_at, position)
     select member_id, unit, lot_id, amount, free, expired, available_from, expires_at, position from pg_temp.derived_lots",
    "insert into wallet_holds (member_id, unit, hold_id, held_by, expires_at, lots, amounts)
     select member_id, unit, hold_id, held_by, expires_at, parts.lots, parts.amounts
     from pg_temp.derived_holds as log
     cross join lateral (
         select array_agg(split_part(part, ' ', 1)::uuid order by number) as lots,
                array_agg(split_part(part, ' ', 2)::bigint order by number) as amounts
         from unnest(string_to_array(log.lots, ', ')) with ordinality as said (part, number)
     ) as parts",
    "insert into wallet_debts (member_id, unit, owed) select member_id, unit, owed from pg_temp.derived_debts",
];

/// What the pages since the last that were put aside change.
#[derive(Default)]
pub(super) struct Wallets {
    lots: BTreeMap<(MemberId, UnitCode, LotId), LotChanges>,
    /// `None`: it has ended.
    holds: BTreeMap<HoldId, Option<HoldRow>>,
    debts: BTreeMap<(MemberId, UnitCode), i64>,
    /// How many parts of lots the holds are of, which may be thousands for one.
    held_portions: usize,
}

/// What changes about one lot.
#[derive(Default)]
struct LotChanges {
    given: Option<(NewLot, i64)>,
    free: i64,
    expired: i64,
}

/// An open hold.
struct HoldRow {
    member_id: MemberId,
    unit: UnitCode,
    expires_at: DateTime<Utc>,
    lots: String,
}

impl Wallets {
    /// Makes room for what does not fit into memory.
    pub(super) async fn begin(connection: &mut PgConnection) -> Result<Self, CompareError> {
        for sql in TEMPORARY {
            sqlx::query(sql).execute(&mut *connection).await?;
        }
        Ok(Self::default())
    }

    pub(super) fn apply(&mut self, change: ValueChange) {
        match change {
            ValueChange::LotGiven { member_id, unit, lot, position } => {
                let row = self.lots.entry((member_id, unit, lot.lot_id)).or_default();
                row.given.get_or_insert((lot, position));
                row.free += lot.amount.get();
            }
            ValueChange::LotMoved { member_id, unit, lot_id, free, expired } => {
                let row = self.lots.entry((member_id, unit, lot_id)).or_default();
                row.free += free;
                row.expired += expired;
            }
            ValueChange::HoldBegun { member_id, unit, hold, expires_at, lots } => {
                self.held_portions += lots.len();
                let (expires_at, lots) = (expires_at.utc(), told(&lots));
                self.holds.insert(hold, Some(HoldRow { member_id, unit, expires_at, lots }));
            }
            ValueChange::HoldEnded { hold } => {
                self.holds.insert(hold, None);
            }
            ValueChange::Owed { member_id, unit, amount } => {
                *self.debts.entry((member_id, unit)).or_default() += amount;
            }
            // of another table, or of one that nothing is written to yet
            ValueChange::Acted(_)
            | ValueChange::Counted { .. }
            | ValueChange::CouponGranted { .. }
            | ValueChange::CouponUsed { .. } => {}
        }
    }

    /// Adds what is in memory to the temporary tables, once it is more than `held` rows.
    pub(super) async fn put_aside(&mut self, connection: &mut PgConnection, held: usize) -> Result<(), CompareError> {
        if self.lots.len() + self.holds.len() + self.held_portions + self.debts.len() <= held {
            return Ok(());
        }
        let Self { lots, holds, debts, .. } = std::mem::take(self);
        let given = |lot: &LotChanges| lot.given;
        let add = ADD_LOTS
            .bind()
            .rows("added", lots.iter())
            .column("member_id", |((member, _, _), _)| member.0)
            .column("unit", |((_, unit, _), _)| unit.as_str())
            .column("lot_id", |((_, _, lot), _)| lot.0)
            .column("amount", |(_, lot)| given(lot).map(|(lot, _)| lot.amount.get()))
            .column("free", |(_, lot)| lot.free)
            .column("expired", |(_, lot)| lot.expired)
            .column("available_from", |(_, lot)| given(lot).map(|(lot, _)| lot.available_from.utc()))
            .column("expires_at", |(_, lot)| given(lot).and_then(|(lot, _)| lot.expires_at).map(domain::Moment::utc))
            .column("position", |(_, lot)| given(lot).map(|(_, position)| position))
            .end();
        add.query()?.persistent(false).execute(&mut *connection).await?;
        let end = END_HOLDS.bind().rows("changed", holds.keys()).column("hold_id", |hold| row_of(*hold).0).end();
        end.query()?.persistent(false).execute(&mut *connection).await?;
        let begun = holds.iter().filter_map(|(hold, row)| Some((row_of(*hold), row.as_ref()?)));
        let add = ADD_HOLDS
            .bind()
            .rows("added", begun)
            .column("hold_id", |((id, _), _)| id)
            .column("held_by", |((_, held_by), _)| held_by)
            .column("member_id", |(_, row)| row.member_id.0)
            .column("unit", |(_, row)| row.unit.as_str())
            .column("expires_at", |(_, row)| row.expires_at)
            .column("lots", |(_, row)| row.lots.as_str())
            .end();
        add.query()?.persistent(false).execute(&mut *connection).await?;
        let add = ADD_DEBTS
            .bind()
            .rows("added", debts.iter())
            .column("member_id", |((member, _), _)| member.0)
            .column("unit", |((_, unit), _)| unit.as_str())
            .column("owed", |(_, owed)| *owed)
            .end();
        add.query()?.persistent(false).execute(&mut *connection).await?;
        Ok(())
    }
}

/// Each table beside what was put aside.
pub(super) async fn compared(connection: &mut PgConnection) -> Result<Vec<Compared>, CompareError> {
    let mut all = vec![];
    for (table, count, differing) in COMPARE {
        let rows = sqlx::query_scalar(count).fetch_one(&mut *connection).await?;
        let found: Option<(String, Option<String>, Option<String>)> =
            sqlx::query_as(differing).persistent(false).fetch_optional(&mut *connection).await?;
        let difference = found.map(|(key, log, row)| super::difference(table, &key, &log, &row));
        all.push(Compared { table, rows, difference });
    }
    Ok(all)
}

fn told(lots: &[Portion]) -> String {
    let parts: Vec<String> = lots.iter().map(|part| format!("{} {}", part.lot_id, part.amount.get())).collect();
    parts.join(", ")
}
