//! What a re-evaluation reads of the log: the events of claims, and of members who ever claimed the facts that
//! conditions look at.

use std::collections::HashSet;

use domain::Event;
use domain::activity::ActivityEvent;
use domain::claim::ClaimEvent;
use domain::facts::FactsNeeded;
use domain::id::{CampaignId, ClaimId};
use domain::name::Name;
use uuid::Uuid;

use super::members::Fact;
use crate::log::{Column, Row};

/// The columns that are read.
pub(super) const COLUMNS: &[Column] = &[
    Column::Position,
    Column::StreamId,
    Column::Subject,
    Column::EventType,
    Column::Version,
    Column::Payload,
    Column::OccurredAt,
];

/// Which events matter.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) campaign: Option<CampaignId>,
    pub(super) claimants: HashSet<Uuid>,
    pub(super) needed: FactsNeeded,
}

/// An event that matters.
#[derive(Debug)]
pub(super) enum Item {
    Fact { position: i64, member: Uuid, fact: Fact },
    ReEvaluationProgress { position: i64, claim: ClaimId, event: Box<ClaimEvent> },
}

impl Wanted {
    pub(super) fn item(&self, row: Row<'_>) -> Option<Item> {
        let position = row.position;
        let member: Uuid = row.subject.parse().ok()?;
        if !self.claimants.contains(&member) {
            return None;
        }
        let fact = match row.event().ok()? {
            Event::Claim(event) => {
                let ours = self.campaign.is_none_or(|campaign| event.about().campaign_id == campaign);
                let claim = row.stream_id.parse().ok()?;
                return ours.then(|| Item::ReEvaluationProgress { position, claim, event: Box::new(event) });
            }
            Event::Activity(ActivityEvent::Recorded(fact)) => {
                self.counts(&fact.kind)?;
                Fact::Counted { kind: fact.kind, on: fact.local_date, measures: fact.measures, more: true }
            }
            Event::Activity(ActivityEvent::Voided(fact)) => {
                self.counts(&fact.kind)?;
                Fact::Counted { kind: fact.kind, on: fact.local_date, measures: fact.measures, more: false }
            }
            event @ (Event::Member(_) | Event::Referral(_)) => Fact::Other(Box::new(event), row.occurred_at),
            Event::Campaign(_) | Event::Value(_) => return None,
        };
        Some(Item::Fact { position, member, fact })
    }

    fn counts(&self, kind: &Name) -> Option<()> {
        let needed = &self.needed;
        (needed.every_kind || needed.dates.contains(kind) || needed.tallies.contains(kind)).then_some(())
    }
}
