//! What the service says, beside what was counted. Each difference is told in words, so that a failure shows them all.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use tests::support::{Client, Stage, programme::instant};

use super::count::Counted;

const HELD: [&str; 1] = ["pending"];
const GRANTED: [&str; 3] = ["granted", "fulfilled", "fulfilment_failed"];

/// Lists, streaks and dashboards.
pub(super) async fn with_the_service(counted: &Counted, admin: &Client) -> Vec<String> {
    let mut different = Vec::new();
    let mut same = |what: &str, said: Value, counted: Value| {
        let none = serde_json::Map::new();
        let entries = |value: &Value| value.as_object().unwrap_or(&none).clone();
        let (said, counted) = (entries(&said), entries(&counted));
        for name in said.keys().chain(counted.keys()).collect::<BTreeSet<_>>() {
            let (said, counted) = (said.get(name), counted.get(name));
            if said != counted {
                different.push(format!("{what}, {name}: said {said:?}, counted {counted:?}"));
            }
        }
    };
    let claims = by_id(&all(admin, "/claims", "claims", counted.position).await, |claim| {
        json!([claim["status"], claim["userId"], claim["rewardId"], claim["period"]])
    });
    let lines = counted.claims.iter();
    same(
        "claims",
        claims,
        lines.map(|(id, c)| (id.clone(), json!([c.status, c.member, c.reward, c.period]))).collect(),
    );

    let rewards = by_id(&all(admin, "/rewards", "rewards", counted.position).await, |reward| {
        json!([
            reward["eventId"],
            reward["type"],
            reward["quantity"],
            reward["held"],
            reward["granted"],
            reward["remaining"]
        ])
    });
    let lines = counted.rewards.iter().map(|(id, reward)| {
        let (held, granted) = (counted.claims_in(id, &HELD), counted.claims_in(id, &GRANTED));
        let remaining = reward.quantity.map(|quantity| quantity - held - granted);
        (id.clone(), json!([reward.campaign, reward.kind, reward.quantity, held, granted, remaining]))
    });
    same("rewards", rewards, lines.collect());

    let now = Utc::now();
    let events = by_id(&all(admin, "/events", "events", counted.position).await, |event| {
        json!([event["name"], event["status"], event["conditionVersion"]])
    });
    let lines = counted.campaigns.iter();
    same(
        "events",
        events,
        lines.map(|(id, c)| (id.clone(), json!([c.name, c.status(now), c.condition_version]))).collect(),
    );

    let referrals = all(admin, "/referrals", "referrals", counted.position).await;
    let referrals = referrals
        .iter()
        .map(|one| (one["inviteeId"].as_str().unwrap().to_owned(), json!([one["inviterId"], one["status"]])));
    let lines =
        counted.referrals.iter().map(|(invitee, (inviter, status))| (invitee.clone(), json!([inviter, status])));
    same("referrals", referrals.collect(), lines.collect());

    for (member, kind) in counted.days.keys().map(|(member, kind, _)| (member, kind)).collect::<BTreeSet<_>>() {
        let said = admin.get_at(&format!("/streaks/user/{member}?kind={kind}"), counted.position).await;
        let today = said.text("/today").parse().expect("a date");
        let (current, longest, last) = streak(&counted.dates(member, kind), today);
        let of = json!({"current": current, "longest": longest, "activeDays": counted.dates(member, kind).len(),
            "lastOn": last});
        let mut said = said.json;
        said.as_object_mut().expect("an object").retain(|name, _| of.get(name).is_some());
        same(&format!("the streak of {member} in {kind}"), said, of);
    }

    let (from, to) = (now - TimeDelta::days(6), now + TimeDelta::hours(1));
    let window = format!("from={}&to={}&atPosition={}", instant(from), instant(to), counted.position);
    let summary = admin.get_at(&format!("/dashboard?{window}"), counted.position).await;
    let mut said = summary.ok().clone();
    let as_of = said["asOf"]["recordedAt"].as_str().expect("a moment").parse().expect("a moment");
    said.as_object_mut().map(|said| said.remove("asOf"));
    same("the dashboard", said, dashboard(counted, from, to, as_of));
    let analytics = admin.get_at(&format!("/dashboard/reward-analytics?{window}"), counted.position).await;
    let reasons = analytics.list("/denialReasons").iter().filter(|line| line["count"] != 0);
    let reasons = reasons.map(|line| (line["reason"].as_str().unwrap().to_owned(), line["count"].clone()));
    same("denials", reasons.collect(), counted.denied.iter().map(|(reason, n)| (reason.clone(), json!(n))).collect());
    different
}

