use std::sync::atomic::{AtomicUsize, Ordering};

use commands::Gathering;
use futures::FutureExt;
use futures::future::join_all;

use super::*;

/// SessionCache over a reader that counts, takes its time, and knows one account.
fn counted(takes: Duration) -> (SessionCache, Arc<AtomicUsize>) {
    let reads = Arc::new(AtomicUsize::new(0));
    let counter = reads.clone();
    let reader = Coalescer::start(Gathering::WhileSlow, move |ids: Vec<Uuid>| {
        counter.fetch_add(ids.len(), Ordering::SeqCst);
        async move {
            tokio::time::sleep(takes).await;
            Ok(ids.iter().map(|_| Some(session())).collect())
        }
        .boxed()
    });
    (SessionCache::over(reader), reads)
}

fn session() -> CachedSession {
    let account = MemberId(Uuid::from_u128(1));
    CachedSession { account, role: Role::User, role_since: 0, page_sessions_since: 0, demo: false, key: None }
}

const LOG_IN: Uuid = Uuid::from_u128(7);

#[tokio::test]
async fn many_who_ask_for_the_same_at_once_share_one_read() {
    let (session_cache, reads) = counted(Duration::from_millis(5));
    let answers = join_all((0..100).map(|_| session_cache.of(LOG_IN))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().as_deref() == Some(&session())));
    assert_eq!(reads.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_standing_is_believed_for_a_moment_only() {
    let (session_cache, reads) = counted(Duration::from_millis(5));
    for _ in 0..3 {
        session_cache.of(LOG_IN).await.unwrap();
    }
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    tokio::time::sleep(BELIEVED_FOR).await;
    session_cache.of(LOG_IN).await.unwrap();
    assert_eq!(reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_change_of_the_account_is_seen_at_once_and_that_of_another_disturbs_nobody() {
    let (session_cache, reads) = counted(Duration::from_millis(5));
    session_cache.of(LOG_IN).await.unwrap();
    session_cache.forget(MemberId(Uuid::from_u128(2)));
    session_cache.of(LOG_IN).await.unwrap();
    assert_eq!(reads.load(Ordering::SeqCst), 1);
    session_cache.forget(session().account);
    session_cache.of(LOG_IN).await.unwrap();
    assert_eq!(reads.load(Ordering::SeqCst), 2);
    session_cache.forget_all();
    session_cache.of(LOG_IN).await.unwrap();
    assert_eq!(reads.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_was_read_before_a_change_is_not_remembered_after_it() {
    let (session_cache, reads) = counted(Duration::from_millis(5));
    let (_, ()) = futures::join!(session_cache.of(LOG_IN), async {
        tokio::time::sleep(Duration::from_millis(2)).await;
        session_cache.forget(session().account);
    });
    session_cache.of(LOG_IN).await.unwrap();
    assert_eq!(reads.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_failure_is_shared_but_hardly_believed() {
    let tries = Arc::new(AtomicUsize::new(0));
    let counter = tries.clone();
    let session_cache = SessionCache::over(Coalescer::start(Gathering::WhileSlow, move |_: Vec<Uuid>| {
        counter.fetch_add(1, Ordering::SeqCst);
        async { Err(ReadError::Unavailable) }.boxed()
    }));
    for answer in join_all((0..100).map(|_| session_cache.of(LOG_IN))).await {
        assert!(matches!(answer, Err(ReadError::Unavailable)));
    }
    assert_eq!(tries.load(Ordering::SeqCst), 1);
    tokio::time::sleep(FAILURE_BELIEVED_FOR).await;
    assert!(session_cache.of(LOG_IN).await.is_err());
    assert_eq!(tries.load(Ordering::SeqCst), 2);
}
