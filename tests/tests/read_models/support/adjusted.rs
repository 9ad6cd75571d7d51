//! Random adjustments in every status; the lots behind them are made up. The same seed is the same adjustments.

use domain::Event;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Draft;

const MEMBERS: u128 = 5;

pub(crate) struct Adjusted {
    random: StdRng,
    made: u128,
    waiting: Vec<(Uuid, Value)>,
}

impl Adjusted {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed), made: 0, waiting: Vec::new() }
    }

    /// A new one, or the decision of one that waits.
    pub(crate) fn step(&mut self) -> Draft {
        if self.waiting.len() < 3 || self.random.random_bool(0.5) {
            return self.begin();
        }
        let at = self.random.random_range(0..self.waiting.len());
        let (stream_id, about) = self.waiting.swap_remove(at);
        let decided_by = Uuid::from_u128(6 << 100);
        let event = if self.random.random_bool(0.5) {
            event(
                "adjustment.approved",
                json!({"about": about, "change": given(stream_id, &about), "decidedBy": decided_by}),
            )
        } else {
            event("adjustment.rejected", json!({"about": about, "decidedBy": decided_by, "note": "Not lost."}))
        };
        Draft { stream_id, event }
    }

    fn begin(&mut self) -> Draft {
        self.made += 1;
        let stream_id = Uuid::from_u128((5 << 100) + self.made);
        let member = Uuid::from_u128((7 << 100) + self.random.random_range(0..MEMBERS));
        let amount = self.random.random_range(1..1_000);
        let operator = Uuid::from_u128(8 << 100);
        let about = json!({
            "memberId": member, "unit": "points", "amount": amount, "operatorId": operator, "note": "Lost in the move.",
        });
        let event = if self.random.random_bool(0.4) {
            let posted = json!({"about": about, "change": given(stream_id, &about), "on": "2026-11-21", "number": self.made as u64});
            event("adjustment.posted", posted)
        } else {
            self.waiting.push((stream_id, about.clone()));
            event("adjustment.requested", json!({"about": about, "expiry": {"days": 30}}))
        };
        Draft { stream_id, event }
    }
}

fn given(lot: Uuid, about: &Value) -> Value {
    let from = "2026-11-21T00:00:00.000Z";
    json!({"given": {
        "lotId": lot, "amount": about["amount"], "availableFrom": from, "expiresAt": "2026-12-31T15:00:00.000Z",
    }})
}

fn event(name: &str, mut payload: Value) -> Event {
    payload["type"] = json!(name);
    Event::decode(name, "1", &payload.to_string()).unwrap()
}
