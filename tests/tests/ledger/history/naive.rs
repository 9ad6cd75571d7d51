//! A count that knows nothing of the program: it reads the lines, keeps what each member did on each date, and walks
//! the calendar day by day.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate};
use domain::zone::Tz;
use serde_json::Value;
use uuid::Uuid;

use super::answers::{Answers, OfMember, Point};

/// Date → number of facts and sum of the measure.
type Calendar = BTreeMap<NaiveDate, (i64, i64)>;

/// Questions about the facts of one kind and the sums of one of their measures, and the answers.
pub(super) fn answers(lines: &str, kind: &str, measure: &str) -> Answers {
    let calendars = calendars(lines, kind, measure);
    let members: Vec<_> = calendars.iter().map(|(id, calendar)| of_member(*id, calendar)).collect();
    let points = calendars.iter().flat_map(|(id, calendar)| dates(calendar).map(|date| point(*id, calendar, date)));
    Answers { totals: Answers::totals_of(&members), points: points.collect(), members }
}

fn calendars(lines: &str, kind: &str, measure: &str) -> BTreeMap<Uuid, Calendar> {
    let mut calendars: BTreeMap<Uuid, Calendar> = BTreeMap::new();
    for fact in lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")) {
        if fact["kind"] != kind {
            continue;
        }
        let member = fact["memberId"].as_str().and_then(|id| id.parse().ok()).expect("a member");
        let day = calendars.entry(member).or_default().entry(local_date(&fact)).or_default();
        day.0 += 1;
        day.1 += fact["measures"][measure].as_i64().unwrap_or(0);
    }
    calendars
}

/// The date in the zone that the line names, or else the one that is written in it.
fn local_date(fact: &Value) -> NaiveDate {
    let text = fact["occurredAt"].as_str().expect("a moment");
    let moment = DateTime::parse_from_rfc3339(text).expect("a moment");
    match fact["timeZone"].as_str() {
        Some(zone) => moment.with_timezone(&zone.parse::<Tz>().expect("a zone")).date_naive(),
        None => text[..10].parse().expect("a date"),
    }
}

/// The last active day, the day after it, the day after the first, and some day between.
fn dates(calendar: &Calendar) -> impl Iterator<Item = NaiveDate> {
    let (first, last) = (first(calendar), last(calendar));
    let between = (last - first).num_days().unsigned_abs() * 3 / 5;
    [last, last + Days::new(1), first + Days::new(1), first + Days::new(between)].into_iter()
}

fn of_member(member_id: Uuid, calendar: &Calendar) -> OfMember {
    let (first_date, last_date) = (first(calendar), last(calendar));
    let runs_until = first_date.iter_days().take_while(|day| *day <= last_date).map(|day| run_until(calendar, day));
    OfMember {
        member_id,
        facts: calendar.values().map(|(count, _)| count).sum(),
        active_days: i64::try_from(calendar.len()).expect("a small number"),
        first_date,
        last_date,
        longest_streak: runs_until.max().unwrap_or(0),
        streak_at_last_date: run_until(calendar, last_date),
    }
}

fn point(member_id: Uuid, calendar: &Calendar, date: NaiveDate) -> Point {
    let current_streak = match run_until(calendar, date) {
        0 => run_until(calendar, date - Days::new(1)),
        days => days,
    };
    let mut point =
        Point { member_id, date, current_streak, facts_last30_days: 0, active_days_last30_days: 0, sum_last30_days: 0 };
    for ago in 0..30 {
        if let Some((count, sum)) = calendar.get(&(date - Days::new(ago))) {
            point.facts_last30_days += count;
            point.active_days_last30_days += 1;
            point.sum_last30_days += sum;
        }
    }
    point
}

fn run_until(calendar: &Calendar, mut day: NaiveDate) -> u32 {
    let mut days = 0;
    while calendar.contains_key(&day) {
        days += 1;
        day = day - Days::new(1);
    }
    days
}

fn first(calendar: &Calendar) -> NaiveDate {
    *calendar.keys().next().expect("a member did something")
}

fn last(calendar: &Calendar) -> NaiveDate {
    *calendar.keys().next_back().expect("a member did something")
}
