//! Connections: who half sends a request is not waited for, and whoever is being answered when we are
//! asked to stop is answered. What is answered is not known here.
//!
//! What hyper refuses before a request is one (a head it cannot read: 400, one that is too large: 431, a
//! target that is too long: 414) it answers by itself, without a body, and closes the connection.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long the head of a request may take to arrive, once its first byte is here or the one before is answered.
const HEAD_TIME_LIMIT: Duration = Duration::from_secs(5);
/// How large the head of a request may be.
const HEAD_BYTES: usize = 64 * 1024;
/// How long to wait when no connection can be taken, for instance because there are too many.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until it is asked to stop, and then what is under way.
pub async fn listen(listener: TcpListener, router: Router, stopping: CancellationToken) {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        match accepted {
            Ok((stream, peer)) => serve(stream, peer, &router, &connections),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.shutdown().await;
}

fn serve(stream: TcpStream, peer: SocketAddr, router: &Router, connections: &GracefulShutdown) {
    // an answer is one small packet that waits for nothing
    let _ = stream.set_nodelay(true);
    let router = router.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request.map(Body::new))
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_LIMIT)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // who breaks off, or is too slow, is nobody's concern
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}
