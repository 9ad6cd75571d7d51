//! `cqrs-es` and `postgres-es` used as their documentation shows: one aggregate that is the reward
//! with its stock, a retry on the conflict that the framework reports, snapshots for the hot one.

use std::collections::BTreeSet;
use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, AggregateError, DomainEvent};
use postgres_es::{PostgresCqrs, postgres_cqrs, postgres_snapshot_cqrs};
use serde::{Deserialize, Serialize};
use tests::support::postgres::{Cluster, Database};
use uuid::Uuid;

use crate::load::{Load, Measured};

const SNAPSHOT_EVERY: usize = 100;

/// The tables of `postgres-es`'s own `db/init.sql`.
const TABLES: [&str; 2] = [
    "create table events (aggregate_type text not null, aggregate_id text not null,
        sequence bigint check (sequence >= 0) not null, event_type text not null, event_version text not null,
        payload json not null, metadata json not null, primary key (aggregate_type, aggregate_id, sequence))",
    "create table snapshots (aggregate_type text not null, aggregate_id text not null,
        last_sequence bigint check (last_sequence >= 0) not null,
        current_snapshot bigint check (current_snapshot >= 0) not null, payload json not null,
        primary key (aggregate_type, aggregate_id, last_sequence))",
];

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Reward {
    granted: u64,
    winners: BTreeSet<Uuid>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum RewardEvent {
    Granted { member: Uuid, evidence: String },
}

#[derive(Debug, thiserror::Error)]
#[error("claimed before")]
struct ClaimedBefore;

impl DomainEvent for RewardEvent {
    fn event_type(&self) -> String {
        "granted".to_owned()
    }
    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for Reward {
    const TYPE: &'static str = "reward";
    type Command = Uuid;
    type Event = RewardEvent;
    type Error = ClaimedBefore;
    type Services = ();

    async fn handle(&mut self, member: Uuid, (): &(), sink: &EventSink<Self>) -> Result<(), ClaimedBefore> {
        if self.winners.contains(&member) {
            return Err(ClaimedBefore);
        }
        let evidence = "streak login need 7 have 7".to_owned();
        sink.write(RewardEvent::Granted { member, evidence }, self).await;
        Ok(())
    }

    fn apply(&mut self, event: RewardEvent) {
        let RewardEvent::Granted { member, .. } = event;
        self.granted += 1;
        // A snapshot that grew with every winner would be slower still: the last hundred will do.
        self.winners.insert(member);
        if self.winners.len() > 100 {
            self.winners.pop_first();
        }
    }
}

pub(crate) struct Textbook {
    hot: Arc<PostgresCqrs<Reward>>,
    cold: Arc<PostgresCqrs<Reward>>,
    _database: Database,
}

impl Textbook {
    pub(crate) async fn prepare(cluster: &Arc<Cluster>) -> Self {
        let database = cluster.database().await;
        let pool = database.pool().await;
        for table in TABLES {
            sqlx::query(table).execute(&pool).await.unwrap();
        }
        let hot = Arc::new(postgres_snapshot_cqrs(pool.clone(), vec![], SNAPSHOT_EVERY, ()));
        let cold = Arc::new(postgres_cqrs(pool, vec![], ()));
        Self { hot, cold, _database: database }
    }

    /// Everybody claims of one reward that is new in this round.
    pub(crate) async fn hot(&self, load: Load) -> Measured {
        let (framework, reward) = (self.hot.clone(), Uuid::now_v7().to_string());
        load.run(move || claim(framework.clone(), reward.clone())).await
    }

    /// Every claim is an aggregate of its own.
    pub(crate) async fn cold(&self, load: Load) -> Measured {
        let framework = self.cold.clone();
        load.run(move || claim(framework.clone(), Uuid::now_v7().to_string())).await
    }
}

async fn claim(framework: Arc<PostgresCqrs<Reward>>, reward: String) -> usize {
    let member = Uuid::now_v7();
    loop {
        match framework.execute(&reward, member).await {
            Ok(()) => return 1,
            Err(AggregateError::AggregateConflict) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
