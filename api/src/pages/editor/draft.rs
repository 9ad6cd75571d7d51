//! What is being written: the terms of an event and its rule as they are typed, and what becomes of them when they are
//! tried or saved. Days are typed in the zone of the event, for that is where its midnights are.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, TimeZone as _, Timelike as _};
use domain::Moment;
use domain::campaign::RewardType;
use domain::condition::Condition;
use domain::zone::{Tz, first_moment};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::form;
use super::node::{Node, Word};
use crate::pages::budgets::rows::{FIELD as BUDGETS, Rows};
use crate::pages::event::Event;
use crate::pages::form::{Form, number};

/// The fields of an event's terms, by the names of the API.
pub(super) const TERMS: [&str; 10] = [
    "name",
    "description",
    "startDate",
    "endDate",
    "timeZone",
    "frequency",
    "approval",
    "pendingExpiresAfter",
    "maxRewardCount",
    "perMemberLimit",
];
/// What a test hands out, and over which time: nothing of it is saved.
const TRIED: [&str; 4] = ["quantity", "limit", "points", "window"];
/// The value of `window` for a test over the latest time of the same length.
pub(super) const LATEST: &str = "latest";
/// The value for the event's own time.
pub(super) const OWN: &str = "own";
/// Days from start to end of a new event.
const DAYS: i64 = 28;

/// A reward, as far as a test hands it out.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reward {
    pub(super) name: String,
    pub(super) quantity: Option<i64>,
    pub(super) per_member_limit: Option<i64>,
    #[serde(rename = "type")]
    reward_type: String,
    amount: i64,
    /// Of which unit its points are.
    unit: Option<String>,
    /// What a grant costs, as the API shows it.
    cost: Option<Value>,
}

/// The rule in one of its two views.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Written {
    Tree(Node),
    /// As JSON, right or wrong.
    Json(String),
}

/// Everything that is typed.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    values: BTreeMap<&'static str, String>,
    pub(super) rule: Written,
    pub(super) budgets: Rows,
}

impl Draft {
    /// An event that begins tomorrow.
    pub(super) fn fresh(zone: Tz, now: Moment) -> Self {
        let tomorrow = now.utc().with_timezone(&zone).date_naive().succ_opt().unwrap_or_default();
        let end = tomorrow.checked_add_days(chrono::Days::new(DAYS.unsigned_abs())).unwrap_or(tomorrow);
        let midnight = |day: NaiveDate| typed(day.and_time(NaiveTime::MIN));
        let values = [
            ("startDate", midnight(tomorrow)),
            ("endDate", midnight(end)),
            ("timeZone", zone.name().to_owned()),
            ("frequency", "once".to_owned()),
            ("approval", "automatic".to_owned()),
            ("pendingExpiresAfter", "72h".to_owned()),
            ("window", LATEST.to_owned()),
        ];
        let rule = Written::Tree(Node::Group(Word::All, vec![Node::fresh()]));
        Self { values: values.into(), rule, budgets: Rows::default() }
    }

    /// An event as it is, with what it hands out.
    pub(super) fn of(event: &Event, reward: Option<&Reward>, now: Moment) -> Self {
        let mut values: BTreeMap<_, _> = TERMS.iter().map(|field| (*field, shown(event, field))).collect();
        let text = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
        values.insert("quantity", text(reward.and_then(|reward| reward.quantity)));
        values.insert("limit", text(reward.and_then(|reward| reward.per_member_limit)));
        let points = reward.filter(|reward| reward.reward_type == RewardType::Point.name());
        values.insert("points", text(points.map(|reward| reward.amount)));
        values.insert("window", if event.start_date > now { LATEST } else { OWN }.to_owned());
        let rule = serde_json::from_value::<Condition>(event.condition.clone());
        let rule =
            rule.map_or_else(|_| Written::Json(event.condition.to_string()), |one| Written::Tree(Node::of(&one)));
        Self { values, rule, budgets: Rows::of(&event.budgets) }
    }

