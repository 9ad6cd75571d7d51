//! What budgets leave: those that are in force at the position, of the programme and of events that are not over, each in the
//! period that the day of the view lies in. Which they are is read from their streams, what is counted from the totals of days.

use std::collections::BTreeMap;

use domain::budget::{Budget, BudgetUnit, Scope};
use domain::campaign::{Campaign, CampaignStatus};
use domain::id::CampaignId;
use domain::programme::Programme;
use domain::value::ValueEvent;
use domain::zone::local_date;
use domain::{Event, Moment};
use uuid::Uuid;

use super::totals::{Total, last_rows_between};
use super::view::View;
use crate::engine::error::FoldError;
use crate::log;

/// The most events whose budgets are looked at: the youngest.
const MAX_CAMPAIGNS: i64 = 1_000;

/// What is left of one budget in its present period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BudgetStanding {
    /// Whose it is.
    pub scope: Scope,
    /// What the event is called, if it is one's.
    pub name: Option<String>,
    /// The budget.
    pub budget: Budget,
    /// The period.
    pub period: String,
    /// What is promised or given in it.
    pub committed: i128,
}

impl View {
    /// Every budget that is in force, the programme's first.
    pub(super) async fn budgets(&mut self) -> Result<Vec<BudgetStanding>, FoldError> {
        let clock = Moment::from(self.clock);
        let programme = self.programme().await?;
        let on = local_date(programme.time_zone(), clock);
        let of_programme = programme.budgets().iter().cloned().map(|budget| (Scope::Programme, None, budget, on));
        let mut found: Vec<_> = of_programme.collect();
        for (id, campaign) in self.campaigns_with_budgets().await? {
            let Some(terms) = campaign.terms() else { continue };
            if campaign.status(clock) == Some(CampaignStatus::Ended) {
                continue;
            }
            let on = local_date(terms.time_zone, clock);
            let of = |budget: &Budget| (Scope::Campaign(id), Some(terms.name.clone()), budget.clone(), on);
            found.extend(terms.budgets.iter().map(of));
        }
        let mut wanted: Vec<(Scope, BudgetUnit, _, _)> = Vec::with_capacity(found.len());
        for (scope, _, budget, on) in &found {
            let (first, last) = budget.per.days_of(*on);
            wanted.push((*scope, budget.unit.clone(), first, last));
        }
        let rows = last_rows_between(&mut self.tx, &wanted, self.as_of.position).await?;
        let counted = self.brought_up(rows, |total| matches!(total, Total::Counted(..))).await?;
        let committed = |(scope, unit, first, last): &(Scope, BudgetUnit, _, _)| -> i128 {
            let within = |total: &Total| match total {
                Total::Counted(of, what, day) => of == scope && what == unit && (first..=last).contains(&day),
                Total::Account(..) | Total::Free(..) | Total::Held(..) => false,
            };
            counted.iter().filter(|(total, _)| within(total)).map(|(_, amount)| amount).sum()
        };
        let standing = found.into_iter().zip(&wanted).map(|((scope, name, budget, on), wanted)| BudgetStanding {
            scope,
            name,
            period: budget.per.period_of(on),
            budget,
            committed: committed(wanted),
        });
        Ok(standing.collect())
    }

    /// The programme at the position.
    async fn programme(&mut self) -> Result<Programme, FoldError> {
        let mut programme = Programme::default();
        for entry in log::read_stream(&mut self.tx, "programme", Programme::ID).await? {
            let position = entry.position;
            if position > self.as_of.position {
                break;
            }
            if let Event::Value(ValueEvent::Programme(event)) =
                entry.event().map_err(|source| FoldError::Event { position, source })?
            {
                programme.evolve(&event);
            }
        }
        Ok(programme)
    }

    /// The campaigns that ever had budgets, as they were at the position, the youngest first.
    async fn campaigns_with_budgets(&mut self) -> Result<Vec<(CampaignId, Campaign)>, FoldError> {
        let rows: Vec<(Uuid, i64, String, String, String)> = sqlx::query_as(
            "select budgeted.campaign_id, step.*
            from (select campaign_id from value_budgeted order by campaign_id desc limit $1) as budgeted
            cross join lateral (
                select position, event_type, event_version, payload::text
                from events
                where aggregate_type = 'campaign' and aggregate_id = budgeted.campaign_id::text and position <= $2
                order by aggregate_type, aggregate_id, sequence
            ) as step",
        )
        .bind(MAX_CAMPAIGNS)
        .bind(self.as_of.position)
        .persistent(false)
        .fetch_all(&mut *self.tx)
        .await?;
        let mut campaigns: BTreeMap<CampaignId, (Vec<(i64, Event)>, Campaign)> = BTreeMap::new();
        for (id, position, event_type, version, payload) in rows {
            let event = Event::decode(&event_type, &version, &payload);
            let event = event.map_err(|source| FoldError::Event { position, source })?;
            campaigns.entry(CampaignId(id)).or_default().0.push((position, event));
        }
        let folded = campaigns.into_iter().rev().map(|(id, (mut events, mut campaign))| {
            events.sort_by_key(|(position, _)| *position);
            for (_, event) in events {
                if let Event::Campaign(event) = event {
                    campaign.evolve(&event);
                }
            }
            (id, campaign)
        });
        Ok(folded.collect())
    }
}
