//! Reads what a member holds from the guard rows: lots, holds and debts in one snapshot, with the position of the log that
//! they are true at. Wallets that are wanted at the same moment are read by one query. Lots that are used up are left out,
//! unless a hold or a caller names them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::Moment;
use domain::id::{ClaimId, LotId, MemberId, SpendId};
use domain::quantity::Amount;
use domain::value::{Hold, HoldId, Holdings, Lot, LotDates, Portion, UnitCode};
use futures::FutureExt;
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::log::coalesce::{Coalescer, Gathering, ReadError};
use crate::log::lookups;

/// What one member holds of every unit.
#[derive(Debug, Clone)]
pub struct Wallets {
    /// The position of the log that it is true at.
    pub position: i64,
    /// What they hold, by unit; nothing of a unit is left out.
    pub by_unit: BTreeMap<UnitCode, Holdings>,
}

/// What one member holds of one unit, as it was read.
#[derive(Debug, Clone)]
pub(crate) struct KnownWallet {
    pub(crate) member_id: MemberId,
    pub(crate) unit: UnitCode,
    pub(crate) holdings: Arc<Holdings>,
    pub(crate) position: i64,
}

/// Whose wallets are read.
#[derive(Debug, Clone)]
pub(crate) struct WalletKey {
    member: MemberId,
    /// `None`: of every unit.
    unit: Option<UnitCode>,
    /// Lots that are there even where they are used up.
    also: Vec<Uuid>,
}

/// Gathers the wallets that are wanted at the same moment.
pub(crate) type WalletReader = Coalescer<WalletKey, Wallets>;

pub(crate) fn reader(pool: &PgPool) -> WalletReader {
    // a wallet of thousands of lots takes long by itself
    lookups::gathered(pool, Gathering::AtOnce, |conn, keys| async move { read_wallets(conn, &keys).await }.boxed())
}

/// One row of any of the tables; which one is told by `kind`.
#[derive(FromRow)]
struct Row {
    /// Which of the keys it is for, from 1; `None` is the head, which is for all.
    number: Option<i64>,
    kind: String,
    unit: Option<String>,
    id: Option<Uuid>,
    amount: Option<i64>,
    free: Option<i64>,
    expired: Option<i64>,
    starts: Option<DateTime<Utc>>,
    ends: Option<DateTime<Utc>>,
    position: Option<i64>,
    lots: Option<Vec<Uuid>>,
    amounts: Option<Vec<i64>>,
}

/// The wallets of the members `$1`, of the units `$2` or of all, with the lots `$3` even where they are used up. The first
/// row is the head of the log in the same snapshot. Every wallet is a walk of its own over the indexes, whatever the planner
/// thinks of the size of the tables.
pub const READ_WALLETS: &str = "
select null::bigint as number, 'head' as kind, null::text as unit, null::uuid as id, null::bigint as amount,
       null::bigint as free, null::bigint as expired, null::timestamptz as starts, null::timestamptz as ends, position,
       null::uuid[] as lots, null::bigint[] as amounts
from log_head
union all
select wanted.number, part.*
from unnest($1::uuid[], $2::text[]) with ordinality as wanted (member_id, unit, number)
cross join lateral (
    select array_agg(lot) as lots
    from wallet_holds as hold, unnest(hold.lots) as lot
    where hold.member_id = wanted.member_id
) as held
cross join lateral (
    select 'lot', unit, lot_id, amount, free, expired, available_from, expires_at, position, null::uuid[], null::bigint[]
    from wallet_lots
    where wallet_lots.member_id = wanted.member_id and (wanted.unit is null or wallet_lots.unit = wanted.unit)
      and (free > 0 or lot_id = any($3) or lot_id = any(held.lots))
    union all
    select held_by, unit, hold_id, null, null, null, null, expires_at, null, wallet_holds.lots, amounts
    from wallet_holds
    where wallet_holds.member_id = wanted.member_id and (wanted.unit is null or wallet_holds.unit = wanted.unit)
    union all
    select 'debt', unit, null, owed, null, null, null, null, null, null, null
    from wallet_debts
    where wallet_debts.member_id = wanted.member_id and (wanted.unit is null or wallet_debts.unit = wanted.unit)
) as part";

