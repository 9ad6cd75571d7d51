//! The log into memory: ours, and `QueryReplay` of `cqrs-es` over `postgres-es`, from the very same table, whose
//! first columns are those that `postgres-es` reads. Both decode every event whole and fold the same.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::NaiveDate;
use cqrs_es::persist::QueryReplay;
use cqrs_es::{EventEnvelope, Query};
use domain::Event;
use domain::activity::{Activity, ActivityEvent};
use domain::id::MemberId;
use postgres_es::PostgresEventRepository;
use projections::log::{Scan, ScanRange};
use sqlx::PgPool;
use tests::support::postgres::{Cluster, Database};

use crate::fill::fill;
use crate::load::{Load, Measured};
use crate::{Size, programme};

const STREAMS: [&str; 1] = ["activity"];

/// Who was there, how often, and on which day first and last.
type Seen = HashMap<MemberId, (u64, NaiveDate, NaiveDate)>;

/// What a fold takes in of one event.
fn take(seen: &mut Seen, member: MemberId, day: NaiveDate, change: i64) {
    let (count, first, last) = seen.entry(member).or_insert((0, day, day));
    *count = count.wrapping_add_signed(change);
    (*first, *last) = (day.min(*first), day.max(*last));
}

fn of(event: &ActivityEvent) -> (MemberId, NaiveDate, i64) {
    match event {
        ActivityEvent::Recorded(fact) => (fact.member_id, fact.local_date, 1),
        ActivityEvent::Voided(fact) => (fact.member_id, fact.local_date, -1),
    }
}

pub(crate) struct Replay {
    pool: PgPool,
    head: i64,
    facts: usize,
    seen: Option<Seen>,
    _database: Database,
}

impl Replay {
    pub(crate) async fn prepare(cluster: &Arc<Cluster>, size: &Size) -> Self {
        let database = cluster.database().await;
        let pool = database.pool().await;
        sqlx::migrate!("../migrations").run(&pool).await.unwrap();
        let head = fill(&pool, programme::events(size.replayed)).await;
        let facts: i64 = sqlx::query_scalar("select count(*) from events where aggregate_type = 'activity'")
            .fetch_one(&pool)
            .await
            .unwrap();
        Self { pool, head, facts: usize::try_from(facts).unwrap(), seen: None, _database: database }
    }

    /// Packs the log, of which nothing is packed, as it is done in passing while a service follows it.
    pub(crate) async fn pack(&self, load: Load) -> Measured {
        let begun = load.begin();
        projections::pack_all(&self.pool).await.unwrap();
        begun.end(usize::try_from(self.head).unwrap())
    }

    /// Nothing of the log is packed any more.
    pub(crate) async fn unpack(&self) {
        sqlx::query("delete from log_pages").execute(&self.pool).await.unwrap();
    }

    /// Our own, page after page in the order of the log.
    pub(crate) async fn ours(&mut self, load: Load) -> Measured {
        let begun = load.begin();
        let mut scan = Scan::of(&self.pool, ScanRange::events(self.head, &STREAMS), |row| match row.event() {
            Ok(Event::Activity(event)) => Some(of(&event)),
            Ok(Event::Member(_) | Event::Campaign(_) | Event::Referral(_) | Event::Claim(_) | Event::Value(_))
            | Err(_) => None,
        });
        let (mut seen, mut done) = (Seen::new(), 0);
        while let Some((_, page)) = scan.next().await.unwrap() {
            done += page.len();
            page.into_iter().for_each(|(member, day, change)| take(&mut seen, member, day, change));
        }
        let measured = begun.end(done);
        self.same(done, seen);
        measured
    }

    /// Theirs, as documented: a query that is sent every event.
    pub(crate) async fn theirs(&mut self, load: Load) -> Measured {
        let begun = load.begin();
        let folded = Arc::new(Mutex::new((Seen::new(), 0)));
        let repository = PostgresEventRepository::new(self.pool.clone());
        let replay = QueryReplay::<_, _, Activity>::new(repository, Folding(folded.clone()));
        replay.replay_all().await.unwrap();
        let (seen, done) = std::mem::take(&mut *folded.lock().unwrap());
        let measured = begun.end(done);
        self.same(done, seen);
        measured
    }

    /// Everybody saw everything.
    fn same(&mut self, done: usize, seen: Seen) {
        assert_eq!(done, self.facts, "all facts were replayed");
        let sorted = |seen: &Seen| seen.iter().map(|(member, all)| (*member, *all)).collect::<BTreeMap<_, _>>();
        let known = self.seen.get_or_insert_with(|| seen.clone());
        assert!(sorted(known) == sorted(&seen), "both folds see the same");
    }
}

struct Folding(Arc<Mutex<(Seen, usize)>>);

#[async_trait]
impl Query<Activity> for Folding {
    async fn dispatch(&self, _: &str, events: &[EventEnvelope<Activity>]) {
        let mut folded = self.0.lock().unwrap();
        for event in events {
            let (member, day, change) = of(&event.payload);
            take(&mut folded.0, member, day, change);
            folded.1 += 1;
        }
    }
}
