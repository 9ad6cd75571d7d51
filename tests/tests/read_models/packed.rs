//! The log packed: whoever reads a piece of it reads the same events as from the log itself, whatever is packed; and a
//! page that is not what the log says is not read, or is found.

use std::time::Duration;

use projections::log::{Column, Scan, ScanRange};
use projections::{ALL, Freshness, audit, digest, keep_packed, pack_all, rebuild, start_followers};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::PgPool;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::support::history::Generator;
use super::support::{TestLog, with_log};

/// Two pages, and a part of a third.
const EVENTS: usize = 12_345;
const PAGES: i64 = 2;
const COLUMNS: &[&[Column]] = &[
    &[Column::Position, Column::EventType, Column::Version, Column::Payload],
    &[Column::StreamType, Column::StreamId, Column::Sequence, Column::Subject],
    &[Column::OccurredAt, Column::RecordedAt, Column::Position],
];
const STREAMS: &[&[&str]] = &[&[], &["claim"], &["member", "activity"], &["nothing"]];

/// What was asked for, as text, page by page.
async fn read(pool: &PgPool, piece: ScanRange) -> Vec<(i64, Vec<String>)> {
    let mut scan = Scan::of(pool, piece, move |row| {
        let column = |column: &Column| match column {
            Column::Position => row.position.to_string(),
            Column::StreamType => row.stream_type.to_owned(),
            Column::StreamId => row.stream_id.to_owned(),
            Column::Sequence => row.sequence.to_string(),
            Column::Subject => row.subject.to_owned(),
            Column::EventType => row.event_type.to_owned(),
            Column::Version => row.version.to_owned(),
            Column::Payload => row.payload.to_owned(),
            Column::OccurredAt => row.occurred_at.to_text(),
            Column::RecordedAt => row.recorded_at.to_text(),
        };
        Some(piece.columns.iter().map(column).collect::<Vec<_>>().join(" "))
    });
    let mut pages = Vec::new();
    while let Some(page) = scan.next().await.unwrap() {
        pages.push(page);
    }
    pages
}

fn everything(log: &TestLog) -> ScanRange {
    ScanRange { after: 0, through: log.head(), streams: &[], columns: COLUMNS[0] }
}

async fn pages(log: &TestLog) -> i64 {
    sqlx::query_scalar("select count(*) from log_pages").fetch_one(&log.pool).await.unwrap()
}

/// Alters what is never altered, as its owner can who takes the rights.
async fn alter(log: &TestLog, table: &str, statement: &str) {
    let [grant, disable] =
        [format!("grant update on {table} to current_user"), format!("alter table {table} disable trigger all")];
    for statement in [&grant, &disable, statement] {
        sqlx::query(statement).execute(&log.pool).await.unwrap();
    }
}

