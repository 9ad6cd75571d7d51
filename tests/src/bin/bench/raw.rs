//! The raw limit: one connection that appends 512 events a statement to the same table with the same
//! indexes, with nothing to decide, to guard or to hash.

use std::sync::Arc;

use sqlx::{Connection, PgConnection};
use tests::support::postgres::{Cluster, Database};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::load::{Load, Measured};

const EVENTS: usize = 512;

/// As long as the payload and the metadata of a granted claim with one leaf.
const PAYLOAD: &str = r#"{"type":"claim.granted","about":{"memberId":"019ab0c2-1111-7abc-8def-000000000000","rewardId":"019ab0c2-2222-7abc-8def-000000000000","eventId":"019ab0c2-3333-7abc-8def-000000000000","period":"once","amount":10,"rewardType":"POINT"},"decision":{"met":true,"evidence":[{"path":"","leaf":"streak","kind":"login","need":7,"have":7,"met":true}],"factsPosition":320003,"conditionVersion":1,"evaluatedAt":"2026-11-21T12:00:00.000Z","timeZone":"Asia/Seoul","eventStartsOn":"2026-11-01"}}"#;
const METADATA: &str = r#"{"actor":"019ab0c2-1111-7abc-8def-000000000000","role":"USER","commandId":"019ab0c2-4444-7abc-8def-000000000000","correlationId":"019ab0c2-4444-7abc-8def-000000000000"}"#;

const APPEND: &str = "
with head as (update log_head set position = position + $1 returning position - $1 as before)
insert into events (
    position, event_id, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata, subject,
    occurred_at, recorded_at, command_id, opens_command, actor, correlation_id, causation_id, epoch, previous_hash, hash
)
select head.before + e.number, e.id, 'claim', e.stream::text, 1, 'claim.granted', '1', e.payload::json,
       e.metadata::json, e.subject, now(), now(), e.id, true, e.subject, e.id, null, 1, e.hash, e.hash
from head, unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[])
    with ordinality as e (id, stream, payload, metadata, subject, hash, number)";

pub(crate) struct Raw {
    connection: Arc<Mutex<PgConnection>>,
    _database: Database,
}

impl Raw {
    pub(crate) async fn prepare(cluster: &Arc<Cluster>) -> Self {
        let database = cluster.database().await;
        let pool = database.pool().await;
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        let connection = PgConnection::connect_with(&pool.connect_options()).await.unwrap();
        Self { connection: Arc::new(Mutex::new(connection)), _database: database }
    }

    pub(crate) async fn run(&mut self, load: Load) -> Measured {
        let connection = self.connection.clone();
        load.run(move || {
            let connection = connection.clone();
            async move {
                sqlx::query(APPEND)
                    .bind(EVENTS as i64)
                    .bind((0..EVENTS).map(|_| Uuid::now_v7()).collect::<Vec<_>>())
                    .bind((0..EVENTS).map(|_| Uuid::new_v4()).collect::<Vec<_>>())
                    .bind(vec![PAYLOAD; EVENTS])
                    .bind(vec![METADATA; EVENTS])
                    .bind(vec!["019ab0c2-1111-7abc-8def-000000000000"; EVENTS])
                    .bind(vec![vec![7_u8; 32]; EVENTS])
                    .execute(&mut *connection.lock().await)
                    .await
                    .unwrap();
                EVENTS
            }
        })
        .await
    }
}
