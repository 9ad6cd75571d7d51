//! The control of the stampede: a desk that reads the stock and then writes, as one does without thinking. The same crowd
//! must take too much from it, or the chapter before proves nothing.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::post,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tests::support::{
    Client, Database,
    programme::id,
    swarm::{claim_for_all, tally},
};

const STOCK: i64 = 50;

async fn claim(State(pool): State<PgPool>, Path(reward): Path<String>) -> (StatusCode, Json<Value>) {
    let granted: i64 = sqlx::query_scalar("select count(*) from granted").fetch_one(&pool).await.unwrap();
    if granted >= STOCK {
        return (StatusCode::CONFLICT, Json(json!({"code": "out_of_stock"})));
    }
    let claim = id();
    let insert = sqlx::query("insert into granted (claim, reward) values ($1, $2)").bind(&claim).bind(reward);
    insert.execute(&pool).await.unwrap();
    (StatusCode::CREATED, Json(json!({"claim": {"id": claim}})))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_stampede_on_a_desk_without_a_guard_takes_too_much() {
    let pool = Database::fresh().await.pool().await;
    sqlx::query("create table granted (claim text, reward text)").execute(&pool).await.unwrap();
    let desk = Router::new().route("/claims/{reward}/claim", post(claim)).with_state(pool);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, desk).await });

    let members: Vec<String> = (0..400).map(|_| id()).collect();
    let told = tally(&claim_for_all(&Client::of(&url), &id(), &members, 400).await);
    assert_eq!(told.values().sum::<usize>(), 400);
    assert!(told["201"] > usize::try_from(STOCK).unwrap(), "the crowd is too slow to be a test: {told:?}");
}
