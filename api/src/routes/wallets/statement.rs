//! `…/statement`: what happened to a wallet, newest first. Each entry says by how much the balance changed and which lots
//! moved from where to where. To a service, payments that others asked for have no name.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::Moment;
use domain::id::{AdjustmentId, CampaignId, ClaimId, LotId, MemberId, RewardId, SpendId, TransferId};
use domain::role::Role;
use domain::value::{Reference, UnitCode};
use projections::read_models::wallets::{self, EntryKind, LotMove, StatementEntry, StatementPage, Subject};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::asked::{self, AskedUnit, Part};
use crate::app::problem::Problem;
use crate::http::auth::{Caller, Member, StaffOrSpender};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;

/// The caller's.
pub(super) async fn own(
    State(state): State<AppState>,
    member: Member,
    uri: Uri,
    min: MinPosition,
    Query(part): Query<Part>,
) -> Result<At<Json<StatementBody>>, Problem> {
    statement(&state, &member, member.id, &uri, min, part).await
}

/// A member's.
pub(super) async fn of_member(
    State(state): State<AppState>,
    caller: StaffOrSpender,
    PathId(member): PathId,
    uri: Uri,
    min: MinPosition,
    Query(part): Query<Part>,
) -> Result<At<Json<StatementBody>>, Problem> {
    let member = asked::member(&state, &caller, MemberId(member)).await?;
    statement(&state, &caller, member, &uri, min, part).await
}

async fn statement(
    state: &AppState,
    caller: &Caller,
    member: MemberId,
    uri: &Uri,
    min: MinPosition,
    Part { asked: AskedUnit { unit, asked }, page }: Part,
) -> Result<At<Json<StatementBody>>, Problem> {
    let walk = page.of(&state.keys, uri, caller.id)?;
    asked::scale(state, &unit).await?;
    let (until, folded) = asked.until(state, min, caller.at).await?;
    let before = walk.before.unwrap_or(i64::MAX).min(until.saturating_add(1));
    let mut connection = state.pool.acquire().await?;
    let page = StatementPage { before, limit: walk.rows() };
    let mut rows = wallets::statement(&mut connection, member, &unit, page).await?;
    let next_cursor = walk.cut(&mut rows, |entry| entry.position)?;
    let entries = rows.into_iter().map(|entry| EntryBody::of(entry, caller)).collect();
    Ok(At(folded, Json(StatementBody { unit, entries, next_cursor })))
}

/// One page of a statement.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StatementPage")]
pub(super) struct StatementBody {
    unit: UnitCode,
    entries: Vec<EntryBody>,
    next_cursor: Option<String>,
}

/// One step in the life of a wallet.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "StatementEntry")]
struct EntryBody {
    position: i64,
    at: Moment,
    #[schemars(schema_with = "kinds")]
    kind: &'static str,
    /// By how much the balance changed; 0 where points are held, given back, or settle a debt.
    amount: i64,
    balance_after: i64,
    /// What moved, lot by lot.
    lots: Vec<LotMoveBody>,
    about: AboutBody,
}

fn kinds(_: &mut SchemaGenerator) -> Schema {
    let kinds: Vec<_> = EntryKind::ALL.iter().map(|kind| kind.name()).collect();
    json_schema!({"type": "string", "enum": kinds})
}

/// A part of a lot that moved between two accounts.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "LotMove")]
struct LotMoveBody {
    /// Null for a debt, which has no lot.
    lot_id: Option<LotId>,
    amount: i64,
    /// The account where it was.
    from: &'static str,
    /// The account where it is then.
    to: &'static str,
}

/// What an entry is about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
#[schemars(rename = "StatementSubject")]
enum AboutBody {
    Claim {
        claim_id: ClaimId,
        reward_id: RewardId,
        event_id: CampaignId,
    },
    /// Null is what another service asked for.
    Spend {
        spend_id: Option<SpendId>,
        reference: Option<Reference>,
    },
    Adjustment {
        adjustment_id: AdjustmentId,
    },
    /// Null is what members sent to each other, to a service.
    Transfer {
        transfer_id: Option<TransferId>,
        /// The other member.
        member_id: Option<MemberId>,
        reference: Option<Reference>,
    },
    /// The wallet itself: lots that ended, debts that were settled.
    Wallet {},
}

impl EntryBody {
    fn of(entry: StatementEntry, caller: &Caller) -> Self {
        let StatementEntry { position, at, kind, amount, balance_after, lots, about } = entry;
        let lots = lots.into_iter().map(|LotMove { lot_id, amount, from, to }| LotMoveBody {
            lot_id,
            amount,
            from: from.name(),
            to: to.name(),
        });
        let about = AboutBody::of(about, caller);
        Self { position, at, kind: kind.name(), amount, balance_after, lots: lots.collect(), about }
    }
}

impl AboutBody {
    fn of(about: Subject, caller: &Caller) -> Self {
        match about {
            Subject::Claim { id, reward_id, campaign_id } => {
                Self::Claim { claim_id: id, reward_id, event_id: campaign_id }
            }
            Subject::Spend { id, caller_id, reference } => {
                let may_know = caller.role != Role::Service || caller.id == caller_id;
                Self::Spend { spend_id: may_know.then_some(id), reference: may_know.then_some(reference) }
            }
            Subject::Adjustment { id } => Self::Adjustment { adjustment_id: id },
            Subject::Transfer { id, other, reference } => {
                let may_know = caller.role != Role::Service;
                Self::Transfer {
                    transfer_id: may_know.then_some(id),
                    member_id: may_know.then_some(other),
                    reference: may_know.then_some(reference),
                }
            }
            Subject::Wallet => Self::Wallet {},
        }
    }
}
