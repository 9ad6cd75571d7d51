//! The facts of a generated programme as events: members in many zones who come daily or weekly, and devices that
//! report late (`reward-ledger generate`). The same numbers make the same facts.

use std::collections::HashSet;

use api::app::activities::RawActivity;
use api::cli::generate::Generate;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::Moment;
use domain::activity::Recorded;
use domain::id::MemberId;
use domain::zone::Zone;
use uuid::Uuid;

use crate::fill::Made;

/// How many facts a member of a generated programme has in a year, about; only for how many members to generate.
const FACTS_A_MEMBER: usize = 150;

/// The first events of a programme of about a year: members as they turn up, and what they do.
pub(crate) fn events(count: usize) -> impl Iterator<Item = Made> + Send + 'static {
    let members = u32::try_from(count / FACTS_A_MEMBER + 10).unwrap();
    let end = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let programme = Generate { members, days: 365, seed: 1, end, out: None };
    let mut known = HashSet::new();
    let mut latest = DateTime::UNIX_EPOCH;
    let events = programme.facts().flat_map(move |raw| {
        let fact = recorded(raw);
        // a moment after it happened, and never before what came before it
        latest = latest.max(fact.occurred_at.utc() + TimeDelta::seconds(1));
        let at = Moment::from(latest);
        let first = known.insert(fact.member_id).then(|| Made::member(fact.member_id, at));
        first.into_iter().chain([Made::activity(fact, at)])
    });
    events.take(count)
}

fn recorded(raw: RawActivity) -> Recorded {
    let occurred_at = DateTime::parse_from_rfc3339(&raw.occurred_at).unwrap();
    let zone: Zone = match raw.time_zone {
        Some(zone) => zone.parse().unwrap(),
        None if raw.occurred_at.ends_with('Z') => Zone::Named(domain::zone::Tz::UTC),
        None => Zone::Offset(*occurred_at.offset()),
    };
    let occurred_at = Moment::from(occurred_at.with_timezone(&Utc));
    Recorded {
        source: raw.source,
        id: raw.id,
        member_id: MemberId(raw.member_id.parse::<Uuid>().unwrap()),
        kind: raw.kind.try_into().unwrap(),
        occurred_at,
        local_date: zone.local_date(occurred_at),
        time_zone: zone,
        measures: raw.measures.into_iter().map(|(name, sum)| (name.try_into().unwrap(), sum)).collect(),
    }
}
