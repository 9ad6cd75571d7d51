//! The topic held against the log on the command line, beside a service that goes on, on a real Kafka.

use crate::verification::verified_over_http;
use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions},
    client::DefaultClientContext,
    producer::{BaseProducer, BaseRecord, Producer},
};
use serde_json::Value;
use std::{process::Output, time::Duration};
use tests::support::{Broker, Database, Setup, programme::unique, swarm::something_happens, topic::Topic};

/// What a command printed, and how it ended.
#[track_caller]
fn told(output: &Output) -> (Option<i32>, Value) {
    let said = String::from_utf8_lossy(&output.stdout);
    let document = serde_json::from_str(&said);
    let error = String::from_utf8_lossy(&output.stderr);
    (output.status.code(), document.unwrap_or_else(|_| panic!("one document: {said} {error}")))
}

async fn delete(broker: &Broker, topic: &str) {
    let admin: AdminClient<DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", broker.bootstrap()).create().unwrap();
    admin.delete_topics(&[topic], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_topic_is_held_against_the_log_beside_the_service() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("verified-{}", unique()));
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    something_happens(&service, 20, 10).await;
    let (code, found) = told(&service.command(&["kafka", "verify", "--json"], ""));
    assert_eq!(code, Some(0), "{found}");
    let number = |field: &str| found[field].as_i64().unwrap();
    assert!(number("position") > 50 && number("messages") >= number("position"), "{found}");
    for nothing in ["missing", "outOfOrder", "different", "unknown", "duplicates"] {
        assert_eq!(number(nothing), 0, "{nothing}: {found}");
    }
    let (code, verified) = told(&service.command(&["audit", "verify", "--json"], ""));
    let checks = verified["checks"].as_array().unwrap();
    let checked = checks.iter().find(|check| check["name"] == "kafka.missing").unwrap();
    assert_eq!((code, checked["ok"].as_bool()), (Some(0), Some(true)), "{verified}");

    // somebody else writes to the topic
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker.bootstrap()).create().unwrap();
    producer.send(BaseRecord::to(&topic).key("stranger").payload("{}")).map_err(|(error, _)| error).unwrap();
    producer.flush(Duration::from_secs(30)).unwrap();
    let (code, found) = told(&service.command(&["kafka", "verify", "--json"], ""));
    assert_eq!((code, &found["unknown"], &found["missing"]), (Some(1), &1.into(), &0.into()), "{found}");
    let in_words = service.command(&["kafka", "verify"], "");
    assert!(String::from_utf8_lossy(&in_words.stdout).contains("it has no ce_position"), "the difference is named");
    let alarms = String::from_utf8_lossy(&in_words.stderr).into_owned();
    assert!(!alarms.contains("ERROR") && !alarms.contains("WARN"), "the end of a topic is no error: {alarms}");
    assert_eq!(service.command(&["audit", "verify"], "").status.code(), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_told_apart_from_a_difference() {
    let (database, broker, topic) = (Database::fresh().await, Broker::launch(), format!("away-{}", unique()));
    let service = Setup::on(&database).kafka(&broker, &topic).start().await;
    let (code, found) = told(&service.command(&["kafka", "verify", "--json"], ""));
    assert_eq!(code, Some(0), "{found}");
    service.kill_9();
    delete(&broker, &topic).await;
    let (code, found) = told(&service.command(&["kafka", "verify", "--wait", "0s", "--json"], ""));
    assert_eq!((code, &found["missing"]), (Some(1), &found["position"]), "nothing is there: {found}");
    broker.stop();
    let away = service.command(&["kafka", "verify"], "");
    assert_eq!((away.status.code(), away.stdout.len()), (Some(2), 0), "{away:?}");
    let unnamed = Setup::on(&database).start().await;
    let unnamed = unnamed.command(&["kafka", "verify"], "");
    assert_eq!(unnamed.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unnamed.stderr).contains("KAFKA_BROKERS"), "it says what to name");
}

