//! `…/lots`: what was given, lot by lot, and what became of each.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::Moment;
use domain::id::{LotId, MemberId};
use domain::value::{Lot, LotStanding, UnitCode};
use projections::read_models::wallets::Lots;
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::AsOfBody;
use super::asked::{self, AskedUnit, Found, Part};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Caller, Member, StaffOrSpender};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::cursor::Binding;
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;

/// The caller's.
pub(super) async fn own(
    State(state): State<AppState>,
    member: Member,
    uri: Uri,
    min: MinPosition,
    Query(part): Query<Part>,
) -> Result<At<Json<LotsBody>>, Problem> {
    lots(&state, &member, member.id, &uri, min, part).await
}

/// A member's.
pub(super) async fn of_member(
    State(state): State<AppState>,
    caller: StaffOrSpender,
    PathId(member): PathId,
    uri: Uri,
    min: MinPosition,
    Query(part): Query<Part>,
) -> Result<At<Json<LotsBody>>, Problem> {
    let member = asked::member(&state, &caller, MemberId(member)).await?;
    lots(&state, &caller, member, &uri, min, part).await
}

async fn lots(
    state: &AppState,
    caller: &Caller,
    member: MemberId,
    uri: &Uri,
    min: MinPosition,
    Part { asked: AskedUnit { unit, asked }, page }: Part,
) -> Result<At<Json<LotsBody>>, Problem> {
    let binding = Binding::of(&state.keys, uri, caller.id);
    let (limit, after) = page.opened(&binding)?;
    let after = after.map(|place| Place::open(&place)).transpose()?;
    asked::scale(state, &unit).await?;
    let Found { mut by_unit, clock, as_of } =
        asked.holdings(state, member, Some(&unit), Lots::All, min, caller.at).await?;
    let held = by_unit.remove(&unit).unwrap_or_default();
    let mut lots: Vec<_> = held.lots_at(clock).map(|(id, lot, stands)| (Place::of(id, lot), *lot, stands)).collect();
    lots.sort_unstable_by_key(|(place, ..)| std::cmp::Reverse(*place));
    lots.retain(|(place, ..)| after.is_none_or(|after| *place < after));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = lots.len() > limit;
    lots.truncate(limit);
    let last = lots.last().filter(|_| more).map(|(place, ..)| *place);
    let body = LotsBody {
        unit,
        lots: lots.into_iter().map(|(place, lot, stands)| LotBody::of(place.lot_id, lot, stands, clock)).collect(),
        next_cursor: last.map(|place| binding.seal(&place.bytes())).transpose()?,
        as_of,
    };
    Ok(At(as_of.position, Json(body)))
}

/// A lot in the list: the newest first. One event may give several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    position: i64,
    lot_id: LotId,
}

impl Place {
    fn of(lot_id: LotId, lot: &Lot) -> Self {
        Self { position: lot.position, lot_id }
    }

    fn bytes(self) -> Vec<u8> {
        [self.position.to_be_bytes().as_slice(), self.lot_id.0.as_bytes()].concat()
    }

    fn open(bytes: &[u8]) -> Result<Self, Problem> {
        let read = || {
            let (position, lot) = bytes.split_first_chunk::<8>()?;
            Some(Self { position: i64::from_be_bytes(*position), lot_id: LotId(Uuid::from_slice(lot).ok()?) })
        };
        read().ok_or_else(|| Problem::new(Code::InvalidCursor))
    }
}

/// One page of lots.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LotsPage")]
pub(super) struct LotsBody {
    unit: UnitCode,
    lots: Vec<LotBody>,
    next_cursor: Option<String>,
    as_of: AsOfBody,
}

/// What one event gave, and what became of it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Lot")]
struct LotBody {
    id: LotId,
    /// How much it was; the four next are all of it.
    amount: i64,
    /// What is left of it, whether it can be used already or not.
    free: i64,
    /// What is promised to payments.
    held: i64,
    /// What was paid, or taken back.
    used: i64,
    /// What ended unused.
    expired: i64,
    status: LotStatus,
    /// From when it can be used …
    available_from: Moment,
    /// … and from when not any more; null for what never ends.
    expires_at: Option<Moment>,
    /// The position of the event that gave it.
    position: i64,
}

/// Where a lot stands by the clock.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum LotStatus {
    /// It cannot be used yet.
    Pending,
    /// It can be used.
    Available,
    /// It is over.
    Ended,
}

impl LotBody {
    fn of(id: LotId, lot: Lot, stands: LotStanding, clock: Moment) -> Self {
        let LotStanding { free, held, used, expired } = stands;
        let status = if lot.dates.have_ended(clock) {
            LotStatus::Ended
        } else if lot.dates.are_ahead(clock) {
            LotStatus::Pending
        } else {
            LotStatus::Available
        };
        Self {
            id,
            amount: lot.amount,
            free,
            held,
            used,
            expired,
            status,
            available_from: lot.dates.available_from,
            expires_at: lot.dates.expires_at,
            position: lot.position,
        }
    }
}
