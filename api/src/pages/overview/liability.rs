//! What the programme owes its members of each unit, and in which months it ends.

use askama::Template;
use serde::Deserialize;

use super::Moments;
use crate::pages::client::Refused;
use crate::pages::text::{Text, say};
use crate::pages::wallet::amounts::Amounts;

/// How many months are told one by one; the rest is summed up.
const MONTHS: usize = 3;

#[derive(Deserialize)]
pub(super) struct Liability {
    units: Vec<OfUnit>,
}

#[derive(Deserialize)]
struct OfUnit {
    unit: String,
    name: String,
    scale: u32,
    outstanding: Sum,
    held: Sum,
    worth: Option<Worth>,
    months: Vec<Month>,
}

#[derive(Deserialize)]
struct Worth {
    currency: String,
    amount: Sum,
}

#[derive(Deserialize)]
struct Month {
    /// `2026-12`; `None` never ends.
    month: Option<String>,
    outstanding: Sum,
}

/// A whole number, which is a text beyond what every reader of JSON keeps exactly.
#[derive(Deserialize)]
#[serde(untagged)]
enum Sum {
    Number(i64),
    Digits(String),
}

impl Sum {
    fn get(&self) -> i128 {
        match self {
            Self::Number(number) => i128::from(*number),
            Self::Digits(digits) => digits.parse().unwrap_or_default(),
        }
    }
}

#[derive(Template)]
#[template(path = "overview/liability.html")]
pub(super) struct LiabilityPart {
    text: Text,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    outstanding: String,
    held: String,
    worth: String,
    ends: String,
}

/// # Errors
/// The API's.
pub(super) async fn of(moments: &Moments<'_>) -> Result<LiabilityPart, Refused> {
    let (visit, text) = (moments.visit, moments.visit.text);
    let query = [("atPosition", moments.at.as_str()), ("timeZone", text.zone_name())];
    let answer: Liability = visit.api.get("/dashboard/liability", &query).await?;
    Ok(LiabilityPart { text, rows: answer.units.into_iter().map(|unit| row(text, unit)).collect() })
}

fn row(text: Text, of: OfUnit) -> Row {
    let amounts = Amounts { text, unit: of.unit, scale: of.scale };
    let ends = of.months.iter().filter(|month| month.outstanding.get() != 0);
    let mut told: Vec<_> = ends
        .clone()
        .take(MONTHS)
        .map(|month| match &month.month {
            Some(name) => format!("{name} {}", amounts.bare(month.outstanding.get())),
            None => say!(text, "ui-wallet-ends-no-month", amount = amounts.bare(month.outstanding.get())),
        })
        .collect();
    let rest: i128 = ends.skip(MONTHS).map(|month| month.outstanding.get()).sum();
    if rest != 0 {
        told.push(say!(text, "ui-wallet-ends-after", amount = amounts.bare(rest)));
    }
    Row {
        outstanding: amounts.bare(of.outstanding.get()),
        held: amounts.bare(of.held.get()),
        worth: of
            .worth
            .map(|worth| format!("{} {}", text.number(worth.amount.get()), worth.currency))
            .unwrap_or_default(),
        ends: told.join(" · "),
        name: of.name,
    }
}
