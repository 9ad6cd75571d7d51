//! How wallets are loaded for a fold and written behind it. What a row says, the fold has decided.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::id::{LotId, MemberId};
use domain::value::{HoldId, Holdings, Lot, LotDates, Portion, UnitCode};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::{Balances, Key, Moving, NewEntry, Touched};
use crate::engine::error::FoldError;
use crate::read_models::copy_in::{self, CopyIn};

/// A lot as it is stored.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct LotRow {
    pub(super) member_id: Uuid,
    pub(super) unit: String,
    pub(super) lot_id: Uuid,
    amount: i64,
    free: i64,
    expired: i64,
    available_from: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    position: i64,
}

/// The columns of a lot.
macro_rules! lot_columns {
    () => {
        "member_id, unit, lot_id, amount, free, expired, available_from, expires_at, position"
    };
}
pub(super) use lot_columns;

impl LotRow {
    pub(super) fn lot(&self) -> Lot {
        let dates =
            LotDates { available_from: self.available_from.into(), expires_at: self.expires_at.map(Into::into) };
        Lot { amount: self.amount, free: self.free, expired: self.expired, dates, position: self.position }
    }
}

pub(super) fn unit(text: String) -> Result<UnitCode, FoldError> {
    UnitCode::try_from(text.clone()).map_err(|_| FoldError::stored("unit", text))
}

#[derive(sqlx::FromRow)]
struct BalancesRow {
    member_id: Uuid,
    unit: String,
    balance: i64,
    held: i64,
    receivable: i64,
}

impl Moving {
    /// The rows that a batch touches, as they are. Holds are not among them: they begin and end, and never change.
    pub(super) async fn load(tx: &mut PgConnection, touched: Touched) -> Result<Self, FoldError> {
        let mut balances = BTreeMap::new();
        let mut lots: BTreeMap<Key, BTreeMap<LotId, Lot>> = BTreeMap::new();
        for row in load_balances(tx, &touched).await? {
            let key = (MemberId(row.member_id), unit(row.unit)?);
            let BalancesRow { balance, held, receivable, .. } = row;
            balances.insert(key, Balances { wallet: balance - held - receivable, held, receivable });
        }
        for row in load_lots(tx, &touched).await? {
            let lot = row.lot();
            let key = (MemberId(row.member_id), unit(row.unit)?);
            lots.entry(key).or_default().insert(LotId(row.lot_id), lot);
        }
        let holdings = touched.wallets.into_iter().map(|key| {
            let lots = lots.remove(&key).unwrap_or_default();
            let owed = -balances.get(&key).map_or(0, |balances: &Balances| balances.receivable);
            (key, Holdings::of(lots, BTreeMap::new(), owed))
        });
        let holdings = holdings.collect();
        Ok(Self::of(balances, holdings))
    }

    pub(super) async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        let Self { books, known, ended, entries, .. } = self;
        let ended: Vec<Uuid> = ended.into_iter().map(uuid_of).collect();
        if !ended.is_empty() {
            delete_holds(tx, &ended).await?;
        }
        let (mut new, mut old, mut holds) = (Vec::new(), Vec::new(), Vec::new());
        for (member, unit, held) in books.wallets() {
            for (id, lot) in held.lots() {
                let lots = if known.contains(&id) { &mut old } else { &mut new };
                lots.push((member, unit, id, *lot));
            }
            holds.extend(held.holds().map(|(id, hold)| (member, unit, id, hold.expires_at.utc(), &hold.lots)));
        }
        if copy_in::is_worth_it(new.len()) {
            new.sort_unstable_by_key(|(_, _, _, lot)| lot.position);
            copy_lots(tx, &new).await?;
        } else {
            old.append(&mut new);
        }
        write_lots(tx, &old).await?;
        for (member, unit, id, expires_at, lots) in holds {
            write_hold(tx, member, unit, id, expires_at, lots).await?;
        }
        write_entries(tx, &entries).await
    }
}

pub(super) fn uuid_of(hold: HoldId) -> Uuid {
    match hold {
        HoldId::Spend(id) => id.0,
        HoldId::Claim(id) => id.0,
    }
}

type NamedLot<'a> = (MemberId, &'a UnitCode, LotId, Lot);

async fn load_balances(tx: &mut PgConnection, touched: &Touched) -> sqlx::Result<Vec<BalancesRow>> {
    sqlx::query_as(
        "select last.*
        from unnest($1::uuid[], $2::text[]) as wanted(member_id, unit)
        cross join lateral (
            select member_id, unit, balance, held, receivable
            from wallets_entries
            where wallets_entries.member_id = wanted.member_id
              and wallets_entries.unit = wanted.unit
            order by member_id desc, unit desc, position desc
            limit 1
        ) as last",
    )
    .bind(touched.wallets.iter().map(|(member, _)| member.0).collect::<Vec<_>>())
    .bind(touched.wallets.iter().map(|(_, unit)| unit.as_str()).collect::<Vec<_>>())
    .fetch_all(tx)
    .await
}

