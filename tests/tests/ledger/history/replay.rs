//! The answers by replaying the log: the facts of each member are folded from the stored events, and the questions are
//! conditions that are judged on them, as a claim would be.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::{
    Event,
    condition::{Condition, EvaluationContext, Seen, evaluate},
    facts::{FACT_STREAMS, Facts},
    name::Name,
};
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::answers::{Answers, OfMember, Point};

/// The facts of everybody.
pub(super) struct Replay(BTreeMap<Uuid, Facts>);

impl Replay {
    pub(super) async fn of(pool: &PgPool) -> Replay {
        let rows = sqlx::query(
            "select subject::text, event_type, event_version, payload::text
             from events
             where aggregate_type = any($1)
             order by position",
        );
        let rows = rows.bind(&FACT_STREAMS[..]).fetch_all(pool).await.expect("the log can be read");
        let mut facts: BTreeMap<Uuid, Facts> = BTreeMap::new();
        for row in rows {
            let event = Event::decode(row.get("event_type"), row.get("event_version"), row.get("payload"));
            let member = row.get::<&str, _>("subject").parse().expect("a member's id");
            facts.entry(member).or_default().apply(&event.expect("a known event"));
        }
        Replay(facts)
    }

    pub(super) fn answer(&self, asked: &Answers, kind: &str, measure: &str) -> Answers {
        let all: Vec<_> = self.0.iter().filter_map(|(id, facts)| of_member(*id, facts, kind)).collect();
        let totals = Answers::totals_of(&all);
        let points = asked.points.iter().map(|point| self.point(point, kind, measure)).collect();
        Answers { totals, members: asked.asked(all), points }
    }

    fn point(&self, asked: &Point, kind: &str, measure: &str) -> Point {
        let condition = json!({"all": [
            {"streak": {"kind": kind, "days": 1}},
            {"count": {"kind": kind, "count": 1, "within": "30d"}},
            {"activeDays": {"kind": kind, "days": 1, "within": "30d"}},
            {"total": {"kind": kind, "measure": measure, "total": 1, "within": "30d"}},
        ]});
        let seen = see(&condition, &self.0[&asked.member_id], asked.date);
        Point {
            member_id: asked.member_id,
            date: asked.date,
            current_streak: u32::try_from(seen[0]).expect("a number of days"),
            facts_last30_days: seen[1],
            active_days_last30_days: seen[2],
            sum_last30_days: seen[3],
        }
    }
}

fn of_member(member_id: Uuid, facts: &Facts, kind: &str) -> Option<OfMember> {
    let dates = &facts.kinds.get(&Name::try_from(kind.to_owned()).expect("a kind"))?.dates;
    let (first_date, last_date) = (dates.runs().next()?.0, dates.runs().next_back()?.1);
    let condition = json!({"all": [
        {"count": {"kind": kind, "count": 1}},
        {"activeDays": {"kind": kind, "days": 1}},
        {"streak": {"kind": kind, "days": 1}},
    ]});
    let seen = see(&condition, facts, last_date);
    Some(OfMember {
        member_id,
        facts: seen[0],
        active_days: seen[1],
        first_date,
        last_date,
        longest_streak: dates.longest(),
        streak_at_last_date: u32::try_from(seen[2]).expect("a number of days"),
    })
}

/// What each leaf of a condition saw.
fn see(condition: &Value, facts: &Facts, on: NaiveDate) -> Vec<i64> {
    let condition = Condition::parse(condition).expect("a condition");
    let (_, evidence) = evaluate(&condition, facts, EvaluationContext { on, campaign_starts_on: None });
    let numbers = evidence.into_iter().map(|leaf| match leaf.have {
        Seen::Number(number) => i64::try_from(number).expect("a small number"),
        Seen::Flag(_) => panic!("{} is no number", leaf.leaf),
    });
    numbers.collect()
}
