//! The events that are named are enough, whatever happened: put to the facts of the decision, they and
//! no others give each leaf as it is judged on all that is known now.

use std::collections::BTreeMap;

use chrono::{NaiveTime, TimeDelta};
use domain::Moment;
use domain::activity::{Recorded, Voided};
use domain::claim::Decision;
use domain::condition::{Condition, evaluate};
use domain::id::MemberId;
use domain::member;
use domain::referral::{self, Qualified};
use domain::zone::Tz;
use domain::zone::Zone;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::history::folded;
use super::*;

/// Something that happens, on a day counted back from that of the decision.
#[derive(Debug, Clone)]
struct Deed {
    what: u8,
    kind: u8,
    days_ago: i64,
    value: i64,
}

fn deed() -> impl Strategy<Value = Deed> {
    (0..10_u8, 0..2_u8, -1..9_i64, -3..5_i64).prop_map(|(what, kind, days_ago, value)| Deed {
        what,
        kind,
        days_ago,
        value,
    })
}

fn leaf() -> impl Strategy<Value = Value> {
    let leaves = vec![
        json!({"streak": {"kind": "login", "days": 3}}),
        json!({"streak": {"kind": "login", "days": 3, "since": "eventStart"}}),
        json!({"activeDays": {"kind": "login", "days": 2, "within": "4d"}}),
        json!({"activeDays": {"kind": "*", "days": 2}}),
        json!({"count": {"kind": "buy", "count": 2, "since": "eventStart"}}),
        json!({"total": {"kind": "buy", "measure": "won", "total": 3, "within": "5d"}}),
        json!({"referrals": {"count": 2, "since": "eventStart"}}),
        json!({"profileComplete": {}}),
        json!({"cel": {"expression": "streak('login') > 2 || total('buy', 'won', 3) > 2 || profileComplete"}}),
    ];
    proptest::sample::select(leaves)
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 20).unwrap()
}

fn noon(day: NaiveDate) -> Moment {
    Moment::from(day.and_time(NaiveTime::from_hms_opt(12, 0, 0).unwrap()).and_utc())
}

fn name(text: &str) -> Name {
    Name::try_from(text.to_owned()).unwrap()
}

/// The history of one member; what is taken back was there.
fn history(deeds: &[Deed]) -> History {
    let me = MemberId(Uuid::from_u128(1));
    let registered = member::Registered {
        time_zone: Tz::UTC,
        joined_on: today(),
        birthday: None,
        role: domain::role::Role::User,
        returned: None,
    };
    let mut facts: Vec<(Event, Moment)> = vec![(MemberEvent::Registered(registered).into(), noon(today()))];
    let (mut recorded, mut referrals) = (Vec::<Recorded>::new(), Vec::<MemberId>::new());
    for (number, deed) in deeds.iter().enumerate() {
        let day = today() - TimeDelta::days(deed.days_ago);
        let event: Event = match deed.what {
            0 => MemberEvent::ProfileCompleted(member::ProfileCompleted {}).into(),
            1 => MemberEvent::ProfileReopened(member::ProfileReopened {}).into(),
            2 => {
                let invitee_id = MemberId(Uuid::from_u128(100 + number as u128));
                referrals.push(invitee_id);
                let qualified = Qualified {
                    invitee_id,
                    inviter_id: me,
                    condition: Condition::parse(&json!({"profileComplete": {}})).unwrap(),
                    evidence: vec![],
                    facts_position: 1,
                    judged_on: day,
                    local_date: day,
                    time_zone: Tz::UTC,
                };
                ReferralEvent::Qualified(qualified).into()
            }
            3 => match referrals.pop() {
                Some(invitee_id) => {
                    let voided = referral::Voided { invitee_id, inviter_id: me, note: String::new() };
                    ReferralEvent::Voided(voided).into()
                }
                None => continue,
            },
            4 | 5 => match recorded.pop() {
                Some(fact) => ActivityEvent::Voided(Voided {
                    source: fact.source,
                    id: fact.id,
                    member_id: fact.member_id,
                    kind: fact.kind,
                    occurred_at: fact.occurred_at,
                    local_date: fact.local_date,
                    measures: fact.measures,
                    note: String::new(),
                })
                .into(),
                None => continue,
            },
            _ => {
                let fact = Recorded {
                    source: "test".to_owned(),
                    id: number.to_string(),
                    member_id: me,
                    kind: name(["login", "buy"][usize::from(deed.kind)]),
                    occurred_at: noon(day),
                    local_date: day,
                    time_zone: Zone::Named(Tz::UTC),
                    measures: BTreeMap::from([(name("won"), deed.value)]),
                };
                recorded.push(fact.clone());
                ActivityEvent::Recorded(fact).into()
            }
        };
        // the clock of the log goes on; some of it is after the day of the decision
        let at = noon(today()).utc() + TimeDelta::hours(4 * number as i64 - 24);
        facts.push((event, Moment::from(at)));
    }
    let place = |(index, (event, at)): (usize, (Event, Moment))| Fact { position: index as i64 + 1, at, event };
    History(facts.into_iter().enumerate().map(place).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]
    #[test]
    fn the_events_named_are_enough(deeds in proptest::collection::vec(deed(), 0..14), seen in 0..12_i64, leaf in leaf()) {
        let (history, condition) = (history(&deeds), Condition::parse(&leaf).unwrap());
        let starts_on = today() - TimeDelta::days(5);
        let decision = Decision {
            met: false, evidence: vec![], facts_position: seen + 1, condition_version: 1,
            evaluated_at: noon(today()), time_zone: Tz::UTC, campaign_starts_on: starts_on,
            local_date: Some(today()),
        };
        let asked = EvaluationContext { on: today(), campaign_starts_on: Some(starts_on) };
        let basis = Basis {
            facts: FactsBasis::Known,
            condition: super::super::judge::ConditionBasis::Given(condition.clone().into()),
        };
        let (rules, history) = (Rules::default(), &history);
        let because = Because { decision: &decision, basis: &basis, rules: &rules, history: Some(history) };
        let named = because.of_leaf("");
        let now = evaluate(&condition, &history.known(&decision, today()), asked);
        let taken = |fact: &&Fact| fact.position <= decision.facts_position || named.contains(&fact.position);
        let mut enough = folded(history.0.iter().filter(taken));
        // a change of the profile that was recorded on a later day does not count yet
        let chosen = History(history.0.iter().filter(taken).cloned().collect());
        enough.member = chosen.known(&decision, today()).member;
        prop_assert_eq!(evaluate(&condition, &enough, asked), now, "{:?} of {:?}", named, history);
        prop_assert!(named.iter().all(|position| *position > decision.facts_position));
    }
}
