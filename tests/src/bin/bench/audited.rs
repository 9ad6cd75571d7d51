//! What an auditor asks of a long log, by the commands that auditors have: every decision made again, and a draft
//! replayed over all that happened. The log is a generated programme in which members claim now and then, each decided
//! as the service decides, so that everything must come out the same.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use domain::claim::{ClaimEvent, Decision, DenialReason, Denied, Granted, Subject};
use domain::condition::{Condition, EvaluationContext, evaluate};
use domain::facts::Facts;
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use domain::{Event, Moment};
use serde_json::{Value, json};
use tests::support::binary::reward_ledger;
use tests::support::folder;
use tests::support::postgres::{Cluster, Database};
use uuid::Uuid;

use crate::fill::{Made, fill};
use crate::load::{Load, Measured, peak_rss_mib};
use crate::{programme, reads, size};

/// A member claims after each so many facts …
const FACTS_A_CLAIM: usize = 25;
/// … one reward after the other.
const REWARDS: usize = 200;
/// What the draft has in stock: one grant for so many events.
const EVENTS_A_GRANT: usize = 1_000;
/// How often the memory of a command is looked at.
const LOOK_MS: u64 = 20;

pub(crate) struct Audited {
    database: Database,
    events: usize,
}

impl Audited {
    pub(crate) async fn prepare(cluster: &Arc<Cluster>, events: usize) -> Self {
        size::assert_room(&folder::target(), events as u64 * size::BYTES_AN_EVENT);
        let database = cluster.database().await;
        let pool = database.pool().await;
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        fill(&pool, claimed(events)).await;
        cluster.checkpoint().await;
        pool.close().await;
        Self { database, events }
    }

    /// Every decision on the facts and by the rule that it was made on and by: all of them come out the same.
    pub(crate) fn re_evaluate(&self, load: Load) -> Measured {
        let (measured, answer) = self.audit(load, &["re-evaluate", "--json"]);
        let decisions = answer["decisions"].as_i64().unwrap();
        assert!(decisions > 0 && answer["same"] == decisions, "{decisions} decisions are the same: {answer}");
        measured
    }

    /// A draft over the whole year.
    pub(crate) fn backtest(&self, load: Load) -> Measured {
        let draft = json!({
            "event": {
                "condition": "DAILY_LOGIN_7_DAYS",
                "startDate": "2025-01-01T00:00:00Z",
                "endDate": "2026-01-01T00:00:00Z",
                "frequency": "weekly",
            },
            "reward": {"quantity": self.events / EVENTS_A_GRANT},
            "ask": "firstPossible",
        });
        let file = folder::fresh("backtest").join("draft.json");
        std::fs::write(&file, draft.to_string()).unwrap();
        let (measured, answer) = self.audit(load, &["backtest", file.to_str().unwrap(), "--json"]);
        assert_eq!(
            answer["granted"].as_u64(),
            Some((self.events / EVENTS_A_GRANT) as u64),
            "all of the stock is granted"
        );
        measured
    }

    fn audit(&self, load: Load, arguments: &[&str]) -> (Measured, Value) {
        let answer = folder::fresh("audit").join("answer.json");
        let begun = load.begin();
        let mut command = Command::new(reward_ledger())
            .arg("audit")
            .args(arguments)
            .env("DATABASE_URL", &self.database.url)
            .stdout(std::fs::File::create(&answer).unwrap())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut peak: f64 = 0.0;
        let status = loop {
            peak = peak.max(peak_rss_mib(command.id()).unwrap_or(0.0));
            match command.try_wait().unwrap() {
                Some(status) => break status,
                None => std::thread::sleep(Duration::from_millis(LOOK_MS)),
            }
        };
        let measured = Measured { rss_mib: Some(peak), ..begun.end_with_children(self.events) };
        assert!(status.success(), "audit {arguments:?} ended with {status}");
        (measured, serde_json::from_slice(&std::fs::read(&answer).unwrap()).unwrap())
    }
}

/// The first events of a programme in which members claim.
pub(crate) fn claimed(count: usize) -> impl Iterator<Item = Made> + Send + 'static {
    let begin = Moment::from(DateTime::from_timestamp(1_735_689_600, 0).unwrap() - TimeDelta::days(1));
    let rewards: Vec<_> = (0..REWARDS).map(|_| (CampaignId(Uuid::now_v7()), RewardId(Uuid::now_v7()))).collect();
    let campaigns: Vec<Made> = rewards.iter().flat_map(|(id, reward)| reads::campaign(*id, *reward, begin)).collect();
    let mut desk = Desk {
        condition: Condition::parse(&"DAILY_LOGIN_7_DAYS".into()).unwrap(),
        starts_on: (begin.utc() - TimeDelta::days(10)).date_naive(),
        rewards,
        members: HashMap::new(),
        position: i64::try_from(campaigns.len()).unwrap(),
    };
    let facts = programme::events(count).flat_map(move |made| {
        let claim = desk.take_in(&made);
        std::iter::once(made).chain(claim)
    });
    campaigns.into_iter().chain(facts).take(count)
}

struct Desk {
    condition: Condition,
    starts_on: chrono::NaiveDate,
    rewards: Vec<(CampaignId, RewardId)>,
    /// What the condition sees, how many facts there are, and how many claims.
    members: HashMap<MemberId, (Facts, usize, usize)>,
    position: i64,
}

impl Desk {
    fn take_in(&mut self, made: &Made) -> Option<Made> {
        self.position += 1;
        let Event::Activity(event) = &made.event else { return None };
        let (facts, seen, claims) = self.members.entry(event.member()).or_default();
        if let domain::activity::ActivityEvent::Recorded(fact) = event
            && fact.kind.as_str() == "login"
        {
            facts.kinds.entry(fact.kind.clone()).or_default().dates.insert(fact.local_date);
        }
        *seen += 1;
        if *seen % FACTS_A_CLAIM > 0 {
            return None;
        }
        let (campaign_id, reward_id) = *self.rewards.get(*claims)?;
        *claims += 1;
        let at = made.recorded_at;
        let asked = EvaluationContext { on: at.utc().date_naive(), campaign_starts_on: Some(self.starts_on) };
        let (met, evidence) = evaluate(&self.condition, facts, asked);
        let about = Subject {
            member_id: event.member(),
            reward_id,
            campaign_id,
            first_id: None,
            period: "once".to_owned(),
            amount: 10.try_into().unwrap(),
            reward_type: domain::campaign::RewardType::Point,
        };
        let decision = Decision {
            met,
            evidence,
            facts_position: self.position,
            condition_version: 1,
            evaluated_at: at,
            time_zone: domain::zone::Tz::UTC,
            campaign_starts_on: self.starts_on,
            local_date: Some(domain::zone::local_date(domain::zone::Tz::UTC, at)),
        };
        let stream = ("claim", ClaimId::of(reward_id, about.member_id, &about.period).to_string());
        let event = if met {
            ClaimEvent::Granted(Granted::of(about, decision))
        } else {
            ClaimEvent::Denied(Denied::of(about, decision, DenialReason::ConditionUnmet))
        };
        self.position += 1;
        Some(Made { stream, sequence: 1, event: Event::Claim(event), recorded_at: at })
    }
}
