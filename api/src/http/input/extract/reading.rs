//! Decides where a body is parsed: short ones at once, long ones and those with expressions on blocking threads, as
//! many at a time as there are processors. It knows no route.

use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use std::time::Duration;

use axum::body::Bytes;
use domain::condition::holds_expressions;
use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::input::fields::{self, FromFields};
use crate::app::input::json;
use crate::app::problem::{Code, Problem};

/// Up to this size a text is parsed at once, in fractions of a millisecond.
const AT_ONCE_BYTES: usize = 16 * 1024;
/// How long a body may wait for a thread.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

static TURNS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| {
    let processors = available_parallelism().map_or(1, usize::from);
    Arc::new(Semaphore::new(processors))
});

/// Reads a body strictly; an empty one is an empty object.
///
/// # Errors
/// The violations; `overloaded` when no thread becomes free in time.
pub(crate) async fn read_body<T: FromFields>(bytes: Bytes) -> Result<T, Problem> {
    if bytes.is_empty() {
        return fields::read_body(Value::Object(Map::new()));
    }
    if bytes.len() > AT_ONCE_BYTES {
        return elsewhere(move || fields::read_body(json::parse(&bytes)?)).await;
    }
    let value = json::parse(&bytes)?;
    if holds_expressions(&value) {
        return elsewhere(move || fields::read_body(value)).await;
    }
    fields::read_body(value)
}

/// Runs CPU-bound work on a blocking thread.
pub(super) async fn elsewhere<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let turn = turn(LONGEST_WAIT).await?;
    let reading = tokio::task::spawn_blocking(move || {
        // held until the work is done, even if the request was cancelled
        let _turn = turn;
        read()
    });
    reading.await.map_err(|error| Problem::internal("reading", &error))?
}

async fn turn(longest: Duration) -> Result<OwnedSemaphorePermit, Problem> {
    let turn = tokio::time::timeout(longest, TURNS.clone().acquire_owned()).await;
    turn.ok().and_then(Result::ok).ok_or_else(|| Problem::new(Code::Overloaded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::input::fields::{Fields, readers};
    use serde_json::json;
    use std::thread::{self, ThreadId};

    /// Says where it was read.
    #[derive(Debug)]
    struct ReadOn(ThreadId);

    impl FromFields for ReadOn {
        fn read(fields: &mut Fields) -> Option<Self> {
            fields.optional("any", readers::any::<Value>())?;
            Some(Self(thread::current().id()))
        }
    }

    async fn is_read_here(body: &Value) -> bool {
        read_body::<ReadOn>(body.to_string().into()).await.unwrap().0 == thread::current().id()
    }

    #[tokio::test]
    async fn what_costs_time_to_read_is_read_away_from_the_threads_that_answer() {
        assert!(is_read_here(&json!({})).await);
        assert!(is_read_here(&json!({"any": "x".repeat(1_000)})).await);
        assert!(!is_read_here(&json!({"any": "x".repeat(AT_ONCE_BYTES)})).await);
        assert!(!is_read_here(&json!({"any": {"all": [{"cel": {"expression": "birthday"}}]}})).await);
        let spelled_otherwise = r#"{"any": {"c\u0065l": {}}}"#;
        let read = read_body::<ReadOn>(spelled_otherwise.into()).await.unwrap();
        assert_ne!(read.0, thread::current().id());
    }

    #[tokio::test]
    async fn whoever_gets_no_turn_is_told_to_ask_again() {
        let all = u32::try_from(available_parallelism().map_or(1, usize::from)).unwrap();
        let taken = TURNS.clone().acquire_many_owned(all).await.unwrap();
        assert_eq!(turn(Duration::from_millis(1)).await.unwrap_err().code(), Code::Overloaded);
        drop(taken);
        assert_eq!(elsewhere(|| Ok(7)).await, Ok(7));
    }
}
