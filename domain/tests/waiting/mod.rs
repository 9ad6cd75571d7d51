//! When a verdict may change with time alone: until then it does not, whatever the condition, the facts and the zone;
//! and what waits is woken by days, not by every moment.

use chrono::TimeDelta;
use domain::Moment;
use domain::condition::{Condition, EvaluationContext, is_met, next_change};
use domain::facts::Facts;
use domain::zone::{Tz, local_date};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::scene::random::questions;
use crate::scene::{Order, Scene, moment};
use crate::{CASES, parsed};

/// How far the verdict is watched where it may never change.
const WATCHED: TimeDelta = TimeDelta::days(1_200);
/// No zone's date changes twice within this.
const STEP: TimeDelta = TimeDelta::hours(3);

fn verdict(scene: &Scene, condition: &Condition, facts: &Facts, zone: Tz, at: Moment) -> bool {
    let asked = EvaluationContext { on: local_date(zone, at), campaign_starts_on: scene.asked().campaign_starts_on };
    is_met(condition, facts, asked)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn a_verdict_stands_until_the_moment_at_which_it_may_change((scene, tree) in questions()) {
        let (condition, facts, now) = (parsed(&tree), scene.facts(Order::ByTurn), moment(scene.asked));
        let Some(zone) = facts.member.as_ref().map(|member| member.time_zone) else {
            prop_assert_eq!(next_change(&condition, &facts, None, now), None);
            return Ok(());
        };
        let next = next_change(&condition, &facts, scene.asked().campaign_starts_on, now);
        prop_assert!(next.is_none_or(|next| next > now));
        let until = next.unwrap_or(Moment::from(now.utc() + WATCHED)).utc().min(now.utc() + WATCHED);
        let before = verdict(&scene, &condition, &facts, zone, now);
        let mut at = now.utc();
        while at < until {
            prop_assert_eq!(verdict(&scene, &condition, &facts, zone, at.into()), before, "at {}", at);
            at += STEP;
        }
        let last = Moment::from(until - TimeDelta::milliseconds(1));
        prop_assert_eq!(verdict(&scene, &condition, &facts, zone, last.max(now)), before, "right before {}", until);
    }
}

/// A member of Seoul who logged in on 1 and 2 November 2026, asked on the 3rd.
#[track_caller]
fn check(tree: Value, expected: Option<&str>) {
    let zone: Tz = "Asia/Seoul".parse().unwrap();
    let noon = |day: u32| -> Moment {
        format!("2026-11-{day:02}T03:00:00Z").parse::<chrono::DateTime<chrono::Utc>>().unwrap().into()
    };
    let mut facts = crate::member_of(zone, "2026-10-20", (11, 9));
    for day in [1, 2] {
        facts.record(&crate::name("login"), local_date(zone, noon(day)), &Default::default());
    }
    let next = next_change(&parsed(&tree), &facts, None, noon(3)).map(Moment::to_text);
    assert_eq!(next.as_deref(), expected, "{tree}");
}

#[test]
fn what_waits_is_looked_at_when_something_can_be_different() {
    let login = |days: u32, within: &str| json!({"activeDays": {"kind": "login", "days": days, "within": within}});
    // the login of the 1st is in the window up to the 7th
    check(json!({"not": login(1, "7d")}), Some("2026-11-07T15:00:00.000Z"));
    // it is not met, and days alone take away
    check(login(3, "7d"), None);
    check(json!({"streak": {"kind": "login", "days": 2}}), Some("2026-11-03T15:00:00.000Z"));
    check(json!({"streak": {"kind": "login", "days": 3}}), None);
    check(json!({"birthday": {}}), Some("2026-11-08T15:00:00.000Z"));
    check(json!({"joinAnniversary": {}}), Some("2027-10-19T15:00:00.000Z"));
    check(json!({"joined": {"within": "30d"}}), Some("2026-11-18T15:00:00.000Z"));
    check(json!({"profileComplete": {}}), None);
    check(json!({"any": [{"birthday": {}}, {"joined": {"within": "30d"}}]}), Some("2026-11-08T15:00:00.000Z"));
    check(json!({"cel": {"expression": "daysSinceJoined >= 100"}}), Some("2026-11-03T15:00:00.000Z"));
    check(json!({"cel": {"expression": "activeDays('login', 7) < 2"}}), Some("2026-11-07T15:00:00.000Z"));
    check(json!({"cel": {"expression": "profileComplete"}}), None);
}
