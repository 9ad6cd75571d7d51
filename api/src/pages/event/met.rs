//! How many members meet the rule in force: those whom a backtest without limits would grant a reward. Counting replays
//! the log, so it runs on request, and the result is shown with its time until the rule changes.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

use axum::http::Method;
use domain::Moment;
use serde::Deserialize;
use serde_json::json;

use super::Frame;
use super::asked::Asked;
use crate::app::clock;
use crate::pages::client::Change;

/// For how many events a result is kept.
const MOST: usize = 1_000;

/// The result, and its time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    pub(super) count: i64,
    pub(super) at: Moment,
}

/// The results by event and version of its rule. Each process has its own.
static COUNTED: LazyLock<Mutex<HashMap<(String, i64), Met>>> = LazyLock::new(Mutex::default);

#[derive(Deserialize)]
struct Backtest {
    granted: i64,
}

/// `None` as of an earlier moment, and if nobody has requested it.
pub(super) async fn of(frame: &Frame<'_>, asked: &Asked) -> Option<Met> {
    if frame.is_then || asked.analytics.is_err() {
        return None;
    }
    let key = (frame.event.id.clone(), frame.event.condition_version);
    if frame.visit.asked("met").is_none() {
        return COUNTED.lock().ok()?.get(&key).copied();
    }
    let event = frame.event;
    let draft = json!({
        "event": {
            "condition": event.condition,
            "startDate": event.start_date,
            "endDate": event.end_date,
            // count each member once, however often they may claim
            "frequency": "once",
            "timeZone": event.time_zone,
        },
        "reward": {},
        "ask": "firstPossible",
    });
    let change = Change { body: Some(draft), ..Change::default() };
    let counted = frame.visit.api.change::<Backtest>(Method::POST, "/events/backtest", change).await.ok()?;
    let met = Met { count: counted.body.granted, at: clock::now() };
    let mut all = COUNTED.lock().ok()?;
    if all.len() >= MOST {
        all.clear();
    }
    all.insert(key, met);
    Some(met)
}