async fn verified(log: &TestLog) -> (i64, Option<i64>) {
    let (_, checks) = audit::checks(&log.pool, &mut |_, _| {}).await.unwrap();
    let check = checks.into_iter().find(|check| check.name == "log_pages").unwrap();
    assert_eq!(check.ok, check.first_failure.is_none());
    (check.checked, check.first_failure.and_then(|failure| failure.position))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_is_the_same_packed_and_not() {
    with_log(async |log| {
        log.append(Generator::new(51).history(EVENTS)).await;
        let mut random = StdRng::seed_from_u64(7);
        let edges = [0, 1, 4_999, 5_000, 5_001, 10_000, 10_001, log.head() - 1, log.head()];
        let pieces: Vec<ScanRange> = (0..30)
            .map(|_| {
                let mut position = || match random.random_bool(0.5) {
                    true => edges[random.random_range(0..edges.len())],
                    false => random.random_range(0..=log.head()),
                };
                let (one, other) = (position(), position());
                let streams = STREAMS[random.random_range(0..STREAMS.len())];
                let columns = COLUMNS[random.random_range(0..COLUMNS.len())];
                ScanRange { after: one.min(other), through: one.max(other), streams, columns }
            })
            .collect();
        let mut from_log = Vec::new();
        for piece in &pieces {
            from_log.push(read(&log.pool, *piece).await);
        }
        pack_all(&log.pool).await.unwrap();
        assert_eq!(pages(log).await, PAGES, "what is complete is packed");
        // what is read from now on is not read from the log, but for the last page
        alter(log, "events", "update events set payload = '{}', subject = '' where position <= 10000").await;
        for (piece, expected) in pieces.iter().zip(from_log) {
            assert_eq!(read(&log.pool, *piece).await, expected, "{piece:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_page_and_one_of_another_log_are_not_read() {
    with_log(async |log| {
        log.append(Generator::new(52).history(EVENTS)).await;
        let from_log = read(&log.pool, everything(log)).await;
        for statement in [
            "update log_pages set rows = set_byte(rows, length(rows) / 2, 255 - get_byte(rows, length(rows) / 2))",
            "update log_pages set rows = substr(rows, 1, length(rows) / 2)",
            "update log_pages set rows = ''",
            // rightly packed, and of a log that went another way
            "update log_pages set hash = sha256('x'), rows = (select rows from log_pages where through = 5000)",
        ] {
            pack_all(&log.pool).await.unwrap();
            assert_eq!(verified(log).await, (PAGES, None));
            alter(log, "log_pages", &format!("{statement} where through = 10000")).await;
            assert!(read(&log.pool, everything(log)).await == from_log, "{statement}");
            assert_eq!(verified(log).await, (PAGES, Some(10_000)), "{statement}");
            sqlx::query("delete from log_pages where through = 10000").execute(&log.pool).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_says_something_else_is_found() {
    with_log(async |log| {
        log.append(Generator::new(53).history(EVENTS)).await;
        pack_all(&log.pool).await.unwrap();
        let refused = sqlx::query("update log_pages set rows = ''").execute(&log.pool).await.unwrap_err();
        assert!(refused.to_string().contains("append-only"), "{refused}");
        // a frame of zstd that is right, with the events of another page
        let other =
            "update log_pages set rows = (select rows from log_pages where through = 10000) where through = 5000";
        alter(log, "log_pages", other).await;
        assert_eq!(verified(log).await, (PAGES, Some(5_000)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_a_row_that_cannot_be_read_is_not_packed() {
    with_log(async |log| {
        log.append(Generator::new(54).history(EVENTS)).await;
        alter(log, "events", "update events set recorded_at = 'infinity' where position = 77").await;
        pack_all(&log.pool).await.unwrap();
        let packed: Vec<i64> = sqlx::query_scalar("select through from log_pages").fetch_all(&log.pool).await.unwrap();
        assert_eq!(packed, [10_000], "the others are");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_of_the_packed_log_is_one_of_the_log() {
    with_log(async |log| {
        log.append(Generator::new(55).history(EVENTS)).await;
        for name in ALL {
            let of_the_log = rebuild(&log.pool, name, |_, _| {}).await.unwrap();
            assert_eq!(of_the_log.position, log.head());
        }
        let mut of_the_log = Vec::new();
        for name in ALL {
            of_the_log.push(digest(&mut log.pool.acquire().await.unwrap(), name).await.unwrap());
        }
        pack_all(&log.pool).await.unwrap();
        for (name, before) in ALL.iter().zip(of_the_log) {
            let again = rebuild(&log.pool, name, |_, _| {}).await.unwrap();
            assert!(again.compared.is_some_and(|comparison| comparison.same), "{name}");
            assert_eq!(digest(&mut log.pool.acquire().await.unwrap(), name).await.unwrap(), before, "{name}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_complete_is_packed_while_it_is_followed_by_one_of_two() {
    with_log(async |log| {
        let mut generator = Generator::new(56);
        log.append(generator.history(EVENTS)).await;
        let (moved, appended) = watch::channel(log.head());
        let shutdown = CancellationToken::new();
        let both = [(); 2].map(|()| {
            let freshness = Freshness::new();
            let followers = start_followers(log.pool.clone(), appended.clone(), freshness, shutdown.clone());
            keep_packed(&followers, shutdown.clone());
            followers
        });
        packed(log, PAGES).await;
        log.append(generator.history(3_000)).await;
        moved.send_replace(log.head());
        packed(log, PAGES + 1).await;
        assert_eq!(verified(log).await, (PAGES + 1, None));
        shutdown.cancel();
        for followers in both {
            followers.stopped().await;
        }
    })
    .await;
}

async fn packed(log: &TestLog, wanted: i64) {
    let there = async {
        while pages(log).await < wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), there).await.expect("the log is packed");
}
