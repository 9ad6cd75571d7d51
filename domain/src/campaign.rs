//! A promotional event and the rewards it hands out. Protects: it starts before it ends, conditions
//! are versioned, and its life goes scheduled → active ⇄ paused → ended.
//! It does not count grants: stock, budget and unique names hold across aggregates and are guarded
//! where events are appended.

mod command;
mod event;
mod refusal;
mod terms;
#[cfg(test)]
mod tests;
mod value;
#[cfg(test)]
mod value_tests;
mod window;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use command::{Boundary, CampaignCommand, Draft, NewReward, Revision, RewardRevision};
pub use event::{
    CampaignEvent, CampaignEventType, Closed, Created, Ended, Opened, Paused, Resumed, Revised, RewardAdded,
    RewardRevised, StockChanged,
};
pub use refusal::CampaignRefusal;
pub use terms::{Approval, CampaignStatus, CampaignTerms, PendingExpiry, RewardTerms, RewardType};
pub use value::{CodesTerms, Cost, Never, RewardExpiry, RewardValue};
pub use window::Window;

use crate::budget;
use crate::condition::Condition;
use crate::id::RewardId;
use crate::moment::Moment;
use crate::period::Frequency;
use crate::quantity::StockUnits;

/// What later decisions about a campaign, and about claims in it, need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    state: Option<State>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    terms: CampaignTerms,
    condition: Arc<Condition>,
    condition_version: u32,
    run: Run,
    window: Window,
    rewards: BTreeMap<RewardId, RewardTerms>,
}

/// What the operator decided; the clock decides the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Run {
    Running,
    Paused,
    Ended,
}

impl Campaign {
    /// Decides a command: the events that follow, or the reason why none do.
    ///
    /// # Errors
    /// See [`CampaignRefusal`].
    pub fn decide(&self, command: CampaignCommand) -> Result<Vec<CampaignEvent>, CampaignRefusal> {
        let Some(state) = &self.state else {
            return match command {
                CampaignCommand::Create { draft, at } => create(*draft, at),
                CampaignCommand::Revise { .. }
                | CampaignCommand::Pause { .. }
                | CampaignCommand::Resume { .. }
                | CampaignCommand::End { .. }
                | CampaignCommand::AddReward(_)
                | CampaignCommand::ReviseReward { .. }
                | CampaignCommand::KeepTime { .. } => Err(CampaignRefusal::Unknown),
            };
        };
        match command {
            CampaignCommand::Create { .. } => Err(CampaignRefusal::AlreadyCreated),
            CampaignCommand::Revise { revision, at } => state.revise(*revision, at),
            CampaignCommand::Pause { at } => state.step(at, CampaignEvent::Paused(Paused {})),
            CampaignCommand::Resume { at } => state.step(at, CampaignEvent::Resumed(Resumed {})),
            CampaignCommand::End { at } => state.step(at, CampaignEvent::Ended(Ended {})),
            CampaignCommand::AddReward(reward) => state.add_reward(*reward),
            CampaignCommand::ReviseReward { reward_id, revision } => state.revise_reward(reward_id, *revision),
            CampaignCommand::KeepTime { at } => Ok(state.keep_time(at)),
        }
    }

