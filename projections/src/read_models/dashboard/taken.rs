//! The holds and grants of rewards before given moments: from the row of the last full minute, plus the events of the
//! log within the unfinished minute. It computes nothing from them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::Event;
use domain::claim::ClaimEventType;
use uuid::Uuid;

use super::counts::Grants;
use super::marks::group_start;
use super::offers::RewardRow;
use super::span::whole_minute;
use super::view::View;
use crate::engine::error::FoldError;

/// The rows and events to read for one moment.
#[derive(Debug, Clone, Copy)]
struct Bound {
    /// The last row before this point …
    recorded_at: DateTime<Utc>,
    position: i64,
    /// … and the events of the log after it.
    rest: Option<Piece>,
}

/// Steps of the log after a position and up to another, recorded between two moments.
#[derive(Debug, Clone, Copy)]
struct Piece {
    after: i64,
    through: i64,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
}

/// The last mark before a moment, and the position of the next one.
#[derive(sqlx::FromRow)]
pub(super) struct Around {
    nth: i64,
    pub(super) position: Option<i64>,
    pub(super) recorded_at: Option<DateTime<Utc>>,
    pub(super) counts: Option<Vec<i64>>,
    next: Option<i64>,
}

impl Around {
    /// The index of the moment in the request.
    pub(super) fn place(&self) -> Result<usize, FoldError> {
        place(self.nth)
    }

    /// The range of positions after the mark and up to the end of the view: at most one group of positions.
    pub(super) fn positions_since(&self, last: i64) -> Option<(i64, i64)> {
        let next = self.next?;
        Some((self.position.unwrap_or_default().max(group_start(next) - 1), next.min(last)))
    }
}

#[derive(sqlx::FromRow)]
struct StepRow {
    nth: i64,
    position: i64,
    event_type: String,
    event_version: String,
    payload: String,
}

#[derive(sqlx::FromRow)]
struct Found {
    reward: i64,
    bound: i64,
    held: i64,
    granted: i64,
    amount: i64,
    grant_steps: i64,
}

impl View {
    /// The holds and grants of each reward before each moment, reward by reward. For a moment after the end of the view
    /// they are the latest.
    pub(super) async fn grants_before(
        &mut self,
        rewards: &[(RewardRow, Grants)],
        moments: &[DateTime<Utc>],
    ) -> Result<Vec<Vec<Grants>>, FoldError> {
        let earlier: Vec<usize> = (0..moments.len()).filter(|nth| moments[*nth] <= self.as_of.recorded_at).collect();
        let mut all: Vec<Vec<Grants>> = rewards.iter().map(|(_, grants)| vec![*grants; moments.len()]).collect();
        if rewards.is_empty() || earlier.is_empty() {
            return Ok(all);
        }
        let bounds = self.bounds(&earlier.iter().map(|nth| moments[*nth]).collect::<Vec<_>>()).await?;
        for grants in &mut all {
            earlier.iter().for_each(|nth| grants[*nth] = Grants::default());
        }
        for row in self.rows_before(rewards, &bounds).await? {
            let (of_reward, nth) = (all.get_mut(place(row.reward)?), earlier.get(place(row.bound)?));
            if let Some(grants) = of_reward.zip(nth).and_then(|(grants, nth)| grants.get_mut(*nth)) {
                let Found { held, granted, amount, grant_steps: steps, .. } = row;
                *grants = Grants { held, granted, amount, steps };
            }
        }
        let places: HashMap<Uuid, usize> =
            rewards.iter().enumerate().map(|(nth, (reward, _))| (reward.reward_id, nth)).collect();
        for row in self.steps_after(&bounds).await? {
            let decoded = Event::decode(&row.event_type, &row.event_version, &row.payload);
            let event = decoded.map_err(|source| FoldError::Event { position: row.position, source })?;
            let Event::Claim(step) = event else { continue };
            let Some(reward) = places.get(&step.about().reward_id.0) else { continue };
            if let Some(nth) = earlier.get(place(row.nth)?) {
                all[*reward][*nth].claim(&step);
            }
        }
        Ok(all)
    }

