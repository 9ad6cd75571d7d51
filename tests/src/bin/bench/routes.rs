//! What to send to each route of the document so that it does its usual work: who asks, with which ids, and with
//! which body. A route that is not known here, or whose usual work is a run over the whole log, is not walked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tests::support::{Service, programme};

use crate::pace::{Caller, Pace, Paced};
use crate::reads::Reads;

/// How many facts are reported at once.
const BATCH: usize = 100;

/// Who asks, and with what.
pub(crate) struct Routes {
    tokens: HashMap<&'static str, String>,
    members: Arc<Vec<String>>,
    ids: Arc<Vec<String>>,
    member: String,
    event: String,
    reward: String,
    claim: String,
    claimant: String,
    unclaimed: String,
}

/// One route, ready to be asked again and again.
pub(crate) struct Asked {
    method: String,
    path: String,
    tokens: Arc<Vec<String>>,
    body: fn(&Parts, usize) -> String,
    parts: Parts,
    /// It is asked so many times less often than others: what costs much by its nature, as a password does.
    pub(crate) dearness: u32,
}

/// What bodies are made of.
pub(crate) struct Parts {
    members: Arc<Vec<String>>,
    event: String,
}

impl Parts {
    /// Another one each time: nobody does everything.
    fn member(&self, number: usize) -> &str {
        self.members[number % self.members.len()].as_str()
    }
}

impl Routes {
    pub(crate) async fn of(reads: &Reads) -> Self {
        let mut tokens = HashMap::new();
        for name in ["admin", "operator", "auditor", "service"] {
            tokens.insert(name, reads.service.demo(name).await.token().to_owned());
        }
        let operator = reads.service.demo("operator").await;
        let granted = operator.get("/claims?status=granted").await;
        let claim = &granted.list("/claims")[0];
        let of_claim = |field: &str| claim[field].as_str().unwrap().to_owned();
        let claimant = reads.members.iter().position(|member| member.to_string() == of_claim("userId")).unwrap();
        verified(&reads.service).await;
        let event = operator.create_event(&programme::event(programme::login_streak(7))).await;
        let unclaimed = operator.create_reward(&programme::reward(&event, Some(1_000_000))).await;
        Self {
            tokens,
            members: Arc::clone(&reads.tokens),
            ids: Arc::new(reads.members.iter().map(ToString::to_string).collect()),
            member: reads.members[0].to_string(),
            event: reads.rewards[0].0.to_string(),
            reward: reads.rewards[0].1.to_string(),
            claim: of_claim("id"),
            claimant: reads.tokens[claimant].clone(),
            unclaimed,
        }
    }

    /// How to ask a route of the document; `None` for those that are not walked.
    pub(crate) fn ask(&mut self, method: &str, path: &str) -> Option<Asked> {
        let body: fn(&Parts, usize) -> String = match (method, path) {
            ("get", "/auth/users/email" | "/schemas/{file}" | "/problems/{code}") => |_, _| String::new(),
            ("get", "/docs") => return None,
            // nobody pays before the bench of payments
            ("get", "/spends/{id}" | "/adjustments/{id}" | "/coupons/{id}") => return None,
            ("get", _) => |_, _| String::new(),
            ("post", "/claims/{rewardId}/claim" | "/claims/{id}/claim") => |_, _| "{}".to_owned(),
            ("post", "/conditions/check") => |_, _| json!({"condition": programme::login_streak(7)}).to_string(),
            ("post", "/activities") => |parts, number| programme::activity(parts.member(number), "visit").to_string(),
            ("post", "/activities/batch") => |parts, number| {
                let of_batch = (0..BATCH).map(|nth| parts.member(number * BATCH + nth));
                let activities: Vec<_> = of_batch.map(|member| programme::activity(member, "visit")).collect();
                json!({"activities": activities}).to_string()
            },
            ("post", "/events") => |_, _| programme::event(programme::login_streak(7)).to_string(),
            ("post", "/rewards") => |parts, _| programme::reward(&parts.event, Some(10)).to_string(),
            ("post", "/auth/login") => {
                |_, _| json!({"email": "member@example.com", "password": "ledger-demo"}).to_string()
            }
            ("post", "/auth/signup") => |_, _| {
                json!({"email": programme::email(), "password": "ledger-demo", "birthDate": "1995-01-01"}).to_string()
            },
            (_, _) => return None,
        };
        let parts = Parts { members: Arc::clone(&self.ids), event: self.event.clone() };
        Some(Asked {
            method: method.to_owned(),
            path: self.filled(path)?,
            tokens: self.who(method, path),
            body,
            parts,
            // a password takes tens of milliseconds of a core by design
            dearness: if matches!(path, "/auth/login" | "/auth/signup") { 10 } else { 1 },
        })
    }

