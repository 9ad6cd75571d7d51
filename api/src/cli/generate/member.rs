//! One made-up member: where and how they live, and what they do on a day. What is decided for a
//! member depends on the programme and the member's number alone.

use chrono::{Datelike, NaiveDate, TimeDelta, Utc};
use domain::zone::Tz;

use super::Reported;
use super::deed::{Clock, Deed, local};
use super::dice::Dice;
use super::habit::Habit;
use super::world::{PROMOTION_DAYS, ZONES, promotion_near, promotion_on};

/// The seconds of a day.
const DAY_SECONDS: u32 = 24 * 60 * 60;
/// How many of a thousand reports of a device come late.
const LATE_PERMILLE: u32 = 30;
/// How late the latest of them is, in hours.
const LATEST_HOURS: u32 = 5 * 24;
/// A traveller is away for ten days of each seventy.
const JOURNEY_DAYS: u32 = 10;

/// One made-up member.
#[derive(Debug, Clone)]
pub(super) struct Member {
    dice: Dice,
    index: u32,
    /// What the ids of the member's facts begin with.
    prefix: String,
    id: String,
    home: Tz,
    away: Option<Tz>,
    joins_on: u32,
    habit: Habit,
    /// The usual time of day, in seconds after midnight.
    usual: u32,
    times_sessions: bool,
    goes_to_pcbang: bool,
    did_tutorial: bool,
    /// Days on which a review of what was bought will be written.
    reviews: Vec<u32>,
    /// How many facts there are so far.
    number: u32,
}

impl Member {
    pub(super) fn new(programme: &[u8; 32], index: u32, days: u32) -> Self {
        let mut dice = Dice::of(*programme, index);
        let id = uuid::Builder::from_custom_bytes(dice.bytes()).into_uuid().to_string();
        let zone = |dice: &mut Dice| dice.weighted(&ZONES, "UTC").parse().unwrap_or(Tz::UTC);
        let home = zone(&mut dice);
        let away = dice.permille(60).then(|| zone(&mut dice));
        Self {
            index,
            prefix: format!("{}-{index:06}", hex::encode(&programme[..4])),
            id,
            home,
            away,
            joins_on: joining_day(&mut dice, days),
            habit: Habit::draw(&mut dice),
            // From six in the morning until one in the night: some live on the edge of two days.
            usual: dice.between(6 * 3600, 25 * 3600) % DAY_SECONDS,
            times_sessions: dice.permille(300),
            goes_to_pcbang: dice.permille(150),
            did_tutorial: false,
            reviews: vec![],
            number: 0,
            dice,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn home(&self) -> Tz {
        self.home
    }

    /// What the member does on one day of the programme, whose date is the member's own.
    pub(super) fn live(&mut self, day: u32, date: NaiveDate) -> Vec<Reported> {
        let mut facts = vec![];
        if day < self.joins_on {
            return facts;
        }
        let promotion = promotion_on(day);
        let (age, weekday) = (day - self.joins_on, date.weekday().num_days_from_monday());
        let zone = self.away.filter(|_| day / JOURNEY_DAYS % 7 == 3).unwrap_or(self.home);
        if self.habit.comes(&mut self.dice, age, weekday, promotion) {
            self.come(day, promotion, zone, date, &mut facts);
        }
        let due = self.reviews.iter().filter(|on| **on == day).count();
        self.reviews.retain(|on| *on > day);
        for _ in 0..due {
            let stars = self.dice.between(1, 5).max(self.dice.between(1, 5));
            let review = Deed::plain("shop", "review", Clock::Zone).with([("stars", stars)]);
            self.act(review, zone, date, &mut facts);
        }
        facts
    }

    fn come(&mut self, day: u32, promotion: bool, zone: Tz, date: NaiveDate, facts: &mut Vec<Reported>) {
        let logins = 1 + u32::from(self.dice.permille(300));
        for _ in 0..logins {
            self.act(Deed::plain("app", "login", Clock::WallAndZone), zone, date, facts);
        }
        if !self.did_tutorial && self.dice.permille(600) {
            self.did_tutorial = true;
            self.act(Deed::plain("app", "tutorial", Clock::WallAndZone), zone, date, facts);
        }
        if self.goes_to_pcbang && self.dice.permille(400) {
            self.act(Deed::plain("pcbang", "pcbang.login", Clock::Zone), zone, date, facts);
        }
        if self.times_sessions && self.dice.permille(600) {
            for _ in 0..self.dice.between(1, 3) {
                let minutes = 5 * self.dice.between(1, 24);
                let session = Deed::plain("timer", "session", Clock::Wall).with([("minutes", minutes)]);
                self.act(session, zone, date, facts);
            }
        }
        if self.dice.permille(if promotion { 220 } else { 60 }) {
            self.buy(day, promotion, zone, date, facts);
        }
        if promotion && self.dice.permille(70) {
            let score = self.dice.between(0, 10);
            let survey = Deed::plain("survey", "survey", Clock::Zone).with([("score", score)]);
            self.act(survey, zone, date, facts);
        }
        if self.dice.permille(8) {
            self.act(Deed::plain("app", "feedback", Clock::WallAndZone), zone, date, facts);
        }
    }

    /// One purchase; in a promotion sometimes a burst of them within one second.
    fn buy(&mut self, day: u32, promotion: bool, zone: Tz, date: NaiveDate, facts: &mut Vec<Reported>) {
        let count = if promotion && self.dice.permille(60) { self.dice.between(3, 10) } else { 1 };
        let second = self.second_of_day();
        for _ in 0..count {
            let amount = 100 * self.dice.between(10, 200).min(self.dice.between(10, 2_000));
            let measures = [("amount", amount), ("items", self.dice.between(1, 5))];
            let purchase = Deed::plain("shop", "purchase", Clock::Zone).with(measures);
            self.act_at(purchase, zone, date, second, facts);
            if self.dice.permille(250) {
                self.reviews.push(day + self.dice.between(1, 10));
            }
        }
    }

    fn act(&mut self, deed: Deed, zone: Tz, date: NaiveDate, facts: &mut Vec<Reported>) {
        let second = self.second_of_day();
        self.act_at(deed, zone, date, second, facts);
    }

    fn act_at(&mut self, deed: Deed, zone: Tz, date: NaiveDate, second: u32, facts: &mut Vec<Reported>) {
        let late = deed.by_device() && self.dice.permille(LATE_PERMILLE);
        let delay = TimeDelta::hours(if late { self.dice.between(1, LATEST_HOURS) } else { 0 }.into());
        let moment = local(zone, date, second);
        self.number += 1;
        facts.push(Reported {
            at: moment.with_timezone(&Utc) + delay,
            member: self.index,
            number: self.number,
            fact: deed.told(format!("{}-{:05}", self.prefix, self.number), self.id.clone(), moment),
        });
    }

    /// Some time around the usual one, on the same day.
    fn second_of_day(&mut self) -> u32 {
        let spread = self.dice.between(0, 6_000) + self.dice.between(0, 6_000);
        (self.usual + spread).saturating_sub(6_000).min(DAY_SECONDS - 1)
    }
}

/// Many join at the beginning or with a promotion, the others at any time; nobody on the very last
/// day, which is cut short where clocks are behind.
fn joining_day(dice: &mut Dice, days: u32) -> u32 {
    let last = days.saturating_sub(2);
    let any = dice.between(0, last);
    match dice.between(1, 100) {
        1..=30 => dice.between(0, last / 12),
        31..=55 => (promotion_near(any) + dice.between(0, PROMOTION_DAYS - 1)).min(last),
        _ => any,
    }
}
