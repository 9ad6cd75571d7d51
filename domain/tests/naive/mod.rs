//! A second evaluator of conditions, written from the contract of the API alone: it reads the tree as
//! JSON, keeps facts as a plain list and walks the calendar day by day. Slow and simple on purpose;
//! it shares nothing with the one that decides claims.

mod calendar;

use serde_json::{Value, json};

pub(crate) use calendar::Day;

/// One fact that was not voided.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    pub(crate) kind: String,
    pub(crate) day: Day,
    pub(crate) measures: Vec<(String, i64)>,
}

/// The member, when somebody registered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) joined: Day,
    /// Month and day.
    pub(crate) birthday: Option<(u32, u32)>,
    pub(crate) profile_complete: bool,
}

/// All there is to know, and the day of asking.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) person: Option<Person>,
    pub(crate) facts: Vec<Fact>,
    /// The days of the qualified referrals that are not void.
    pub(crate) referrals: Vec<Day>,
    pub(crate) today: Day,
    pub(crate) event_start: Option<Day>,
}

/// The verdict and the evidence as the API shows it.
pub(crate) fn judge(tree: &Value, world: &World) -> (bool, Vec<Value>) {
    let mut evidence = Vec::new();
    let met = node(tree, world, &[], &mut evidence);
    (met, evidence)
}

fn node(tree: &Value, world: &World, path: &[String], evidence: &mut Vec<Value>) -> bool {
    let (key, body) = only_entry(tree);
    let mut part = |step: String, part: &Value| node(part, world, &[path, &[step]].concat(), evidence);
    match key {
        "all" | "any" => {
            let verdicts: Vec<bool> =
                list(body).iter().enumerate().map(|(index, tree)| part(format!("{key}[{index}]"), tree)).collect();
            if key == "all" { !verdicts.contains(&false) } else { verdicts.contains(&true) }
        }
        "not" => !part("not".to_owned(), body),
        leaf => {
            let (need, have, met) = world.look(leaf, body);
            let mut seen = json!({"path": path.join("."), "leaf": leaf, "need": need, "have": have, "met": met});
            for field in ["kind", "measure"] {
                if let Some(name) = body.get(field) {
                    seen[field] = name.clone();
                }
            }
            if met && ["birthday", "joinAnniversary"].contains(&leaf) {
                seen["localDate"] = json!(world.today.to_string());
            }
            evidence.push(seen);
            met
        }
    }
}

impl World {
    /// What a leaf needs, what there is, and whether that is enough.
    fn look(&self, leaf: &str, body: &Value) -> (Value, Value, bool) {
        let number = |need: &str, have: i128| {
            let need = body[need].as_i64().unwrap_or(0);
            // what not every reader of JSON keeps exactly is shown by its digits
            let exact = i64::try_from(have).ok().filter(|have| have.abs() <= 1 << 53);
            let shown = exact.map_or(json!(have.to_string()), |have| json!(have));
            (json!(need), shown, have >= i128::from(need))
        };
        let flag = |have: bool| (json!(true), json!(have), have);
        match leaf {
            "streak" => number("days", self.streak(body)),
            "activeDays" => number("days", self.active_days(body)),
            "count" => number("count", self.in_window(body).count() as i128),
            "total" => number("total", self.total(body)),
            "referrals" => {
                number("count", self.referrals.iter().filter(|day| self.counts(**day, body)).count() as i128)
            }
            "profileComplete" => flag(self.person.is_some_and(|person| person.profile_complete)),
            "birthday" => flag(self.person.and_then(|person| person.birthday).is_some_and(|day| self.is_today(day))),
            "joinAnniversary" => flag(self.person.is_some_and(|Person { joined, .. }| {
                self.today.year > joined.year && self.is_today((joined.month, joined.day))
            })),
            "joined" => flag(self.person.is_some_and(|person| self.joined(person.joined, body))),
            other => unreachable!("{other} is no leaf"),
        }
    }

    /// Walks back from today, or from yesterday when nothing happened today.
    fn streak(&self, body: &Value) -> i128 {
        let happened = |day: Day| self.of_kind(body).any(|fact| fact.day == day && self.counts(day, body));
        let mut day = if happened(self.today) { self.today } else { self.today.before() };
        let mut run = 0;
        while happened(day) {
            run += 1;
            day = day.before();
        }
        run
    }

    /// Walks from the first fact to today.
    fn active_days(&self, body: &Value) -> i128 {
        let Some(mut day) = self.facts.iter().map(|fact| fact.day).min() else { return 0 };
        let mut active = 0;
        while day <= self.today {
            if self.of_kind(body).any(|fact| fact.day == day) && self.counts(day, body) {
                active += 1;
            }
            day = day.next();
        }
        active
    }

    fn total(&self, body: &Value) -> i128 {
        let measures = self.in_window(body).flat_map(|fact| &fact.measures);
        measures.filter(|(measure, _)| body["measure"] == **measure).map(|(_, value)| i128::from(*value)).sum()
    }

    fn in_window(&self, body: &Value) -> impl Iterator<Item = &Fact> {
        self.of_kind(body).filter(|fact| self.counts(fact.day, body))
    }

    fn of_kind(&self, body: &Value) -> impl Iterator<Item = &Fact> {
        self.facts.iter().filter(|fact| body["kind"] == "*" || body["kind"] == *fact.kind)
    }

    /// Never after today, within so many days that end with today, not before `since`.
    fn counts(&self, day: Day, body: &Value) -> bool {
        let since = match body["since"].as_str() {
            None => None,
            Some("eventStart") => self.event_start,
            Some(date) => Some(Day::read(date)),
        };
        day <= self.today && self.is_within(day, body) && since.is_none_or(|since| day >= since)
    }

    fn is_within(&self, wanted: Day, body: &Value) -> bool {
        let Some(days) = body["within"].as_str() else { return true };
        let days: u32 = days.trim_end_matches('d').parse().unwrap_or(0);
        let mut day = self.today;
        for _ in 0..days {
            if day == wanted {
                return true;
            }
            if day < wanted {
                return false;
            }
            day = day.before();
        }
        false
    }

    fn joined(&self, joined: Day, body: &Value) -> bool {
        self.is_within(joined, body)
            && body["from"].as_str().is_none_or(|from| joined >= Day::read(from))
            && body["to"].as_str().is_none_or(|to| joined <= Day::read(to))
    }

    /// 29 February falls on 28 February in other years.
    fn is_today(&self, (month, day): (u32, u32)) -> bool {
        let leap_day_in_another_year = (month, day) == (2, 29) && !calendar::is_leap(self.today.year);
        let day = if leap_day_in_another_year { 28 } else { day };
        (self.today.month, self.today.day) == (month, day)
    }
}

fn only_entry(tree: &Value) -> (&str, &Value) {
    match tree.as_object().and_then(|node| node.iter().next()) {
        Some((key, body)) => (key, body),
        None => unreachable!("{tree} is no node"),
    }
}

fn list(parts: &Value) -> &[Value] {
    parts.as_array().map_or(&[], Vec::as_slice)
}
