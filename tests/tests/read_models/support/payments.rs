//! Random payments in every status, each step possible after the one before; the lots behind them are made up. The same seed is
//! the same payments.

use chrono::{DateTime, TimeDelta, Utc};
use domain::Event;
use domain::id::{LotId, MemberId, SpendId};
use domain::spend::{Spend, SpendStatus};
use domain::value::{Reference, ValueEvent};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Draft, recorded_at};

pub(crate) const PAYERS: u128 = 5;

pub(crate) fn payer(number: u128) -> MemberId {
    MemberId(Uuid::from_u128((7 << 100) + number))
}

/// Halfway through the moments at which holds end.
pub(crate) fn midway() -> DateTime<Utc> {
    recorded_at(500)
}

pub(crate) struct Payments {
    random: StdRng,
    made: Vec<(Value, Spend)>,
}

impl Payments {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), made: Vec::new() }
    }

    /// The next step of one of them, or a new one.
    pub(crate) fn step(&mut self) -> Draft {
        if self.made.len() < 3 || self.random.random_bool(0.4) {
            return self.begin();
        }
        let at = self.random.random_range(0..self.made.len());
        let (about, spend) = &self.made[at];
        let amount = spend.paid().unwrap().amount.get();
        let left = spend.captured() - spend.refunded();
        let next = match spend.status_at(DateTime::UNIX_EPOCH.into()) {
            Some(SpendStatus::Held) => match self.random.random_range(0..3) {
                0 => ("spend.captured", json!({"lots": lots(self.random.random_range(1..=amount))})),
                1 => ("spend.released", json!({"released": {"returned": lots(amount)}})),
                _ => ("spend.expired", json!({"released": {"expired": lots(amount)}})),
            },
            Some(SpendStatus::Captured) if left > 0 => {
                let refund = json!({"returned": lots(self.random.random_range(1..=left))});
                (
                    "spend.refunded",
                    json!({"reference": format!("back-{}", self.random.random::<u64>()), "refund": refund}),
                )
            }
            _ => return self.begin(),
        };
        let event = event(next.0, about, next.1);
        self.take(at, event)
    }

    fn begin(&mut self) -> Draft {
        let number = self.made.len();
        let about = json!({
            "memberId": payer(self.random.random_range(0..PAYERS)),
            "unit": "points",
            "callerId": Uuid::from_u128(8 << 100),
            "reference": format!("order-{number}"),
        });
        let amount = self.random.random_range(1..1_000);
        let paid = json!({
            "unit": "points", "amount": amount, "lots": lots(amount), "lotsPosition": 1, "allocatedAt": moment(0),
        });
        let until = self.random.random_range(1..1_000);
        self.made.push((about.clone(), Spend::default()));
        let event = if self.random.random_bool(0.3) {
            event("spend.made", &about, json!({"paid": paid}))
        } else {
            event("spend.held", &about, json!({"paid": paid, "expiresAfter": "15m", "expiresAt": moment(until)}))
        };
        self.take(number, event)
    }

    fn take(&mut self, at: usize, event: Event) -> Draft {
        let Event::Value(ValueEvent::Spend(step)) = &event else { panic!("{event:?}") };
        self.made[at].1.evolve(step);
        let about = step.about();
        let reference: &Reference = &about.reference;
        Draft { stream_id: SpendId::of(about.caller_id, reference).0, event }
    }
}

fn moment(minutes: i64) -> String {
    domain::Moment::from(recorded_at(0) + TimeDelta::minutes(minutes)).to_text()
}

fn lots(amount: i64) -> Value {
    json!([{"lotId": LotId(Uuid::from_u128(9)), "amount": amount}])
}

fn event(name: &str, about: &Value, rest: Value) -> Event {
    let mut payload = json!({"type": name, "about": about});
    payload.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    Event::decode(name, "1", &payload.to_string()).unwrap()
}
