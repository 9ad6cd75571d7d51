//! What the programme owes its members of each unit, and in which months it ends.

use askama::Template;
use chrono::NaiveDate;
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
    let told = ends(text, &amounts, &of.months).join(" · ");
    Row {
        outstanding: amounts.bare(of.outstanding.get()),
        held: amounts.bare(of.held.get()),
        worth: of
            .worth
            .map(|worth| format!("{} {}", text.number(worth.amount.get()), worth.currency))
            .unwrap_or_default(),
        ends: told,
        name: of.name,
    }
}

/// `Dec 2026: 1,500`, what ends later in one, and last what never ends.
fn ends(text: Text, amounts: &Amounts, months: &[Month]) -> Vec<String> {
    let mut dated: Vec<_> =
        months.iter().filter(|month| month.month.is_some() && month.outstanding.get() != 0).collect();
    dated.sort_by_key(|month| &month.month);
    let (first, rest) = dated.split_at(dated.len().min(MONTHS));
    let mut told: Vec<_> = first
        .iter()
        .map(|one| {
            let name = one.month.as_deref().unwrap_or_default();
            let day = NaiveDate::parse_from_str(&format!("{name}-01"), "%Y-%m-%d");
            let month = day.map_or_else(|_| name.to_owned(), |day| text.month_with_year(day));
            say!(text, "ui-wallet-ends-in", month = month, amount = amounts.bare(one.outstanding.get()))
        })
        .collect();
    let later: i128 = rest.iter().map(|month| month.outstanding.get()).sum();
    let never: i128 = months.iter().filter(|month| month.month.is_none()).map(|month| month.outstanding.get()).sum();
    if later != 0 {
        told.push(say!(text, "ui-wallet-ends-after", amount = amounts.bare(later)));
    }
    if never != 0 {
        told.push(say!(text, "ui-wallet-ends-no-month", amount = amounts.bare(never)));
    }
    told
}
