//! Bodies for a small programme of rewards: valid as they are, changed by [`with`], unique where they must be.

use chrono::{DateTime, Days, NaiveTime, SecondsFormat, TimeDelta, Utc};
use domain::zone::Tz;
use serde_json::{Value, json};

/// Letters and digits that nobody else has.
pub fn unique() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..12].to_owned()
}

/// An id as the service writes them.
pub fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// An e-mail that nobody else has.
pub fn email() -> String {
    format!("member-{}@example.org", unique())
}

/// A body with some fields changed or added.
pub fn with(mut body: Value, changes: Value) -> Value {
    if let (Value::Object(body), Value::Object(changes)) = (&mut body, changes) {
        body.extend(changes);
    }
    body
}

/// A body without one field.
pub fn without(mut body: Value, field: &str) -> Value {
    body.as_object_mut().map(|fields| fields.remove(field));
    body
}

/// A condition that every member meets.
pub fn anybody() -> Value {
    json!({"not": {"count": {"kind": "never.seen", "count": 1}}})
}

/// A streak of logins.
pub fn login_streak(days: u32) -> Value {
    json!({"streak": {"kind": "login", "days": days}})
}

/// An event that started yesterday and lasts for a month.
pub fn event(condition: Value) -> Value {
    json!({
        "name": format!("Event {}", unique()),
        "startDate": instant(Utc::now() - TimeDelta::days(1)),
        "endDate": instant(Utc::now() + TimeDelta::days(30)),
        "condition": condition,
    })
}

/// A reward of an event; no quantity is no limit.
pub fn reward(event: &str, quantity: Option<i64>) -> Value {
    json!({"eventId": event, "name": "A hundred points", "type": "POINT", "amount": 100, "quantity": quantity})
}

/// An activity that just happened.
pub fn activity(member: &str, kind: &str) -> Value {
    json!({"source": "shop", "id": unique(), "memberId": member, "kind": kind, "occurredAt": instant(Utc::now())})
}

/// One activity a local day: noon of each of the `days` days that end yesterday in this zone.
pub fn daily_until_yesterday(member: &str, kind: &str, days: u64, zone: Tz) -> Vec<Value> {
    let today = Utc::now().with_timezone(&zone).date_naive();
    (1..=days)
        .map(|ago| {
            let noon = (today - Days::new(ago)).and_time(NaiveTime::from_hms_opt(12, 0, 0).expect("noon"));
            let at = noon.and_local_timezone(zone).earliest().expect("noon is on every day").with_timezone(&Utc);
            with(activity(member, kind), json!({"occurredAt": instant(at), "timeZone": zone.name()}))
        })
        .collect()
}

/// Members without an account, as activities for an import that makes them; answers (ids, activities).
pub fn crowd(size: usize) -> (Vec<String>, Vec<Value>) {
    let ids: Vec<String> = (0..size).map(|_| id()).collect();
    let activities = ids.iter().map(|member| activity(member, "visit")).collect();
    (ids, activities)
}

/// An instant as the service writes them.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
