//! The number of members, and of members with a claim: a row after each event that changed one of the two, so that any
//! moment needs one look-up. It does not know who they are.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::postgres::PgConnection;

use super::view::View;
use crate::engine::error::FoldError;
use crate::log::EventHeader;

/// The two numbers after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub(super) struct Participants {
    pub(super) members: i64,
    /// Of them with a claim of any status.
    pub(super) participants: i64,
}

/// The last numbers, and those that a batch adds.
pub(super) struct Participation {
    last: Participants,
    rows: Vec<(i64, DateTime<Utc>, Participants)>,
}

impl Participation {
    pub(super) async fn load(tx: &mut PgConnection) -> Result<Self, FoldError> {
        let last: Option<Participants> = sqlx::query_as(
            "select members, participants
            from dashboard_participation
            order by position desc
            limit 1",
        )
        .fetch_optional(tx)
        .await?;
        Ok(Self { last: last.unwrap_or_default(), rows: Vec::new() })
    }

    /// Records how an event changed the two numbers.
    pub(super) fn changes(&mut self, members: i64, participants: i64, entry: &EventHeader) {
        if members == 0 && participants == 0 {
            return;
        }
        self.last.members += members;
        self.last.participants += participants;
        self.rows.push((entry.position, entry.recorded_at.utc(), self.last));
    }

    pub(super) async fn write(&self, tx: &mut PgConnection) -> Result<(), FoldError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "insert into dashboard_participation (position, recorded_at, members, participants)
            select * from unnest($1::bigint[], $2::timestamptz[], $3::bigint[], $4::bigint[])",
        )
        .bind(self.rows.iter().map(|(position, _, _)| *position).collect::<Vec<_>>())
        .bind(self.rows.iter().map(|(_, recorded_at, _)| *recorded_at).collect::<Vec<_>>())
        .bind(self.rows.iter().map(|(_, _, numbers)| numbers.members).collect::<Vec<_>>())
        .bind(self.rows.iter().map(|(_, _, numbers)| numbers.participants).collect::<Vec<_>>())
        .execute(tx)
        .await?;
        Ok(())
    }
}

impl View {
    /// The two numbers before each of these moments.
    pub(super) async fn participation_before(
        &mut self,
        moments: &[DateTime<Utc>],
    ) -> Result<Vec<Participants>, FoldError> {
        // rows recorded later are not part of this view
        let beyond = self.as_of.recorded_at + TimeDelta::milliseconds(1);
        let rows: Vec<(Option<i64>, Option<i64>)> = sqlx::query_as(
            "select last.members, last.participants
            from unnest($1::timestamptz[]) with ordinality as asked(moment, nth)
            left join lateral (
                select members, participants
                from dashboard_participation
                where dashboard_participation.recorded_at < asked.moment
                  and dashboard_participation.position <= $2
                order by recorded_at desc, position desc
                limit 1
            ) as last on true
            order by asked.nth",
        )
        .bind(moments.iter().map(|moment| beyond.min(*moment)).collect::<Vec<_>>())
        .bind(self.as_of.position)
        .fetch_all(&mut *self.tx)
        .await?;
        let numbers = rows.into_iter().map(|(members, participants)| Participants {
            members: members.unwrap_or_default(),
            participants: participants.unwrap_or_default(),
        });
        Ok(numbers.collect())
    }
}
