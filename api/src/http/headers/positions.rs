//! How current an answer is: `Ledger-Position` is the position up to which its data is folded; `Ledger-Min-Position`
//! makes a read wait until the caller's own write is included.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use commands::Receipt;

use crate::app::input::fields::{Reader as _, readers};
use crate::app::problem::{Code, Problem};
use crate::http::state::AppState;

/// The header that carries a position of the log.
pub const LEDGER_POSITION: HeaderName = HeaderName::from_static("ledger-position");
const LEDGER_MIN_POSITION: HeaderName = HeaderName::from_static("ledger-min-position");
/// How long a request waits for a projection.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The position that a projection must have reached before it is read.
#[derive(Debug, Clone, Copy)]
pub struct MinPosition(i64);

impl<S: Send + Sync> FromRequestParts<S> for MinPosition {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(LEDGER_MIN_POSITION) else { return Ok(Self(0)) };
        let position = value.to_str().ok().and_then(|text| readers::position().read(text.into()).ok());
        position.map(Self).ok_or_else(|| {
            Problem::field("header.Ledger-Min-Position", "position", "must be a position: a whole number from 0")
        })
    }
}

impl MinPosition {
    /// For reads of the log itself: waits until the log has reached the position, and returns its last position then.
    ///
    /// # Errors
    /// `projection_behind` when it does not reach the position in time.
    pub async fn reached_by_log(self, state: &AppState) -> Result<i64, Problem> {
        let mut head = log_head(state).await?;
        if head < self.0 {
            // waiting holds no connection and makes no query: one ticker notifies all waiting requests
            let mut ends = state.head.clone();
            let _ = tokio::time::timeout(LONGEST_WAIT, ends.wait_for(|end| *end >= self.0)).await;
            head = log_head(state).await?;
        }
        if self.0 <= head { Ok(head) } else { Err(behind(head)) }
    }

    /// Raises the required position to at least this one.
    #[must_use]
    pub fn and(self, position: i64) -> Self {
        Self(self.0.max(position))
    }

    /// Waits for all of these projections and returns the lowest position among them, which whatever is read afterwards
    /// includes.
    ///
    /// # Errors
    /// `projection_behind` when one of them does not reach the position in time.
    pub async fn reached_by(self, projections: &[&str], state: &AppState) -> Result<i64, Problem> {
        let mut least = i64::MAX;
        for name in projections {
            let reached =
                state.freshness.wait_for(name, self.0, LONGEST_WAIT).await.map_err(|late| behind(late.position))?;
            least = least.min(reached);
        }
        Ok(least)
    }
}

async fn log_head(state: &AppState) -> Result<i64, Problem> {
    Ok(projections::log::head(&mut *state.pool.acquire().await?).await?.position)
}

fn behind(position: i64) -> Problem {
    Problem::new(Code::ProjectionBehind).with("position", position).at(position)
}

/// An answer with its `Ledger-Position`.
#[derive(Debug)]
pub struct At<T>(pub i64, pub T);

impl<T: IntoResponse> IntoResponse for At<T> {
    fn into_response(self) -> Response {
        let mut response = self.1.into_response();
        response.headers_mut().insert(LEDGER_POSITION, HeaderValue::from(self.0));
        response
    }
}

/// The answer to a command, with the position that it wrote, if it wrote anything.
#[derive(Debug)]
pub struct Written<T>(pub Option<i64>, pub T);

impl<T> Written<T> {
    /// The answer for a receipt.
    pub fn by<A>(receipt: &Receipt<A>, answer: T) -> Self {
        Self(Some(receipt.position).filter(|_| receipt.appended > 0), answer)
    }
}

impl<T: IntoResponse> IntoResponse for Written<T> {
    fn into_response(self) -> Response {
        match self.0 {
            Some(position) => At(position, self.1).into_response(),
            None => self.1.into_response(),
        }
    }
}
