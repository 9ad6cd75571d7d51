//! The log into served tables: our rebuild of the claim history beside the rows that serve, with its comparison and
//! its swap, and `GenericQuery` of `cqrs-es` with a view of `postgres-es` for each claim, used as documented. The
//! same events, decoded whole by both; theirs are the first of ours, since a view at a time takes long.

use std::sync::Arc;

use chrono::TimeDelta;
use cqrs_es::persist::{GenericQuery, QueryReplay};
use cqrs_es::{EventEnvelope, View};
use domain::claim::{Claim, ClaimEvent, ClaimStatus, Decision, Subject};
use domain::id::{CampaignId, MemberId, RewardId};
use postgres_es::{PostgresEventRepository, PostgresViewRepository};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use tests::support::postgres::{Cluster, Database};
use uuid::Uuid;

use crate::fill::fill;
use crate::load::{Load, Measured};
use crate::{Size, claims, ours};

/// The table that `postgres-es` documents for a view.
const VIEWS: &str = "create table claim_views (view_id text not null, version bigint check (version >= 0) not null,
    payload json not null, primary key (view_id))";
/// So many rewards share the claims.
const REWARDS: usize = 10;

pub(crate) struct Served {
    ours: PgPool,
    theirs: PgPool,
    their_claims: usize,
    _databases: [Database; 2],
}

impl Served {
    pub(crate) async fn prepare(cluster: &Arc<Cluster>, size: &Size) -> Self {
        let databases = [cluster.database().await, cluster.database().await];
        let [ours, theirs] = [databases[0].pool().await, databases[1].pool().await];
        let at = ours::now();
        let members: Vec<_> = (0..size.rebuilt / REWARDS).map(|_| MemberId(Uuid::now_v7())).collect();
        let rewards: Vec<_> = (0..REWARDS).map(|_| (CampaignId(Uuid::now_v7()), RewardId(Uuid::now_v7()))).collect();
        let make = |count| claims::events(members.clone(), rewards.clone(), count, at, TimeDelta::milliseconds(50));
        for (pool, count) in [(&ours, size.rebuilt), (&theirs, size.viewed)] {
            sqlx::migrate!("../migrations").run(pool).await.unwrap();
            fill(pool, make(count)).await;
        }
        sqlx::query(VIEWS).execute(&theirs).await.unwrap();
        Self { ours, theirs, their_claims: size.viewed, _databases: databases }
    }

    /// Folds all claims beside tables that serve nothing yet, and swaps.
    pub(crate) async fn ours(&self, load: Load) -> Measured {
        for emptied in
            ["truncate claims, claimed_rewards", "update checkpoints set position = 0 where name = 'claim_history'"]
        {
            sqlx::query(emptied).execute(&self.ours).await.unwrap();
        }
        self.again(load).await
    }

    /// Folds all claims again beside those that serve, compares every row with theirs, and swaps.
    pub(crate) async fn again(&self, load: Load) -> Measured {
        let begun = load.begin();
        let rebuilt = projections::rebuild(&self.ours, "claim_history", |_, _| {}).await.unwrap();
        let measured = begun.end(usize::try_from(rebuilt.position).unwrap());
        let rows: i64 = sqlx::query_scalar("select count(*) from claims").fetch_one(&self.ours).await.unwrap();
        assert_eq!(rows, rebuilt.position, "every claim has its row");
        measured
    }

    /// A view for each claim, updated event by event.
    pub(crate) async fn theirs(&self, load: Load) -> Measured {
        sqlx::query("truncate claim_views").execute(&self.theirs).await.unwrap();
        let begun = load.begin();
        let views = PostgresViewRepository::<ClaimView, Claim>::new("claim_views", self.theirs.clone());
        let query = GenericQuery::new(Arc::new(views));
        let replay = QueryReplay::<_, _, Claim>::new(PostgresEventRepository::new(self.theirs.clone()), query);
        replay.replay_all().await.unwrap();
        let measured = begun.end(self.their_claims);
        let rows: i64 = sqlx::query_scalar("select count(*) from claim_views").fetch_one(&self.theirs).await.unwrap();
        assert_eq!(usize::try_from(rows).unwrap(), self.their_claims, "every claim has its view");
        measured
    }
}

/// What our row says, as far as an envelope tells it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct ClaimView {
    about: Option<Subject>,
    status: String,
    reason: Option<String>,
    condition_version: u32,
}

impl View<Claim> for ClaimView {
    fn update(&mut self, event: &EventEnvelope<Claim>) {
        let mut decided = |status: ClaimStatus, about: &Subject, decision: Option<&Decision>| {
            self.about = Some(about.clone());
            status.name().clone_into(&mut self.status);
            self.reason = None;
            self.condition_version = decision.map_or(self.condition_version, |decision| decision.condition_version);
        };
        match &event.payload {
            ClaimEvent::Denied(denied) => {
                decided(ClaimStatus::Denied, &denied.about, Some(&denied.decision));
                self.reason = Some(denied.reason.name().to_owned());
            }
            ClaimEvent::Submitted(event) => decided(ClaimStatus::Pending, &event.about, Some(&event.decision)),
            ClaimEvent::Granted(event) => decided(ClaimStatus::Granted, &event.about, Some(&event.decision)),
            ClaimEvent::Approved(event) => decided(ClaimStatus::Granted, &event.about, None),
            ClaimEvent::Rejected(event) => decided(ClaimStatus::Rejected, &event.about, None),
            ClaimEvent::Expired(event) => decided(ClaimStatus::Expired, &event.about, None),
            ClaimEvent::Withdrawn(event) => {
                decided(ClaimStatus::Rejected, &event.about, None);
                self.reason = Some(event.reason.name().to_owned());
            }
            ClaimEvent::Fulfilled(event) => decided(ClaimStatus::Fulfilled, &event.about, None),
            ClaimEvent::FulfilmentFailed(event) => decided(ClaimStatus::FulfilmentFailed, &event.about, None),
            ClaimEvent::Reversed(event) => decided(ClaimStatus::Reversed, &event.about, None),
            // it stands where it stood
            ClaimEvent::Credited(_) => {}
        }
    }
}
