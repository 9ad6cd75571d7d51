//! Accepts and serves connections. A client that sends only part of a request is disconnected after a time limit, and
//! requests in progress at shutdown are completed. It does not know the routes.
//!
//! hyper itself refuses malformed heads (400), heads that are too large (431) and targets that are too long (414):
//! without a body, and it closes the connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures::TryFutureExt as _;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::json;
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::app::problem::Code;
use crate::http::connections::{ConnectionLimits, Connections, Counted};
use crate::http::stream::watched;

/// How long the head of a request may take to arrive, from its first byte or from the previous answer.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(5);
/// The largest head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;
/// How long to wait when a connection cannot be accepted, for example for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until shutdown, then completes the requests in progress.
pub async fn listen(listener: TcpListener, router: Router, limits: ConnectionLimits, stopping: CancellationToken) {
    let (connections, under_way) = (Connections::new(limits), GracefulShutdown::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => match connections.admit(peer.ip()) {
                Some(counted) => serve(stream, peer, &router, counted, &under_way),
                // a refused connection gets one answer and is closed
                None => drop(SockRef::from(&stream).send(no_room().as_bytes())),
            },
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    under_way.shutdown().await;
}

/// The answer to a refused connection, in English since no request was read.
fn no_room() -> String {
    let code = Code::Overloaded;
    let body = json!({
        "type": code.link(),
        "title": code.title(),
        "status": code.status().as_u16(),
        "detail": code.about(),
        "instance": Uuid::now_v7().urn().to_string(),
        "code": code.name(),
    })
    .to_string();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\n\
         content-type: application/problem+json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn serve(stream: TcpStream, peer: SocketAddr, router: &Router, counted: Counted, under_way: &GracefulShutdown) {
    let (stream, watch) = watched(stream);
    let (router, seat) = (router.clone(), Arc::clone(&counted.seat));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let seat = Arc::clone(&seat);
        // the reader of the body has its own time limit
        if request.body().is_end_stream() {
            seat.works();
        }
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Arc::clone(&seat));
        router.clone().oneshot(request.map(Body::new)).inspect_ok(move |_| seat.waits())
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_LIMIT)
        .max_buf_size(HEAD_BYTES)
        // a client may close its sending half after the request and still wait for the answer
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let connection = under_way.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            // disconnected and slow clients are normal
            ended = connection => if let Err(error) = ended {
                tracing::debug!(%error, "connection closed with an error");
            },
            () = watch.gone() => tracing::debug!("client disconnected; request cancelled"),
            () = counted.seat.has_to_go() => tracing::debug!("closed an idle connection to accept another"),
        }
    });
}

#[cfg(test)]
mod tests;
