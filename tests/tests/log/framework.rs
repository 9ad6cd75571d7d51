//! The traits of `cqrs-es` on our log: the framework runs our aggregates, and the contract that
//! `postgres-es` tests its own repository with holds for our table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use cqrs_es::persist::{PersistedEventRepository, PersistedEventStore, PersistenceError, QueryReplay, SerializedEvent};
use cqrs_es::{AggregateError, CqrsFramework, EventEnvelope, EventStore, Query};
use domain::member::{Member, MemberCommand, MemberRefusal, Registration};
use domain::role::Role;
use serde_json::json;
use uuid::Uuid;

use super::support::{Limits, Programme};

fn register() -> MemberCommand {
    MemberCommand::Register(Registration {
        time_zone: domain::zone::Tz::UTC,
        joined_on: chrono::NaiveDate::from_ymd_opt(2026, 11, 21).unwrap(),
        birthday: None,
        role: Role::User,
        returned: None,
    })
}

#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<(String, usize)>>>);

impl Query<Member> for Seen {
    fn dispatch<'a, 'b, 'c, 'd>(
        &'a self,
        id: &'b str,
        events: &'c [EventEnvelope<Member>],
    ) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + 'd>>
    where
        'a: 'd,
        'b: 'd,
        'c: 'd,
        Self: 'd,
    {
        let seen = events.iter().map(|event| (id.to_owned(), event.sequence));
        self.0.lock().unwrap().extend(seen);
        Box::pin(std::future::ready(()))
    }
}

#[tokio::test]
async fn the_framework_runs_an_aggregate_on_our_store_and_on_our_repository() {
    let programme = Programme::with(Limits::default()).await;
    let id = Uuid::now_v7().to_string();
    let seen = Seen::default();
    let on_store = CqrsFramework::new(programme.ledger.store::<Member>(), vec![Box::new(seen.clone())], ());
    on_store.execute(&id, register()).await.unwrap();
    let repository = PersistedEventStore::<_, Member>::new_event_store(programme.ledger.repository());
    let on_repository = CqrsFramework::new(repository, vec![Box::new(seen.clone())], ());
    on_repository.execute(&id, MemberCommand::SetProfileComplete(true)).await.unwrap();
    let refused = on_store.execute(&id, register()).await;
    assert!(matches!(refused, Err(AggregateError::UserError(MemberRefusal::AlreadyRegistered))));
    assert_eq!(*seen.0.lock().unwrap(), vec![(id.clone(), 1), (id.clone(), 2)]);
    let events = programme.ledger.store::<Member>().load_events(&id).await.unwrap();
    assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), vec![1, 2]);
    programme.assert_sound().await;
}

#[tokio::test]
async fn metadata_given_to_the_framework_reaches_the_log() {
    let programme = Programme::with(Limits::default()).await;
    let id = Uuid::now_v7().to_string();
    let framework = CqrsFramework::new(programme.ledger.store::<Member>(), vec![], ());
    let command = Uuid::now_v7().to_string();
    let metadata = HashMap::from([
        ("actor".to_owned(), "an-operator".to_owned()),
        ("role".to_owned(), "OPERATOR".to_owned()),
        ("commandId".to_owned(), command.clone()),
    ]);
    framework.execute_with_metadata(&id, register(), metadata).await.unwrap();
    let stored: (String, Uuid) = sqlx::query_as("select actor, command_id from events where aggregate_id = $1")
        .bind(&id)
        .fetch_one(&programme.pool)
        .await
        .unwrap();
    assert_eq!(stored, ("an-operator".to_owned(), command.parse().unwrap()));
}

fn raw(id: &str, sequence: usize, event_type: &str) -> SerializedEvent {
    SerializedEvent::new(
        id.to_owned(),
        sequence,
        "member".to_owned(),
        event_type.to_owned(),
        "1".to_owned(),
        json!({"type": event_type}),
        json!({}),
    )
}

/// The steps of `postgres-es`'s own `event_repositories` test, and what it forgets to check.
#[tokio::test]
async fn the_contract_of_the_event_repository_holds() {
    let programme = Programme::with(Limits::default()).await;
    let repository = programme.ledger.repository();
    let id = Uuid::now_v7().to_string();
    assert!(repository.get_events::<Member>(&id).await.unwrap().is_empty());

    let two = [raw(&id, 1, "member.profile_completed"), raw(&id, 2, "member.profile_reopened")];
    repository.persist::<Member>(&two, None).await.unwrap();
    let events = repository.get_events::<Member>(&id).await.unwrap();
    assert_eq!(
        events.iter().map(|event| event.event_type.as_str()).collect::<Vec<_>>(),
        ["member.profile_completed", "member.profile_reopened"]
    );
    assert!(events.iter().all(|event| event.aggregate_id == id));

    let stale = [raw(&id, 3, "member.profile_completed"), raw(&id, 2, "member.profile_reopened")];
    let conflict = repository.persist::<Member>(&stale, None).await;
    assert!(matches!(conflict, Err(PersistenceError::OptimisticLockError)), "{conflict:?}");
    let conflict = repository.persist::<Member>(&[raw(&id, 2, "member.profile_completed")], None).await;
    assert!(matches!(conflict, Err(PersistenceError::OptimisticLockError)), "{conflict:?}");
    assert_eq!(repository.get_events::<Member>(&id).await.unwrap().len(), 2, "nothing is half written");

    assert_eq!(repository.get_last_events::<Member>(&id, 1).await.unwrap().len(), 1);
    let snapshot = Some((id.clone(), json!({"a": "lie"}), 1));
    repository.persist::<Member>(&[raw(&id, 3, "member.profile_completed")], snapshot).await.unwrap();
    assert!(repository.get_snapshot::<Member>(&id).await.unwrap().is_none(), "no snapshot is ever kept");

    let mut one = repository.stream_events::<Member>(&id).await.unwrap();
    let mut found = 0;
    while let Some(event) = one.next::<Member>(&[]).await {
        event.unwrap();
        found += 1;
    }
    assert_eq!(found, 3);
    programme.assert_sound().await;
}

#[tokio::test]
async fn a_replay_of_everything_is_in_the_order_of_the_log_and_an_error_is_not_its_end() {
    let programme = Programme::with(Limits::default()).await;
    let framework = CqrsFramework::new(programme.ledger.store::<Member>(), vec![], ());
    let ids: Vec<String> = (0..5).map(|_| Uuid::new_v4().to_string()).collect();
    for id in &ids {
        framework.execute(id, register()).await.unwrap();
    }
    for id in ids.iter().rev() {
        framework.execute(id, MemberCommand::SetProfileComplete(true)).await.unwrap();
    }
    let seen = Seen::default();
    QueryReplay::new(programme.ledger.repository(), seen.clone()).replay_all().await.unwrap();
    let expected: Vec<_> =
        ids.iter().map(|id| (id.clone(), 1)).chain(ids.iter().rev().map(|id| (id.clone(), 2))).collect();
    assert_eq!(*seen.0.lock().unwrap(), expected);

    let broken = programme.ledger.repository();
    programme.pool.close().await;
    let mut stream = broken.stream_all_events::<Member>().await.unwrap();
    assert!(matches!(stream.next::<Member>(&[]).await, Some(Err(PersistenceError::ConnectionError(_)))));
}
