//! `GET /audit/members/{id}/facts` and `/members/{id}/facts`: what a condition would have seen of a member, page by page.
//! The cursor holds the position of the first page, so that all pages are of one moment. Who was erased stays readable
//! to auditors alone.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use chrono::NaiveDate;
use domain::id::MemberId;
use domain::member::Member;
use domain::name::Name;
use domain::role::Role;
use projections::audit::{AsOf, FactRow, facts_as_of};
use schemars::JsonSchema;
use serde::Serialize;

use crate::app::as_of::AT;
use crate::app::input::fields::{Fields, FromFields, readers};
use crate::app::problem::{Code, Problem};
use crate::http::auth::{Auditor, Caller, Staff};
use crate::http::headers::positions::{At, MinPosition};
use crate::http::input::cursor::Binding;
use crate::http::input::extract::{PathId, Query};
use crate::http::state::AppState;

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1_000;

/// Which part, as of when.
pub(in crate::routes) struct Part {
    at_position: Option<i64>,
    cursor: Option<String>,
    limit: i64,
}

impl FromFields for Part {
    fn read(fields: &mut Fields) -> Option<Self> {
        let at_position = fields.optional("atPosition", readers::position());
        let cursor = fields.optional("cursor", readers::string());
        let limit = fields.optional("limit", readers::digits(1, MAX_LIMIT));
        Some(Self { at_position: at_position?, cursor: cursor?, limit: limit?.unwrap_or(DEFAULT_LIMIT) })
    }
}

/// For auditors, as the log has them.
pub(in crate::routes) async fn for_auditors(
    State(state): State<AppState>,
    auditor: Auditor,
    PathId(member): PathId,
    uri: Uri,
    min: MinPosition,
    Query(part): Query<Part>,
) -> Result<At<Json<FactsBody>>, Problem> {
    read(&state, &auditor, MemberId(member), &uri, min, part).await
}

/// For staff. Who was erased is nobody to operators.
pub(in crate::routes) async fn for_staff(
    State(state): State<AppState>,
    staff: Staff,
    PathId(member): PathId,
    uri: Uri,
    min: MinPosition,
    Query(part): Query<Part>,
) -> Result<At<Json<FactsBody>>, Problem> {
    let member = MemberId(member);
    if staff.role == Role::Operator && state.ledger.load::<Member>(&member.to_string()).await?.state.is_erased() {
        return Err(Problem::new(Code::NotFound));
    }
    read(&state, &staff, member, &uri, min, part).await
}

/// Folds the member's events.
async fn read(
    state: &AppState,
    caller: &Caller,
    member: MemberId,
    uri: &Uri,
    min: MinPosition,
    part: Part,
) -> Result<At<Json<FactsBody>>, Problem> {
    let binding = Binding::of(&state.keys, uri, caller.id);
    let place = part.cursor.map(|cursor| Place::open(&binding.open(&cursor)?)).transpose()?;
    let head = min.reached_by_log(state).await?;
    let mut connection = state.heavy_read().await?;
    let as_of = part.at_position.map_or(AsOf::Head, AsOf::Position);
    let (position, after) = match place {
        // the log was restored to before the first page
        Some(place) if place.position > head => return Err(Problem::new(Code::InvalidCursor)),
        Some(place) => (place.position, Some((place.kind, place.on))),
        None => (AT.resolve(&mut connection, as_of, caller.at).await?.0, None),
    };
    let limit = usize::try_from(part.limit).unwrap_or(usize::MAX);
    let found = facts_as_of(&mut connection, member, position, after, limit).await?;
    let found = found.ok_or_else(|| Problem::new(Code::NotFound))?;
    let last = found.rows.last().filter(|_| found.more);
    let next = last.map(|row| Place { position, kind: row.kind.clone(), on: row.local_date });
    let body = FactsBody {
        member_id: member.to_string(),
        time_zone: found.time_zone.name(),
        position,
        joined_on: found.joined_on,
        profile_complete: found.profile_complete,
        referrals: found.referrals,
        next_cursor: next.map(|place| binding.seal(place.text().as_bytes())).transpose()?,
        facts: found.rows,
    };
    Ok(At(head.max(position), Json(body)))
}

/// Facts of one member.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::routes) struct FactsBody {
    member_id: String,
    time_zone: &'static str,
    position: i64,
    joined_on: NaiveDate,
    profile_complete: bool,
    referrals: usize,
    facts: Vec<FactRow>,
    next_cursor: Option<String>,
}

/// Where the next page begins.
struct Place {
    position: i64,
    kind: Name,
    on: NaiveDate,
}

impl Place {
    fn text(&self) -> String {
        format!("{} {} {}", self.position, self.on, self.kind.as_str())
    }

    fn open(bytes: &[u8]) -> Result<Self, Problem> {
        let read = || {
            let mut parts = std::str::from_utf8(bytes).ok()?.splitn(3, ' ');
            let (position, on) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(Self { position, on, kind: Name::try_from(parts.next()?.to_owned()).ok()? })
        };
        read().ok_or_else(|| Problem::new(Code::InvalidCursor))
    }
}
