//! A scene: one member's history and one moment of asking, as both evaluators are told of it.

pub(crate) mod random;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Offset, TimeZone};
use domain::activity::{ActivityEvent, Recorded, Voided};
use domain::condition::{Condition, EvaluationContext, LeafEvidence, evaluate};
use domain::facts::{Birthday, Facts};
use domain::id::MemberId;
use domain::member::{MemberEvent, ProfileCompleted, ProfileReopened, Registered};
use domain::name::Name;
use domain::referral::{self, ReferralEvent};
use domain::role::Role;
use domain::zone::Tz;
use domain::zone::{Zone, local_date};
use domain::{Event, Moment};
use serde_json::json;
use uuid::Uuid;

use crate::naive::{Day, Fact, Person, World};

/// A fact as its source reports it, and when the log hears of it.
#[derive(Debug, Clone)]
pub(crate) struct Reported {
    pub(crate) kind: &'static str,
    pub(crate) at: i64,
    /// Another zone than the member's.
    pub(crate) elsewhere: Option<Zone>,
    pub(crate) measures: BTreeMap<&'static str, i64>,
    pub(crate) turn: u8,
    /// So many turns after it was recorded.
    pub(crate) voided_after: Option<u8>,
}

/// A qualified referral by the member.
#[derive(Debug, Clone)]
pub(crate) struct Brought {
    pub(crate) at: i64,
    pub(crate) turn: u8,
    pub(crate) voided_after: Option<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Who {
    pub(crate) joined: NaiveDate,
    pub(crate) birthday: Option<(u32, u32)>,
    /// How often the profile was completed or reopened.
    pub(crate) profile_steps: u8,
}

#[derive(Debug, Clone)]
pub(crate) struct Scene {
    pub(crate) zone: Tz,
    pub(crate) asked: i64,
    pub(crate) who: Option<Who>,
    pub(crate) facts: Vec<Reported>,
    pub(crate) brought: Vec<Brought>,
    /// The start of the campaign and its zone.
    pub(crate) event_start: Option<(i64, Tz)>,
}

pub(crate) fn moment(unix_seconds: i64) -> Moment {
    DateTime::from_timestamp(unix_seconds, 0).unwrap().into()
}

pub(crate) fn name(text: &str) -> Name {
    text.to_owned().try_into().unwrap()
}

pub(crate) fn plain(day: NaiveDate) -> Day {
    Day::read(&day.to_string())
}

/// The calendar day by the naive calendar: all that is asked of a library is the offset.
pub(crate) fn wall_day(zone: Zone, unix_seconds: i64) -> Day {
    let ahead = match zone {
        Zone::Named(zone) => zone.offset_from_utc_datetime(&moment(unix_seconds).utc().naive_utc()).fix(),
        Zone::Offset(offset) => offset,
    };
    Day::at(unix_seconds, i64::from(ahead.local_minus_utc()))
}

impl Reported {
    pub(crate) fn recorded(&self, number: usize, home: Tz) -> Recorded {
        let time_zone = self.elsewhere.unwrap_or(Zone::Named(home));
        Recorded {
            source: "timer".to_owned(),
            id: number.to_string(),
            member_id: MemberId::default(),
            kind: name(self.kind),
            occurred_at: moment(self.at),
            local_date: time_zone.local_date(moment(self.at)),
            time_zone,
            measures: self.measures.iter().map(|(measure, value)| (name(measure), *value)).collect(),
        }
    }
}

pub(crate) fn voided(fact: &Recorded) -> Voided {
    Voided {
        source: fact.source.clone(),
        id: fact.id.clone(),
        member_id: fact.member_id,
        kind: fact.kind.clone(),
        occurred_at: fact.occurred_at,
        local_date: fact.local_date,
        measures: fact.measures.clone(),
        note: "typo".to_owned(),
    }
}

/// In which order the log holds the same history.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    ByTurn,
    Backwards,
}

