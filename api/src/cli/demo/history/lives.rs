//! What the people of the history do besides requesting rewards. Most facts come from the generator of made-up
//! programmes. Some people are invited by others, some are blocked for a while, and the demo's own member has something
//! to see on every page.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use domain::Moment;
use domain::id::MemberId;
use domain::zone::Tz;

use super::acts::{Act, Agenda, Ask, Person, Show, Who};
use super::people::Someone;
use super::shows::{Ago, CINEMA, COFFEE, COIN, MUG, PARCEL, REFERRALS, STREAK};
use crate::app::activities::{RawActivity, check};
use crate::cli::generate::dice::Dice;
use crate::cli::generate::{Facts, midnight};

/// How many members the generator creates …
const MEMBERS: u32 = 400;
/// … and how many friends join: three invited by the demo's own member, and three by a fan.
const FRIENDS: u32 = 6;
/// The number of days, including today.
const DAYS: u32 = 36;
/// Most invitees are invited by one of the first members, this many.
const WELL_KNOWN: u32 = 12;

/// A made-up fact is invalid.
#[derive(Debug, thiserror::Error)]
#[error("a made-up fact is not well-formed")]
pub(super) struct NotAFact;

/// The ids of the members that the generator creates.
pub(super) fn member_ids(key: &[u8; 32]) -> Vec<MemberId> {
    let facts = Facts::of(key, MEMBERS, NaiveDate::default(), DAYS, DateTime::default());
    facts.members().filter_map(|(id, _)| id.parse().ok()).collect()
}

/// Everybody in the history.
pub(super) struct Lives {
    pub(super) people: Vec<Someone>,
    /// The demo's own member.
    pub(super) own: Person,
}

/// The first date of the history in UTC.
pub(super) fn first_date(now: Moment) -> NaiveDate {
    now.utc().date_naive() - Days::new(u64::from(DAYS) - 1)
}

/// Puts everybody's actions on the agenda.
pub(super) fn put_on(
    agenda: &mut Agenda,
    key: &[u8; 32],
    now: Moment,
    dice: &mut Dice,
    own_id: MemberId,
) -> Result<Lives, NotAFact> {
    let mut facts = Facts::of(key, MEMBERS, first_date(now), DAYS, now.utc());
    let members: Vec<(String, Tz)> = facts.members().map(|(id, home)| (id.to_owned(), home)).collect();
    let mut people = vec![];
    for (id, home) in members {
        people.push(Someone::new(id.parse().map_err(|_| NotAFact)?, home, dice));
    }
    let own = people.len();
    people.push(Someone::new(own_id, Tz::UTC, dice));
    for _ in 0..FRIENDS {
        let id = uuid::Builder::from_custom_bytes(dice.bytes()).into_uuid();
        people.push(Someone::new(MemberId(id), Tz::UTC, dice));
    }
    let mut joined: Vec<Person> = vec![];
    while let Some(reported) = facts.next_reported() {
        let who = usize::try_from(reported.member).unwrap_or(usize::MAX);
        let (Some(someone), at) = (people.get(who), Moment::from(reported.at)) else { continue };
        if !joined.contains(&who) {
            let at = Moment::from(at.utc() - TimeDelta::seconds(dice.between(40, 400).into()));
            let brought_by = brought_by(&joined, dice);
            agenda.put(at, Act::Join { who, brought_by });
            if dice.permille(300) {
                let later = TimeDelta::minutes(dice.between(5, 4_000).into());
                agenda.put(Moment::from(at.utc() + later), Act::CompleteProfile(who));
            }
            joined.push(who);
        }
        let report = check(&reported.fact, Some(someone.zone), at).map_err(|_| NotAFact)?;
        agenda.put(at, Act::Report { who, report: Box::new(report) });
    }
    let lives = Lives { people, own };
    blocks(agenda, &joined, Ago(now));
    lives.of_the_own_member(agenda, Ago(now))?;
    lives.of_a_fan(agenda, joined.get(3).copied().unwrap_or(0), Ago(now));
    Ok(lives)
}

/// Chooses the inviter: every third of those who join later is invited.
fn brought_by(joined: &[Person], dice: &mut Dice) -> Option<Person> {
    let there = u32::try_from(joined.len()).unwrap_or(0);
    if there < WELL_KNOWN || !dice.permille(330) {
        return None;
    }
    let among = if dice.permille(700) { WELL_KNOWN } else { there };
    usize::try_from(dice.between(0, among - 1)).ok().and_then(|number| joined.get(number).copied())
}

