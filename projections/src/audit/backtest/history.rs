//! What a replay keeps of the log in memory, by member: compact, and only what the condition looks at.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use domain::activity::ActivityEvent;
use domain::claim::ClaimEvent;
use domain::facts::{FactsNeeded, MemberFacts};
use domain::id::{CampaignId, MemberId};
use domain::member::MemberEvent;
use domain::name::Name;
use domain::referral::ReferralEvent;
use domain::role::Role;
use domain::zone::Tz;
use domain::zone::local_date;
use domain::{Event, Moment};

use super::BacktestDraft;
use super::calendar::{Window, first_moment, millis};

/// A change at a moment, in 16 bytes, because there is one for each fact. A fact without measures is stored here
/// completely; any other change is the next of the member's [`What`].
#[derive(Debug, Clone, Copy)]
pub(super) struct Change {
    pub(super) at: i64,
    on: NaiveDate,
    /// Twice the number of the kind, plus one for a withdrawal.
    fact: u32,
}

/// Any other change.
const ELSE: u32 = u32::MAX;

impl Change {
    /// The kind and day of a plain fact, and whether it was recorded or withdrawn.
    pub(super) fn fact(&self) -> Option<(u32, NaiveDate, bool)> {
        (self.fact != ELSE).then_some((self.fact >> 1, self.on, self.fact & 1 == 0))
    }
}

/// A change that is not a plain fact.
#[derive(Debug, Clone)]
pub(super) enum What {
    Measured {
        kind: u32,
        on: NaiveDate,
        measures: Measures,
        more: bool,
    },
    Qualified(MemberId, NaiveDate),
    Unqualified(MemberId),
    Profile(bool),
    Zone(Tz),
    Role(Role),
    Blocked(bool),
    Erased,
    /// The member asked for a reward of the real campaign.
    Requested,
}

/// Numbers of names, and values.
pub(super) type Measures = Box<[(u32, i64)]>;

/// An event that matters to the replay.
#[derive(Debug)]
pub(super) enum Item {
    Registered(MemberId, Box<MemberFacts>, Moment),
    Activity { member: MemberId, kind: Name, on: NaiveDate, measures: BTreeMap<Name, i64>, at: Moment, voided: bool },
    Changed(MemberId, i64, What),
}

impl Item {
    /// `None` for an event that the condition does not look at.
    pub(super) fn of(event: Event, stream_id: &str, at: Moment, needed: &FactsNeeded) -> Option<Self> {
        let changed = |member, what| Some(Self::Changed(member, millis(at), what));
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
                    MemberEvent::EmailConfirmed(_) => None,
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
                // the clock of a source may be ahead of ours: a fact is never withdrawn before it occurred
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
            Event::Referral(ReferralEvent::Created(_)) | Event::Campaign(_) | Event::Claim(_) | Event::Value(_) => None,
        }
    }

    /// An attempt in the real campaign.
    pub(super) fn asked(event: &ClaimEvent, campaign: CampaignId) -> Option<Self> {
        let decision = event.decision().filter(|_| event.about().campaign_id == campaign)?;
        Some(Self::Changed(event.member(), millis(decision.evaluated_at), What::Requested))
    }
}

/// The measures that matter; `None` when the kind does not matter.
fn measures(needed: &FactsNeeded, kind: &Name, measures: BTreeMap<Name, i64>) -> Option<BTreeMap<Name, i64>> {
    let tallied = needed.tallies.contains(kind);
    let matters = tallied || needed.every_kind || needed.dates.contains(kind);
    matters.then(|| if tallied { measures } else { BTreeMap::new() })
}

/// A share of the members, to bound memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Share {
    pub(super) nth: u32,
    pub(super) of: u32,
}

impl Share {
    fn has(self, member: MemberId) -> bool {
        member.0.as_u128() % u128::from(self.of) == u128::from(self.nth)
    }
}

/// One registered member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: MemberId,
    /// As at registration; changes follow.
    pub(super) registered: MemberFacts,
    /// The member cannot ask before this moment.
    pub(super) asks_from: i64,
    /// In the order of time.
    pub(super) changes: Vec<Change>,
    /// The changes that are not plain facts, in the same order.
    pub(super) others: Vec<(i64, What)>,
}

