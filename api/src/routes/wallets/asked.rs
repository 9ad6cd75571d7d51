//! Whose wallet is asked about, as of when, and what is found then: by the rows of the read model now, by the fold of the
//! member's own events for the past.

use std::collections::BTreeMap;

use domain::Moment;
use domain::id::MemberId;
use domain::member::Member;
use domain::quantity::Scale;
use domain::role::Role;
use domain::value::{Holdings, UnitCode};
use projections::audit::AsOf;
use projections::log;
use projections::read_models::wallets::{self, Lots};

use super::AsOfBody;
use crate::app::as_of::AT;
use crate::app::input::fields::{Fields, FromFields};
use crate::app::input::value::unit_code;
use crate::app::problem::{Code, Problem};
use crate::http::auth::Caller;
use crate::http::headers::positions::MinPosition;
use crate::http::state::AppState;
use crate::routes::lists::Page;

/// The read model behind these routes.
pub(super) const WALLETS: [&str; 1] = ["wallets"];

/// As of when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    at: Option<AsOf>,
}

impl FromFields for Asked {
    fn read(fields: &mut Fields) -> Option<Self> {
        Some(Self { at: AT.read(fields)? })
    }
}

/// What a member holds.
pub(super) struct Found {
    pub(super) by_unit: BTreeMap<UnitCode, Holdings>,
    /// Judges what is over: now, or the moment that was asked about.
    pub(super) clock: Moment,
    pub(super) as_of: AsOfBody,
}

impl Asked {
    /// What a member holds, of one unit or of all. Waits until what is asked for is folded in.
    ///
    /// # Errors
    /// A position beyond the end of the log; `projection_behind`.
    pub(super) async fn holdings(
        self,
        state: &AppState,
        member: MemberId,
        unit: Option<&UnitCode>,
        which: Lots,
        min: MinPosition,
        now: Moment,
    ) -> Result<Found, Problem> {
        let Some(at) = self.at else {
            let folded = min.reached_by(&WALLETS, state).await?;
            let found = wallets::now(&state.pool, member, unit, which).await?;
            // the rows may have come further meanwhile, and nothing else of this member lies between
            let position = folded.max(found.position);
            let recorded_at = log::recorded_at(&mut *state.pool.acquire().await?, position).await?;
            let as_of = AsOfBody { position, recorded_at: recorded_at.unwrap_or(Moment::EPOCH) };
            return Ok(Found { by_unit: found.by_unit, clock: now, as_of });
        };
        let then = Then::of(at, state, now).await?;
        min.and(then.as_of.position).reached_by(&WALLETS, state).await?;
        let mut connection = state.heavy_read().await?;
        let found = wallets::at(&mut connection, member, unit, then.as_of.position).await?;
        Ok(Found { by_unit: found.by_unit, clock: then.clock, as_of: then.as_of })
    }

    /// The last position that an answer may show, and up to which it is folded.
    ///
    /// # Errors
    /// As [`Asked::holdings`].
    pub(super) async fn until(self, state: &AppState, min: MinPosition, now: Moment) -> Result<(i64, i64), Problem> {
        let Some(at) = self.at else {
            return Ok((i64::MAX, min.reached_by(&WALLETS, state).await?));
        };
        let position = Then::of(at, state, now).await?.as_of.position;
        min.and(position).reached_by(&WALLETS, state).await?;
        Ok((position, position))
    }
}

/// A moment of the past.
struct Then {
    clock: Moment,
    as_of: AsOfBody,
}

impl Then {
    async fn of(at: AsOf, state: &AppState, now: Moment) -> Result<Self, Problem> {
        let mut connection = state.heavy_read().await?;
        let (position, clock) = AT.resolve(&mut connection, at, now).await?;
        let recorded_at = log::recorded_at(&mut connection, position).await?.unwrap_or(Moment::EPOCH);
        Ok(Self { clock, as_of: AsOfBody { position, recorded_at } })
    }
}

/// Of which unit, as of when.
#[derive(Debug, Clone)]
pub(super) struct AskedUnit {
    pub(super) unit: UnitCode,
    pub(super) asked: Asked,
}

impl FromFields for AskedUnit {
    fn read(fields: &mut Fields) -> Option<Self> {
        let unit = fields.optional("unit", unit_code());
        let asked = Asked::read(fields);
        Some(Self { unit: unit?.unwrap_or_else(UnitCode::points), asked: asked? })
    }
}

/// Which part of a list, of which unit, as of when.
pub(super) struct Part {
    pub(super) asked: AskedUnit,
    pub(super) page: Page,
}

impl FromFields for Part {
    fn read(fields: &mut Fields) -> Option<Self> {
        let asked = AskedUnit::read(fields);
        let page = Page::read(fields);
        Some(Self { asked: asked?, page: page? })
    }
}

/// A member that the caller may ask about. Who was erased is somebody to auditors alone.
///
/// # Errors
/// `member_unknown`.
pub(super) async fn member(state: &AppState, caller: &Caller, member: MemberId) -> Result<MemberId, Problem> {
    let known = state.ledger.load::<Member>(&member.to_string()).await?.state;
    let sees_all = match caller.role {
        Role::Auditor | Role::Admin => true,
        Role::Operator | Role::User | Role::Service => false,
    };
    if known.is_registered() || (sees_all && known.is_erased()) {
        Ok(member)
    } else {
        Err(Problem::new(Code::MemberUnknown))
    }
}

/// How amounts of a unit are shown.
///
/// # Errors
/// `unit_unknown`.
pub(super) async fn scale(state: &AppState, unit: &UnitCode) -> Result<Scale, Problem> {
    let terms = state.ledger.unit_terms(unit).await?;
    terms.map(|terms| terms.scale).ok_or_else(|| Problem::new(Code::UnitUnknown))
}