/// Blocks three members for having several accounts, one of them by mistake. They keep requesting rewards.
fn blocks(agenda: &mut Agenda, joined: &[Person], ago: Ago) {
    const WHY: &str = "Several accounts of one person.";
    for (place, days) in [(15, 20), (19, 11), (24, 4)] {
        let Some(who) = joined.get(place).copied() else { continue };
        agenda.put(ago.days(days), Act::Block { who, note: WHY });
        for hours in [5, 29, 53] {
            ask(agenda, ago.hours(24 * days - hours), COIN, who, false);
        }
        if days == 20 {
            agenda.put(ago.days(15), Act::Unblock { who, note: "A family that shares a telephone." });
        }
    }
}

fn ask(agenda: &mut Agenda, at: Moment, show: Show, who: Person, left: bool) {
    agenda.put(at, Act::Ask(Ask { show, who: Who::This(who), left }));
}

impl Lives {
    /// Six days in a row up to yesterday, so that today's log-in is the seventh.
    fn of_the_own_member(&self, agenda: &mut Agenda, ago: Ago) -> Result<(), NotAFact> {
        let own = self.own;
        let day = |days: u64| midnight(ago.0.utc().date_naive() - Days::new(days));
        let mut number = 0;
        let mut report = |agenda: &mut Agenda, at: DateTime<Utc>, source, kind, measures: &[(&str, i64)]| {
            number += 1;
            self.report(agenda, own, (source, kind), number, at, measures)
        };
        for days in (1..=20).filter(|days| *days != 7) {
            let at = day(days) + TimeDelta::minutes(460 + i64::try_from(days * 7 % 50).unwrap_or(0));
            report(agenda, at, "app", "login", &[])?;
        }
        for (days, amount, items) in [(15, 12_000, 2), (9, 4_500, 1), (3, 8_900, 3)] {
            report(
                agenda,
                day(days) + TimeDelta::hours(11),
                "shop",
                "purchase",
                &[("amount", amount), ("items", items)],
            )?;
        }
        for (days, minutes) in [(6, 25), (4, 60), (2, 40), (1, 35)] {
            report(agenda, day(days) + TimeDelta::hours(9), "timer", "session", &[("minutes", minutes)])?;
        }
        report(agenda, day(19) + TimeDelta::hours(8), "app", "tutorial", &[])?;
        report(agenda, day(8) + TimeDelta::hours(12), "shop", "review", &[("stars", 4)])?;
        for days in 1..=5 {
            ask(agenda, Moment::from(day(days) + TimeDelta::hours(10)), COIN, own, false);
        }
        for (days, hours, show) in
            [(9, 10, STREAK), (8, 13, MUG), (3, 10, STREAK), (3, 12, COFFEE), (2, 9, REFERRALS), (2, 12, CINEMA)]
        {
            ask(agenda, Moment::from(day(days) + TimeDelta::hours(hours)), show, own, false);
        }
        ask(agenda, ago.hours(44), PARCEL, own, true);
        for (friend, hours, completes) in [(own + 1, 12 * 24, true), (own + 2, 9 * 24, true), (own + 3, 4 * 24, false)]
        {
            agenda.put(ago.hours(hours), Act::Join { who: friend, brought_by: Some(own) });
            if completes {
                agenda.put(ago.minutes(60 * hours - 25), Act::CompleteProfile(friend));
            }
        }
        Ok(())
    }

    /// Three friends within an hour and then a claim, which raises a flag.
    fn of_a_fan(&self, agenda: &mut Agenda, fan: Person, ago: Ago) {
        for number in 0..3 {
            let (friend, minutes) = (self.own + 4 + number, i64::try_from(number).unwrap_or(0) * 9);
            agenda.put(ago.minutes(53 * 60 - minutes), Act::Join { who: friend, brought_by: Some(fan) });
            agenda.put(ago.minutes(53 * 60 - 4 - minutes), Act::CompleteProfile(friend));
        }
        ask(agenda, ago.hours(49), PARCEL, fan, true);
    }

    fn report(
        &self,
        agenda: &mut Agenda,
        who: Person,
        (source, kind): (&str, &str),
        number: u32,
        at: DateTime<Utc>,
        measures: &[(&str, i64)],
    ) -> Result<(), NotAFact> {
        let someone = self.people.get(who).ok_or(NotAFact)?;
        let raw = RawActivity {
            source: source.to_owned(),
            id: format!("demo-member-{number:03}"),
            member_id: someone.id.to_string(),
            kind: kind.to_owned(),
            occurred_at: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            time_zone: None,
            measures: measures.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect::<BTreeMap<_, _>>(),
        };
        let report = check(&raw, Some(someone.zone), Moment::from(at)).map_err(|_| NotAFact)?;
        agenda.put(Moment::from(at), Act::Report { who, report: Box::new(report) });
        Ok(())
    }
}