    /// What came with a form.
    pub(super) fn read(form: &Form) -> Self {
        let value = |field: &&'static str| Some((*field, form.text(field)?.to_owned()));
        let values = TERMS.iter().chain(&TRIED).filter_map(value).collect();
        let rule = match form.text("json") {
            Some(json) => Written::Json(json.to_owned()),
            None => Written::Tree(form::read(form).unwrap_or_else(|| Node::Group(Word::All, vec![]))),
        };
        Self { values, rule, budgets: Rows::read(form) }
    }

    pub(super) fn value(&self, field: &str) -> &str {
        self.values.get(field).map_or("", String::as_str)
    }

    /// The zone of its days; UTC where what is typed is none, which the API then says.
    pub(super) fn zone(&self) -> Tz {
        Tz::from_str(self.value("timeZone")).unwrap_or(Tz::UTC)
    }

    /// The rule as the API reads it; none where the text is no JSON, and why.
    pub(super) fn condition(&self) -> Result<Value, String> {
        match &self.rule {
            Written::Tree(node) => Ok(node.to_json()),
            Written::Json(json) => serde_json::from_str(json).map_err(|error| error.to_string()),
        }
    }

    /// The rule where it is right.
    pub(super) fn parsed(&self) -> Option<Condition> {
        Condition::parse(&self.condition().ok()?).ok()
    }

    /// A date of the event as the API reads it; what is none goes as it is typed.
    fn date(&self, field: &str) -> Value {
        let text = self.value(field);
        match local(text) {
            Some(at) if at.time() == NaiveTime::MIN => Value::from(at.date().to_string()),
            _ => self.moment(field).map_or_else(|| Value::from(text), |moment| json!(moment)),
        }
    }

    /// The moment that a date means.
    pub(super) fn moment(&self, field: &str) -> Option<Moment> {
        let (at, zone) = (local(self.value(field))?, self.zone());
        if at.time() == NaiveTime::MIN {
            return Some(first_moment(at.date(), zone));
        }
        zone.from_local_datetime(&at).earliest().map(Moment::from)
    }

    fn term(&self, field: &str) -> Value {
        let text = self.value(field);
        match field {
            "startDate" | "endDate" => self.date(field),
            "name" => Value::from(text),
            _ if text.is_empty() => Value::Null,
            "maxRewardCount" | "perMemberLimit" => number(text),
            _ => Value::from(text),
        }
    }

    /// The body of `POST /events`.
    pub(super) fn body(&self, condition: Value) -> Value {
        let terms = TERMS.iter().map(|field| ((*field).to_owned(), self.term(field)));
        let mut body: Map<_, _> = terms.filter(|(_, value)| !value.is_null()).collect();
        body.insert("condition".to_owned(), condition);
        if !self.budgets.is_empty() {
            body.insert(BUDGETS.to_owned(), self.budgets.body());
        }
        Value::Object(body)
    }

    /// The body of `PATCH /events/{id}`: what differs from the event as it is. A day that was not touched means another
    /// moment in another zone.
    pub(super) fn changes(&self, event: &Event, condition: Value) -> Map<String, Value> {
        let zone_differs = self.value("timeZone") != event.time_zone;
        let differs = |field: &&&str| {
            let is_day = matches!(**field, "startDate" | "endDate");
            self.value(field) != shown(event, field) || zone_differs && is_day
        };
        let changed = TERMS.iter().filter(differs).map(|field| ((*field).to_owned(), self.term(field)));
        let mut changes: Map<_, _> = changed.collect();
        if self.is_another_rule(event) {
            changes.insert("condition".to_owned(), condition);
        }
        let budgets = self.budgets.body();
        if budgets != Rows::of(&event.budgets).body() {
            changes.insert(BUDGETS.to_owned(), budgets);
        }
        changes
    }

    /// Whether saving makes a new version of the rule.
    pub(super) fn is_another_rule(&self, event: &Event) -> bool {
        self.parsed().is_none_or(|rule| rule.to_json() != event.condition)
    }

