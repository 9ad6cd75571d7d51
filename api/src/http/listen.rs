//! Connections: who half sends a request is not waited for, and whoever is being answered when we are
//! asked to stop is answered. What is answered is not known here.
//!
//! What hyper refuses before a request is one (a head it cannot read: 400, one that is too large: 431, a
//! target that is too long: 414) it answers by itself, without a body, and closes the connection.

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

/// How long the head of a request may take to arrive, once its first byte is here or the one before is answered.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(5);
/// How large the head of a request may be.
const HEAD_BYTES: usize = 64 * 1024;
/// How long to wait when no connection can be taken, for instance because there are too many.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is asked to stop, and then what is under way.
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
                // whoever asks too often is told once, and not waited for
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

/// What is answered to a connection that there is no room for. Nothing of it was read, so it speaks English.
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
        // a body is waited for by whoever reads it
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
        // whoever has said everything may close that half, and still wants the answer
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let connection = under_way.watch(connection);
    tokio::spawn(async move {
        tokio::select! {
            // who breaks off, or is too slow, is nobody's concern
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
