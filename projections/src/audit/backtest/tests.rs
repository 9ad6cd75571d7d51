//! The replay against a naive one: every half hour is looked at, everything is folded anew for each,
//! and nothing is left out. All moments of the made-up programmes are on half hours, in zones whose
//! clocks are set forward and back, skip midnight or a whole day.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};
use domain::activity::{ActivityEvent, Recorded, Voided};
use domain::condition::{EvaluationContext, evaluate};
use domain::facts::{Birthday, Facts};
use domain::member::{self, MemberEvent, Registered};
use domain::referral::{Qualified, ReferralEvent};
use domain::zone::{Zone, local_date};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::calendar::{millis, moment};
use super::*;

const HALF_HOUR_MS: i64 = 1_800_000;
const ZONES: [&str; 6] =
    ["UTC", "Asia/Seoul", "America/Sao_Paulo", "Pacific/Apia", "Australia/Lord_Howe", "America/New_York"];
fn in_zone(number: usize) -> Tz {
    ZONES[number].parse().unwrap()
}

/// Days around which clocks are set somewhere.
const STARTS: [(i32, u32, u32); 4] = [(2018, 10, 30), (2011, 12, 26), (2025, 10, 1), (2024, 2, 25)];

/// Something that happens: at so many half hours after the start of the programme.
#[derive(Debug, Clone)]
struct Deed {
    at: i64,
    member: usize,
    what: u8,
    kind: u8,
    shift: i64,
    value: i64,
    zone: usize,
}

#[derive(Debug, Clone)]
struct Programme {
    start: usize,
    members: Vec<(usize, i64, bool, u8)>,
    deeds: Vec<Deed>,
    condition: Value,
    frequency: Frequency,
    zone: usize,
    begins: i64,
    lasts: i64,
    quantity: Option<i64>,
    max: Option<i64>,
    limit: Option<i64>,
}

fn leaf() -> impl Strategy<Value = Value> {
    let window = prop_oneof![
        Just(json!({})),
        (1..5_i64).prop_map(|days| json!({"within": format!("{days}d")})),
        Just(json!({"since": "eventStart"})),
    ];
    let kind = prop_oneof![Just("login"), Just("buy")];
    (0..10_u8, kind, 1..4_i64, window).prop_map(|(which, kind, number, window)| {
        let mut body = window;
        let mut put = |name: &str, value: Value| body[name] = value;
        let name = match which {
            0 | 1 => {
                put("kind", json!(kind));
                put("days", json!(number));
                if which == 0 { "streak" } else { "activeDays" }
            }
            2 => {
                put("kind", json!("*"));
                put("days", json!(number));
                "activeDays"
            }
            3 => {
                put("kind", json!(kind));
                put("count", json!(number));
                "count"
            }
            4 => {
                put("kind", json!(kind));
                put("measure", json!("won"));
                put("total", json!(number * 2));
                "total"
            }
            5 | 9 => return json!({"birthday": {}}),
            6 => return json!({"profileComplete": {}}),
            7 => return json!({"referrals": {"count": 1}}),
            _ => return json!({"joined": {"within": format!("{number}d")}}),
        };
        if name == "streak"
            && let Some(body) = body.as_object_mut()
        {
            body.remove("within");
        }
        json!({ name: body })
    })
}

fn condition() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(2, 6, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"all": parts})),
            proptest::collection::vec(inner.clone(), 1..3).prop_map(|parts| json!({"any": parts})),
            inner.prop_map(|part| json!({"not": part})),
        ]
    })
}

fn programme() -> impl Strategy<Value = Programme> {
    let deed = (0..500_i64, 0..3_usize, 0..14_u8, 0..2_u8, -2..3_i64, -3..6_i64, 0..ZONES.len())
        .prop_map(|(at, member, what, kind, shift, value, zone)| Deed { at, member, what, kind, shift, value, zone });
    let frequency =
        prop_oneof![Just(Frequency::Once), Just(Frequency::Daily), Just(Frequency::Weekly), Just(Frequency::Monthly)];
    let limit = || proptest::option::of(0..6_i64);
    (
        (0..STARTS.len(), proptest::collection::vec((0..ZONES.len(), 0..200_i64, any::<bool>(), 0..10_u8), 3)),
        (proptest::collection::vec(deed, 0..25), condition(), frequency, 0..ZONES.len()),
        (0..300_i64, 1..400_i64, limit(), limit(), limit()),
    )
        .prop_map(
            |((start, members), (deeds, condition, frequency, zone), (begins, lasts, quantity, max, limit))| {
                Programme { start, members, deeds, condition, frequency, zone, begins, lasts, quantity, max, limit }
            },
        )
}

fn member_id(number: usize) -> MemberId {
    MemberId(Uuid::from_u128(number as u128 + 1))
}

impl Programme {
    fn at(&self, half_hours: i64) -> Moment {
        let (year, month, day) = STARTS[self.start];
        let start = NaiveDate::from_ymd_opt(year, month, day).unwrap().and_time(NaiveTime::MIN).and_utc();
        Moment::from(start + TimeDelta::milliseconds(half_hours * HALF_HOUR_MS))
    }

