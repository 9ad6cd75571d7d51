//! The back-tests that the editor asks for: of the draft, and of the event in force beside it. Whole logs are read one
//! after another in a process, so that a page waits a moment for its turn before it says that others are reading.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use chrono::NaiveDate;
use domain::Moment;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::pages::client::{Change, Refused};
use crate::pages::visit::Visit;

/// How long a page waits for its turn in all, and between two questions.
const TURNS: u32 = 12;
const PAUSE: Duration = Duration::from_millis(100);
/// How long a page waits for what comes of a draft: when somebody has asked for it, and when nobody has.
const ASKED: Duration = Duration::from_secs(120);
const UNASKED: Duration = Duration::from_secs(10);

/// What came of a draft.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Outcome {
    pub(super) position: i64,
    pub(super) members_seen: i64,
    pub(super) granted: i64,
    #[serde(default)]
    pub(super) denied_budget_exhausted: i64,
    pub(super) denied_out_of_stock: i64,
    /// What all grants credit, by unit, and what they cost, by currency.
    #[serde(default)]
    pub(super) points: BTreeMap<String, i64>,
    #[serde(default)]
    pub(super) cost: BTreeMap<String, i64>,
    pub(super) sold_out_at: Option<Moment>,
    pub(super) by_day: Vec<Day>,
    pub(super) winners: Vec<Winner>,
    pub(super) duration_ms: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Day {
    pub(super) date: NaiveDate,
    pub(super) granted: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Winner {
    pub(super) member_id: String,
    pub(super) at: Moment,
}

/// Replays a draft over the whole log.
///
/// # Errors
/// What the API refuses: a field of the draft, too busy, too long.
pub(super) async fn replay(visit: &Visit, draft: &Value, asked: bool) -> Result<Outcome, Refused> {
    let answer = timeout(if asked { ASKED } else { UNASKED }, replay_in_turn(visit, draft)).await;
    answer.unwrap_or_else(|_| {
        Err(Refused {
            status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
            code: "unavailable".to_owned(),
            title: String::new(),
            detail: String::new(),
            errors: vec![],
            instance: String::new(),
            more: serde_json::Map::new(),
        })
    })
}

async fn replay_in_turn(visit: &Visit, draft: &Value) -> Result<Outcome, Refused> {
    let mut turn = 1;
    loop {
        let change = Change { body: Some(draft.clone()), ..Change::default() };
        match visit.api.change::<Outcome>(Method::POST, "/events/backtest", change).await {
            Err(refused) if refused.code == "overloaded" && turn < TURNS => turn += 1,
            answer => return answer.map(|answer| answer.body),
        }
        sleep(PAUSE).await;
    }
}

/// Who wins by one rule and not by another. The API names the first winners alone, so that both lists are compared up to
/// where the shorter one ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) more: Vec<String>,
    pub(super) fewer: Vec<String>,
    /// Before which moment that is; none where both lists are whole.
    pub(super) before: Option<Moment>,
    /// Whether nobody is named before that moment: more win at once than are named.
    pub(super) is_of_nobody: bool,
}

impl Who {
    pub(super) fn of(draft: &Outcome, force: &Outcome) -> Self {
        let cut = |of: &Outcome| {
            let named = i64::try_from(of.winners.len()).unwrap_or(i64::MAX);
            (of.granted > named).then(|| of.winners.last().map(|winner| winner.at)).flatten()
        };
        let before = [cut(draft), cut(force)].into_iter().flatten().min();
        let won = |of: &Outcome| -> BTreeSet<String> {
            let in_time = |winner: &&Winner| before.is_none_or(|before| winner.at < before);
            of.winners.iter().filter(in_time).map(|winner| winner.member_id.clone()).collect()
        };
        let (draft, force) = (won(draft), won(force));
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect();
        let is_of_nobody = before.is_some() && draft.is_empty() && force.is_empty();
        Self { more: only(&draft, &force), fewer: only(&force, &draft), before, is_of_nobody }
    }
}
