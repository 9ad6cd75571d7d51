//! How many members meet the rule in force: those to whom a back-test without limits would grant. It replays the log, so
//! it is done when somebody asks, and what was counted is shown with its time until the rule is another one.

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

/// As many events are remembered.
const MOST: usize = 1_000;

/// What was counted, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Met {
    pub(super) count: i64,
    pub(super) at: Moment,
}

/// By event and version of its rule. Each process counts for itself.
static COUNTED: LazyLock<Mutex<HashMap<(String, i64), Met>>> = LazyLock::new(Mutex::default);

#[derive(Deserialize)]
struct Backtest {
    granted: i64,
}

/// Nothing as of an earlier moment, and where nobody has asked.
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
            // each member once, however often it may claim
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
