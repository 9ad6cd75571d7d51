//! Folds the log into the numbers of the dashboard. What a batch adds is gathered in memory; each
//! table is written once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::Event;
use domain::activity::ActivityEvent;
use domain::campaign::CampaignEvent;
use domain::claim::ClaimEvent;
use domain::member::MemberEvent;
use domain::role::Role;
use sqlx::postgres::PgConnection;
use uuid::Uuid;

use super::counts::Counter;
use super::marks::Marks;
use super::members::Members;
use super::offers::Offers;
use super::participation::Participation;
use super::sets::{ACTIVE, ASKING, Changes};
use super::standing::Standing;
use super::write::{FactRow, Membership, write_facts, write_memberships};
use crate::engine::error::FoldError;
use crate::engine::follower::BatchInterval;
use crate::engine::projection::{Projection, Spread};
use crate::log::{EventHeader, Recorded};

/// The projection of this folder.
#[derive(Debug, Clone, Copy)]
pub struct Dashboard;

impl Projection for Dashboard {
    const NAME: &'static str = "dashboard";
    const VERSION: i32 = 5;
    const STREAMS: &'static [&'static str] = &["member", "activity", "campaign", "claim", "codes"];
    const TABLES: &'static [&'static str] = &[
        "dashboard_marks",
        "dashboard_campaigns",
        "dashboard_rewards",
        "dashboard_grants",
        "dashboard_members",
        "dashboard_memberships",
        "dashboard_participation",
        "dashboard_facts",
        "dashboard_sets",
    ];
    const SPREAD: Spread = Spread::Whole {
        because: "its counters at marks along the log are sums over all members and campaigns up to a position",
    };
    /// A batch writes a dozen tables, and nobody sees numbers change more often.
    const BATCH_INTERVAL: BatchInterval = BatchInterval::ms(25, 50);

    async fn fold(&self, tx: &mut PgConnection, batch: &[Recorded]) -> Result<(), FoldError> {
        let mut numbers = Numbers::load(tx, batch).await?;
        for recorded in batch {
            let entry = &recorded.entry;
            match &recorded.event {
                Event::Member(event) => numbers.member(stream_id(entry)?, event, entry),
                Event::Activity(ActivityEvent::Recorded(fact)) => {
                    numbers.fact(fact.occurred_at.utc(), fact.member_id.0, 1, entry.position);
                }
                Event::Activity(ActivityEvent::Voided(fact)) => {
                    numbers.fact(fact.occurred_at.utc(), fact.member_id.0, -1, entry.position);
                }
                Event::Campaign(event) => numbers.offers.campaign(stream_id(entry)?, event, entry),
                Event::Claim(event) => numbers.claim(event, entry)?,
                Event::Value(event) => numbers.offers.restock(event, entry.position),
                Event::Referral(_) => {}
            }
        }
        numbers.write(tx).await
    }
}

fn stream_id(entry: &EventHeader) -> Result<Uuid, FoldError> {
    entry.aggregate_id.parse().map_err(|_| FoldError::stored("stream id", entry.aggregate_id.as_str()))
}

/// What a batch needs to know, and what it adds.
struct Numbers {
    marks: Marks,
    standing: Standing,
    offers: Offers,
    members: Members,
    memberships: Vec<Membership>,
    participation: Participation,
    facts: Vec<FactRow>,
    sets: Changes,
}

impl Numbers {
    async fn load(tx: &mut PgConnection, batch: &[Recorded]) -> Result<Self, FoldError> {
        let (mut members, mut campaigns, mut rewards) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for recorded in batch {
            match &recorded.event {
                Event::Member(_) => members.extend([stream_id(&recorded.entry)?]),
                Event::Activity(ActivityEvent::Recorded(fact)) => members.extend([fact.member_id.0]),
                Event::Activity(ActivityEvent::Voided(fact)) => members.extend([fact.member_id.0]),
                Event::Campaign(event) => {
                    campaigns.extend([stream_id(&recorded.entry)?]);
                    if let CampaignEvent::StockChanged(change) = event {
                        rewards.extend([change.reward_id.0]);
                    }
                }
                Event::Claim(event) => {
                    members.extend([event.member().0]);
                    rewards.extend([event.about().reward_id.0]);
                }
                Event::Value(event) => rewards.extend(event.codes().map(|(reward, _)| reward.0)),
                Event::Referral(_) => {}
            }
        }
        Ok(Self {
            marks: Marks::load(tx).await?,
            standing: Standing::before(tx, batch.iter()).await?,
            offers: Offers::load(tx, campaigns, rewards).await?,
            members: Members::load(tx, members).await?,
            memberships: Vec::new(),
            participation: Participation::load(tx).await?,
            facts: Vec::new(),
            sets: Changes::default(),
        })
    }