impl Scene {
    /// The history as the log holds it: what is withdrawn is withdrawn after it was recorded, and
    /// nothing else is said of the order.
    pub(crate) fn events(&self, order: Order) -> Vec<Event> {
        let turn = |turn: u8| match order {
            Order::ByTurn => u32::from(turn),
            Order::Backwards => 255 - u32::from(turn),
        };
        let mut steps: Vec<(u32, Event)> = self.member_events();
        for (number, fact) in self.facts.iter().enumerate() {
            let recorded = fact.recorded(number, self.zone);
            if let Some(after) = fact.voided_after {
                let event = ActivityEvent::Voided(voided(&recorded));
                steps.push((turn(fact.turn) + u32::from(after) + 1, event.into()));
            }
            steps.push((turn(fact.turn), ActivityEvent::Recorded(recorded).into()));
        }
        for (number, brought) in self.brought.iter().enumerate() {
            let (qualified, voided) = referral_events(number, brought.at, self.zone);
            steps.push((turn(brought.turn), qualified.into()));
            if let Some(after) = brought.voided_after {
                steps.push((turn(brought.turn) + u32::from(after) + 1, voided.into()));
            }
        }
        steps.sort_by_key(|(turn, _)| *turn);
        steps.into_iter().map(|(_, event)| event).collect()
    }

    pub(crate) fn member_events(&self) -> Vec<(u32, Event)> {
        let Some(who) = &self.who else { return vec![] };
        let registered = MemberEvent::Registered(Registered {
            time_zone: self.zone,
            joined_on: who.joined,
            birthday: who.birthday.map(|(month, day)| Birthday { month, day }),
            role: Role::User,
            returned: None,
        });
        let profile = (0..who.profile_steps).map(|step| {
            let event = if step % 2 == 0 {
                MemberEvent::ProfileCompleted(ProfileCompleted {})
            } else {
                MemberEvent::ProfileReopened(ProfileReopened {})
            };
            (u32::from(step) * 40, event.into())
        });
        std::iter::once((0, registered.into())).chain(profile).collect()
    }

    pub(crate) fn facts(&self, order: Order) -> Facts {
        let mut facts = Facts::default();
        self.events(order).iter().for_each(|event| facts.apply(event));
        facts
    }

    pub(crate) fn asked(&self) -> EvaluationContext {
        EvaluationContext {
            on: local_date(self.zone, moment(self.asked)),
            campaign_starts_on: self.event_start.map(|(at, zone)| local_date(zone, moment(at))),
        }
    }

    pub(crate) fn evaluate(&self, condition: &Condition) -> (bool, Vec<LeafEvidence>) {
        evaluate(condition, &self.facts(Order::ByTurn), self.asked())
    }

    /// The same for the naive evaluator: what was voided is not there, and the order is lost.
    pub(crate) fn world(&self) -> World {
        let home = Zone::Named(self.zone);
        let fact = |fact: &Reported| Fact {
            kind: fact.kind.to_owned(),
            day: wall_day(fact.elsewhere.unwrap_or(home), fact.at),
            measures: fact.measures.iter().map(|(measure, value)| ((*measure).to_owned(), *value)).collect(),
        };
        World {
            person: self.who.as_ref().map(|who| Person {
                joined: plain(who.joined),
                birthday: who.birthday,
                profile_complete: who.profile_steps % 2 == 1,
            }),
            facts: self.facts.iter().filter(|fact| fact.voided_after.is_none()).map(fact).collect(),
            referrals: self
                .brought
                .iter()
                .filter(|brought| brought.voided_after.is_none())
                .map(|brought| wall_day(home, brought.at))
                .collect(),
            today: wall_day(home, self.asked),
            event_start: self.event_start.map(|(at, zone)| wall_day(Zone::Named(zone), at)),
        }
    }
}

pub(crate) fn referral_events(number: usize, at: i64, zone: Tz) -> (ReferralEvent, ReferralEvent) {
    let (invitee_id, inviter_id) = (MemberId(Uuid::from_u128(number as u128 + 1)), MemberId::default());
    let local_date = local_date(zone, moment(at));
    let qualified = referral::Qualified {
        invitee_id,
        inviter_id,
        condition: Condition::parse(&json!("COMPLETE_PROFILE")).unwrap(),
        evidence: vec![],
        facts_position: 1,
        judged_on: local_date,
        local_date,
        time_zone: zone,
    };
    let voided = referral::Voided { invitee_id, inviter_id, note: "bought".to_owned() };
    (ReferralEvent::Qualified(qualified), ReferralEvent::Voided(voided))
}
