//! Reading over HTTP while a million claims are in the read models: the two pages that everybody opens, at a constant
//! rate, and every route in turn.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::campaign::Campaign;
use domain::id::{CampaignId, MemberId, RewardId};
use domain::{Event, Moment};
use tests::support::postgres::{Cluster, Database};
use tests::support::{Service, Setup};
use uuid::Uuid;

use crate::fill::{Made, fill};
use crate::load::Load;
use crate::pace::{Caller, Pace, Paced};
use crate::report::{Report, Route};
use crate::{Size, claims, ours, people, routes};

const REWARDS: usize = 50;

/// The guards' counts of what the filled log granted, and promised.
const GUARDS: [&str; 3] = [
    "insert into reward_stock (reward_id, campaign_id, quantity, held, granted)
    select reward_id, campaign_id, null, count(*) filter (where status = 'pending'), count(*) filter (where status = 'granted')
    from claims group by reward_id, campaign_id",
    "insert into campaign_budget (campaign_id, committed, claimed)
    select campaign_id, count(*) filter (where status in ('pending', 'granted')), true from claims group by campaign_id",
    "insert into member_grants (member_id, campaign_id, reward_id, committed)
    select member_id, campaign_id, reward_id, 1 from claims where status in ('pending', 'granted')",
];

pub(crate) struct Reads {
    pub(crate) service: Service,
    pub(crate) members: Vec<MemberId>,
    pub(crate) tokens: Arc<Vec<String>>,
    pub(crate) rewards: Vec<(CampaignId, RewardId)>,
    _database: Database,
}

impl Reads {
    /// A year of claims, folded by our rebuilds, each of which is a figure.
    pub(crate) async fn prepare(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) -> Self {
        let database = cluster.database().await;
        let pool = database.pool().await;
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        let members: Vec<_> = (0..size.read_claims / REWARDS).map(|_| MemberId(Uuid::now_v7())).collect();
        let rewards: Vec<_> = (0..REWARDS).map(|_| (CampaignId(Uuid::now_v7()), RewardId(Uuid::now_v7()))).collect();
        let (now, year) = (ours::now(), TimeDelta::days(365));
        let begin = Moment::from(now.utc() - year - TimeDelta::days(1));
        let apart = year / i32::try_from(size.read_claims).unwrap();
        let campaigns: Vec<Made> = rewards.iter().flat_map(|(id, reward)| campaign(*id, *reward, begin)).collect();
        let asked = claims::events(members.clone(), rewards.clone(), size.read_claims, now, apart);
        let joined: Vec<Made> = members.iter().map(|member| Made::member(*member, begin)).collect();
        let logins = members.clone().into_iter().flat_map(move |member| ours::logins(member, now));
        let events = fill(&pool, campaigns.into_iter().chain(joined).chain(asked).chain(logins)).await;
        for name in projections::ALL {
            let begun = Load { waiters: 1, length: size.round, postgres: cluster.pid() }.begin();
            projections::rebuild(&pool, name, |_, _| {}).await.unwrap();
            report.add(&format!("rebuild of {name}"), begun.end(usize::try_from(events).unwrap()));
        }
        for guard in GUARDS {
            sqlx::query(guard).execute(&pool).await.unwrap();
        }
        sqlx::query("vacuum analyze").execute(&pool).await.unwrap();
        let service = Setup::on(&database).start().await;
        let tokens = Arc::new(people::log_in(&pool, &service, &members).await);
        crate::http::settle(&pool).await;
        Self { service, members, tokens, rewards, _database: database }
    }

    /// Members look at their claims, each another one.
    pub(crate) async fn claims_me(&self, pace: Pace) -> Paced {
        let (caller, tokens) = (Caller::of(self.service.url()), Arc::clone(&self.tokens));
        pace.run(move |number| caller.clone().get("/claims/me".to_owned(), tokens[number % tokens.len()].clone())).await
    }

    /// Somebody looks at the dashboard again and again.
    pub(crate) async fn dashboard(&self, pace: Pace) -> Paced {
        let token = self.service.demo("operator").await.token().to_owned();
        let caller = Caller::of(self.service.url());
        pace.run(move |_| caller.clone().get("/dashboard".to_owned(), token.clone())).await
    }

    /// Every route of the document that reads, and the main ones that write, one after the other.
    pub(crate) async fn routes(&self, pace: Pace, report: &mut Report) {
        let document = self.service.client().get("/openapi.json").await.json;
        let mut walked = routes::Routes::of(self).await;
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                let Some(asked) = walked.ask(method, path) else {
                    eprintln!("not walked: {} {path}", method.to_uppercase());
                    continue;
                };
                let pace = Pace { per_second: pace.per_second.div_ceil(asked.dearness), ..pace };
                let shown = asked.run(&self.service, pace).await;
                assert!((200..300).contains(&shown.status), "{method} {path} does its usual work: {}", shown.status);
                report.route(Route {
                    name: format!("{} {path}", method.to_uppercase()),
                    status: shown.status,
                    p50_ms: shown.percentile(0.5),
                    p99_ms: shown.percentile(0.99),
                });
            }
        }
    }
}

/// A campaign as its own decisions make it.
pub(crate) fn campaign(id: CampaignId, reward: RewardId, at: Moment) -> Vec<Made> {
    let (mut campaign, mut made) = (Campaign::default(), Vec::new());
    for command in ours::commands_for(&format!("Campaign {id}"), reward, at, ours::Prize::Points(10)) {
        for event in campaign.decide(command).unwrap() {
            campaign.evolve(&event);
            let sequence = i64::try_from(made.len()).unwrap() + 1;
            let stream = ("campaign", id.to_string());
            made.push(Made { stream, sequence, event: Event::Campaign(event), recorded_at: at });
        }
    }
    made
}
