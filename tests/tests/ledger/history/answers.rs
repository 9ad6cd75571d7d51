//! What can be asked about one kind of fact, and the answers: over all, over single members, and over a member on a
//! date, when only facts of that date or earlier count.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use uuid::Uuid;

/// Questions with their answers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Answers {
    pub(super) totals: Totals,
    pub(super) members: Vec<OfMember>,
    pub(super) points: Vec<Point>,
}

/// Over all members.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Totals {
    pub(super) facts: i64,
    pub(super) members: usize,
    pub(super) active_days: i64,
    pub(super) first_date: NaiveDate,
    pub(super) last_date: NaiveDate,
    pub(super) longest_streak: u32,
    pub(super) sum_of_longest_streaks: u32,
    pub(super) sum_of_streaks_at_last_date: u32,
    pub(super) members_with_longest_streak_of_at_least: BTreeMap<u32, usize>,
}

/// Over one member.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfMember {
    pub(super) member_id: Uuid,
    pub(super) facts: i64,
    pub(super) active_days: i64,
    pub(super) first_date: NaiveDate,
    pub(super) last_date: NaiveDate,
    pub(super) longest_streak: u32,
    pub(super) streak_at_last_date: u32,
}

/// Over one member on one date.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Point {
    pub(super) member_id: Uuid,
    pub(super) date: NaiveDate,
    pub(super) current_streak: u32,
    pub(super) facts_last30_days: i64,
    pub(super) active_days_last30_days: i64,
    /// The sum of one measure over those facts.
    #[serde(default)]
    pub(super) sum_last30_days: i64,
}

impl Answers {
    /// Each fact of the real history carries the measure `count`, which is 1.
    pub(super) fn of_real_history(text: &str) -> Answers {
        let mut answers: Answers = serde_json::from_str(text).expect("answers as they are documented");
        for point in &mut answers.points {
            point.sum_last30_days = point.facts_last30_days;
        }
        answers
    }

    /// The totals over these members, as far as they follow from what each of them did.
    pub(super) fn totals_of(all: &[OfMember]) -> Totals {
        let sum = |of: fn(&OfMember) -> u32| all.iter().map(of).sum();
        let at_least = |days| all.iter().filter(|member| member.longest_streak >= days).count();
        Totals {
            facts: all.iter().map(|member| member.facts).sum(),
            members: all.len(),
            active_days: all.iter().map(|member| member.active_days).sum(),
            first_date: all.iter().map(|member| member.first_date).min().expect("somebody did something"),
            last_date: all.iter().map(|member| member.last_date).max().expect("somebody did something"),
            longest_streak: all.iter().map(|member| member.longest_streak).max().unwrap_or(0),
            sum_of_longest_streaks: sum(|member| member.longest_streak),
            sum_of_streaks_at_last_date: sum(|member| member.streak_at_last_date),
            members_with_longest_streak_of_at_least: [2, 3, 7, 14, 30].map(|days| (days, at_least(days))).into(),
        }
    }

    /// Keeps of all members those that are asked about, in that order.
    pub(super) fn asked(&self, all: Vec<OfMember>) -> Vec<OfMember> {
        let by_id: BTreeMap<_, _> = all.into_iter().map(|member| (member.member_id, member)).collect();
        self.members.iter().map(|member| by_id[&member.member_id].clone()).collect()
    }

    #[track_caller]
    pub(super) fn assert_same(&self, other: &Answers, witness: &str) {
        assert_eq!(self.totals, other.totals, "{witness} has other totals");
        assert_eq!(self.members.len(), other.members.len(), "{witness} knows other members");
        for (ours, theirs) in self.members.iter().zip(&other.members) {
            assert_eq!(ours, theirs, "{witness} says otherwise of a member");
        }
        assert_eq!(self.points.len(), other.points.len(), "{witness} was asked otherwise");
        for (ours, theirs) in self.points.iter().zip(&other.points) {
            assert_eq!(ours, theirs, "{witness} says otherwise of a date");
        }
    }
}
