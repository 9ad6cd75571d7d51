//! What budgets leave: a row for each that is in force, in its present period, with a meter and what comes next.

use askama::Template;
use serde::Deserialize;

use crate::pages::charts::Meter;
use crate::pages::client::Refused;
use crate::pages::part::part;
use crate::pages::text::{Text, say};
use crate::pages::value::Amount;
use crate::pages::visit::Visit;

/// From which part on a budget is called short, in percent.
const SHORT: i64 = 80;

/// The budgets that are in force at a position.
///
/// # Errors
/// What the API refuses.
pub(in crate::pages) async fn standing(visit: &Visit, at: &str) -> Result<Vec<Standing>, Refused> {
    let answer: Analytics = visit.api.get("/dashboard/value-analytics", &[("atPosition", at)]).await?;
    Ok(answer.budgets)
}

#[derive(Deserialize)]
struct Analytics {
    budgets: Vec<Standing>,
}

/// What is left of a budget in its present period.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::pages) struct Standing {
    pub(in crate::pages) event_id: Option<String>,
    name: Option<String>,
    unit: String,
    per: String,
    period: String,
    amount: i64,
    /// Beyond ±2⁵³ a text.
    committed: Whole,
    left: Whole,
}

/// A whole number of any size, as the API writes it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "serde_json::Value")]
struct Whole(i128);

impl TryFrom<serde_json::Value> for Whole {
    type Error = String;

    fn try_from(value: serde_json::Value) -> Result<Self, String> {
        let digits = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        digits.parse().map(Self).map_err(|_| format!("{value} is no whole number"))
    }
}

impl Standing {
    /// Whether little or nothing is left of it.
    pub(in crate::pages) fn is_short(&self) -> bool {
        self.committed.0 * 100 >= i128::from(self.amount) * i128::from(SHORT)
    }
}

#[derive(Template)]
#[template(path = "budgets/left.html")]
pub(in crate::pages) struct BudgetsLeft {
    text: Text,
    rows: Vec<Row>,
    /// Whether it says whose budgets they are.
    names: bool,
}

struct Row {
    /// Whose it is, and where its page is.
    whose: String,
    href: Option<String>,
    what: String,
    period: String,
    meter: Meter,
    committed: String,
    left: String,
    tone: &'static str,
    state: String,
}

impl BudgetsLeft {
    /// Of several events and of the programme.
    pub(in crate::pages) fn of_all(visit: &Visit, standing: &[Standing]) -> Self {
        Self { text: visit.text, rows: standing.iter().map(|one| row(visit, one)).collect(), names: true }
    }

    /// The same as a part of a page that has other things to tell: `None` where there is no budget.
    pub(in crate::pages) fn part_of_all(visit: &Visit, standing: Result<Vec<Standing>, Refused>) -> Option<String> {
        part_of(visit.text, standing.map(|all| Self::of_all(visit, &all)))
    }

    /// Those of one event; `None` where it has none.
    pub(in crate::pages) fn part_of_event(
        visit: &Visit,
        standing: Result<Vec<Standing>, Refused>,
        event: &str,
    ) -> Option<String> {
        let own = |all: Vec<Standing>| {
            let own = all.iter().filter(|one| one.event_id.as_deref() == Some(event));
            Self { text: visit.text, rows: own.map(|one| row(visit, one)).collect(), names: false }
        };
        part_of(visit.text, standing.map(own))
    }
}

fn part_of(text: Text, left: Result<BudgetsLeft, Refused>) -> Option<String> {
    let is_empty = left.as_ref().is_ok_and(|left| left.rows.is_empty());
    (!is_empty).then(|| part(text, left))
}

fn row(visit: &Visit, one: &Standing) -> Row {
    let text = visit.text;
    let (committed, left) = (one.committed.0, one.left.0);
    let budget = Amount { unit: one.unit.clone(), amount: one.amount };
    let (tone, state) = match left {
        ..=0 => ("no", text.say("ui-budget-spent")),
        _ if one.is_short() => ("wait", text.say("ui-budget-short")),
        _ => ("go", text.say("ui-budget-room")),
    };
    let taken = i64::try_from(committed).unwrap_or(i64::MAX);
    Row {
        whose: one.name.clone().unwrap_or_else(|| text.say("ui-budget-programme")),
        href: one.event_id.as_ref().map(|event| visit.to(&format!("/ui/events/{event}"))),
        what: say!(text, "ui-budget-what", amount = budget.say(text), per = text.say_of("budget-per", &one.per)),
        period: if one.per == "total" { text.say_of("budget-per", "total") } else { one.period.clone() },
        meter: Meter::of(&[(tone, taken)], one.amount),
        committed: text.number(committed),
        left: text.number(left),
        tone,
        state: say!(text, "ui-budget-percent", percent = text.percent(taken, one.amount), state = state),
    }
}
