//! `/ui/stream`: server-sent events that tell an open page the position of the log, at most once a second. They are
//! hints: the page requests its data again. A stream ends after a minute, so that reconnecting checks the session.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use super::Pages;
use super::failure::Failure;
use super::visit::Visit;
use crate::app::problem::Code;

/// The shortest time between two messages.
const BEAT: Duration = Duration::from_secs(1);
/// The longest time between two messages: after 10 s without one, a page says that it is not live.
const SILENCE: Duration = Duration::from_secs(5);
/// How long a stream is open. Browsers reconnect by themselves.
const LIFETIME: Duration = Duration::from_secs(60);
/// The most streams that are open at once.
const MOST_STREAMS: usize = 2_000;

static OPEN: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(MOST_STREAMS)));

#[expect(clippy::disallowed_methods, reason = "pages are in no document of the API")]
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/ui/stream", get(stream))
}

async fn stream(visit: Visit) -> Result<Response, Failure> {
    let place = OPEN.clone().try_acquire_owned().map_err(|_| Failure::of(Code::Overloaded))?;
    let telling =
        Telling { head: visit.pages.0.state.head.clone(), told: None, ends: Instant::now() + LIFETIME, _place: place };
    let body = Body::from_stream(futures::stream::unfold(telling, Telling::next));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
        // otherwise buffering proxies hold the stream back
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, body).into_response())
}

/// An open stream.
struct Telling {
    head: watch::Receiver<i64>,
    told: Option<i64>,
    ends: Instant,
    _place: OwnedSemaphorePermit,
}

impl Telling {
    /// The next message: as soon as the log has grown, or after a silence. `None` at the end of the stream.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        if self.told.is_some() {
            tokio::time::sleep(BEAT).await;
            let silence = SILENCE.saturating_sub(BEAT).min(self.ends.saturating_duration_since(Instant::now()));
            if self.told == Some(*self.head.borrow()) {
                // the sender has stopped, so the stream ends as well
                if let Ok(Err(_)) = tokio::time::timeout(silence, self.head.changed()).await {
                    return None;
                }
            }
        }
        if Instant::now() >= self.ends {
            return None;
        }
        let position = *self.head.borrow_and_update();
        self.told = Some(position);
        let message = format!("event: position\nid: {position}\nretry: 1000\ndata: {position}\n\n");
        Some((Ok(Bytes::from(message)), self))
    }
}
