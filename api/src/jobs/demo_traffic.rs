//! Traffic of a demo: its made-up members report about two facts a second and claim now and then, through the same
//! commands as the API. It ends at shutdown, or after a maximum number of events.

use std::time::Duration;

use chrono::SecondsFormat;
use commands::{ClaimError, ClaimRequest, Ledger, Metadata};
use domain::id::{MemberId, RewardId};
use domain::member::Member;
use domain::role::Role;
use rand::Rng as _;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::activities::{Outcome, RawActivity, Reporting, record};
use crate::app::clock;
use crate::app::facts::LedgerFacts;

/// The most events it adds: about a day's worth.
const MOST_EVENTS: u32 = 200_000;
/// The time until the next fact, in milliseconds: half a second on average.
const PAUSE_MS: std::ops::RangeInclusive<u64> = 200..=800;
/// The number of facts between two claims.
const FACTS_A_CLAIM: u32 = 24;
/// The pause after an error.
const TROUBLE: Duration = Duration::from_secs(5);
/// What members do: weight out of 100, source and kind.
const DEEDS: [(u32, &str, &str); 5] = [
    (62, "app", "login"),
    (20, "timer", "session"),
    (12, "shop", "purchase"),
    (4, "shop", "review"),
    (2, "app", "feedback"),
];

/// The members and rewards of the traffic.
#[derive(Debug, Clone)]
pub struct Cast {
    /// The members; those who are not in the log are left out.
    pub members: Vec<MemberId>,
    /// The rewards they claim, with weights.
    pub rewards: Vec<(u32, RewardId)>,
    /// The service that reports facts.
    pub reporter: MemberId,
}

/// The traffic of one process.
pub struct DemoTraffic {
    ledger: Ledger,
    facts: LedgerFacts,
    cast: Cast,
    /// How many events it has added.
    added: u32,
}

/// Why a fact or a claim failed.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Trouble(String);

impl DemoTraffic {
    /// The traffic of this cast.
    #[must_use]
    pub fn new(ledger: Ledger, facts: LedgerFacts, cast: Cast) -> Self {
        Self { ledger, facts, cast, added: 0 }
    }

    /// Runs until shutdown, or until it has added enough events.
    pub async fn run(mut self, shutdown: CancellationToken) {
        if shutdown.run_until_cancelled(self.keep_registered()).await.is_none() {
            return;
        }
        if self.cast.members.is_empty() {
            tracing::warn!("demo: none of the made-up members is in this log, so there is no traffic");
            return;
        }
        tracing::info!("demo: members go on by themselves; set DEMO_TRAFFIC=false for a log that rests");
        let mut number = 0_u32;
        while self.added < MOST_EVENTS {
            number = number.wrapping_add(1);
            let pause = Duration::from_millis(rand::rng().random_range(PAUSE_MS));
            let turn = async {
                tokio::time::sleep(pause).await;
                let done = if number.is_multiple_of(FACTS_A_CLAIM) { self.claim().await } else { self.report().await };
                if let Err(error) = done {
                    tracing::debug!(%error, "demo: the traffic pauses");
                    tokio::time::sleep(TROUBLE).await;
                }
            };
            if shutdown.run_until_cancelled(turn).await.is_none() {
                return;
            }
        }
        tracing::info!("demo: the traffic ends after {MOST_EVENTS} events");
    }

    /// Removes members who are blocked or not in the log, which may have been created without the demo's history.
    async fn keep_registered(&mut self) {
        let mut known = vec![];
        for id in &self.cast.members {
            match self.ledger.load::<Member>(&id.to_string()).await {
                Ok(member) if member.state.is_registered() && !member.state.is_blocked() => known.push(*id),
                Ok(_) | Err(_) => {}
            }
        }
        self.cast.members = known;
    }

    fn somebody(&self) -> Option<MemberId> {
        let members = &self.cast.members;
        members.get(rand::rng().random_range(0..members.len().max(1))).copied()
    }

    async fn report(&mut self) -> Result<(), Trouble> {
        let Some(member) = self.somebody() else { return Ok(()) };
        let now = clock::now();
        let raw = deed(member, now.utc().to_rfc3339_opts(SecondsFormat::Millis, true));
        let reporting = Reporting::of(Metadata::of(self.cast.reporter, Role::Service, now));
        match record(&self.ledger, &raw, &reporting).await {
            Ok(Outcome::Recorded { .. }) => self.added += 1,
            Ok(Outcome::Duplicate { .. } | Outcome::Refused(_)) => {}
            Err(error) => return Err(Trouble(error.to_string())),
        }
        Ok(())
    }

    async fn claim(&mut self) -> Result<(), Trouble> {
        let total: u32 = self.cast.rewards.iter().map(|(often, _)| often).sum();
        let mut left = rand::rng().random_range(0..total.max(1));
        let reward = self.cast.rewards.iter().find(|(often, _)| {
            let found = left < *often;
            left = left.saturating_sub(*often);
            found
        });
        let (Some(member_id), Some((_, reward_id))) = (self.somebody(), reward.copied()) else { return Ok(()) };
        let at = clock::now();
        let request = ClaimRequest { reward_id, member_id, at, reference: None, refuse_own_campaign: false };
        match self.ledger.request_reward(request, &self.facts, &Metadata::of(member_id, Role::User, at)).await {
            Ok(receipt) => self.added += u32::try_from(receipt.appended).unwrap_or(0),
            Err(ClaimError::AlreadyClaimed { .. } | ClaimError::RewardUnknown | ClaimError::MemberUnknown) => {}
            // none of the demo's events asks for one
            Err(ClaimError::ReferenceMissing | ClaimError::ReferenceUnasked) => {}
            Err(ClaimError::Command(error)) => return Err(Trouble(error.to_string())),
        }
        Ok(())
    }
}

/// A fact about what a member does now.
fn deed(member: MemberId, occurred_at: String) -> RawActivity {
    let mut random = rand::rng();
    let mut left = random.random_range(0..100);
    let (source, kind) = DEEDS
        .into_iter()
        .find(|(often, _, _)| {
            let found = left < *often;
            left = left.saturating_sub(*often);
            found
        })
        .map_or(("app", "login"), |(_, source, kind)| (source, kind));
    let measures = match kind {
        "session" => vec![("minutes", 5 * random.random_range(1..=12))],
        "purchase" => vec![("amount", 100 * random.random_range(10..=200)), ("items", random.random_range(1..=5))],
        "review" => vec![("stars", random.random_range(1..=5))],
        _ => vec![],
    };
    RawActivity {
        source: source.to_owned(),
        id: format!("demo-{}", Uuid::now_v7()),
        member_id: member.to_string(),
        kind: kind.to_owned(),
        occurred_at,
        time_zone: None,
        measures: measures.into_iter().map(|(name, value): (&str, i64)| (name.to_owned(), value)).collect(),
    }
}
