//! The metrics listener (`METRICS_LISTEN`) of every process, whatever it serves: `GET /metrics` in the text format of
//! Prometheus, and `/health/live` and `/health/ready` as in the API. Labels are names known to this program (routes,
//! methods, followers) and never come from a request, so that their number is bounded and nothing personal leaks.
//! Without the listener nothing is counted.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::Context;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::zone::rules;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use projections::{Followers, Freshness};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::app::build;

/// How long a request took, in seconds, by method, route and status.
const REQUEST_SECONDS: &str = "http_server_request_duration_seconds";
/// The label for values outside the known set.
const OTHER: &str = "other";
/// The position of the last event that this process has written or seen.
const HEAD_POSITION: &str = "ledger_head_position";
/// The position of a follower.
const FOLLOWER_POSITION: &str = "ledger_follower_position";
/// The lag of a follower, in events.
const FOLLOWER_LAG_EVENTS: &str = "ledger_follower_lag_events";
/// Always 1; its label is the release of the time zone rules in force.
const TIME_ZONE_RULES: &str = "ledger_time_zone_rules_info";
/// Always 1; its labels are the version and the commit of this process.
const BUILD: &str = "ledger_build_info";
/// Bounds of the histograms of time, in seconds.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];
/// Bounds of the histogram of batches, in commands.
const COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

/// The sources of values that are read when they are requested.
#[derive(Clone)]
struct Sources {
    recorded: PrometheusHandle,
    /// The last position of the log.
    head: watch::Receiver<i64>,
    freshness: Freshness,
}

/// Starts counting and serves the metrics until shutdown.
///
/// # Errors
/// The address cannot be listened on, with the remedy in the text.
pub async fn serve(
    listen: SocketAddr,
    health: Router,
    describe: fn(),
    followers: &Followers,
    freshness: Freshness,
    stopping: CancellationToken,
) -> anyhow::Result<()> {
    let recorded = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_commands".to_owned()), &COMMANDS)?
        .install_recorder()?;
    describe();
    metrics::gauge!(TIME_ZONE_RULES, "version" => rules::in_force().version()).set(1.0);
    metrics::gauge!(BUILD, "version" => build::VERSION, "commit" => build::COMMIT.unwrap_or("unknown")).set(1.0);
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}; set METRICS_LISTEN to another address or leave it out"))?;
    tracing::info!("metrics on http://{}/metrics", listener.local_addr()?);
    #[expect(clippy::disallowed_methods, reason = "it is on a listener of its own, and no part of the API")]
    let router = Router::new()
        .route("/metrics", get(figures))
        .with_state(Sources { recorded, head: followers.head(), freshness })
        .merge(health);
    tokio::spawn(async move {
        let served = axum::serve(listener, router).with_graceful_shutdown(stopping.cancelled_owned()).await;
        if let Err(error) = served {
            tracing::warn!(%error, "the metrics listener stopped");
        }
    });
    Ok(())
}

/// Describes the metrics of HTTP and of followers.
pub fn describe() {
    metrics::describe_histogram!(REQUEST_SECONDS, metrics::Unit::Seconds, "Time to answer a request");
    metrics::describe_gauge!(HEAD_POSITION, "Position of the last event of the log");
    metrics::describe_gauge!(FOLLOWER_POSITION, "Position up to which a follower has folded the log");
    metrics::describe_gauge!(FOLLOWER_LAG_EVENTS, "Consumer lag: events between a follower and the end of the log");
    metrics::describe_gauge!(TIME_ZONE_RULES, "Release of the time zone rules in force, as the label version");
    metrics::describe_gauge!(BUILD, "Version and commit of the process, as the labels version and commit");
}

async fn figures(State(sources): State<Sources>) -> Response {
    let followers = sources.freshness.positions();
    let seen = followers.iter().map(|(_, position)| *position).max().unwrap_or_default();
    let head = (*sources.head.borrow()).max(seen);
    metrics::gauge!(HEAD_POSITION).set(figure(head));
    for (name, position) in followers {
        metrics::gauge!(FOLLOWER_POSITION, "follower" => name.clone()).set(figure(position));
        metrics::gauge!(FOLLOWER_LAG_EVENTS, "follower" => name).set(figure(head - position));
    }
    sources.recorded.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], sources.recorded.render()).into_response()
}

/// A position as a float; exact up to 2⁵³, which no log reaches.
fn figure(position: i64) -> f64 {
    position as f64
}

/// Measures requests by route; all requests without a route share one label.
pub async fn measure(request: Request, next: Next) -> Response {
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let started = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_str().to_owned();
    let labels = [("method", method.to_owned()), ("route", route), ("status", status)];
    metrics::histogram!(REQUEST_SECONDS, &labels).record(started.elapsed());
    response
}

/// The label of a method. Methods that HTTP does not define share one label, since a client can make them up.
fn known_method(method: &Method) -> &'static str {
    const DEFINED: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"];
    DEFINED.into_iter().find(|defined| method.as_str() == *defined).unwrap_or(OTHER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_counted_by_its_name_only_where_http_defines_it() {
        for name in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"] {
            assert_eq!(known_method(&name.parse().unwrap()), name);
        }
        for made_up in ["get", "PROPFIND", "X0001", "POSTS"] {
            assert_eq!(known_method(&made_up.parse().unwrap()), OTHER);
        }
    }
}