    /// The body of a back-test. `now` is where the latest time ends; what a grant costs, and of which unit its points are, is as
    /// the reward says.
    pub(super) fn tried(&self, condition: Value, reward: Option<&Reward>, now: Moment) -> Value {
        let (start, end) = match self.latest(now) {
            Some((start, end)) => (json!(start), json!(end)),
            None => (self.date("startDate"), self.date("endDate")),
        };
        let optional = |field: &str| if self.value(field).is_empty() { Value::Null } else { number(self.value(field)) };
        let mut hands_out = json!({"quantity": optional("quantity"), "perMemberLimit": optional("limit")});
        if !self.value("points").is_empty() {
            hands_out["type"] = json!(RewardType::Point.name());
            hands_out["amount"] = number(self.value("points"));
            if let Some(unit) = reward.and_then(|reward| reward.unit.as_ref()) {
                hands_out["unit"] = json!(unit);
            }
        }
        if let Some(cost) = reward.and_then(|reward| reward.cost.as_ref()) {
            hands_out["cost"] = cost.clone();
        }
        json!({
            "event": {
                "condition": condition,
                "startDate": start,
                "endDate": end,
                "frequency": self.value("frequency"),
                "timeZone": self.value("timeZone"),
                "maxRewardCount": optional("maxRewardCount"),
                "perMemberLimit": optional("perMemberLimit"),
                "budgets": self.budgets.body(),
            },
            "reward": hands_out,
            "ask": "firstPossible",
        })
    }

    /// The latest time that is as long as the event, where that is asked for.
    fn latest(&self, now: Moment) -> Option<(Moment, Moment)> {
        let (from, to) = (self.moment("startDate")?, self.moment("endDate")?);
        let start = now.utc().checked_sub_signed(to.utc() - from.utc())?;
        (self.value("window") == LATEST && from < to).then(|| (Moment::from(start), now))
    }

    /// The time that a test looks at, as far as it has passed.
    pub(super) fn span(&self, now: Moment) -> Option<(Moment, Moment)> {
        let (from, to) = self.latest(now).or_else(|| Some((self.moment("startDate")?, self.moment("endDate")?)))?;
        Some((from, to.min(now).max(from)))
    }

    /// The event as it is, tried with what this test hands out and over the same time.
    pub(super) fn in_force(&self, event: &Event, now: Moment) -> Self {
        let mut force = Self::of(event, None, now);
        for field in TRIED {
            force.values.insert(field, self.value(field).to_owned());
        }
        force
    }
}

/// A term of an event as its field has it.
fn shown(event: &Event, field: &str) -> String {
    let zone = Tz::from_str(&event.time_zone).unwrap_or(Tz::UTC);
    let day = |moment: Moment| typed(moment.utc().with_timezone(&zone).naive_local());
    let count = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    match field {
        "name" => event.name.clone(),
        "description" => event.description.clone().unwrap_or_default(),
        "startDate" => day(event.start_date),
        "endDate" => day(event.end_date),
        "timeZone" => event.time_zone.clone(),
        "frequency" => event.frequency.clone(),
        "approval" => event.approval.clone(),
        "pendingExpiresAfter" => event.pending_expires_after.clone(),
        "maxRewardCount" => count(event.max_reward_count),
        _ => count(event.per_member_limit),
    }
}

/// As a field for a date and a time has it.
fn typed(at: NaiveDateTime) -> String {
    let form = match (at.nanosecond(), at.second()) {
        (0, 0) => "%Y-%m-%dT%H:%M",
        (0, _) => "%Y-%m-%dT%H:%M:%S",
        (..) => "%Y-%m-%dT%H:%M:%S%.3f",
    };
    at.format(form).to_string()
}

/// The smallest step of such a field in seconds, so that what stands in it is one.
pub(super) fn step(text: &str) -> &'static str {
    match text.len() {
        ..=16 => "60",
        17..=19 => "1",
        _ => "0.001",
    }
}

/// A local day and time, or a day; with an offset it is none.
fn local(text: &str) -> Option<NaiveDateTime> {
    let text = text.replace(' ', "T");
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"];
    let time = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(&text, form).ok());
    time.or_else(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN)))
        .filter(|at| (1..=9_998).contains(&at.year()))
}
