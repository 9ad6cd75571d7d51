//! Grants requests in order of time, within the limits of the draft.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use domain::budget::Budget;
use domain::id::MemberId;

use super::calendar::{Periods, Window, moment};
use super::{BacktestDraft, BacktestResult, Winner};

/// A request of a member who meets the condition. They are granted in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Asking {
    pub(super) at: i64,
    /// The index of the member, in the order of ids.
    pub(super) member: u32,
    pub(super) period: u32,
}

#[derive(Debug)]
pub(super) struct Grants<'a> {
    draft: &'a BacktestDraft,
    has: HashSet<(u32, u32)>,
    by_member: HashMap<u32, i64>,
    /// What is committed of each budget, by the first day of its period.
    committed: HashMap<(usize, NaiveDate), i64>,
    outcome: BacktestResult,
}

impl<'a> Grants<'a> {
    pub(super) fn of(draft: &'a BacktestDraft) -> Self {
        Self {
            draft,
            has: HashSet::new(),
            by_member: HashMap::new(),
            committed: HashMap::new(),
            outcome: BacktestResult::default(),
        }
    }

    pub(super) fn ask(&mut self, ask: Asking, ids: &[MemberId], periods: &Periods) {
        let reached = |limit: Option<i64>, count: i64| limit.is_some_and(|limit| count >= limit);
        if self.has.contains(&(ask.member, ask.period)) {
            return;
        }
        let of_member = self.by_member.get(&ask.member).copied().unwrap_or(0);
        if reached(self.draft.per_member_limit, of_member) || reached(self.draft.max_reward_count, self.outcome.granted)
        {
            return;
        }
        let day = periods.day(ask.at);
        if self.draft.budgets.iter().enumerate().any(|(number, budget)| !self.has_room(number, budget, day)) {
            self.outcome.denied_budget_exhausted += 1;
            return;
        }
        if reached(self.draft.quantity, self.outcome.granted) {
            self.outcome.denied_out_of_stock += 1;
            return;
        }
        let Some(member_id) = usize::try_from(ask.member).ok().and_then(|member| ids.get(member)) else { return };
        self.has.insert((ask.member, ask.period));
        self.by_member.insert(ask.member, of_member + 1);
        self.outcome.granted += 1;
        self.outcome.amount += self.draft.amount;
        *self.outcome.by_day.entry(day).or_default() += 1;
        self.count(day);
        if reached(self.draft.quantity, self.outcome.granted) {
            self.outcome.sold_out_at = Some(moment(ask.at));
        }
        let period = periods.shared_name(ask.period);
        self.outcome.winners.push(Winner { member_id: *member_id, at: moment(ask.at), period });
    }

    /// What a grant needs of a budget.
    fn needs(&self, budget: &Budget) -> i64 {
        self.draft.counts.iter().filter(|one| one.unit == budget.unit).map(|one| one.amount.get()).sum()
    }

    fn has_room(&self, number: usize, budget: &Budget, day: NaiveDate) -> bool {
        let need = self.needs(budget);
        let committed = self.committed.get(&(number, budget.per.days_of(day).0)).copied().unwrap_or(0);
        need == 0 || committed + need <= budget.amount.get()
    }

    fn count(&mut self, day: NaiveDate) {
        let draft = self.draft;
        for (number, budget) in draft.budgets.iter().enumerate() {
            let need = self.needs(budget);
            *self.committed.entry((number, budget.per.days_of(day).0)).or_default() += need;
        }
        for one in &draft.counts {
            *self.outcome.counted.entry(one.unit.clone()).or_default() += one.amount.get();
        }
    }

    pub(super) fn outcome(mut self, members_seen: i64, window: Window) -> BacktestResult {
        self.outcome.members_seen = members_seen;
        // an empty stock is sold out from the start
        if self.draft.quantity == Some(0) && window.from < window.until {
            self.outcome.sold_out_at = Some(self.draft.starts_at);
        }
        self.outcome
    }
}
