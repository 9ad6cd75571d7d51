//! Amounts of units in words: what a reward costs and how long its points are good, and what a claim has credited and
//! costs. It decides nothing, and knows no wallet.

use domain::Moment;
use domain::campaign::RewardExpiry;
use domain::value::{Days, EndOf, Expiry, UnitCode};
use serde::Deserialize;

use super::text::{Text, say};

/// So much of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Amount {
    pub(super) unit: String,
    pub(super) amount: i64,
}

/// The price of a reward and how much of it the member can use.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Price {
    pub(super) unit: String,
    pub(super) need: i64,
    pub(super) have: i64,
}

/// What a claim has credited.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credit {
    #[serde(flatten)]
    amount: Amount,
    available_from: Moment,
    expires_at: Option<Moment>,
}

/// What a claim of a reward moves beside stock.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Terms {
    unit: Option<String>,
    expiry: Option<RewardExpiry>,
    available_after_days: Option<i64>,
    price: Option<Amount>,
    cost: Option<Cost>,
    /// Each grant hands out a coupon with a code.
    pub(super) codes: bool,
}

#[derive(Debug, Clone, Deserialize)]
struct Cost {
    currency: String,
    amount: i64,
}

impl Amount {
    /// `500 points`, `3 stars`.
    pub(super) fn say(&self, text: Text) -> String {
        if self.unit == UnitCode::POINTS {
            return say!(text, "ui-value-points", count = self.amount);
        }
        say!(text, "ui-value-of-unit", amount = self.amount, unit = self.unit.clone())
    }
}

impl Amount {
    /// Unit and amount, for a file.
    pub(super) fn cells(&self) -> [String; 2] {
        [self.unit.clone(), self.amount.to_string()]
    }
}

impl Price {
    /// All of it.
    pub(super) fn needed(&self) -> Amount {
        Amount { unit: self.unit.clone(), amount: self.need }
    }

    /// Whether the member cannot pay it.
    pub(super) fn is_out_of_reach(&self) -> bool {
        self.have < self.need
    }

    /// What can be used of it, as a sentence.
    pub(super) fn too_few(&self, text: Text) -> String {
        let have = Amount { unit: self.unit.clone(), amount: self.have };
        say!(text, "ui-value-too-few", need = self.needed().say(text), have = have.say(text))
    }
}

/// What a claim of this status has credited and costs, a sentence each.
pub(super) fn moved(text: Text, status: &str, credit: Option<&Credit>, paid: Option<&Amount>) -> Vec<String> {
    let paid = paid.map(|paid| match status {
        "pending" => say!(text, "ui-value-held", amount = paid.say(text)),
        _ => say!(text, "ui-value-paid", amount = paid.say(text)),
    });
    paid.into_iter().chain(credit.map(|credit| credit.say(text))).collect()
}

impl Credit {
    /// Unit, amount and from when to when it is good, for a file.
    pub(super) fn cells(&self) -> [String; 4] {
        let [unit, amount] = self.amount.cells();
        let end = self.expires_at.map(|end| end.to_string());
        [unit, amount, self.available_from.to_string(), end.unwrap_or_default()]
    }

    fn say(&self, text: Text) -> String {
        let (amount, from) = (self.amount.say(text), text.day_with_year(text.day_of(self.available_from)));
        match self.expires_at {
            Some(end) => {
                say!(text, "ui-value-credited-until", amount = amount, from = from, until = last_day(text, end))
            }
            None => say!(text, "ui-value-credited", amount = amount, from = from),
        }
    }
}

/// The last day before an end.
fn last_day(text: Text, end: Moment) -> String {
    let before = Moment::from(end.utc() - chrono::TimeDelta::milliseconds(1));
    text.day_with_year(text.day_of(before))
}

impl Terms {
    /// What one grant is of: a unit that is not `points`, or the type.
    pub(super) fn kind(&self, text: Text, reward_type: &str) -> String {
        let unit = self.unit.clone().filter(|unit| unit != UnitCode::POINTS);
        unit.unwrap_or_else(|| text.say_of("type", reward_type))
    }

    /// What a claim costs, as a sentence.
    pub(super) fn price(&self, text: Text) -> Option<String> {
        self.price.as_ref().map(|price| say!(text, "ui-value-price", amount = price.say(text)))
    }

    /// What it costs, and how long its points are good: a sentence each.
    pub(super) fn say(&self, text: Text) -> Vec<String> {
        let mut said: Vec<_> = self.price(text).into_iter().collect();
        said.extend(
            self.expiry.map(|expiry| if self.codes { coupon_until(text, expiry) } else { until(text, expiry) }),
        );
        said.extend(self.available_after_days.map(|days| say!(text, "ui-value-after", days = days)));
        let cost = self.cost.as_ref();
        said.extend(
            cost.map(|cost| say!(text, "ui-value-cost", amount = cost.amount, currency = cost.currency.clone())),
        );
        said
    }
}

fn coupon_until(text: Text, expiry: RewardExpiry) -> String {
    match expiry {
        RewardExpiry::Never(_) => text.say("ui-value-coupon-never"),
        RewardExpiry::By(Expiry::Date { date }) => say!(text, "ui-value-coupon-until", day = text.day_with_year(date)),
        RewardExpiry::By(Expiry::Days(Days { days, end_of })) => match end_of {
            None => say!(text, "ui-value-coupon-days", days = days.get()),
            Some(EndOf::Month) => say!(text, "ui-value-coupon-days-month", days = days.get()),
            Some(EndOf::Year) => say!(text, "ui-value-coupon-days-year", days = days.get()),
        },
    }
}

fn until(text: Text, expiry: RewardExpiry) -> String {
    match expiry {
        RewardExpiry::Never(_) => text.say("ui-value-never"),
        RewardExpiry::By(Expiry::Date { date }) => say!(text, "ui-value-until", day = text.day_with_year(date)),
        RewardExpiry::By(Expiry::Days(Days { days, end_of })) => match end_of {
            None => say!(text, "ui-value-days", days = days.get()),
            Some(EndOf::Month) => say!(text, "ui-value-days-month", days = days.get()),
            Some(EndOf::Year) => say!(text, "ui-value-days-year", days = days.get()),
        },
    }
}
