//! Somebody who asks for anything, allowed or not. What comes of it is not known here: an answer that is no refusal of the
//! rules is a failure, no answer at all is that of a service that was just killed.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::Method;
use serde_json::{Value, json};
use tests::support::{
    Answer, Client, Stage,
    client::PASSWORD,
    programme::{self, anybody, crowd, email, instant, unique, with},
};

/// As long as the harness waits for it.
const TO_START_AGAIN: Duration = Duration::from_secs(90);
const KINDS: [&str; 3] = ["visit", "login", "purchase"];
const ZONES: [Option<&str>; 4] = [None, Some("Asia/Seoul"), Some("America/New_York"), Some("Asia/Kathmandu")];
const STATUSES: [&str; 5] = ["APPROVED", "REJECTED", "FULFILLED", "FULFILMENT_FAILED", "REVERSED"];

/// What the players speak of: ids that grow while they play.
pub(super) struct World {
    operator: Client,
    reporter: Client,
    nobody: Client,
    invites: Vec<String>,
    members: Known,
    invited: Known,
    campaigns: Known,
    rewards: Known,
    claims: Known,
    facts: Known,
}

/// Ids that anybody may add to.
#[derive(Default)]
struct Known(Mutex<Vec<String>>);

impl Known {
    fn learn(&self, id: String) {
        self.0.lock().unwrap().push(id);
    }

    fn any(&self, random: &mut StdRng) -> Option<String> {
        self.0.lock().unwrap().choose(random).cloned()
    }
}

impl World {
    /// Members with and without an account, and a few events whose rewards are scarce.
    pub(super) async fn set(stage: &Stage, seed: u64) -> Arc<World> {
        let (members, facts) = crowd(24);
        stage.service.import(&facts);
        let operator = stage.operator().await;
        let mut invites = Vec::new();
        for _ in 0..2 {
            let inviter = stage.nobody().sign_up().await;
            invites.push(inviter.client.get("/auth/invite-code").await.text("/inviteCode"));
        }
        let world = World {
            reporter: stage.reporter().await,
            nobody: stage.nobody(),
            operator,
            invites,
            members: Known(Mutex::new(members)),
            invited: Known::default(),
            campaigns: Known::default(),
            rewards: Known::default(),
            claims: Known::default(),
            facts: Known::default(),
        };
        let mut first = Player::new(Arc::new(world), seed);
        for _ in 0..4 {
            first.announce().await;
            first.offer().await;
        }
        first.world
    }

