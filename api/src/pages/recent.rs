//! Pages that are asked for within a second are as of one position, and share what the dashboards answer as of it: a figure
//! is counted once, however many readers look at it. A reader who has seen a later position is given that one. Only
//! figures over all members are shared, nothing that is anybody's own.

use std::time::Duration;

use axum::body::Bytes;
use domain::role::Role;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// For how long a position is that of now, unless a test says otherwise.
const NOW: Duration = Duration::from_secs(1);
/// How much is kept, in bytes …
const MOST_BYTES: u64 = 16 * 1024 * 1024;
/// … and in how many answers, about.
const ANSWERS: usize = 500;
/// The routes whose answers are shared.
const DASHBOARDS: &str = "/dashboard";

/// An answer that readers of the same role are given.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) body: Bytes,
    pub(super) position: Option<i64>,
    pub(super) etag: Option<String>,
}

/// What was asked, path and query, and by whom.
type Asked = (Role, String);

/// The answers of the last seconds.
pub(super) struct Recent {
    /// For how long a position is that of now.
    lasts: Duration,
    now: Mutex<Option<(Instant, Shared)>>,
    answers: Cache<Asked, Shared, Bytewise>,
}

#[derive(Debug, Clone)]
struct Bytewise;

impl Weighter<Asked, Shared> for Bytewise {
    fn weight(&self, (_, uri): &Asked, answer: &Shared) -> u64 {
        (uri.len() + answer.body.len()) as u64
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self { lasts: NOW, now: Mutex::default(), answers: Cache::with_weighter(ANSWERS, MOST_BYTES, Bytewise) }
    }
}

impl Recent {
    /// Whether all who ask for this are answered the same: a dashboard as of a position, which does not change.
    pub(super) fn shares(uri: &str) -> bool {
        uri.split_once('?').is_some_and(|(path, query)| {
            path.starts_with(DASHBOARDS) && query.split('&').any(|pair| pair.starts_with("atPosition="))
        })
    }

    /// The answer to what was asked before, or the one that is asked for now; who asks meanwhile waits for it.
    pub(super) async fn answer<E>(
        &self,
        role: Role,
        uri: &str,
        ask: impl Future<Output = Result<Shared, E>>,
    ) -> Result<Shared, E> {
        self.answers.get_or_insert_async(&(role, uri.to_owned()), ask).await
    }

    /// The answer that says what now is: one of the last second, unless the reader has `seen` a later position.
    pub(super) async fn now<E>(
        &self,
        seen: Option<i64>,
        ask: impl Future<Output = Result<Shared, E>>,
    ) -> Result<Shared, E> {
        let mut now = self.now.lock().await;
        if let Some((since, answer)) = now.as_ref()
            && since.elapsed() < self.lasts
            && answer.position >= seen
        {
            return Ok(answer.clone());
        }
        if seen.is_some() {
            // it may take until the read model has come so far, and nobody else waits for that
            drop(now);
            let answer = ask.await?;
            *self.now.lock().await = Some((Instant::now(), answer.clone()));
            return Ok(answer);
        }
        let answer = ask.await?;
        *now = Some((Instant::now(), answer.clone()));
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    struct Api(AtomicI64);

    impl Api {
        async fn answer(&self) -> Result<Shared, Infallible> {
            let position = Some(self.0.fetch_add(1, Ordering::Relaxed));
            Ok(Shared { body: Bytes::new(), position, etag: None })
        }

        fn asked(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn a_dashboard_as_of_a_position_is_asked_for_once_by_each_role() {
        let (recent, api) = (Recent::default(), Api(AtomicI64::new(0)));
        let uri = "/dashboard/daily?atPosition=7&timeZone=UTC";
        for role in [Role::Operator, Role::Operator, Role::Auditor, Role::Auditor] {
            recent.answer(role, uri, api.answer()).await.unwrap();
        }
        assert_eq!(api.asked(), 2);
        assert!(Recent::shares(uri));
        for other in
            ["/dashboard", "/dashboard?atTime=2026-11-21", "/claims?atPosition=7", "/members/1/facts?atPosition=7"]
        {
            assert!(!Recent::shares(other), "{other}");
        }
    }

    #[tokio::test]
    async fn now_is_that_of_a_moment_ago_unless_the_reader_has_seen_more() {
        let api = Api(AtomicI64::new(5));
        let recent = Recent { lasts: Duration::from_secs(60), ..Recent::default() };
        let now = async |seen| recent.now(seen, api.answer()).await.unwrap().position;
        assert_eq!((now(None).await, now(None).await), (Some(5), Some(5)));
        assert_eq!(now(Some(5)).await, Some(5));
        assert_eq!(now(Some(6)).await, Some(6), "a reader never goes back");
        assert_eq!(now(None).await, Some(6));
        let recent = Recent { lasts: Duration::ZERO, ..recent };
        assert_eq!(recent.now(None, api.answer()).await.unwrap().position, Some(7), "it is over");
    }
}
