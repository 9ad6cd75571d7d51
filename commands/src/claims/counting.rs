//! What a claim counts against budgets, and which budgets limit it: those of its campaign and those of the programme, which is
//! kept at hand. It may be stale, as a campaign may be: the append refuses when either has gone on since. A reward that is no
//! points and costs nothing counts nothing, and costs no look-up here.

use std::sync::{Arc, PoisonError, RwLock};

use chrono::NaiveDate;
use domain::Moment;
use domain::budget::{Budget, BudgetCommand, BudgetPeriod, BudgetUnit, Counted, Per, Scope};
use domain::campaign::{CampaignTerms, RewardTerms};
use domain::id::CampaignId;
use domain::programme::Programme;
use domain::zone::local_date;

use crate::claims::value::Moving;
use crate::guards::Caps;
use crate::guards::spent::{Wanted, read_sums};
use crate::ledger::{CommandError, Ledger};
use crate::log::coalesce::ReadError;
use crate::log::metadata::Metadata;
use crate::log::streams::Loaded;

/// The programme as it was read last.
#[derive(Debug, Default)]
pub(crate) struct KnownProgramme(RwLock<Option<Arc<Loaded<Programme>>>>);

impl KnownProgramme {
    pub(crate) fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn cached(&self) -> Option<Arc<Loaded<Programme>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, programme: Arc<Loaded<Programme>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(programme);
    }
}

/// How much of a unit is committed in a scope in one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// Whose budgets it is counted against.
    pub scope: Scope,
    /// Of what.
    pub unit: BudgetUnit,
    /// In which kind of period …
    pub per: Per,
    /// … the one that this day lies in.
    pub day: NaiveDate,
}

impl Ledger {
    /// The programme, possibly as it was a moment ago.
    async fn known_programme(&self) -> Result<Arc<Loaded<Programme>>, ReadError> {
        if let Some(programme) = self.shared.programme.cached() {
            return Ok(programme);
        }
        let programme = Arc::new(self.load::<Programme>(Programme::ID).await?);
        self.shared.programme.keep(programme.clone());
        Ok(programme)
    }

    /// Adds to what a claim moves what it counts against budgets, and by which of them it is limited.
    pub(crate) async fn count_in(
        &self,
        moving: &mut Moving,
        campaign: (CampaignId, &CampaignTerms),
        reward: &RewardTerms,
        at: Moment,
    ) -> Result<(), ReadError> {
        let amounts = reward.counted();
        if amounts.is_empty() {
            return Ok(());
        }
        let programme = self.known_programme().await?;
        moving.expects.push((programme.stream.clone(), programme.sequence));
        let (campaign_id, terms) = campaign;
        let on = local_date(terms.time_zone, at);
        let Some(counted) = Counted::of(on, local_date(programme.state.time_zone(), at), amounts) else {
            return Ok(());
        };
        let caps = Caps::on(&counted, campaign_id, &terms.budgets, programme.state.budgets());
        moving.caps = caps.map(Arc::new).into_iter().collect();
        let mut value = moving.value.take().map(Arc::unwrap_or_clone).unwrap_or_default();
        value.counted = Some(counted);
        moving.value = Some(Arc::new(value));
        Ok(())
    }

    /// The budgets of a campaign or of the programme as the log has them now.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn budgets_of(&self, scope: Scope) -> Result<Vec<Budget>, ReadError> {
        Ok(match scope {
            Scope::Programme => self.load::<Programme>(Programme::ID).await?.state.budgets().to_vec(),
            Scope::Campaign(campaign) => {
                let known = self.latest_campaign(campaign).await?;
                known.loaded.state.terms().map(|terms| terms.budgets.clone()).unwrap_or_default()
            }
        })
    }

    /// How much is committed in each of these periods at this moment.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn committed_in(&self, periods: Vec<Period>) -> Result<Vec<i64>, ReadError> {
        let wanted: Vec<_> = periods.into_iter().map(|one| Wanted::of(one.scope, one.unit, one.per, one.day)).collect();
        let mut connection = self.shared.pool.acquire().await?;
        Ok(read_sums(&mut connection, &wanted).await?)
    }

    /// Tells which parts of a budget are reached in a period, each of them once; `false`: there was nothing to tell.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub async fn tell_budget(
        &self,
        command: BudgetCommand,
        metadata: &Metadata,
    ) -> Result<bool, CommandError<std::convert::Infallible>> {
        let id = command.id().to_string();
        let receipt = self.execute::<BudgetPeriod>(&id, command, metadata).await?;
        Ok(receipt.appended > 0)
    }
}