    /// Waits for a service that was killed, so that no player has done with it meanwhile.
    async fn back_again(&self) {
        let started = Instant::now();
        while self.nobody.try_get("/health/ready").await.is_none_or(|answer| answer.status != 200) {
            assert!(started.elapsed() < TO_START_AGAIN, "the service does not come back");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// One player.
pub(super) struct Player {
    world: Arc<World>,
    random: StdRng,
    /// The codes of what it was refused.
    pub(super) refused: BTreeSet<String>,
}

impl Player {
    pub(super) fn new(world: Arc<World>, seed: u64) -> Player {
        Player { world, random: StdRng::seed_from_u64(seed), refused: BTreeSet::new() }
    }

    /// Does something.
    pub(super) async fn act(&mut self) {
        match self.random.random_range(0..100) {
            0..35 => self.report().await,
            35..42 => self.take_back().await,
            42..72 => self.claim().await,
            72..84 => self.decide().await,
            84..88 => self.block().await,
            88..91 => self.step().await,
            91..94 => self.restock().await,
            94..96 => self.revise().await,
            96..98 => self.sign_up().await,
            98 => self.void_referral().await,
            _ => self.offer().await,
        }
    }

    async fn ask(&mut self, method: Method, who: &Client, path: &str, body: &Value) -> Option<Answer> {
        let headers = [("content-type", "application/json")];
        let Some(answer) = who.send(method, path, &headers, body.to_string().into_bytes()).await else {
            self.world.back_again().await;
            return None;
        };
        match answer.status {
            200..300 => Some(answer),
            // not known, while it starts again
            503 => None,
            403 | 404 | 409 | 422 => {
                self.refused.insert(answer.text("/code"));
                Some(answer)
            }
            _ => panic!("an unexpected answer: {answer}"),
        }
    }

    async fn report(&mut self) {
        let Some(member) = self.world.members.any(&mut self.random) else { return };
        let ago = TimeDelta::minutes(self.random.random_range(0..12 * 24 * 60));
        let mut fact = json!({"source": "shop", "id": unique(), "memberId": member,
            "kind": KINDS.choose(&mut self.random), "occurredAt": instant(Utc::now() - ago)});
        if let Some(zone) = ZONES.choose(&mut self.random).copied().flatten() {
            fact["timeZone"] = json!(zone);
        }
        if self.random.random_bool(0.4) {
            fact["measures"] = json!({"amount": self.random.random_range(-50..5_000), "items": 2});
        }
        let world = self.world.clone();
        if self.ask(Method::POST, &world.reporter, "/activities", &fact).await.is_some_and(|done| done.status == 201) {
            world.facts.learn(fact["id"].as_str().unwrap().to_owned());
        }
        if self.random.random_bool(0.1) {
            self.ask(Method::POST, &world.reporter, "/activities", &fact).await;
        }
    }

    async fn take_back(&mut self) {
        let world = self.world.clone();
        let Some(id) = world.facts.any(&mut self.random) else { return };
        let body = json!({"source": "shop", "id": id, "note": "counted twice"});
        self.ask(Method::POST, &world.reporter, "/activities/void", &body).await;
    }

    async fn claim(&mut self) {
        let world = self.world.clone();
        let random = &mut self.random;
        let (Some(reward), Some(member)) = (world.rewards.any(random), world.members.any(random)) else { return };
        let path = format!("/claims/{reward}/claim");
        let answer = self.ask(Method::POST, &world.reporter, &path, &json!({"memberId": member})).await;
        if let Some(id) = answer.and_then(|answer| answer.json["claim"]["id"].as_str().map(str::to_owned)) {
            world.claims.learn(id);
        }
    }

    async fn decide(&mut self) {
        let world = self.world.clone();
        let Some(claim) = world.claims.any(&mut self.random) else { return };
        let body = json!({"status": STATUSES.choose(&mut self.random)});
        self.ask(Method::PATCH, &world.operator, &format!("/reward-requests/{claim}"), &body).await;
    }

    async fn block(&mut self) {
        let world = self.world.clone();
        let Some(member) = world.invited.any(&mut self.random) else { return };
        let step = if self.random.random_bool(0.4) { "block" } else { "unblock" };
        let path = format!("/auth/users/{member}/{step}");
        self.ask(Method::POST, &world.operator, &path, &json!({"note": "a look at it"})).await;
    }

    async fn step(&mut self) {
        let world = self.world.clone();
        let Some(campaign) = world.campaigns.any(&mut self.random) else { return };
        let step = if self.random.random_bool(0.35) { "pause" } else { "resume" };
        self.ask(Method::POST, &world.operator, &format!("/events/{campaign}/{step}"), &json!({})).await;
    }

    async fn restock(&mut self) {
        let world = self.world.clone();
        let Some(reward) = world.rewards.any(&mut self.random) else { return };
        let delta = if self.random.random_bool(0.5) { 2 } else { -1 };
        self.ask(Method::PATCH, &world.operator, &format!("/rewards/{reward}"), &json!({"quantityDelta": delta})).await;
    }

    async fn revise(&mut self) {
        let world = self.world.clone();
        let Some(campaign) = world.campaigns.any(&mut self.random) else { return };
        let body = match self.random.random_range(0..3) {
            0 => json!({"condition": {"activeDays": {"kind": "*", "days": 2}}}),
            1 => json!({"name": format!("Renamed {}", unique())}),
            _ => json!({"frequency": "daily"}),
        };
        self.ask(Method::PATCH, &world.operator, &format!("/events/{campaign}"), &body).await;
    }

    async fn sign_up(&mut self) {
        let world = self.world.clone();
        let code = world.invites.choose(&mut self.random);
        let body = json!({"email": email(), "password": PASSWORD, "birthDate": "1995-01-01", "inviteCode": code});
        let Some(answer) = self.ask(Method::POST, &world.nobody, "/auth/signup", &body).await else { return };
        world.members.learn(answer.text("/id"));
        world.invited.learn(answer.text("/id"));
    }

    async fn void_referral(&mut self) {
        let world = self.world.clone();
        let Some(invitee) = world.invited.any(&mut self.random) else { return };
        let path = format!("/referrals/{invitee}/void");
        self.ask(Method::POST, &world.operator, &path, &json!({"note": "the same person"})).await;
    }

    async fn announce(&mut self) {
        let condition = match self.random.random_range(0..3) {
            0 => anybody(),
            1 => json!({"streak": {"kind": "visit", "days": 2}}),
            _ => {
                json!({"any": [{"total": {"kind": "purchase", "measure": "amount", "total": 900}}, {"referrals": {"count": 1}}]})
            }
        };
        let approval = ["automatic", "manual"].choose(&mut self.random);
        let frequency = ["once", "weekly"].choose(&mut self.random);
        let limit = [None, Some(1)].choose(&mut self.random);
        let changes = json!({"approval": approval, "frequency": frequency, "perMemberLimit": limit});
        let world = self.world.clone();
        let body = with(programme::event(condition), changes);
        if let Some(answer) = self.ask(Method::POST, &world.operator, "/events", &body).await {
            world.campaigns.learn(answer.text("/id"));
        }
    }

    async fn offer(&mut self) {
        let world = self.world.clone();
        let Some(campaign) = world.campaigns.any(&mut self.random) else { return };
        let quantity = [None, Some(2), Some(9)].choose(&mut self.random).copied().flatten();
        let kind = ["POINT", "ITEM", "COUPON"].choose(&mut self.random);
        let body = with(programme::reward(&campaign, quantity), json!({"type": kind}));
        if let Some(answer) = self.ask(Method::POST, &world.operator, "/rewards", &body).await {
            world.rewards.learn(answer.text("/reward/id"));
        }
    }
}
