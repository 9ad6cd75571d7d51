//! A decision looked at again: on the day that counted then, whatever the time zone rules say by now.

use chrono::NaiveDate;

use super::Decision;
use crate::condition::{Condition, EvaluationContext, LeafEvidence, evaluate};
use crate::facts::Facts;
use crate::zone::local_date;

impl Decision {
    /// The member's local date that ends every window.
    #[must_use]
    pub fn judged_on(&self) -> NaiveDate {
        self.local_date.unwrap_or_else(|| local_date(self.time_zone, self.evaluated_at))
    }

    /// Judges a condition as on the day of this decision, and says of it what was said then: evidence did not name the
    /// date that counted before decisions kept it.
    #[must_use]
    pub fn judge_again(
        &self,
        condition: &Condition,
        facts: &Facts,
        campaign_starts_on: NaiveDate,
    ) -> (bool, Vec<LeafEvidence>) {
        let asked = EvaluationContext { on: self.judged_on(), campaign_starts_on: Some(campaign_starts_on) };
        let (met, mut evidence) = evaluate(condition, facts, asked);
        if self.local_date.is_none() {
            evidence.iter_mut().for_each(|leaf| leaf.local_date = None);
        }
        (met, evidence)
    }
}