    /// Who usually asks this.
    fn who(&self, method: &str, path: &str) -> Arc<Vec<String>> {
        let of = |name: &str| Arc::new(vec![self.tokens[name].clone()]);
        let first = path.split('/').nth(1).unwrap_or_default();
        match (method, first) {
            ("post", "activities") => of("service"),
            ("post", "events" | "rewards" | "conditions") => of("operator"),
            (_, "dashboard" | "members") => of("operator"),
            (_, "operations" | "budgets") => of("admin"),
            (_, "audit") => of("auditor"),
            (_, "auth") if path.starts_with("/auth/users") => of("admin"),
            ("get", "claims") if path == "/claims/{id}/explanation" => Arc::new(vec![self.claimant.clone()]),
            ("get", "claims") if path != "/claims/me" => of("operator"),
            ("get", "reward-requests" | "spends" | "adjustments") => of("operator"),
            ("get", "wallets") if !path.starts_with("/wallets/me") => of("operator"),
            ("get", "streaks") if path.contains("/user/") => of("operator"),
            ("get", "referrals") if path == "/referrals" => of("operator"),
            (_, _) => Arc::clone(&self.members),
        }
    }

    /// The path with ids in their places.
    fn filled(&self, path: &str) -> Option<String> {
        let id = match path.split('/').nth(1).unwrap_or_default() {
            "events" => &self.event,
            "rewards" if path.contains("event") => &self.event,
            "rewards" => &self.reward,
            "dashboard" if path.contains("{rewardId}") => &self.reward,
            "dashboard" => &self.event,
            "claims" if path.ends_with("/claim") => &self.unclaimed,
            "claims" if path.contains("/user/") => &self.member,
            "claims" | "reward-requests" => &self.claim,
            "auth" => &self.member,
            "audit" if path.contains("/members/") => &self.member,
            "audit" if path.contains("/streams/") => &self.member,
            "audit" => &self.claim,
            _ => &self.member,
        };
        let places = [
            ("{type}", "member"),
            ("{file}", "claim.granted.v1.json"),
            ("{code}", if path.starts_with("/units") { "points" } else { "not_found" }),
            ("{id}", id),
            ("{rewardId}", id),
            ("{eventId}", id),
            ("{userId}", id),
        ];
        let filled = places.iter().fold(path.to_owned(), |path, (place, value)| path.replace(place, value));
        let filled = if path == "/auth/users/email" { format!("{path}?email=member@example.com") } else { filled };
        (!filled.contains('{')).then_some(filled)
    }
}

/// Has the log verified once: before the first run there is no result to ask for.
async fn verified(service: &Service) {
    let auditor = service.demo("auditor").await;
    auditor.post("/audit/verification", &json!({})).await.expect(202);
    while auditor.get("/audit/verification").await.ok()["finishedAt"].is_null() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

impl Asked {
    pub(crate) async fn run(self, service: &Service, pace: Pace) -> Paced {
        let caller = Caller::of(service.url());
        let asked = Arc::new(self);
        pace.run(move |number| {
            let (caller, asked) = (caller.clone(), Arc::clone(&asked));
            async move {
                let token = asked.tokens[number % asked.tokens.len()].clone();
                if asked.method == "get" {
                    caller.get(asked.path.clone(), token).await
                } else {
                    let body = (asked.body)(&asked.parts, number);
                    caller.post(asked.path.clone(), token, body).await
                }
            }
        })
        .await
    }
}
