//! Tells as events which parts of a budget are gone: each once in a period of the budget, when a grant reaches it. What is
//! committed is read from the guard rows, which are never behind the log. Done twice it changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use commands::{Ledger, Metadata, Period, ReadError};
use domain::Event;
use domain::budget::{Budget, BudgetCommand, BudgetUnit, Scope};
use domain::quantity::Percent;
use projections::FollowError;
use projections::engine::follower::{Batch, Follower, OnPoison};
use sqlx::PgConnection;

use crate::app::clock;

/// At this many told parts all are forgotten: the log knows them.
const MAX_TOLD: usize = 10_000;

/// The follower that tells what budgets have reached.
#[derive(Clone)]
pub struct BudgetReactor {
    ledger: Ledger,
    /// What need not be asked for again: the id of a budget's period, and a part of it.
    told: Arc<Mutex<HashSet<(String, Percent)>>>,
}

impl BudgetReactor {
    /// Tells by commands to this ledger.
    #[must_use]
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, told: Arc::default() }
    }

    /// The budgets that limit these units and of which something is to be told.
    async fn watched(&self, scope: Scope, units: &BTreeSet<BudgetUnit>) -> Result<Vec<Budget>, ReadError> {
        let budgets = self.ledger.budgets_of(scope).await?;
        let watched = |budget: &Budget| !budget.alert_at.is_empty() && units.contains(&budget.unit);
        Ok(budgets.into_iter().filter(watched).collect())
    }

    /// The parts that are reached and that this process has not seen told.
    fn is_news(&self, command: &BudgetCommand) -> bool {
        let id = command.id().to_string();
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        reached(command).any(|part| !told.contains(&(id.clone(), part)))
    }

    fn remember(&self, id: &str, parts: &[Percent]) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() > MAX_TOLD {
            told.clear();
        }
        told.extend(parts.iter().map(|part| (id.to_owned(), *part)));
    }

    async fn tell(&self, commands: Vec<BudgetCommand>, metadata: &Metadata) -> Result<(), FollowError> {
        for command in commands.into_iter().filter(|command| self.is_news(command)) {
            let (id, parts) = (command.id().to_string(), reached(&command).collect::<Vec<_>>());
            self.ledger.tell_budget(command, metadata).await.map_err(|error| trouble(&error))?;
            self.remember(&id, &parts);
        }
        Ok(())
    }
}

fn reached(command: &BudgetCommand) -> impl Iterator<Item = Percent> {
    let parts = command.budget.alert_at.iter().copied();
    parts.filter(|part| command.budget.has_reached(*part, command.committed))
}

fn trouble(error: &dyn std::error::Error) -> FollowError {
    FollowError::Trouble(error.to_string())
}

impl Follower for BudgetReactor {
    fn name(&self) -> &'static str {
        "budget_reactor"
    }

    /// What one event leads to is nothing to the others.
    fn on_poison(&self) -> OnPoison {
        OnPoison::Park
    }

    /// Two instances would only take the work out of each other's hands.
    fn leased(&self) -> bool {
        true
    }

    fn streams(&self) -> &'static [&'static str] {
        &["claim"]
    }

    async fn handle(&self, _: &mut PgConnection, batch: &Batch) -> Result<i64, FollowError> {
        let mut spent: BTreeMap<Scope, BTreeSet<(BudgetUnit, NaiveDate)>> = BTreeMap::new();
        let mut cause = None;
        for entry in &batch.entries {
            let poison = |reason: String| FollowError::Poison { position: entry.position, reason };
            let event = entry.event().map_err(|error| poison(error.to_string()))?;
            let Event::Claim(event) = &event else { continue };
            let Some((counted, 1)) = event.counted() else { continue };
            for (scope, unit, day, _) in counted.rows(event.about().campaign_id) {
                spent.entry(scope).or_default().insert((unit.clone(), day));
            }
            cause = Some(entry);
        }
        let Some(cause) = cause else { return Ok(batch.through) };
        let (mut periods, mut watched) = (vec![], vec![]);
        for (scope, days) in spent {
            let units = days.iter().map(|(unit, _)| unit.clone()).collect();
            for budget in self.watched(scope, &units).await.map_err(|error| trouble(&error))? {
                // the days of one batch that lie in one period are one
                let own = days.iter().filter(|(unit, _)| *unit == budget.unit);
                let by_period: BTreeMap<String, NaiveDate> =
                    own.map(|(_, day)| (budget.per.period_of(*day), *day)).collect();
                for day in by_period.into_values() {
                    periods.push(Period { scope, unit: budget.unit.clone(), per: budget.per, day });
                    watched.push((scope, budget.clone(), day));
                }
            }
        }
        let committed = self.ledger.committed_in(periods).await.map_err(|error| trouble(&error))?;
        let commands = watched.into_iter().zip(committed).map(|((scope, budget, day), committed)| BudgetCommand {
            scope,
            budget,
            day,
            committed,
        });
        let metadata = Metadata::system(clock::now()).correlated(cause.correlation_id).caused_by(cause.event_id);
        self.tell(commands.collect(), &metadata).await?;
        Ok(batch.through)
    }
}