/// The facts by day, which no route shows as they are projected.
pub(super) async fn with_the_facts(counted: &Counted, stage: &Stage) -> Vec<String> {
    let rows = sqlx::query(
        "select member_id::text, kind, local_date, count::bigint, sums from member_days where count > 0 order by 1, 2, 3",
    );
    let rows = rows.fetch_all(&stage.database.pool().await).await.expect("the facts by day");
    let said: BTreeMap<_, _> =
        rows.iter()
            .map(|row| {
                let day: (String, String, NaiveDate) = (row.get(0), row.get(1), row.get(2));
                let sums = row.get::<Value, _>(4);
                let sums = sums.as_object().into_iter().flatten().map(|(measure, sum)| {
                    (measure.clone(), sum.as_str().map_or_else(|| sum.to_string(), str::to_owned))
                });
                (day, (row.get::<i64, _>(3), sums.filter(|(_, sum)| sum != "0").collect::<BTreeMap<_, _>>()))
            })
            .collect();
    let counted: BTreeMap<_, _> = counted
        .days
        .iter()
        .filter(|(_, (count, _))| *count > 0)
        .map(|(day, (count, sums))| {
            let sums =
                sums.iter().filter(|(_, sum)| **sum != 0).map(|(measure, sum)| (measure.clone(), sum.to_string()));
            (day.clone(), (*count, sums.collect::<BTreeMap<_, _>>()))
        })
        .collect();
    let days: BTreeSet<_> = said.keys().chain(counted.keys()).collect();
    let different = days.into_iter().filter(|day| said.get(day) != counted.get(day));
    different.map(|day| format!("{day:?}: said {:?}, counted {:?}", said.get(day), counted.get(day))).collect()
}

fn dashboard(counted: &Counted, from: DateTime<Utc>, to: DateTime<Utc>, now: DateTime<Utc>) -> Value {
    let within = |at: &DateTime<Utc>| from <= *at && *at < to;
    let users = || counted.members.iter().filter(|(_, (_, user))| *user);
    let mut events = BTreeMap::from([("scheduled", 0), ("active", 0), ("paused", 0), ("ended", 0)]);
    counted.campaigns.values().for_each(|campaign| *events.entry(campaign.status(now)).or_default() += 1);
    let mut rewards = BTreeMap::from([("POINT", 0), ("ITEM", 0), ("COUPON", 0)]);
    counted.rewards.values().for_each(|reward| *rewards.entry(&reward.kind).or_default() += 1);
    let statuses =
        ["pending", "granted", "denied", "rejected", "expired", "fulfilled", "fulfilment_failed", "reversed"];
    let mut claims: BTreeMap<_, _> = statuses.into_iter().map(|status| (status, 0)).collect();
    counted.claims.values().for_each(|claim| *claims.entry(claim.status).or_default() += 1);
    let claimants: BTreeSet<_> = counted.claims.values().map(|claim| &claim.member).collect();
    let took_part = users().filter(|(member, _)| claimants.contains(member)).count();
    let active = users().filter(|(member, _)| counted.occurred.get(*member).is_some_and(|all| all.iter().any(within)));
    let rate = if users().count() == 0 { 0.0 } else { took_part as f64 / users().count() as f64 };
    json!({
        "events": events,
        "rewards": rewards,
        "claims": claims,
        "members": {
            "total": users().count(),
            "active": active.count(),
            "new": users().filter(|(_, (since, _))| within(since)).count(),
        },
        "participationRate": rate,
    })
}

/// Current and longest run and the last date, by walking the calendar.
fn streak(dates: &BTreeSet<NaiveDate>, today: NaiveDate) -> (u32, u32, Option<NaiveDate>) {
    let run_until = |mut day: NaiveDate| {
        let mut length = 0;
        while dates.contains(&day) {
            (length, day) = (length + 1, day - Days::new(1));
        }
        length
    };
    let current = if dates.contains(&today) { run_until(today) } else { run_until(today - Days::new(1)) };
    (current, dates.iter().map(|day| run_until(*day)).max().unwrap_or(0), dates.last().copied())
}

fn by_id(items: &[Value], shown: impl Fn(&Value) -> Value) -> Value {
    items.iter().map(|item| (item["id"].as_str().expect("an id").to_owned(), shown(item))).collect()
}

/// All pages of a list.
async fn all(admin: &Client, path: &str, name: &str, position: i64) -> Vec<Value> {
    let path = format!("{path}?limit=200");
    let first = admin.get_at(&path, position).await;
    let mut items = first.list(&format!("/{name}")).to_vec();
    if let Some(cursor) = first.json["nextCursor"].as_str() {
        items.extend(admin.walk(&path, name, cursor).await);
    }
    items
}
