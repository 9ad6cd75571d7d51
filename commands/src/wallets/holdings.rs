//! Reads what a member holds from the guard rows: lots, holds and debts in one snapshot, with the position of the log that
//! they are true at. Lots that are used up are left out, unless a hold or the caller names them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::Moment;
use domain::id::{ClaimId, LotId, MemberId, SpendId};
use domain::quantity::Amount;
use domain::value::{Hold, HoldId, Holdings, Lot, LotDates, Portion, UnitCode};
use sqlx::FromRow;
use uuid::Uuid;

use crate::ledger::Ledger;
use crate::log::coalesce::ReadError;

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

/// One row of any of the tables; which one is told by `kind`.
#[derive(FromRow)]
struct Row {
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

/// The wallets of `$1`, of the unit `$2` or of all, with the lots `$3` even where they are used up. The first row is the
/// head of the log in the same snapshot.
const READ_WALLETS: &str = "
select 'head' as kind, null::text as unit, null::uuid as id, null::bigint as amount, null::bigint as free,
       null::bigint as expired, null::timestamptz as starts, null::timestamptz as ends, position,
       null::uuid[] as lots, null::bigint[] as amounts
from log_head
union all
select 'lot', unit, lot_id, amount, free, expired, available_from, expires_at, position, null, null
from wallet_lots
where member_id = $1 and ($2::text is null or unit = $2)
  and (free > 0 or lot_id = any($3)
       or lot_id in (select unnest(held.lots) from wallet_holds as held where held.member_id = $1))
union all
select held_by, unit, hold_id, null, null, null, null, expires_at, null, lots, amounts
from wallet_holds
where member_id = $1 and ($2::text is null or unit = $2)
union all
select 'debt', unit, null, owed, null, null, null, null, null, null, null
from wallet_debts
where member_id = $1 and ($2::text is null or unit = $2)";

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
        let also: Vec<Uuid> = also.iter().map(|lot| lot.0).collect();
        let query = sqlx::query_as(READ_WALLETS).bind(member.0).bind(unit.map(UnitCode::as_str)).bind(also);
        let rows: Vec<Row> = query.fetch_all(&self.shared.pool).await?;
        let (mut position, mut parts) = (0, BTreeMap::<UnitCode, Parts>::new());
        for row in rows {
            match (row.kind.as_str(), &row.unit) {
                ("head", _) => position = row.position.unwrap_or_default(),
                (_, Some(unit)) => {
                    let unit = UnitCode::try_from(unit.clone());
                    let unit = unit.map_err(|error| ReadError::Broken(error.to_string().into()))?;
                    let added = parts.entry(unit).or_default().add(&row);
                    added.ok_or_else(|| ReadError::Broken("a wallet has a row without its columns".into()))?;
                }
                (_, None) => return Err(ReadError::Broken("a wallet has a row without a unit".into())),
            }
        }
        let by_unit = parts.into_iter().map(|(unit, of)| (unit, Holdings::of(of.lots, of.holds, of.owed)));
        Ok(Wallets { position, by_unit: by_unit.collect() })
    }
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
