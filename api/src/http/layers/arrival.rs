//! Reads the body of a request completely before the request is processed, with a minimum rate and a limit on the
//! memory of all bodies together. It does not know what is in a body. A route that accepts large bodies says so
//! (`route_limits`).

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use domain::role::Role;
use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::app::i18n::phrases;
use crate::app::input::fields::{BATCH_BODY_LIMIT_BYTES, BODY_LIMIT_BYTES};
use crate::app::problem::{Code, Problem};
use crate::http::auth::Identified;
use crate::http::connections::Seat;
use crate::http::layers::route_limits::RouteLimits;

/// How much of a body that is too large is still read, so that its sender gets the answer.
const DRAIN_BYTES: usize = 16 * 1024 * 1024;

/// The minimum rate of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The longest wait for the first or the next part …
    pub(crate) patience: Duration,
    /// … the minimum average rate after that, in bytes a second …
    pub(crate) bytes_a_second: u32,
    /// … and the longest time for the whole body.
    pub(crate) whole: Duration,
}

/// A phone with a bad connection can send the largest ordinary body in time; batches come from data centres.
pub(crate) const PACE: Pace =
    Pace { patience: Duration::from_secs(5), bytes_a_second: 8 * 1024, whole: Duration::from_secs(25) };

/// The result of reading a body.
#[derive(Debug, Clone)]
pub(crate) enum Arrived {
    /// It has arrived.
    Whole(Bytes),
    /// It is too large; nothing of it was kept.
    TooLarge,
    /// Its sender was too slow.
    TooSlow,
    /// Its sender disconnected.
    BrokenOff,
}

/// The memory for all bodies that are arriving or in use, besides the first few KiB of each.
#[derive(Clone)]
pub(in crate::http) struct Room {
    strangers: Arc<Semaphore>,
    known: Arc<Semaphore>,
}

/// What each body may use without a reservation: enough for nearly every request.
const FREE_BYTES: usize = 16 * 1024;
/// The budget of unauthenticated requests, in KiB.
const STRANGERS_KIB: usize = 32 * 1024;
/// The budget of authenticated requests, in KiB.
const KNOWN_KIB: usize = 256 * 1024;

impl Default for Room {
    fn default() -> Self {
        Self { strangers: Arc::new(Semaphore::new(STRANGERS_KIB)), known: Arc::new(Semaphore::new(KNOWN_KIB)) }
    }
}

/// The budget is exhausted.
struct NoRoom;

/// The reservation of one body, until it is dropped.
struct Share<'a> {
    room: Option<&'a Arc<Semaphore>>,
    taken: Option<OwnedSemaphorePermit>,
}

impl Share<'_> {
    /// Reserves what a body of this size needs.
    fn hold(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let Some(room) = self.room else { return Ok(()) };
        let held = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = bytes.saturating_sub(FREE_BYTES).div_ceil(1024).saturating_sub(held);
        let missing = u32::try_from(missing).map_err(|_| NoRoom)?;
        let more = Arc::clone(room).try_acquire_many_owned(missing).map_err(|_| NoRoom)?;
        match &mut self.taken {
            Some(taken) => taken.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// Reads a body up to a limit.
pub(crate) async fn read(body: Body, limit_bytes: usize, pace: Pace) -> Arrived {
    let mut share = Share { room: None, taken: None };
    read_into(&mut share, body, limit_bytes, pace).await.unwrap_or(Arrived::TooLarge)
}

async fn read_into(share: &mut Share<'_>, body: Body, limit_bytes: usize, pace: Pace) -> Result<Arrived, NoRoom> {
    let (begun, mut stream) = (Instant::now(), body.into_data_stream());
    let (mut kept, mut read_bytes) = (Vec::new(), 0_usize);
    loop {
        let expected = Duration::from_secs_f64(read_bytes as f64 / f64::from(pace.bytes_a_second));
        let deadline = (begun + pace.whole).min(begun + pace.patience + expected).min(Instant::now() + pace.patience);
        let Ok(next) = tokio::time::timeout_at(deadline, stream.next()).await else { return Ok(Arrived::TooSlow) };
        let Some(chunk) = next else { break };
        let Ok(chunk) = chunk else { return Ok(Arrived::BrokenOff) };
        read_bytes += chunk.len();
        if read_bytes <= limit_bytes {
            share.hold(read_bytes)?;
            kept.extend_from_slice(&chunk);
        } else if read_bytes > DRAIN_BYTES {
            break;
        } else {
            kept = Vec::new();
        }
    }
    Ok(if read_bytes > limit_bytes { Arrived::TooLarge } else { Arrived::Whole(kept.into()) })
}

/// The size limit of a body: large batches are kept only from callers who may report activities, since others are
/// refused.
fn limit(route: RouteLimits, who: Option<&Identified>) -> usize {
    let may_report = who.is_some_and(|who| match who.role {
        Role::Operator | Role::Admin | Role::Service => true,
        Role::User | Role::Auditor => false,
    });
    if may_report && route.large_body { BATCH_BODY_LIMIT_BYTES } else { BODY_LIMIT_BYTES }
}

/// Passes a request on when its body has arrived.
pub(in crate::http) async fn layer<F>(room: &Room, request: Request, next: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let (mut parts, body) = request.into_parts();
    if axum::body::HttpBody::is_end_stream(&body) {
        return next(Request::from_parts(parts, body)).await;
    }
    let who = parts.extensions.get::<Identified>();
    let mut share = Share { room: Some(if who.is_some() { &room.known } else { &room.strangers }), taken: None };
    let limit = limit(RouteLimits::of(&parts.extensions), who);
    match read_into(&mut share, body, limit, PACE).await {
        // the client is gone, so that nothing is processed
        Ok(Arrived::BrokenOff) => Problem::new(Code::MalformedJson).into_response(),
        Ok(Arrived::TooSlow) => Problem::new(Code::MalformedJson).detail(phrases::body_too_slow()).into_response(),
        Err(NoRoom) => Problem::new(Code::Overloaded).into_response(),
        Ok(arrived) => {
            if let Some(seat) = parts.extensions.get::<Arc<Seat>>() {
                seat.works();
            }
            parts.extensions.insert(arrived);
            next(Request::from_parts(parts, Body::empty())).await
        }
    }
}

#[cfg(test)]
mod tests;