#[derive(Default)]
struct Parts {
    lots: BTreeMap<LotId, Lot>,
    holds: BTreeMap<HoldId, Hold>,
    owed: i64,
}

impl Ledger {
    /// What a member holds of every unit, as the log has it now.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn wallets(&self, member: MemberId) -> Result<Wallets, ReadError> {
        self.read_wallets(member, None, &[]).await
    }

    /// What a member holds of one unit; lots that are used up are there if `also` names them.
    pub(crate) async fn known_wallet(
        &self,
        member_id: MemberId,
        unit: &UnitCode,
        also: &[LotId],
    ) -> Result<KnownWallet, ReadError> {
        let mut read = self.read_wallets(member_id, Some(unit), also).await?;
        let holdings = Arc::new(read.by_unit.remove(unit).unwrap_or_default());
        Ok(KnownWallet { member_id, unit: unit.clone(), holdings, position: read.position })
    }

    async fn read_wallets(
        &self,
        member: MemberId,
        unit: Option<&UnitCode>,
        also: &[LotId],
    ) -> Result<Wallets, ReadError> {
        let also = also.iter().map(|lot| lot.0).collect();
        self.shared.wallets.read(WalletKey { member, unit: unit.cloned(), also }).await
    }
}

async fn read_wallets(conn: &mut PgConnection, keys: &[WalletKey]) -> Result<Vec<Wallets>, ReadError> {
    let rows: Vec<Row> = sqlx::query_as(READ_WALLETS)
        .bind(keys.iter().map(|key| key.member.0).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.unit.as_ref().map(UnitCode::as_str)).collect::<Vec<_>>())
        .bind(keys.iter().flat_map(|key| key.also.iter().copied()).collect::<Vec<_>>())
        .fetch_all(conn)
        .await?;
    let mut position = 0;
    let mut wanted: Vec<BTreeMap<UnitCode, Parts>> = keys.iter().map(|_| BTreeMap::new()).collect();
    for row in rows {
        let Some(number) = row.number else {
            position = row.position.unwrap_or_default();
            continue;
        };
        let parts = usize::try_from(number - 1).ok().and_then(|index| wanted.get_mut(index));
        let (Some(parts), Some(unit)) = (parts, &row.unit) else {
            return Err(ReadError::Broken("a wallet has a row without a unit".into()));
        };
        let unit = UnitCode::try_from(unit.clone()).map_err(|error| ReadError::Broken(error.to_string().into()))?;
        let added = parts.entry(unit).or_default().add(&row);
        added.ok_or_else(|| ReadError::Broken("a wallet has a row without its columns".into()))?;
    }
    let holdings = |parts: Parts| Holdings::of(parts.lots, parts.holds, parts.owed);
    let wallets = |parts: BTreeMap<UnitCode, Parts>| Wallets {
        position,
        by_unit: parts.into_iter().map(|(unit, parts)| (unit, holdings(parts))).collect(),
    };
    Ok(wanted.into_iter().map(wallets).collect())
}

impl Parts {
    /// Adds a row; `None`: it lacks a column.
    fn add(&mut self, row: &Row) -> Option<()> {
        let hold = match row.kind.as_str() {
            "lot" => {
                let dates = LotDates { available_from: row.starts?.into(), expires_at: row.ends.map(Moment::from) };
                let (amount, free, expired) = (row.amount?, row.free?, row.expired?);
                self.lots.insert(LotId(row.id?), Lot { amount, free, expired, dates, position: row.position? });
                return Some(());
            }
            "debt" => {
                self.owed = row.amount?;
                return Some(());
            }
            "spend" => HoldId::Spend(SpendId(row.id?)),
            "claim" => HoldId::Claim(ClaimId(row.id?)),
            _ => return None,
        };
        let parts = row.lots.as_ref()?.iter().zip(row.amounts.as_ref()?);
        let lots =
            parts.map(|(lot, amount)| Some(Portion { lot_id: LotId(*lot), amount: Amount::try_from(*amount).ok()? }));
        let lots = lots.collect::<Option<Vec<_>>>()?;
        self.holds.insert(hold, Hold { expires_at: row.ends?.into(), lots });
        Some(())
    }
}
