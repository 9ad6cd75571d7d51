//! A set of calendar days, kept as the runs it is made of: what a streak or a count of active days
//! needs to know, however long the history is.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

/// Calendar days, as disjoint runs that do not touch each other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DateSet {
    /// First day → last day of each run.
    runs: BTreeMap<NaiveDate, NaiveDate>,
}

impl DateSet {
    /// Adds one day; a day that is there already changes nothing.
    pub fn insert(&mut self, day: NaiveDate) {
        self.insert_run(day, day);
    }

    /// Adds all days from `first` to `last`, both included. Nothing when `first` is after `last`.
    pub fn insert_run(&mut self, first: NaiveDate, last: NaiveDate) {
        if first > last {
            return;
        }
        let (mut first, mut last) = (first, last);
        let touches_until = last.succ_opt().unwrap_or(last);
        while let Some((&start, &end)) = self.runs.range(..=touches_until).next_back() {
            if end < first.pred_opt().unwrap_or(first) {
                break;
            }
            self.runs.remove(&start);
            (first, last) = (first.min(start), last.max(end));
        }
        self.runs.insert(first, last);
    }

    /// Takes one day out, splitting the run it was in.
    pub fn remove(&mut self, day: NaiveDate) {
        let Some((first, last)) = self.run_with(day) else { return };
        self.runs.remove(&first);
        if let Some(before) = day.pred_opt() {
            self.insert_run(first, before);
        }
        if let Some(after) = day.succ_opt() {
            self.insert_run(after, last);
        }
    }

    /// The first and last day of the run that `day` is in.
    #[must_use]
    pub fn run_with(&self, day: NaiveDate) -> Option<(NaiveDate, NaiveDate)> {
        let (&first, &last) = self.runs.range(..=day).next_back()?;
        (day <= last).then_some((first, last))
    }

    /// The length in days of the run that ends on `day` or on the day before, counting no day
    /// before `since`.
    #[must_use]
    pub fn streak(&self, day: NaiveDate, since: Option<NaiveDate>) -> u32 {
        let yesterday = day.pred_opt();
        let ends = [Some(day), yesterday].into_iter().flatten();
        let Some((end, first)) = ends.filter_map(|end| Some((end, self.run_with(end)?.0))).next() else {
            return 0;
        };
        days_between(since.map_or(first, |since| since.max(first)), end)
    }

    /// How many days from `from` (or ever) to `to` are in the set, both included.
    #[must_use]
    pub fn count(&self, from: Option<NaiveDate>, to: NaiveDate) -> u32 {
        self.runs
            .range(..=to)
            .map(|(&first, &last)| days_between(from.map_or(first, |from| from.max(first)), last.min(to)))
            .sum()
    }

    /// The first day of the set that is not before `from`.
    #[must_use]
    pub fn first_from(&self, from: NaiveDate) -> Option<NaiveDate> {
        let in_a_run = self.run_with(from).map(|_| from);
        in_a_run.or_else(|| self.runs.range(from..).next().map(|(first, _)| *first))
    }

    /// The length in days of the longest run.
    #[must_use]
    pub fn longest(&self) -> u32 {
        self.runs.iter().map(|(&first, &last)| days_between(first, last)).max().unwrap_or(0)
    }

    /// The runs, earliest first, as first and last day.
    pub fn runs(&self) -> impl DoubleEndedIterator<Item = (NaiveDate, NaiveDate)> + '_ {
        self.runs.iter().map(|(&first, &last)| (first, last))
    }

    /// Adds all days of another set.
    pub fn extend(&mut self, other: &Self) {
        for (first, last) in other.runs() {
            self.insert_run(first, last);
        }
    }
}

/// Days from `first` to `last`, both included; 0 when `first` is after `last`.
fn days_between(first: NaiveDate, last: NaiveDate) -> u32 {
    u32::try_from((last - first).num_days() + 1).unwrap_or(0)
}

/// The first of `days` consecutive days that end with `last`.
pub(crate) fn window_start(last: NaiveDate, days: u32) -> NaiveDate {
    last.checked_sub_days(Days::new(u64::from(days.saturating_sub(1)))).unwrap_or(NaiveDate::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn day(n: u32) -> NaiveDate {
        window_start(NaiveDate::from_ymd_opt(2024, 3, 10).unwrap(), 40) + Days::new(u64::from(n))
    }

    proptest! {
        #[test]
        fn runs_say_the_same_as_a_plain_set_of_days(
            steps in proptest::collection::vec((any::<bool>(), 0_u32..40), 0..80), at in 0_u32..42, since in 0_u32..42,
        ) {
            let (mut runs, mut plain) = (DateSet::default(), BTreeSet::new());
            for (add, n) in steps {
                if add { runs.insert(day(n)); plain.insert(n); } else { runs.remove(day(n)); plain.remove(&n); }
            }
            prop_assert_eq!(runs.count(Some(day(since)), day(at)) as usize, plain.iter().filter(|n| (since..=at).contains(n)).count());
            prop_assert_eq!(runs.first_from(day(at)), plain.range(at..).next().map(|n| day(*n)));
            let end = if plain.contains(&at) { Some(at) } else { at.checked_sub(1) };
            let mut naive = 0;
            let mut cursor = end;
            while let Some(n) = cursor.filter(|n| plain.contains(n) && *n >= since) { naive += 1; cursor = n.checked_sub(1); }
            prop_assert_eq!(runs.streak(day(at), Some(day(since))), naive);
            let ordered: Vec<_> = runs.runs().collect();
            prop_assert!(ordered.windows(2).all(|pair| pair[0].1.succ_opt() < Some(pair[1].0)));
        }
    }
}
