//! What budgets leave, in memory: what is counted in each period that a batch is judged by. The rows are days; a sum is read
//! once and kept up to date with what each command counts. It decides by the rules of `domain::budget`.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::budget::{Budget, BudgetShortfall, BudgetUnit, Committed, Counted, Per, Scope, room_for};
use domain::id::CampaignId;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use super::GuardChange;
use crate::log::named_parameters::NamedStatement;

#[cfg(test)]
mod tests;

/// At this many sums all are forgotten and read again.
const MAX_SUMS: usize = 10_000;

/// The budgets by which a claim is judged, as of the versions of the campaign and of the programme that its append expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caps {
    /// Which campaign the claim is in.
    pub campaign_id: CampaignId,
    /// The campaign's own budgets …
    pub campaign: Vec<Budget>,
    /// … and those of the programme.
    pub programme: Vec<Budget>,
}

/// One sum that is needed: of a scope and unit, in the period of a day.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    scope: Scope,
    unit: BudgetUnit,
    first: NaiveDate,
    last: NaiveDate,
}

/// What is counted, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Spent {
    sums: HashMap<(Scope, BudgetUnit), Vec<Sum>>,
    len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Sum {
    first: NaiveDate,
    last: NaiveDate,
    amount: i64,
}

impl Caps {
    /// The budgets that limit something of what a grant counts; `None`: there are none.
    #[must_use]
    pub fn on(counted: &Counted, campaign_id: CampaignId, campaign: &[Budget], programme: &[Budget]) -> Option<Self> {
        let of = |budgets: &[Budget]| -> Vec<Budget> {
            let counts = |budget: &&Budget| counted.amounts.iter().any(|one| one.unit == budget.unit);
            budgets.iter().filter(counts).cloned().collect()
        };
        let (campaign, programme) = (of(campaign), of(programme));
        let any = !(campaign.is_empty() && programme.is_empty());
        any.then_some(Self { campaign_id, campaign, programme })
    }

    /// The sums that a grant is judged by.
    fn wanted<'a>(&'a self, counted: &'a Counted) -> impl Iterator<Item = Wanted> + 'a {
        let scopes = [(Scope::Campaign(self.campaign_id), &self.campaign), (Scope::Programme, &self.programme)];
        scopes.into_iter().flat_map(move |(scope, budgets)| {
            budgets.iter().map(move |budget| {
                let (first, last) = budget.per.days_of(counted.day_in(scope));
                Wanted { scope, unit: budget.unit.clone(), first, last }
            })
        })
    }
}

impl Spent {
    /// The sums that some grants are judged by and that are not known.
    pub(crate) fn unknown<'a>(
        &'a self,
        changes: &'a [GuardChange],
        caps: &'a [Arc<Caps>],
    ) -> impl Iterator<Item = Wanted> + 'a {
        let grants = changes.iter().filter_map(GuardChange::grants).filter(|grant| grant.held + grant.granted > 0);
        let counted = grants.filter_map(|grant| Some((grant.campaign_id, grant.counted.as_deref()?)));
        let judged = counted.flat_map(move |(campaign, counted)| {
            let own = caps.iter().filter(move |caps| caps.campaign_id == campaign);
            own.flat_map(move |caps| caps.wanted(counted))
        });
        judged.filter(|wanted| !self.knows(wanted))
    }

    /// Whether a sum is known.
    fn knows(&self, wanted: &Wanted) -> bool {
        let sums = self.sums.get(&(wanted.scope, wanted.unit.clone()));
        sums.is_some_and(|sums| sums.iter().any(|sum| (sum.first, sum.last) == (wanted.first, wanted.last)))
    }

    /// Forgets all sums when they have become many.
    pub(crate) fn keep_small(&mut self) {
        if self.len > MAX_SUMS {
            *self = Self::default();
        }
    }

    /// Reads sums that are not known yet.
    pub(crate) async fn learn(
        &mut self,
        connection: &mut PgConnection,
        wanted: Vec<Wanted>,
    ) -> Result<(), sqlx::Error> {
        let amounts = read_sums(connection, &wanted).await?;
        for (Wanted { scope, unit, first, last }, amount) in wanted.into_iter().zip(amounts) {
            self.sums.entry((scope, unit)).or_default().push(Sum { first, last, amount });
            self.len += 1;
        }
        Ok(())
    }

    /// Whether budgets leave room for what a grant counts.
    pub(crate) fn room_for(&self, counted: &Counted, caps: &Caps) -> Result<(), BudgetShortfall> {
        room_for(counted, (caps.campaign_id, &caps.campaign), &caps.programme, self)
    }

    /// Counts a grant, or gives one back with `sign` -1.
    pub(crate) fn count(&mut self, counted: &Counted, campaign: CampaignId, sign: i64) {
        if self.sums.is_empty() {
            return;
        }
        for (scope, unit, day, amount) in counted.rows(campaign) {
            let Some(sums) = self.sums.get_mut(&(scope, unit.clone())) else { continue };
            for sum in sums.iter_mut().filter(|sum| (sum.first..=sum.last).contains(&day)) {
                sum.amount += sign * amount;
            }
        }
    }
}

impl Committed for Spent {
    /// A sum that nobody has read is none that leaves room.
    fn committed(&self, scope: Scope, unit: &BudgetUnit, per: Per, day: NaiveDate) -> i64 {
        let (first, last) = per.days_of(day);
        let sums = self.sums.get(&(scope, unit.clone()));
        let sum = sums.and_then(|sums| sums.iter().find(|sum| (sum.first, sum.last) == (first, last)));
        sum.map_or(i64::MAX, |sum| sum.amount)
    }
}

/// The id of a scope in the rows: the programme's is that of zeros, which no campaign has.
pub(crate) fn row_of(scope: Scope) -> Uuid {
    match scope {
        Scope::Campaign(campaign) => campaign.0,
        Scope::Programme => Uuid::nil(),
    }
}

/// Each sum by its own walk over the key.
static SUMS: NamedStatement = NamedStatement::new(
    "select spent.amount
    from {wanted}
    cross join lateral (
        select coalesce(sum(v.amount), 0)::bigint as amount
        from value_spent v
        where v.scope = wanted.scope and v.unit = wanted.unit and v.day between wanted.first and wanted.last
    ) as spent
    order by wanted.number",
);

/// How much is committed in each of these periods.
pub(crate) async fn read_sums(connection: &mut PgConnection, wanted: &[Wanted]) -> Result<Vec<i64>, sqlx::Error> {
    if wanted.is_empty() {
        return Ok(vec![]);
    }
    let rows = SUMS
        .bind()
        .rows("wanted", wanted.iter())
        .column("scope", |one| row_of(one.scope))
        .column("unit", |one| one.unit.to_string())
        .column("first", |one| stored(one.first))
        .column("last", |one| stored(one.last))
        .numbered()
        .end();
    let rows = rows.query()?.fetch_all(connection).await?;
    rows.iter().map(|row| row.try_get("amount")).collect()
}

/// A day as the database can hold it: the ends of time are further away than its own.
fn stored(day: NaiveDate) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or(NaiveDate::MIN);
    let last = NaiveDate::from_ymd_opt(9_999, 12, 31).unwrap_or(NaiveDate::MAX);
    day.clamp(first, last)
}

impl Wanted {
    /// The sum of a scope and unit in the period that a day lies in.
    pub(crate) fn of(scope: Scope, unit: BudgetUnit, per: Per, day: NaiveDate) -> Self {
        let (first, last) = per.days_of(day);
        Self { scope, unit, first, last }
    }
}