    fn draft(&self) -> BacktestDraft {
        BacktestDraft {
            counts: vec![],
            budgets: vec![],
            condition: Condition::parse(&self.condition).unwrap(),
            starts_at: self.at(self.begins),
            ends_at: self.at(self.begins + self.lasts),
            frequency: self.frequency,
            time_zone: in_zone(self.zone),
            max_reward_count: self.max,
            per_member_limit: self.limit,
            quantity: self.quantity,
            amount: 7,
        }
    }

    /// The events of the log in its order, each with its stream and moment.
    fn log(&self) -> Vec<(Event, String, Moment)> {
        let mut log = Vec::new();
        for (number, (zone, at, imported, birthday)) in self.members.iter().enumerate() {
            let (zone, at) = (in_zone(*zone), self.at(*at));
            let today = local_date(zone, at);
            let joined_on = if *imported { today - Days::new(2) } else { today };
            let birthday = Some(Birthday::of(today + Days::new(u64::from(*birthday))));
            let registered =
                Registered { time_zone: zone, joined_on, birthday, role: domain::role::Role::User, returned: None };
            log.push((MemberEvent::Registered(registered).into(), member_id(number).to_string(), at));
        }
        for (number, deed) in self.deeds.iter().enumerate() {
            log.extend(self.event(number, deed));
        }
        log
    }

    fn event(&self, number: usize, deed: &Deed) -> Vec<(Event, String, Moment)> {
        let (member_id, at) = (member_id(deed.member), self.at(deed.at));
        let stream = member_id.to_string();
        let of_member = |event: MemberEvent| vec![(event.into(), stream.clone(), at)];
        match deed.what {
            0 => of_member(MemberEvent::ProfileCompleted(member::ProfileCompleted {})),
            1 => of_member(MemberEvent::ProfileReopened(member::ProfileReopened {})),
            2 => of_member(MemberEvent::Blocked(member::Blocked { note: String::new() })),
            3 => of_member(MemberEvent::Unblocked(member::Unblocked { note: String::new() })),
            4 => of_member(MemberEvent::TimeZoneChanged(member::TimeZoneChanged {
                time_zone: in_zone(deed.zone),
                locked_until: at,
            })),
            5 => {
                let local_date = local_date(in_zone(deed.zone), at);
                let qualified = Qualified {
                    invitee_id: MemberId(Uuid::from_u128(1_000 + number as u128)),
                    inviter_id: member_id,
                    condition: Condition::parse(&json!({"profileComplete": {}})).unwrap(),
                    evidence: vec![],
                    facts_position: 1,
                    judged_on: local_date,
                    local_date,
                    time_zone: in_zone(deed.zone),
                };
                vec![(ReferralEvent::Qualified(qualified).into(), stream, at)]
            }
            _ => {
                let kind = domain::name::Name::try_from(["login", "buy"][usize::from(deed.kind)].to_owned()).unwrap();
                let won = domain::name::Name::try_from("won".to_owned()).unwrap();
                let fact = Recorded {
                    source: "test".to_owned(),
                    id: number.to_string(),
                    member_id,
                    kind,
                    occurred_at: at,
                    local_date: local_date(in_zone(deed.zone), at) + TimeDelta::days(deed.shift.max(0)),
                    time_zone: Zone::Named(in_zone(deed.zone)),
                    measures: BTreeMap::from([(won, deed.value)]),
                };
                let mut events = vec![(ActivityEvent::Recorded(fact.clone()).into(), number.to_string(), at)];
                if deed.what == 6 {
                    let later = self.at(deed.at + deed.shift * 20);
                    let voided = Voided {
                        source: fact.source,
                        id: fact.id,
                        member_id,
                        kind: fact.kind,
                        occurred_at: at,
                        local_date: fact.local_date,
                        measures: fact.measures,
                        note: String::new(),
                    };
                    events.push((ActivityEvent::Voided(voided).into(), number.to_string(), later));
                }
                events
            }
        }
    }

    /// When an event takes effect: nothing is withdrawn before it occurred.
    fn effective(event: &Event, at: Moment) -> Moment {
        if let Event::Activity(ActivityEvent::Voided(voided)) = event { at.max(voided.occurred_at) } else { at }
    }