async fn is_gone(broker: &Broker, topic: &str) {
    delete(broker, topic).await;
    while Topic::new(&broker.bootstrap(), topic).partitions() > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wiped_topic_is_filled_again_with_and_without_a_service() {
    let (database, broker, topic) = (Database::fresh().await, Broker::shared(), format!("wiped-{}", unique()));
    let service = Setup::on(&database).kafka(broker, &topic).start().await;
    something_happens(&service, 20, 10).await;
    let verified = |wanted: &dyn Fn(&Value) -> bool| {
        let (code, found) = told(&service.command(&["kafka", "verify", "--json"], ""));
        assert!(code == Some(0) && wanted(&found), "{found}");
    };
    verified(&|_| true);
    is_gone(broker, &topic).await;
    let (code, done) = told(&service.command(&["kafka", "republish", "--from", "1", "--json"], ""));
    assert_eq!((code, &done["from"]), (Some(0), &1.into()), "{done}");
    verified(&|found| found["messages"] == found["position"]);
    let head = done["position"].as_i64().unwrap();

    // what is there already is repeated, and that is allowed
    let (code, done) = told(&service.command(&["kafka", "republish", "--from", "10", "--json"], ""));
    assert_eq!(code, Some(0), "{done}");
    verified(&|found| found["duplicates"].as_i64().unwrap() >= head - 9);
    let beyond = service.command(&["kafka", "republish", "--from", "1000000"], "");
    assert_eq!(beyond.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&beyond.stderr).contains("the log ends at position"));
    something_happens(&service, 20, 10).await;
    verified(&|_| true);

    service.kill_9();
    is_gone(broker, &topic).await;
    let alone = service.command(&["kafka", "republish", "--from", "1"], "");
    assert!(alone.status.success(), "{alone:?}");
    verified(&|found| found["messages"] == found["position"]);

    // one that is new fills by itself, and whoever looks meanwhile is not told that it lacks anything
    for number in 2..5 {
        let another = Setup::on(&database).kafka(broker, &format!("{topic}-{number}")).launch();
        for wait in ["60s", "60s"] {
            let (code, found) = told(&another.command(&["kafka", "verify", "--wait", wait, "--json"], ""));
            assert_eq!((code, &found["messages"]), (Some(0), &found["position"]), "{found}");
        }
        another.ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verification_over_http_looks_at_the_topic_and_says_when_it_did_not() {
    let (database, broker, topic) = (Database::fresh().await, Broker::launch(), format!("looked-{}", unique()));
    let service = Setup::on(&database).kafka(&broker, &topic).start().await;
    something_happens(&service, 20, 10).await;
    let auditor = service.demo("auditor").await;
    let of_the_topic = |found: &tests::support::Answer| {
        let checks = found.list("/checks").iter().filter(|check| check["name"].as_str().unwrap().starts_with("kafka."));
        checks.map(|check| (check["name"].clone(), check["ok"].clone())).collect::<Vec<_>>()
    };
    let right = ["partitions", "missing", "order", "bytes", "positions"]
        .map(|name| (format!("kafka.{name}").into(), true.into()));
    let found = verified_over_http(&auditor).await;
    assert_eq!((of_the_topic(&found), found.list("/notLookedAt").len()), (right.to_vec(), 0), "{found}");

    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", broker.bootstrap()).create().unwrap();
    producer.send(BaseRecord::to(&topic).key("stranger").payload("{}")).map_err(|(error, _)| error).unwrap();
    producer.flush(Duration::from_secs(60)).unwrap();
    let found = verified_over_http(&auditor).await;
    let failed: Vec<_> = found.list("/checks").iter().filter(|check| check["ok"] == false).collect();
    assert_eq!((failed.len(), &failed[0]["name"]), (1, &"kafka.positions".into()), "{found}");

    broker.stop();
    let found = verified_over_http(&auditor).await;
    assert!(
        of_the_topic(&found).is_empty() && found.list("/checks").iter().all(|check| check["ok"] == true),
        "{found}"
    );
    assert_eq!(found.json["notLookedAt"][0]["name"], "kafka", "{found}");
    assert!(!found.text("/notLookedAt/0/reason").contains("127.0.0.1"), "{found}");
}