async fn load_lots(tx: &mut PgConnection, touched: &Touched) -> sqlx::Result<Vec<LotRow>> {
    if touched.lots.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_as(concat!(
        "select lot.*
        from unnest($1::uuid[], $2::text[], $3::uuid[]) as wanted(member_id, unit, lot_id)
        cross join lateral (
            select ",
        lot_columns!(),
        "
            from wallets_lots
            where wallets_lots.member_id = wanted.member_id
              and wallets_lots.unit = wanted.unit
              and wallets_lots.lot_id = wanted.lot_id
            limit 1
        ) as lot"
    ))
    .bind(touched.lots.iter().map(|(member, _, _)| member.0).collect::<Vec<_>>())
    .bind(touched.lots.iter().map(|(_, unit, _)| unit.as_str()).collect::<Vec<_>>())
    .bind(touched.lots.iter().map(|(_, _, lot)| lot.0).collect::<Vec<_>>())
    .fetch_all(tx)
    .await
}

/// Lots that have no row yet.
async fn copy_lots(tx: &mut PgConnection, rows: &[NamedLot<'_>]) -> Result<(), FoldError> {
    let mut copied = CopyIn::new(9);
    for (member, unit, id, lot) in rows {
        copied.row().id(member.0).text(unit.as_str()).id(id.0).number(lot.amount).number(lot.free).number(lot.expired);
        copied.moment(lot.dates.available_from.utc()).maybe_moment(lot.dates.expires_at.map(domain::Moment::utc));
        copied.number(lot.position);
    }
    Ok(copied.into(tx, "wallets_lots", lot_columns!()).await?)
}

async fn write_lots(tx: &mut PgConnection, rows: &[NamedLot<'_>]) -> Result<(), FoldError> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(concat!(
        "insert into wallets_lots (",
        lot_columns!(),
        ")
        select * from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::bigint[], $6::bigint[],
                             $7::timestamptz[], $8::timestamptz[], $9::bigint[])
        on conflict (member_id, unit, lot_id) do update
        set free = excluded.free,
            expired = excluded.expired"
    ))
    .bind(rows.iter().map(|(member, ..)| member.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, unit, ..)| unit.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, _, id, _)| id.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(.., lot)| lot.amount).collect::<Vec<_>>())
    .bind(rows.iter().map(|(.., lot)| lot.free).collect::<Vec<_>>())
    .bind(rows.iter().map(|(.., lot)| lot.expired).collect::<Vec<_>>())
    .bind(rows.iter().map(|(.., lot)| lot.dates.available_from.utc()).collect::<Vec<_>>())
    .bind(rows.iter().map(|(.., lot)| lot.dates.expires_at.map(domain::Moment::utc)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(.., lot)| lot.position).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

async fn delete_holds(tx: &mut PgConnection, ids: &[Uuid]) -> Result<(), FoldError> {
    // planned each time: a plan made while the table was empty would read all of it ever after
    sqlx::query("delete from wallets_holds where hold_id = any($1)").bind(ids).persistent(false).execute(tx).await?;
    Ok(())
}

/// One at a time: arrays of arrays must have the same length.
async fn write_hold(
    tx: &mut PgConnection,
    member: MemberId,
    unit: &UnitCode,
    id: HoldId,
    expires_at: DateTime<Utc>,
    lots: &[Portion],
) -> Result<(), FoldError> {
    let held_by = match id {
        HoldId::Spend(_) => "spend",
        HoldId::Claim(_) => "claim",
    };
    sqlx::query(
        "insert into wallets_holds (member_id, unit, hold_id, held_by, expires_at, lots, amounts)
        values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(member.0)
    .bind(unit.as_str())
    .bind(uuid_of(id))
    .bind(held_by)
    .bind(expires_at)
    .bind(lots.iter().map(|part| part.lot_id.0).collect::<Vec<_>>())
    .bind(lots.iter().map(|part| part.amount.get()).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

const ENTRY_COLUMNS: &str = "member_id, unit, position, amount, balance, held, receivable";

/// Entries are always new.
async fn write_entries(tx: &mut PgConnection, rows: &[NewEntry]) -> Result<(), FoldError> {
    if copy_in::is_worth_it(rows.len()) {
        let mut copied = CopyIn::new(7);
        for NewEntry { key: (member, unit), position, amount, after } in rows {
            copied.row().id(member.0).text(unit.as_str()).number(*position).number(*amount).number(after.sum());
            copied.number(after.held).number(after.receivable);
        }
        return Ok(copied.into(tx, "wallets_entries", ENTRY_COLUMNS).await?);
    }
    sqlx::query(
        "insert into wallets_entries (member_id, unit, position, amount, balance, held, receivable)
        select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
                             $7::bigint[])",
    )
    .bind(rows.iter().map(|row| row.key.0.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.key.1.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.position).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.amount).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.after.sum()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.after.held).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.after.receivable).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
