//! What a member holds of each unit: now by the rows, as of then by folding the events that the member's entries name. Both
//! give the same type, which says by itself what is over at a moment, recorded or not.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::id::{ClaimId, LotId, MemberId, SpendId};
use domain::value::{Books, Hold, HoldId, Holdings, Lot, Portion, UnitCode};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use uuid::Uuid;

use super::rows::{LotRow, lot_columns, unit};
use crate::engine::error::FoldError;

/// How many events of the past are folded from one query.
const EVENTS_AT_ONCE: i64 = 5_000;

/// What a member holds.
#[derive(Debug, Clone, Default)]
pub struct MemberWallets {
    /// Of each unit of which they ever had something.
    pub by_unit: BTreeMap<UnitCode, Holdings>,
    /// The position of the last event that moved something.
    pub position: i64,
}

/// Which lots are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lots {
    /// Those of which something is left or held: all that a balance needs.
    Left,
    /// All of them.
    All,
}

/// What a member holds by all that is folded, in one snapshot; of one unit, or of all.
///
/// # Errors
/// See [`FoldError`].
pub async fn now(
    pool: &PgPool,
    member: MemberId,
    of: Option<&UnitCode>,
    which: Lots,
) -> Result<MemberWallets, FoldError> {
    let mut tx = pool.begin_with("begin transaction isolation level repeatable read read only").await?;
    let mut found = MemberWallets::default();
    let owing = load_wallets(&mut tx, member, of).await?;
    let mut holds = load_holds(&mut tx, member, of).await?;
    let mut lots = load_lots(&mut tx, member, of, which, &holds).await?;
    tx.commit().await?;
    for (code, receivable, position) in owing {
        let code = unit(code)?;
        let (lots, holds) = (lots.remove(&code).unwrap_or_default(), holds.remove(&code).unwrap_or_default());
        found.by_unit.insert(code, Holdings::of(lots, holds, -receivable));
        found.position = found.position.max(position);
    }
    Ok(found)
}

/// What a member held at a position, with all lots: the fold of the events that moved something by then.
///
/// # Errors
/// See [`FoldError`].
pub async fn at(
    conn: &mut PgConnection,
    member: MemberId,
    of: Option<&UnitCode>,
    position: i64,
) -> Result<MemberWallets, FoldError> {
    let mut found = MemberWallets::default();
    let mut tx = conn.begin_with("begin transaction isolation level repeatable read read only").await?;
    for (code, ..) in load_wallets(&mut tx, member, of).await? {
        let code = unit(code)?;
        // an event may move several units: each has books of its own, so that none is folded twice
        let (mut books, mut after) = (Books::default(), 0);
        loop {
            let events = load_events(&mut tx, member, &code, after, position).await?;
            for (position, event) in &events {
                books.post(event, *position);
                after = *position;
            }
            if i64::try_from(events.len()).unwrap_or(i64::MAX) < EVENTS_AT_ONCE {
                break;
            }
        }
        if let Some(held) = books.wallet(member, &code) {
            found.by_unit.insert(code, held.clone());
            found.position = found.position.max(after);
        }
    }
    tx.commit().await?;
    Ok(found)
}

type WalletRow = (String, i64, i64);

async fn load_wallets(
    conn: &mut PgConnection,
    member: MemberId,
    of: Option<&UnitCode>,
) -> sqlx::Result<Vec<WalletRow>> {
    sqlx::query_as(
        // from each unit to the next by the index, however many entries there are
        "with recursive of_member as (
            (
                select unit
                from wallets_entries
                where member_id = $1
                  and ($2::text is null or unit = $2)
                order by member_id, unit
                limit 1
            )
            union all
            select next.unit
            from of_member
            cross join lateral (
                select unit
                from wallets_entries
                where member_id = $1
                  and wallets_entries.unit > of_member.unit
                  and $2::text is null
                order by member_id, unit
                limit 1
            ) as next
        )
        select of_member.unit, last.receivable, last.position
        from of_member
        cross join lateral (
            select receivable, position
            from wallets_entries
            where member_id = $1
              and wallets_entries.unit = of_member.unit
            order by member_id desc, wallets_entries.unit desc, position desc
            limit 1
        ) as last",
    )
    .bind(member.0)
    .bind(of.map(UnitCode::as_str))
    // planned each time, as below: a plan made while the table was empty would read all of it ever after
    .persistent(false)
    .fetch_all(conn)
    .await
}