    /// Takes one event into account.
    pub fn evolve(&mut self, event: &CampaignEvent) {
        if let CampaignEvent::Created(created) = event {
            self.state = Some(State {
                terms: created.terms.clone(),
                condition: Arc::new(created.condition.clone()),
                condition_version: 1,
                run: Run::Running,
                window: Window::of(&created.terms),
                rewards: BTreeMap::new(),
            });
        }
        let Some(state) = &mut self.state else { return };
        match event {
            CampaignEvent::Created(_) => {}
            CampaignEvent::Revised(revised) => {
                state.terms = revised.terms.clone();
                state.window.revise(&revised.terms);
                if let Some(condition) = &revised.condition {
                    state.condition = Arc::new(condition.clone());
                }
                state.condition_version = revised.condition_version;
            }
            CampaignEvent::Paused(_) => state.run = Run::Paused,
            CampaignEvent::Resumed(_) => state.run = Run::Running,
            CampaignEvent::Ended(_) => state.run = Run::Ended,
            CampaignEvent::Opened(opened) => state.window.opened(opened),
            CampaignEvent::Closed(closed) => state.window.closed(closed),
            CampaignEvent::RewardAdded(added) => {
                state.rewards.insert(added.reward_id, added.terms.clone());
            }
            CampaignEvent::RewardRevised(revised) => {
                if let Some(terms) = state.rewards.get_mut(&revised.reward_id) {
                    terms.name.clone_from(&revised.name);
                    terms.description.clone_from(&revised.description);
                }
            }
            CampaignEvent::StockChanged(change) => {
                if let Some(terms) = state.rewards.get_mut(&change.reward_id) {
                    terms.quantity = Some(change.quantity);
                }
            }
        }
    }

    /// What the operator fixed, once created.
    #[must_use]
    pub fn terms(&self) -> Option<&CampaignTerms> {
        self.state.as_ref().map(|state| &state.terms)
    }

    /// The condition in force and its version, once created.
    #[must_use]
    pub fn condition(&self) -> Option<(&Arc<Condition>, u32)> {
        self.state.as_ref().map(|state| (&state.condition, state.condition_version))
    }

    /// What a reward of this campaign hands out.
    #[must_use]
    pub fn reward(&self, id: RewardId) -> Option<&RewardTerms> {
        self.state.as_ref()?.rewards.get(&id)
    }

    /// All rewards of this campaign, by id.
    pub fn rewards(&self) -> impl Iterator<Item = (RewardId, &RewardTerms)> {
        self.state.iter().flat_map(|state| state.rewards.iter().map(|(id, terms)| (*id, terms)))
    }

    /// Where the campaign stands at `at`, once created.
    #[must_use]
    pub fn status(&self, at: Moment) -> Option<CampaignStatus> {
        self.state.as_ref().map(|state| state.status(at))
    }
}

/// A campaign that is made when its window is open already opens at once.
fn create(draft: Draft, at: Moment) -> Result<Vec<CampaignEvent>, CampaignRefusal> {
    check_window(&draft.terms)?;
    budget::check(&draft.terms.budgets)?;
    let due = Window::of(&draft.terms).due(at);
    let mut events = vec![CampaignEvent::Created(Created { terms: draft.terms, condition: draft.condition })];
    events.extend(due);
    Ok(events)
}

fn check_window(terms: &CampaignTerms) -> Result<(), CampaignRefusal> {
    if terms.starts_at < terms.ends_at { Ok(()) } else { Err(CampaignRefusal::EndsBeforeItStarts) }
}

impl State {
    fn status(&self, at: Moment) -> CampaignStatus {
        match self.run {
            Run::Ended => CampaignStatus::Ended,
            Run::Running | Run::Paused if at >= self.terms.ends_at => CampaignStatus::Ended,
            Run::Paused => CampaignStatus::Paused,
            Run::Running if at < self.terms.starts_at => CampaignStatus::Scheduled,
            Run::Running => CampaignStatus::Active,
        }
    }

    fn revise(&self, revision: Revision, at: Moment) -> Result<Vec<CampaignEvent>, CampaignRefusal> {
        if self.status(at) == CampaignStatus::Ended {
            return Err(CampaignRefusal::StepNotAllowed { from: CampaignStatus::Ended });
        }
        let terms = revision.applied_to(&self.terms);
        check_window(&terms)?;
        budget::check(&terms.budgets)?;
        if self.rewards.values().any(|reward| lacks_a_price(&terms, reward)) {
            return Err(CampaignRefusal::PriceMissing);
        }
        let condition = revision.condition.filter(|condition| *condition != *self.condition);
        if terms == self.terms && condition.is_none() {
            return Ok(vec![]);
        }
        let condition_version = self.condition_version + u32::from(condition.is_some());
        let other_periods = (terms.frequency, terms.time_zone) != (self.terms.frequency, self.terms.time_zone);
        let mut window = self.window;
        window.revise(&terms);
        let revised = Revised { terms, condition, condition_version, other_periods };
        Ok(std::iter::once(CampaignEvent::Revised(revised)).chain(window.due(at)).collect())
    }