    fn naive(&self) -> BacktestResult {
        let (draft, log) = (self.draft(), self.log());
        let happened: Vec<_> = log.iter().map(|(event, _, at)| (Self::effective(event, *at), event)).collect();
        let last = happened.iter().map(|(at, _)| *at).max().unwrap_or(moment(0));
        let mut order: Vec<_> = happened.iter().enumerate().collect();
        order.sort_by_key(|(index, (at, _))| (*at, *index));
        let mut outcome = BacktestResult { members_seen: 0, ..BacktestResult::default() };
        let mut asked = BTreeSet::new();
        let mut counts = BTreeMap::new();
        let mut seen = BTreeSet::new();
        let mut at = millis(draft.starts_at);
        while at < millis(draft.ends_at) && at <= millis(last) {
            for number in 0..self.members.len() {
                let Some(on) = self.may_ask(number, at, &log) else { continue };
                seen.insert(number);
                let (facts, able) = self.facts(number, at, &log, &order);
                let starts_on = local_date(draft.time_zone, draft.starts_at);
                let met =
                    evaluate(&draft.condition, &facts, EvaluationContext { on, campaign_starts_on: Some(starts_on) }).0;
                let of_a_day = draft.condition.is_of_a_day();
                let day = if of_a_day { on } else { local_date(draft.time_zone, moment(at)) };
                let period: Arc<str> = draft.frequency.period_of(day).into();
                if !able || !met || !asked.insert((number, period.clone())) {
                    continue;
                }
                let count: &mut i64 = counts.entry(number).or_default();
                let full = |limit: Option<i64>, count: i64| limit.is_some_and(|limit| limit <= count);
                if full(draft.per_member_limit, *count) || full(draft.max_reward_count, outcome.granted) {
                    continue;
                }
                if full(draft.quantity, outcome.granted) {
                    outcome.denied_out_of_stock += 1;
                    continue;
                }
                *count += 1;
                outcome.granted += 1;
                outcome.amount += draft.amount;
                *outcome.by_day.entry(local_date(draft.time_zone, moment(at))).or_default() += 1;
                outcome.winners.push(Winner { member_id: member_id(number), at: moment(at), period });
                if draft.quantity == Some(outcome.granted) {
                    outcome.sold_out_at = Some(moment(at));
                }
            }
            at += HALF_HOUR_MS;
        }
        outcome.members_seen = i64::try_from(seen.len()).unwrap();
        outcome
    }

    /// The local date when somebody may ask: from the registration on, or from the join date.
    fn may_ask(&self, number: usize, at: i64, log: &[(Event, String, Moment)]) -> Option<NaiveDate> {
        let (zone, registered, imported, _) = self.members[number];
        let zone_then = log
            .iter()
            .filter(|(_, stream, when)| *stream == member_id(number).to_string() && millis(*when) <= at)
            .enumerate()
            .filter_map(|(index, (event, _, when))| match event {
                Event::Member(MemberEvent::TimeZoneChanged(change)) => Some((*when, index, change.time_zone)),
                _ => None,
            })
            .max_by_key(|(when, index, _)| (*when, *index))
            .map_or(in_zone(zone), |(_, _, zone)| zone);
        let registered_at = self.at(registered);
        let may = if imported {
            local_date(in_zone(zone), moment(at)) >= local_date(in_zone(zone), registered_at) - Days::new(2)
        } else {
            at >= millis(registered_at)
        };
        may.then(|| local_date(zone_then, moment(at)))
    }

    fn facts(
        &self,
        number: usize,
        at: i64,
        log: &[(Event, String, Moment)],
        order: &[(usize, &(Moment, &Event))],
    ) -> (Facts, bool) {
        let mut facts = Facts::default();
        facts.apply(&log[number].0);
        for (index, (when, event)) in order {
            let concerns = match event {
                Event::Member(_) => log[*index].1 == member_id(number).to_string(),
                Event::Activity(activity) => activity.member() == member_id(number),
                Event::Referral(referral) => referral.inviter() == member_id(number),
                Event::Campaign(_) | Event::Claim(_) | Event::Value(_) => false,
            };
            if concerns && millis(*when) <= at && *index >= self.members.len() {
                facts.apply(event);
            }
        }
        let able = facts.member.as_ref().is_some_and(|member| !member.blocked);
        (facts, able)
    }

    /// Replayed in so many shares of the members.
    fn replayed(&self, shares: u32) -> BacktestResult {
        let (draft, mut replay) = (self.draft(), Replay::default());
        for nth in 0..shares {
            replay.add(self.histories(&draft, Share { nth, of: shares }), &draft, false);
        }
        replay.outcome(&draft)
    }

    fn histories(&self, draft: &BacktestDraft, share: Share) -> Histories {
        let needed = draft.condition.needs();
        let mut histories = Histories::of(moment(0), share);
        for (event, stream, at) in self.log() {
            // what no condition looks at still moves the clock of the naive replay
            histories.saw(millis(Self::effective(&event, at)));
            if let Some(item) = Item::of(event, &stream, at, &needed) {
                histories.take_in(item);
            }
        }
        histories
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]
    #[test]
    fn a_replay_gives_what_a_naive_one_gives(programme in programme()) {
        let (naive, replayed) = (programme.naive(), programme.replayed(1));
        prop_assert_eq!(&programme.replayed(3), &replayed);
        prop_assert_eq!(&replayed.winners, &naive.winners);
        prop_assert_eq!(replayed.members_seen, naive.members_seen);
        let sold_out_at = if programme.quantity == Some(0) { replayed.sold_out_at } else { naive.sold_out_at };
        prop_assert_eq!(replayed, BacktestResult { sold_out_at, ..naive });
    }
}