    /// What to read for each of these moments, none of which is after the end of the view.
    async fn bounds(&mut self, moments: &[DateTime<Utc>]) -> Result<Vec<Bound>, FoldError> {
        let whole = |moment: DateTime<Utc>| Bound { recorded_at: whole_minute(moment), position: 0, rest: None };
        let mut bounds: Vec<Bound> = moments.iter().map(|moment| whole(*moment)).collect();
        let begun: Vec<usize> = (0..moments.len()).filter(|nth| whole_minute(moments[*nth]) != moments[*nth]).collect();
        if begun.is_empty() {
            return Ok(bounds);
        }
        for mark in self.around(&begun.iter().map(|nth| moments[*nth]).collect::<Vec<_>>()).await? {
            let Some(nth) = begun.get(mark.place()?).copied() else { continue };
            let (starts_at, ends_at) = (whole_minute(moments[nth]), moments[nth]);
            if let Some(recorded_at) = mark.recorded_at.filter(|recorded_at| *recorded_at >= starts_at) {
                (bounds[nth].recorded_at, bounds[nth].position) = (recorded_at, mark.position.unwrap_or_default() + 1);
            }
            let positions = mark.positions_since(self.as_of.position);
            bounds[nth].rest = positions.map(|(after, through)| Piece { after, through, starts_at, ends_at });
        }
        Ok(bounds)
    }

    /// The marks around each of these moments.
    pub(super) async fn around(&mut self, moments: &[DateTime<Utc>]) -> Result<Vec<Around>, FoldError> {
        Ok(sqlx::query_as(include_str!("taken/marks.sql"))
            .bind(moments)
            .bind(self.as_of.position)
            .fetch_all(&mut *self.tx)
            .await?)
    }

    async fn rows_before(
        &mut self,
        rewards: &[(RewardRow, Grants)],
        bounds: &[Bound],
    ) -> Result<Vec<Found>, FoldError> {
        Ok(sqlx::query_as(include_str!("taken/rows.sql"))
            .bind(rewards.iter().map(|(reward, _)| reward.reward_id).collect::<Vec<_>>())
            .bind(bounds.iter().map(|bound| bound.recorded_at).collect::<Vec<_>>())
            .bind(bounds.iter().map(|bound| bound.position).collect::<Vec<_>>())
            .fetch_all(&mut *self.tx)
            .await?)
    }

    async fn steps_after(&mut self, bounds: &[Bound]) -> Result<Vec<StepRow>, FoldError> {
        let pieces: Vec<(i64, Piece)> = (1..).zip(bounds).filter_map(|(nth, bound)| Some((nth, bound.rest?))).collect();
        if pieces.is_empty() {
            return Ok(vec![]);
        }
        Ok(sqlx::query_as(include_str!("taken/steps.sql"))
            .bind(pieces.iter().map(|(nth, _)| *nth).collect::<Vec<_>>())
            .bind(pieces.iter().map(|(_, piece)| piece.after).collect::<Vec<_>>())
            .bind(pieces.iter().map(|(_, piece)| piece.through).collect::<Vec<_>>())
            .bind(pieces.iter().map(|(_, piece)| piece.starts_at).collect::<Vec<_>>())
            .bind(pieces.iter().map(|(_, piece)| piece.ends_at).collect::<Vec<_>>())
            .bind(steps_that_take())
            .fetch_all(&mut *self.tx)
            .await?)
    }
}

/// The stored names of the events that take from stock or give back.
fn steps_that_take() -> Vec<&'static str> {
    let takes = |step: &&ClaimEventType| step.transition().held != 0 || step.transition().granted != 0;
    ClaimEventType::ALL.iter().filter(takes).map(|step| step.name()).collect()
}

/// The index of an ordinal that a query counts from 1.
fn place(nth: i64) -> Result<usize, FoldError> {
    let place = nth.checked_sub(1).and_then(|place| usize::try_from(place).ok());
    place.ok_or_else(|| FoldError::stored("place of a moment", nth.to_string()))
}