    /// An operator's end is final: the clock has nothing to add to it. A pause does not stop the clock.
    fn keep_time(&self, at: Moment) -> Vec<CampaignEvent> {
        match self.run {
            Run::Ended => vec![],
            Run::Running | Run::Paused => self.window.due(at),
        }
    }

    fn step(&self, at: Moment, event: CampaignEvent) -> Result<Vec<CampaignEvent>, CampaignRefusal> {
        let from = self.status(at);
        let allowed = match &event {
            CampaignEvent::Paused(_) => matches!(from, CampaignStatus::Scheduled | CampaignStatus::Active),
            CampaignEvent::Resumed(_) => from == CampaignStatus::Paused,
            CampaignEvent::Ended(_) => from != CampaignStatus::Ended,
            CampaignEvent::Created(_)
            | CampaignEvent::Revised(_)
            | CampaignEvent::RewardAdded(_)
            | CampaignEvent::RewardRevised(_)
            | CampaignEvent::StockChanged(_)
            | CampaignEvent::Opened(_)
            | CampaignEvent::Closed(_) => false,
        };
        if allowed { Ok(vec![event]) } else { Err(CampaignRefusal::StepNotAllowed { from }) }
    }

    fn add_reward(&self, reward: NewReward) -> Result<Vec<CampaignEvent>, CampaignRefusal> {
        if self.rewards.contains_key(&reward.reward_id) {
            return Err(CampaignRefusal::AlreadyCreated);
        }
        reward.terms.check()?;
        if lacks_a_price(&self.terms, &reward.terms) {
            return Err(CampaignRefusal::PriceMissing);
        }
        Ok(vec![CampaignEvent::RewardAdded(RewardAdded { reward_id: reward.reward_id, terms: reward.terms })])
    }

    fn revise_reward(
        &self,
        reward_id: RewardId,
        revision: RewardRevision,
    ) -> Result<Vec<CampaignEvent>, CampaignRefusal> {
        let terms = self.rewards.get(&reward_id).ok_or(CampaignRefusal::RewardUnknown)?;
        let mut events = vec![];
        let name = revision.name.unwrap_or_else(|| terms.name.clone());
        let description = revision.description.unwrap_or_else(|| terms.description.clone());
        if (&name, &description) != (&terms.name, &terms.description) {
            events.push(CampaignEvent::RewardRevised(RewardRevised { reward_id, name, description }));
        }
        if let Some(delta) = revision.quantity_delta.filter(|delta| *delta != 0) {
            let quantity = changed_stock(terms, delta)?;
            events.push(CampaignEvent::StockChanged(StockChanged { reward_id, delta, quantity }));
        }
        Ok(events)
    }
}

/// Where members claim as often as they like, each claim costs them something.
fn lacks_a_price(terms: &CampaignTerms, reward: &RewardTerms) -> bool {
    terms.frequency == Frequency::Each && reward.price().is_none()
}

fn changed_stock(terms: &RewardTerms, delta: i64) -> Result<StockUnits, CampaignRefusal> {
    let quantity = terms.quantity.ok_or(CampaignRefusal::UnlimitedStock)?;
    let quantity = quantity.get().checked_add(delta).ok_or(CampaignRefusal::StockOutOfBounds)?;
    if quantity < 0 {
        return Err(CampaignRefusal::StockBelowZero);
    }
    quantity.try_into().map_err(|_| CampaignRefusal::StockOutOfBounds)
}

crate::aggregate::adapt!(Campaign, "campaign", CampaignCommand, CampaignEvent, CampaignRefusal);
