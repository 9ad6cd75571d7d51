//! Serves the metrics of all modules on one listener, with the health routes.

use std::net::SocketAddr;

use projections::{Followers, Freshness};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::http;
use crate::jobs::{kafka_intake, scheduler};
use crate::routes::health;

/// Serves them until asked to stop.
///
/// # Errors
/// The address cannot be listened on, with the remedy in the text.
pub(crate) async fn serve(
    listen: SocketAddr,
    pool: PgPool,
    followers: &Followers,
    freshness: Freshness,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    http::metrics::serve(listen, health::plain(pool), describe, followers, freshness, stopping).await
}

/// Describes all metrics; the metrics reference is generated from this.
pub fn describe() {
    http::metrics::describe();
    commands::metrics::describe();
    projections::engine::follower::describe_metrics();
    projections::kafka::relay::describe_metrics();
    kafka_intake::describe_metrics();
    scheduler::describe_metrics();
}
