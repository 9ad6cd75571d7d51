//! Where claims stood: a step says where a claim goes, not where it comes from. That is read from the
//! claim's own stream, and only for claims that have a past, so that no table of claims is needed.

use std::collections::HashMap;

use domain::claim::{ClaimEvent, ClaimEventType, ClaimStatus};
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::counts::Counts;
use crate::engine::error::FoldError;
use crate::log::{EventHeader, Recorded};

/// Where the claims of a piece of the log stand.
#[derive(Default)]
pub(super) struct Standing(HashMap<Uuid, ClaimStatus>);

impl Standing {
    /// Where the claims of these events stood before the first of them.
    pub(super) async fn before<'a>(
        conn: &mut PgConnection,
        events: impl Iterator<Item = &'a Recorded>,
    ) -> Result<Self, FoldError> {
        let mut first = HashMap::new();
        for entry in events.map(|recorded| &recorded.entry).filter(|entry| entry.aggregate_type == "claim") {
            first.entry(entry.aggregate_id.as_str()).or_insert(entry.sequence);
        }
        first.retain(|_, sequence| *sequence > 1);
        if first.is_empty() {
            return Ok(Self::default());
        }
        let (claims, sequences): (Vec<&str>, Vec<i64>) = first.into_iter().unzip();
        // a refusal after a decision changes nothing: what counts is then the last step that was none
        let rows: Vec<(String, String, Option<String>)> = sqlx::query_as(
            "select wanted.claim_id, last.event_type, decided.event_type
            from unnest($1::text[], $2::bigint[]) as wanted(claim_id, sequence)
            cross join lateral (
                select event_type
                from events
                where aggregate_id = wanted.claim_id
                  and aggregate_type = 'claim'
                  and sequence = wanted.sequence - 1
                limit 1
            ) as last
            left join lateral (
                select event_type
                from events
                where aggregate_id = wanted.claim_id
                  and aggregate_type = 'claim'
                  and sequence < wanted.sequence
                  and event_type <> $3
                order by aggregate_id desc, aggregate_type desc, sequence desc
                limit 1
            ) as decided on true",
        )
        .bind(claims)
        .bind(sequences)
        .bind(ClaimEventType::Denied.name())
        .fetch_all(conn)
        .await?;
        let standing = rows.into_iter().map(|(claim, last, decided)| {
            let decided = decided.map(|name| step_named(&name)).transpose()?;
            let decided = decided.map(|step| step.status_after(None));
            Ok((claim_id(&claim)?, step_named(&last)?.status_after(decided)))
        });
        Ok(Self(standing.collect::<Result<_, FoldError>>()?))
    }

    /// Counts the next step of a claim.
    pub(super) fn step(
        &mut self,
        counts: &mut Counts,
        event: &ClaimEvent,
        entry: &EventHeader,
    ) -> Result<(), FoldError> {
        let id = claim_id(&entry.aggregate_id)?;
        let after = counts.claim(self.0.get(&id).copied(), event);
        self.0.insert(id, after);
        Ok(())
    }
}

fn claim_id(text: &str) -> Result<Uuid, FoldError> {
    text.parse().map_err(|_| FoldError::stored("claim id", text))
}

fn step_named(event_type: &str) -> Result<ClaimEventType, FoldError> {
    ClaimEventType::named(event_type).ok_or_else(|| FoldError::stored("step of a claim", event_type))
}