type HoldRow = (String, Uuid, String, DateTime<Utc>, Vec<Uuid>, Vec<i64>);
type Holds = BTreeMap<UnitCode, BTreeMap<HoldId, Hold>>;

async fn load_holds(conn: &mut PgConnection, member: MemberId, of: Option<&UnitCode>) -> Result<Holds, FoldError> {
    let rows: Vec<HoldRow> = sqlx::query_as(
        "select unit, hold_id, held_by, expires_at, lots, amounts
        from wallets_holds
        where member_id = $1
          and ($2::text is null or unit = $2)",
    )
    .bind(member.0)
    .bind(of.map(UnitCode::as_str))
    .persistent(false)
    .fetch_all(conn)
    .await?;
    let mut holds = Holds::new();
    for (code, id, held_by, expires_at, lots, amounts) in rows {
        let id = match held_by.as_str() {
            "spend" => HoldId::Spend(SpendId(id)),
            "claim" => HoldId::Claim(ClaimId(id)),
            _ => return Err(FoldError::stored("holder", held_by)),
        };
        let parts = lots.into_iter().zip(amounts).map(|(lot, amount)| {
            Portion::of(LotId(lot), amount).ok_or_else(|| FoldError::stored("held amount", amount.to_string()))
        });
        let hold = Hold { expires_at: expires_at.into(), lots: parts.collect::<Result<_, _>>()? };
        holds.entry(unit(code)?).or_default().insert(id, hold);
    }
    Ok(holds)
}

async fn load_lots(
    conn: &mut PgConnection,
    member: MemberId,
    of: Option<&UnitCode>,
    which: Lots,
    holds: &Holds,
) -> Result<BTreeMap<UnitCode, BTreeMap<LotId, Lot>>, FoldError> {
    // what a hold that is over gives back is free again, also in a lot of which nothing else is left
    let held = holds.values().flat_map(BTreeMap::values).flat_map(|hold| &hold.lots).map(|part| part.lot_id.0);
    let query = match which {
        Lots::Left => concat!(
            "select ",
            lot_columns!(),
            " from wallets_lots where member_id = $1 and ($2::text is null or unit = $2) and free > 0
            union
            select lot.*
            from unnest($3::uuid[]) as wanted(lot_id)
            cross join lateral (
                select ",
            lot_columns!(),
            "
                from wallets_lots
                where wallets_lots.member_id = $1
                  and ($2::text is null or unit = $2)
                  and wallets_lots.lot_id = wanted.lot_id
            ) as lot"
        ),
        Lots::All => concat!(
            "select ",
            lot_columns!(),
            " from wallets_lots where member_id = $1 and ($2::text is null or unit = $2) and $3::uuid[] is not null"
        ),
    };
    let rows: Vec<LotRow> = sqlx::query_as(query)
        .bind(member.0)
        .bind(of.map(UnitCode::as_str))
        .bind(held.collect::<Vec<_>>())
        .persistent(false)
        .fetch_all(conn)
        .await?;
    let mut lots: BTreeMap<UnitCode, BTreeMap<LotId, Lot>> = BTreeMap::new();
    for row in rows {
        let (id, lot) = (LotId(row.lot_id), row.lot());
        lots.entry(unit(row.unit)?).or_default().insert(id, lot);
    }
    Ok(lots)
}

/// The next events that moved something of a unit, up to a position.
async fn load_events(
    conn: &mut PgConnection,
    member: MemberId,
    of: &UnitCode,
    after: i64,
    through: i64,
) -> Result<Vec<(i64, Event)>, FoldError> {
    let rows: Vec<(i64, String, String, String)> = sqlx::query_as(
        "select entry.position, moved.event_type, moved.event_version, moved.payload
        from (
            select position
            from wallets_entries
            where member_id = $1
              and unit = $2
              and position > $3
              and position <= $4
            order by member_id, unit, position
            limit $5
        ) as entry
        cross join lateral (
            select event_type, event_version, payload::text as payload
            from events
            where events.position = entry.position
            limit 1
        ) as moved
        order by entry.position",
    )
    .bind(member.0)
    .bind(of.as_str())
    .bind(after)
    .bind(through)
    .bind(EVENTS_AT_ONCE)
    .persistent(false)
    .fetch_all(conn)
    .await?;
    let decode = |(position, event_type, version, payload): (i64, String, String, String)| {
        let event = Event::decode(&event_type, &version, &payload);
        event.map(|event| (position, event)).map_err(|source| FoldError::Event { position, source })
    };
    rows.into_iter().map(decode).collect()
}
