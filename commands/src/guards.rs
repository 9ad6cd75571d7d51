//! The limits that hold across aggregates: what each event changes about them. A pure function of the
//! event, so that the guard tables can be derived from the log by the same words. Who is refused is
//! decided in `guards/rows`, how the rows are stored in `guards/tables`, how they are compared with
//! the log in `guards/compare`.

pub mod acts;
pub mod compare;
pub(crate) mod low_codes;
pub(crate) mod names;
mod rows;
pub(crate) mod spent;
pub(crate) mod tables;
pub mod value;
pub(crate) mod value_totals;

pub use rows::{Budget, Guards, Stock};
pub use spent::Caps;

use domain::Event;
use domain::budget::{BudgetShortfall, Counted};
use domain::campaign::{CampaignEvent, CampaignTerms};
use domain::claim::{ClaimEvent, Transition};
use domain::id::{CampaignId, MemberId, RewardId};
use domain::identity::name_key;

/// One change that an event makes to the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GuardChange {
    /// A campaign came into being, or its limits are these from now on.
    Campaign {
        /// Which.
        campaign_id: CampaignId,
        /// The most grants over all its rewards.
        max_reward_count: Option<i64>,
        /// The most grants to one member.
        per_member_limit: Option<i64>,
        /// The name that nobody else may have, as it is compared.
        name_key: String,
        /// Claims are counted by other periods from now on.
        other_periods: bool,
    },
    /// A reward came into being.
    Reward {
        /// Which.
        reward_id: RewardId,
        /// Of which campaign.
        campaign_id: CampaignId,
        /// How many grants there are.
        quantity: Option<i64>,
        /// The most grants to one member.
        per_member_limit: Option<i64>,
    },
    /// A reward has so many grants from now on.
    Quantity {
        /// Which.
        reward_id: RewardId,
        /// How many, taken or not.
        quantity: i64,
    },
    /// A claim takes from the limits or gives back.
    Grants(GrantChange),
    /// A claim was made that takes nothing.
    Claimed {
        /// In which campaign.
        campaign_id: CampaignId,
    },
}

/// What a step of a claim takes from the limits; negative numbers give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantChange {
    /// Whose: the member, or who they were first.
    pub member_id: MemberId,
    /// From which campaign.
    pub campaign_id: CampaignId,
    /// Of which reward.
    pub reward_id: RewardId,
    /// Promised, not decided.
    pub held: i64,
    /// Given.
    pub granted: i64,
    /// What it takes from budgets, or gives back to them.
    pub counted: Option<Box<Counted>>,
    /// What is given back stays out of stock: the code of a coupon returns to nobody.
    pub keeps_stock: bool,
}

impl GuardChange {
    /// The change as one of a claim, if it is.
    #[must_use]
    pub fn grants(&self) -> Option<&GrantChange> {
        match self {
            Self::Grants(change) => Some(change),
            Self::Campaign { .. } | Self::Reward { .. } | Self::Quantity { .. } | Self::Claimed { .. } => None,
        }
    }

    /// Whether it is of a claim: those come by the thousand, and are written together.
    #[must_use]
    pub fn is_of_a_claim(&self) -> bool {
        self.claimed_in().is_some()
    }

    /// The campaign in which it shows that there is a claim.
    #[must_use]
    pub fn claimed_in(&self) -> Option<CampaignId> {
        match self {
            Self::Grants(change) => Some(change.campaign_id),
            Self::Claimed { campaign_id } => Some(*campaign_id),
            Self::Campaign { .. } | Self::Reward { .. } | Self::Quantity { .. } => None,
        }
    }
}

impl GrantChange {
    fn committed(&self) -> i64 {
        self.held + self.granted
    }

    /// What it takes from the stock of its reward: promised, and given.
    fn stock(&self) -> (i64, i64) {
        (self.held, if self.keeps_stock { 0 } else { self.granted })
    }
}

/// What an event of the stream `stream_id` changes about the limits.
#[must_use]
pub fn changes_of(event: &Event, stream_id: &str) -> Option<GuardChange> {
    match event {
        Event::Campaign(event) => {
            let campaign_id = CampaignId(stream_id.parse().ok()?);
            match event {
                CampaignEvent::Created(created) => Some(limits(campaign_id, &created.terms, false)),
                CampaignEvent::Revised(revised) => Some(limits(campaign_id, &revised.terms, revised.other_periods)),
                CampaignEvent::RewardAdded(added) => Some(GuardChange::Reward {
                    reward_id: added.reward_id,
                    campaign_id,
                    quantity: added.terms.first_stock().map(Into::into),
                    per_member_limit: added.terms.per_member_limit.map(Into::into),
                }),
                CampaignEvent::StockChanged(change) => {
                    Some(GuardChange::Quantity { reward_id: change.reward_id, quantity: change.quantity.get() })
                }
                CampaignEvent::Paused(_)
                | CampaignEvent::Resumed(_)
                | CampaignEvent::Ended(_)
                | CampaignEvent::RewardRevised(_)
                | CampaignEvent::Opened(_)
                | CampaignEvent::Closed(_) => None,
            }
        }
        Event::Claim(event) => {
            let (step, about) = (event.event_type(), event.about());
            match step.transition() {
                Transition { held: 0, granted: 0, .. } => {
                    step.is_attempt().then_some(GuardChange::Claimed { campaign_id: about.campaign_id })
                }
                Transition { held, granted, .. } => {
                    let keeps_stock = event.from_stock() != (held, granted);
                    Some(grants(event, held, granted, keeps_stock))
                }
            }
        }
        Event::Value(event) => event.codes().map(|(reward_id, quantity)| GuardChange::Quantity { reward_id, quantity }),
        Event::Member(_) | Event::Activity(_) | Event::Referral(_) => None,
    }
}

fn limits(campaign_id: CampaignId, terms: &CampaignTerms, other_periods: bool) -> GuardChange {
    GuardChange::Campaign {
        campaign_id,
        max_reward_count: terms.max_reward_count.map(Into::into),
        per_member_limit: terms.per_member_limit.map(Into::into),
        name_key: name_key(&terms.name),
        other_periods,
    }
}

fn grants(event: &ClaimEvent, held: i64, granted: i64, keeps_stock: bool) -> GuardChange {
    let about = event.about();
    GuardChange::Grants(GrantChange {
        member_id: about.counted_for(),
        campaign_id: about.campaign_id,
        reward_id: about.reward_id,
        held,
        granted,
        keeps_stock,
        counted: event.counted().map(|(counted, _)| Box::new(counted.clone())),
    })
}

/// A limit that holds across aggregates and leaves no room for a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardRefusal {
    /// The member has all grants that one member may have.
    #[error("the member has all grants that one member may have")]
    LimitReached,
    /// The campaign has given all grants that it may give, or a budget leaves no room.
    #[error("a budget leaves no room")]
    BudgetExhausted {
        /// Which, and by how much; `None` where the database refused it.
        budget: Option<Box<BudgetShortfall>>,
    },
    /// The reward has no grant left.
    #[error("the reward has no grant left")]
    OutOfStock,
    /// A limit would fall below what is committed already.
    #[error("the limit would fall below what is committed")]
    BelowCommitted {
        /// What is committed.
        committed: i64,
    },
    /// There are claims in the periods that the campaign has.
    #[error("there are claims in the periods that the campaign has")]
    PeriodsInUse,
    /// Something else has the name.
    #[error("the name is taken")]
    NameTaken,
    /// The rows beside the events break a rule of their own table.
    #[error("the constraint {constraint} rejects it")]
    AlsoRefused {
        /// The name of the constraint.
        constraint: String,
    },
}
