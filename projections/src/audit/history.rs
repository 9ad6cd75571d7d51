//! All facts about one member in the order of the log: as they were known at a position, and as they are known now
//! about a day.

use chrono::{DateTime, NaiveDate, Utc};
use domain::claim::Decision;
use domain::facts::{FACT_STREAMS, Facts};
use domain::id::MemberId;
use domain::member::MemberEvent;
use domain::zone::local_date;
use domain::{Event, Moment};
use sqlx::PgConnection;

use super::AuditError;
use crate::log::{Recorded, read_stream};

/// The stream types that a decision rests on and the decisions themselves.
pub(super) const FACT_AND_CLAIM_STREAMS: [&str; 4] = {
    let [member, activity, referral] = FACT_STREAMS;
    [member, activity, referral, "claim"]
};

/// One fact.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    pub(super) position: i64,
    pub(super) at: Moment,
    pub(super) event: Event,
}

/// The facts about one member.
#[derive(Debug, Clone, Default)]
pub(super) struct History(pub(super) Vec<Fact>);

impl History {
    pub(super) async fn of(conn: &mut PgConnection, member: MemberId, head: i64) -> Result<Self, AuditError> {
        let rows: Vec<(i64, DateTime<Utc>, String, String, String)> = sqlx::query_as(
            "select position, occurred_at, event_type, event_version, payload::text
            from events
            where subject = $1
              and position <= $2
              and aggregate_type in ('member', 'activity', 'referral')
            order by position",
        )
        .bind(member.to_string())
        .bind(head)
        // planned for each run: a cached plan made while the log was empty would scan all of it ever after
        .persistent(false)
        .fetch_all(conn)
        .await?;
        let read = |(position, at, event_type, version, payload): (i64, _, String, String, String)| {
            let event = Event::decode(&event_type, &version, &payload)
                .map_err(|source| AuditError::Event { position, source })?;
            Ok(Fact { position, at: Moment::from(at), event })
        };
        rows.into_iter().map(read).collect::<Result<_, AuditError>>().map(Self)
    }

    /// The facts known at a position.
    pub(super) fn until(&self, position: i64) -> Facts {
        folded(self.0.iter().take_while(|fact| fact.position <= position))
    }

    /// The facts known now that belong to the day of the request or an earlier one. Facts dated later are included, but
    /// no condition counts them. A change of the profile counts on the day on which it was recorded.
    pub(super) fn known(&self, decision: &Decision, on: NaiveDate) -> Facts {
        let mut facts = folded(self.0.iter());
        let mut profile = Profile::default();
        for fact in &self.0 {
            if let Event::Member(event) = &fact.event {
                profile.take_in(event, fact.at);
            }
        }
        if let Some(member) = &mut facts.member {
            member.profile_complete = profile.complete_on(decision, on);
        }
        facts
    }

    /// The facts after a position.
    pub(super) fn after(&self, position: i64) -> impl Iterator<Item = &Fact> {
        self.0.iter().skip_while(move |fact| fact.position <= position)
    }
}

pub(super) fn folded<'a>(facts: impl Iterator<Item = &'a Fact>) -> Facts {
    let mut folded = Facts::default();
    facts.for_each(|fact| folded.apply(&fact.event));
    folded
}

/// When the profile became complete or incomplete.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Profile(pub(super) Vec<(Moment, bool)>);

impl Profile {
    pub(super) fn take_in(&mut self, event: &MemberEvent, at: Moment) {
        match event {
            MemberEvent::ProfileCompleted(_) => self.0.push((at, true)),
            MemberEvent::ProfileReopened(_) => self.0.push((at, false)),
            MemberEvent::Registered(_)
            | MemberEvent::TimeZoneChanged(_)
            | MemberEvent::RoleChanged(_)
            | MemberEvent::EmailConfirmed(_)
            | MemberEvent::Blocked(_)
            | MemberEvent::Unblocked(_)
            | MemberEvent::Erased(_) => {}
        }
    }

    /// Whether it was complete at the end of a day in the zone of a decision.
    pub(super) fn complete_on(&self, decision: &Decision, on: NaiveDate) -> bool {
        let until = self.0.iter().take_while(|(at, _)| local_date(decision.time_zone, *at) <= on);
        until.last().is_some_and(|(_, complete)| *complete)
    }
}

/// Reads one stream up to a position.
pub(super) async fn stream(
    conn: &mut PgConnection,
    stream_type: &str,
    id: &str,
    head: i64,
) -> Result<Vec<Recorded>, AuditError> {
    let entries = read_stream(conn, stream_type, id).await?;
    entries
        .into_iter()
        .filter(|entry| entry.position <= head)
        .map(|entry| {
            let position = entry.position;
            entry.recorded().map_err(|source| AuditError::Event { position, source })
        })
        .collect()
}
