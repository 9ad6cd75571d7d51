//! Figures day by day, each up to the same time of day, so that today is compared with the same part of earlier days.

use chrono::{DateTime, NaiveDate, Utc};
use domain::claim::{ClaimEventType, ClaimStatus};
use domain::zone::Tz;

use super::AsOf;
use super::answers::common;
use super::counts::{Counter, Counts};
use super::days::{LocalDay, last_days};
use super::sets::ACTIVE;
use super::view::View;
use crate::engine::error::FoldError;

/// The last local days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Daily {
    /// The oldest first; the last one is today.
    pub days: Vec<Day>,
    /// What all this is as of.
    pub as_of: AsOf,
}

/// A local day up to a time of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// The date in the requested time zone.
    pub date: NaiveDate,
    /// When that day reached the time of day.
    pub until: DateTime<Utc>,
    /// Grants that were made, at once or by an operator.
    pub granted: i64,
    /// Attempts, whatever came of them.
    pub attempts: i64,
    /// Attempts that were refused and recorded.
    pub denied: i64,
    /// Members with a fact that occurred until then.
    pub active: i64,
    /// Members at that moment.
    pub members: i64,
    /// Of them with a claim of any status at that moment.
    pub participants: i64,
    /// Claims that waited for an operator at that moment.
    pub pending: i64,
}

/// The counters of steps before a moment that the days need.
#[derive(Debug, Clone, Copy, Default)]
struct Steps {
    granted: i64,
    approved: i64,
    submitted: i64,
    denied: i64,
    waiting: i64,
}

impl Steps {
    fn of(counts: &Counts) -> Self {
        Self {
            granted: counts.get(Counter::GrantSteps),
            approved: counts.get(Counter::Approvals),
            submitted: counts.get(Counter::PendingSteps),
            denied: counts.denied(),
            waiting: counts.get(Counter::Claims(ClaimStatus::Pending)),
        }
    }

    fn add(&mut self, step: ClaimEventType, number: i64) {
        // a claim that waits holds one grant
        self.waiting += step.transition().held * number;
        match step {
            ClaimEventType::Granted => self.granted += number,
            ClaimEventType::Approved => {
                self.granted += number;
                self.approved += number;
            }
            ClaimEventType::Submitted => self.submitted += number,
            ClaimEventType::Denied => self.denied += number,
            ClaimEventType::Rejected
            | ClaimEventType::Expired
            | ClaimEventType::Withdrawn
            | ClaimEventType::Fulfilled
            | ClaimEventType::FulfilmentFailed
            | ClaimEventType::Reversed
            | ClaimEventType::Credited => {}
        }
    }

    /// The number of attempts.
    fn attempts(&self) -> i64 {
        self.granted - self.approved + self.submitted + self.denied
    }
}

impl View {
    /// The last local days of a time zone, each up to the time of day of the view.
    ///
    /// # Errors
    /// See [`FoldError`].
    pub async fn daily(mut self, zone: Tz, number: usize) -> Result<Daily, FoldError> {
        let days = last_days(self.clock, zone, number);
        let spans: Vec<_> = days.iter().map(LocalDay::span).collect();
        let (starts, ends): (Vec<_>, Vec<_>) = spans.iter().map(|span| (span.from, span.to)).unzip();
        let before = self.day_steps_before(&starts.iter().chain(&ends).copied().collect::<Vec<_>>()).await?;
        let (at_start, at_end) = before.split_at(days.len());
        let counted = self.counted().await?;
        let active = self.seen(ACTIVE, &spans).await?;
        let participation = self.participation_before(&ends).await?;
        let numbers = at_start.iter().zip(at_end).zip(&active).zip(&participation);
        let days = days.iter().zip(numbers).map(|(day, (((start, end), active), participation))| Day {
            date: day.date,
            until: day.until,
            granted: end.granted - start.granted,
            attempts: end.attempts() - start.attempts(),
            denied: end.denied - start.denied,
            active: common(active, &counted),
            members: participation.members,
            participants: participation.participants,
            pending: end.waiting,
        });
        Ok(Daily { days: days.collect(), as_of: self.as_of })
    }

    async fn day_steps_before(&mut self, moments: &[DateTime<Utc>]) -> Result<Vec<Steps>, FoldError> {
        let mut all = vec![Steps::of(&self.counts); moments.len()];
        let earlier: Vec<usize> = (0..moments.len()).filter(|nth| moments[*nth] <= self.as_of.recorded_at).collect();
        if earlier.is_empty() {
            return Ok(all);
        }
        let mut pieces = Vec::new();
        for mark in self.around(&earlier.iter().map(|nth| moments[*nth]).collect::<Vec<_>>()).await? {
            let Some(nth) = earlier.get(mark.place()?).copied() else { continue };
            let counts = mark.counts.as_deref().map(Counts::read).transpose()?.unwrap_or_default();
            all[nth] = Steps::of(&counts);
            pieces.extend(mark.positions_since(self.as_of.position).map(|(after, through)| (nth, after, through)));
        }
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(include_str!("daily/steps.sql"))
            .bind(pieces.iter().map(|(nth, _, _)| i64::try_from(*nth).unwrap_or(i64::MAX)).collect::<Vec<_>>())
            .bind(pieces.iter().map(|(_, after, _)| *after).collect::<Vec<_>>())
            .bind(pieces.iter().map(|(_, _, through)| *through).collect::<Vec<_>>())
            .bind(pieces.iter().map(|(nth, _, _)| moments[*nth]).collect::<Vec<_>>())
            .fetch_all(&mut *self.tx)
            .await?;
        for (nth, event_type, number) in rows {
            let steps = usize::try_from(nth).ok().and_then(|nth| all.get_mut(nth));
            let step = ClaimEventType::named(&event_type);
            let (Some(steps), Some(step)) = (steps, step) else {
                return Err(FoldError::stored("step of a claim", event_type));
            };
            steps.add(step, number);
        }
        Ok(all)
    }
}