    fn member(&mut self, id: Uuid, event: &MemberEvent, entry: &EventHeader) {
        let (registered_at, counted) = match event {
            MemberEvent::Registered(registered) => (Some(entry.recorded_at.utc()), registered.role == Role::User),
            MemberEvent::RoleChanged(change) => {
                let registered_at = self.members.known(id).registered_at;
                // who was erased is no member any more, whatever the role
                (registered_at, registered_at.is_some() && change.role == Role::User)
            }
            MemberEvent::Erased(_) => (None, false),
            MemberEvent::ProfileCompleted(_)
            | MemberEvent::ProfileReopened(_)
            | MemberEvent::TimeZoneChanged(_)
            | MemberEvent::EmailConfirmed(_)
            | MemberEvent::Blocked(_)
            | MemberEvent::Unblocked(_) => return,
        };
        let row = self.members.change(id);
        let (was_registered_at, was_counted) = (row.registered_at, row.counted);
        (row.registered_at, row.counted) = (registered_at, counted);
        let (member, claimed) = (row.member(), row.first_claim_position.is_some());
        if counted == was_counted {
            return;
        }
        let (position, change) = (entry.position, if counted { 1 } else { -1 });
        let corrects = !(counted && matches!(event, MemberEvent::Registered(_)));
        let since = if counted { registered_at } else { was_registered_at };
        self.memberships.extend(since.map(|registered_at| Membership {
            position,
            member,
            registered_at,
            change,
            corrects,
        }));
        self.sets.counted(counted, member, position);
        let participants = if claimed { change.into() } else { 0 };
        self.participation.changes(change.into(), participants, entry);
        let counts = self.marks.at(entry);
        counts.add(Counter::Claimants, participants);
        counts.add(Counter::Registered, i64::from(!corrects));
    }

    fn fact(&mut self, occurred_at: DateTime<Utc>, member: Uuid, change: i16, position: i64) {
        let member = self.members.known(member).member();
        self.facts.push(FactRow { occurred_at, position, member, change });
        if change > 0 {
            self.sets.seen(ACTIVE, occurred_at, member, position);
        } else {
            self.sets.withdrawn(occurred_at, member, position);
        }
    }

    fn claim(&mut self, event: &ClaimEvent, entry: &EventHeader) -> Result<(), FoldError> {
        let id = event.member().0;
        let mut row = *self.members.known(id);
        let counts = self.marks.at(entry);
        if row.first_claim_position.is_none() {
            row = *self.members.change(id);
            self.members.change(id).first_claim_position = Some(entry.position);
            counts.add(Counter::Claimants, row.counted.into());
            self.participation.changes(0, row.counted.into(), entry);
        }
        self.standing.step(counts, event, entry)?;
        self.offers.claim(event, entry);
        if event.event_type().is_attempt() {
            self.sets.seen(ASKING, entry.recorded_at.utc(), row.member(), entry.position);
        }
        Ok(())
    }

    async fn write(self, tx: &mut PgConnection) -> Result<(), FoldError> {
        self.marks.write(tx).await?;
        self.offers.write(tx).await?;
        self.members.write(tx).await?;
        write_memberships(tx, &self.memberships).await?;
        self.participation.write(tx).await?;
        write_facts(tx, &self.facts).await?;
        self.sets.write(tx).await
    }
}

/// Rows by key, for everything that is loaded for a batch.
pub(super) type ById<T> = BTreeMap<Uuid, T>;