/// One member's history while the log is read.
#[derive(Debug, Default)]
struct History {
    /// The member at registration, and the moment from which they may ask.
    registered: Option<(MemberFacts, i64)>,
    changes: Vec<Change>,
    others: Vec<(i64, What)>,
}

/// The histories of a share of the members, while the log is read.
#[derive(Debug)]
pub(super) struct Histories {
    share: Share,
    /// The numbers that stand for kinds and measures.
    names: Vec<Name>,
    numbers: HashMap<Name, u32>,
    members: HashMap<MemberId, History>,
    /// The first moment at which any member may ask.
    first: Option<i64>,
    /// The latest moment in the log.
    last: i64,
}

/// The members in the order of their ids, and the names in their facts by number.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) names: Vec<Name>,
    pub(super) list: Vec<Member>,
}

impl std::ops::Deref for Members {
    type Target = [Member];
    fn deref(&self) -> &[Member] {
        &self.list
    }
}

impl Histories {
    pub(super) fn of(recorded_at: Moment, share: Share) -> Self {
        let (names, numbers, members) = (vec![], HashMap::new(), HashMap::new());
        Self { share, names, numbers, members, first: None, last: millis(recorded_at) }
    }

    pub(super) fn take_in(&mut self, item: Item) {
        match item {
            Item::Registered(member, facts, at) => {
                let from = if local_date(facts.time_zone, at) == facts.joined_on {
                    millis(at)
                } else {
                    first_moment(facts.joined_on, facts.time_zone)
                };
                self.first = Some(self.first.map_or(from, |first| first.min(from)));
                if let Some(history) = self.member(member) {
                    history.registered = Some((*facts, from));
                }
            }
            Item::Activity { member, kind, on, measures, at, voided } if measures.is_empty() => {
                let (at, fact) = (millis(at), self.number(kind) << 1 | u32::from(voided));
                self.saw(at);
                if let Some(history) = self.member(member) {
                    history.changes.push(Change { at, on, fact });
                }
            }
            Item::Activity { member, kind, on, measures, at, voided } => {
                let kind = self.number(kind);
                let measures = measures.into_iter().map(|(name, value)| (self.number(name), value)).collect();
                self.change(member, millis(at), What::Measured { kind, on, measures, more: !voided });
            }
            Item::Changed(member, at, what) => self.change(member, at, what),
        }
    }

    fn change(&mut self, member: MemberId, at: i64, what: What) {
        self.saw(at);
        if let Some(history) = self.member(member) {
            history.changes.push(Change { at, on: NaiveDate::MIN, fact: ELSE });
            history.others.push((at, what));
        }
    }

    /// `None` for a member of another share.
    fn member(&mut self, id: MemberId) -> Option<&mut History> {
        self.share.has(id).then(|| self.members.entry(id).or_default())
    }

    /// Extends the window to a moment of the log.
    pub(super) fn saw(&mut self, at: i64) {
        self.last = self.last.max(at);
    }

    fn number(&mut self, name: Name) -> u32 {
        if let Some(number) = self.numbers.get(&name) {
            return *number;
        }
        // one less than the largest value of half the range, so that no kind collides with the marker of other changes
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX).min(ELSE / 2 - 1);
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        number
    }

    /// The window in which anybody can ask, and the members with their changes in order of time; changes of the same
    /// moment stay in the order of the log.
    pub(super) fn finish(self, draft: &BacktestDraft) -> (Window, Members) {
        let mut list: Vec<Member> = self
            .members
            .into_iter()
            .filter_map(|(id, History { registered, mut changes, mut others })| {
                let (registered, asks_from) = registered?;
                // both sorts are stable, so that the two lists still match
                changes.sort_by_key(|change| change.at);
                others.sort_by_key(|(at, _)| *at);
                Some(Member { id, registered, asks_from, changes, others })
            })
            .collect();
        list.sort_unstable_by_key(|member| member.id);
        let from = millis(draft.starts_at).max(self.first.unwrap_or(self.last));
        let until = millis(draft.ends_at).min(self.last + 1);
        (Window { from, until: until.max(from) }, Members { names: self.names, list })
    }
}
