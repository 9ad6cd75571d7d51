//! What is kept of the log for a replay: by member, small, and no more than the condition looks at.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::activity::ActivityEvent;
use domain::claim::ClaimEvent;
use domain::facts::{FactsNeeded, MemberFacts};
use domain::id::{CampaignId, MemberId};
use domain::member::MemberEvent;
use domain::name::Name;
use domain::referral::ReferralEvent;
use domain::role::Role;
use domain::zone::local_date;
use domain::{Event, Moment};

use super::Draft;
use super::calendar::{Window, first_moment, millis};

/// Something that changed at a moment.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) at: i64,
    pub(super) what: What,
}

/// What changed.
#[derive(Debug, Clone)]
pub(super) enum What {
    Recorded {
        kind: u32,
        on: NaiveDate,
        measures: Measures,
    },
    Voided {
        kind: u32,
        on: NaiveDate,
        measures: Measures,
    },
    Qualified(MemberId, NaiveDate),
    Unqualified(MemberId),
    Profile(bool),
    Zone(Tz),
    Role(Role),
    Blocked(bool),
    Erased,
    /// A real claim was asked for.
    Asked,
}

/// Most facts have none.
pub(super) type Measures = Option<Box<BTreeMap<Name, i64>>>;

/// A piece of the log that matters to somebody.
#[derive(Debug)]
pub(super) enum Item {
    Registered(MemberId, Box<MemberFacts>, Moment),
    Activity { member: MemberId, kind: Name, on: NaiveDate, measures: Measures, at: Moment, voided: bool },
    Changed(MemberId, Change),
}

impl Item {
    /// `None` for what no condition of this need sees.
    pub(super) fn of(event: Event, stream_id: &str, at: Moment, needed: &FactsNeeded) -> Option<Self> {
        let changed = |member, what| Some(Self::Changed(member, Change { at: millis(at), what }));
        match event {
            Event::Member(event) => {
                let member: MemberId = stream_id.parse().ok()?;
                match event {
                    MemberEvent::Registered(registered) => {
                        let facts = MemberFacts {
                            time_zone: registered.time_zone,
                            joined_on: registered.joined_on,
                            birthday: registered.birthday,
                            profile_complete: false,
                            blocked: false,
                            role: registered.role,
                        };
                        Some(Self::Registered(member, Box::new(facts), at))
                    }
                    MemberEvent::ProfileCompleted(_) => changed(member, What::Profile(true)),
                    MemberEvent::ProfileReopened(_) => changed(member, What::Profile(false)),
                    MemberEvent::TimeZoneChanged(change) => changed(member, What::Zone(change.time_zone)),
                    MemberEvent::RoleChanged(change) => changed(member, What::Role(change.role)),
                    MemberEvent::Blocked(_) => changed(member, What::Blocked(true)),
                    MemberEvent::Unblocked(_) => changed(member, What::Blocked(false)),
                    MemberEvent::Erased(_) => changed(member, What::Erased),
                }
            }
            Event::Activity(ActivityEvent::Recorded(fact)) => {
                let measures = measures(needed, &fact.kind, fact.measures)?;
                Some(Self::Activity {
                    member: fact.member_id,
                    kind: fact.kind,
                    on: fact.local_date,
                    measures,
                    at: fact.occurred_at,
                    voided: false,
                })
            }
            Event::Activity(ActivityEvent::Voided(fact)) => {
                let measures = measures(needed, &fact.kind, fact.measures)?;
                // sources may be ahead of our clock: nothing is withdrawn before it occurred
                let at = at.max(fact.occurred_at);
                Some(Self::Activity {
                    member: fact.member_id,
                    kind: fact.kind,
                    on: fact.local_date,
                    measures,
                    at,
                    voided: true,
                })
            }
            Event::Referral(ReferralEvent::Qualified(event)) => {
                changed(event.inviter_id, What::Qualified(event.invitee_id, event.local_date))
            }
            Event::Referral(ReferralEvent::Voided(event)) => {
                changed(event.inviter_id, What::Unqualified(event.invitee_id))
            }
            Event::Referral(ReferralEvent::Created(_)) | Event::Campaign(_) | Event::Claim(_) => None,
        }
    }

