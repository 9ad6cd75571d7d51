use domain::id::MemberId;
use futures::stream;

use super::*;

const PATIENT: Pace =
    Pace { patience: Duration::from_millis(300), bytes_a_second: 1_000, whole: Duration::from_millis(1_500) };

/// A body in parts, each so many milliseconds after the one before.
fn slow(parts: usize, bytes: usize, every_ms: u64) -> Body {
    let part = move |_| async move {
        tokio::time::sleep(Duration::from_millis(every_ms)).await;
        Ok::<_, std::io::Error>(Bytes::from(vec![b' '; bytes]))
    };
    Body::from_stream(stream::iter(0..parts).then(part))
}

async fn arrived(body: Body, limit: usize) -> Arrived {
    read(body, limit, PATIENT).await
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_drained_beyond_it() {
    assert!(matches!(arrived(Body::from("12345"), 5).await, Arrived::Whole(bytes) if &bytes[..] == b"12345"));
    assert!(matches!(arrived(Body::from("123456"), 5).await, Arrived::TooLarge));
    let broken = Body::from_stream(stream::iter([Err::<Bytes, _>(std::io::Error::other("gone"))]));
    assert!(matches!(arrived(broken, 5).await, Arrived::BrokenOff));
}

#[tokio::test]
async fn who_sends_nothing_or_a_byte_now_and_then_is_not_waited_for() {
    let begun = Instant::now();
    assert!(matches!(arrived(slow(1, 1, 60_000), 1_000).await, Arrived::TooSlow), "nothing");
    assert!(matches!(arrived(slow(60_000, 1, 20), 100_000).await, Arrived::TooSlow), "a byte every 20 ms is too slow");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn who_is_fast_enough_is_waited_for_and_only_for_so_long() {
    assert!(matches!(arrived(slow(5, 100, 10), 1_000).await, Arrived::Whole(bytes) if bytes.len() == 500));
    assert!(matches!(arrived(slow(60_000, 100, 10), 100_000_000).await, Arrived::TooSlow), "the whole has a limit too");
}

#[tokio::test]
async fn all_bodies_together_hold_no_more_than_there_is_room_for() {
    let room = Arc::new(Semaphore::new(100));
    let mut first = Share { room: Some(&room), taken: None };
    assert!(first.hold(FREE_BYTES).is_ok());
    assert_eq!(room.available_permits(), 100, "the first part is free");
    assert!(first.hold(FREE_BYTES + 1).is_ok() && first.hold(FREE_BYTES + 60 * 1024).is_ok());
    assert_eq!(room.available_permits(), 40, "what is held already is not taken again");
    let mut second = Share { room: Some(&room), taken: None };
    let body = || Body::from(vec![b' '; FREE_BYTES + 50 * 1024]);
    assert!(read_into(&mut second, body(), 1_000_000, PATIENT).await.is_err());
    drop(first);
    assert!(read_into(&mut second, body(), 1_000_000, PATIENT).await.is_ok());
    drop(second);
    assert_eq!(room.available_permits(), 100, "all of it is given back");
}

#[test]
fn only_a_batch_of_somebody_who_may_report_is_kept_beyond_the_ordinary_limit() {
    let (ordinary, batch) = (RouteLimits::default(), RouteLimits { large_body: true, ..Default::default() });
    let limit = |route, role: Option<Role>| {
        let who = role.map(|role| Identified { id: MemberId(uuid::Uuid::nil()), role });
        limit(route, who.as_ref())
    };
    for role in [Role::Service, Role::Operator, Role::Admin] {
        assert_eq!(limit(batch, Some(role)), BATCH_BODY_LIMIT_BYTES);
        assert_eq!(limit(ordinary, Some(role)), BODY_LIMIT_BYTES);
    }
    for stranger in [None, Some(Role::User), Some(Role::Auditor)] {
        assert_eq!(limit(batch, stranger), BODY_LIMIT_BYTES);
    }
}