    /// A real attempt in a campaign.
    pub(super) fn asked(event: &ClaimEvent, campaign: CampaignId) -> Option<Self> {
        let decision = event.decision().filter(|_| event.about().campaign_id == campaign)?;
        Some(Self::Changed(event.member(), Change { at: millis(decision.evaluated_at), what: What::Asked }))
    }
}

/// `None` when the kind does not matter.
fn measures(needed: &FactsNeeded, kind: &Name, measures: BTreeMap<Name, i64>) -> Option<Measures> {
    let tallied = needed.tallies.contains(kind);
    let matters = tallied || needed.every_kind || needed.dates.contains(kind);
    matters.then(|| (tallied && !measures.is_empty()).then(|| Box::new(measures)))
}

/// One registered member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: MemberId,
    /// As registered; changes follow.
    pub(super) registered: MemberFacts,
    /// Nobody asks before this moment.
    pub(super) asks_from: i64,
    /// In the order of time.
    pub(super) changes: Vec<Change>,
}

/// What is known of one member while the log is read.
#[derive(Debug, Default)]
struct History {
    /// As registered, and from when on the member may ask.
    registered: Option<(MemberFacts, i64)>,
    changes: Vec<Change>,
}

/// The histories of all members, while the log is read.
#[derive(Debug)]
pub(super) struct Histories {
    kinds: Vec<Name>,
    numbers: HashMap<Name, u32>,
    members: HashMap<MemberId, History>,
    /// The last moment that the log knows of.
    last: i64,
}

/// The members in the order of their ids, and the kinds that their facts name by number.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) kinds: Vec<Name>,
    pub(super) list: Vec<Member>,
}

impl std::ops::Deref for Members {
    type Target = [Member];
    fn deref(&self) -> &[Member] {
        &self.list
    }
}

impl Histories {
    pub(super) fn of(recorded_at: Moment) -> Self {
        Self { kinds: vec![], numbers: HashMap::new(), members: HashMap::new(), last: millis(recorded_at) }
    }

    pub(super) fn take_in(&mut self, item: Item) {
        let (member, change) = match item {
            Item::Registered(member, facts, at) => {
                let from = if local_date(facts.time_zone, at) == facts.joined_on {
                    millis(at)
                } else {
                    first_moment(facts.joined_on, facts.time_zone)
                };
                self.members.entry(member).or_default().registered = Some((*facts, from));
                return;
            }
            Item::Activity { member, kind, on, measures, at, voided } => {
                let kind = self.number(kind);
                let what =
                    if voided { What::Voided { kind, on, measures } } else { What::Recorded { kind, on, measures } };
                (member, Change { at: millis(at), what })
            }
            Item::Changed(member, change) => (member, change),
        };
        self.saw(change.at);
        self.members.entry(member).or_default().changes.push(change);
    }

    /// The log knows of this moment.
    pub(super) fn saw(&mut self, at: i64) {
        self.last = self.last.max(at);
    }

    fn number(&mut self, kind: Name) -> u32 {
        if let Some(number) = self.numbers.get(&kind) {
            return *number;
        }
        let number = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
        self.kinds.push(kind.clone());
        self.numbers.insert(kind, number);
        number
    }

    /// The window in which anybody can ask, and the members with their changes in the order of time;
    /// what happened at one moment stays in the order of the log.
    pub(super) fn finish(self, draft: &Draft) -> (Window, Members) {
        let mut list: Vec<Member> = self
            .members
            .into_iter()
            .filter_map(|(id, History { registered, mut changes })| {
                let (registered, asks_from) = registered?;
                changes.sort_by_key(|change| change.at);
                Some(Member { id, registered, asks_from, changes })
            })
            .collect();
        list.sort_unstable_by_key(|member| member.id);
        let first = list.iter().map(|member| member.asks_from).min().unwrap_or(self.last);
        let from = millis(draft.starts_at).max(first);
        let until = millis(draft.ends_at).min(self.last + 1);
        (Window { from, until: until.max(from) }, Members { kinds: self.kinds, list })
    }
}
