//! The same claims through the front door: the real service with everything that follows the log,
//! beside an HTTP constant that checks the same tokens; `wrk` asks both in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::PgPool;
use tests::support::postgres::{Cluster, Database};
use tests::support::{Client, Service, Setup, programme};
use uuid::Uuid;

use crate::Size;
use crate::constant::Constant;
use crate::load::{Load, Measured, cpu_of, rss_mib};
use crate::wrk::{Shown, Wrk};
use crate::{ours, people, sound};

/// Members claim one reward after the other; more of them would only take longer to prepare.
const MEMBERS: usize = 20_000;
/// Enough that nobody has to ask twice for one in a round; more would only take longer to prepare, since each has a code
/// for every member.
const REWARDS: usize = 4;
const STOCK: i64 = 1_000_000;
const PLENTY: i64 = 1_000_000_000;
/// So many callers ask again before their standing is forgotten.
const FEW: usize = 16;
/// How long the followers may take to come to the end of the log.
const TO_SETTLE: Duration = Duration::from_secs(600);

/// What is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// A thing, which moves nothing beside stock.
    Item,
    /// Points, which a grant credits and counts.
    Points,
    /// Points that cost money, within five budgets of their event.
    PointsWithinBudgets,
    /// A coupon with a code, which its member is told.
    Coupon,
}

impl Offer {
    fn reward(self) -> Value {
        match self {
            Self::Item => json!({"type": "ITEM"}),
            Self::Points => json!({"type": "POINT"}),
            Self::PointsWithinBudgets => json!({"type": "POINT", "cost": {"currency": "KRW", "amount": 1}}),
            Self::Coupon => json!({"type": "COUPON", "codes": true, "amount": 1}),
        }
    }

    /// Wide enough that nobody is refused.
    fn budgets(self) -> Value {
        let of = |unit: &str, per: &str| json!({"unit": unit, "amount": PLENTY, "per": per});
        match self {
            Self::Item | Self::Points | Self::Coupon => json!([]),
            Self::PointsWithinBudgets => {
                let points = ["total", "month", "week", "day"].map(|per| of("points", per));
                points.into_iter().chain([of("KRW", "day")]).collect()
            }
        }
    }
}

pub(crate) struct Http {
    service: Service,
    constant: Constant,
    operator: Client,
    wrk: Wrk,
    few: Wrk,
    pool: PgPool,
    _database: Database,
}

impl Http {
    /// The service finds a log with its members in it, and is given the time to read that.
    pub(crate) async fn prepare(cluster: &Arc<Cluster>, size: &Size) -> Self {
        let database = cluster.database().await;
        let pool = database.pool().await;
        let members = ours::write_members(&pool, size.members.min(MEMBERS)).await;
        let service = Setup::on(&database).start().await;
        let tokens = people::log_in(&pool, &service, &members).await;
        let constant = Constant::start(&service.data()).await;
        let operator = service.demo("operator").await;
        let (wrk, few) = (Wrk::prepare(&tokens), Wrk::prepare(&tokens[..FEW]));
        let http = Self { service, constant, operator, wrk, few, pool, _database: database };
        http.settle().await;
        http
    }

    pub(crate) async fn constant(&self, load: Load) -> Measured {
        let paths = [format!("/claims/{}/claim", Uuid::now_v7())];
        let pid = self.constant.pid();
        let cpu = cpu_of(pid).unwrap();
        let shown = self.wrk.run(&self.constant.url(), &paths, load.waiters, load.length).await;
        assert_eq!(shown.refused + shown.broken, 0, "the constant answers everybody");
        Measured { own_cpu_us: cpu_of(pid).unwrap() - cpu, rss_mib: rss_mib(pid), ..measured(shown) }
    }

    /// CPU time counts until everything that follows the log has followed: that is part of a claim.
    pub(crate) async fn hot(&self, load: Load, offer: Offer) -> Measured {
        let mut paths = Vec::new();
        for _ in 0..REWARDS {
            paths.push(format!("/claims/{}/claim", self.reward(offer).await));
        }
        self.settle().await;
        let pid = self.service.pid().unwrap();
        let (cpu, postgres, granted) = (cpu_of(pid).unwrap(), load.postgres_cpu(), sound::grants(&self.pool).await);
        let shown = self.wrk.run(&self.service.url(), &paths, load.waiters, load.length).await;
        let rss_mib = rss_mib(pid);
        self.settle().await;
        let (cpu, postgres) = (cpu_of(pid).unwrap() - cpu, load.postgres_cpu() - postgres);
        let granted = sound::grants(&self.pool).await - granted;
        assert_eq!(shown.refused + shown.broken, 0, "of {} claims", shown.answers);
        assert!(granted >= shown.answers, "{} answers and {granted} grants", shown.answers);
        Measured { own_cpu_us: cpu, postgres_cpu_us: Some(postgres), rss_mib, ..measured(shown) }
    }

    /// Ends the service and looks at what it leaves.
    pub(crate) async fn assert_sound(self) {
        self.service.terminate();
        sound::assert_sound(&self.pool).await;
    }

    async fn reward(&self, offer: Offer) -> String {
        let event = programme::event(programme::login_streak(7));
        let event = self.operator.create_event(&programme::with(event, json!({"budgets": offer.budgets()}))).await;
        let stock = Some(STOCK).filter(|_| offer != Offer::Coupon);
        let reward = programme::with(programme::reward(&event, stock), offer.reward());
        let reward = self.operator.create_reward(&reward).await;
        if offer == Offer::Coupon {
            // one for every member
            let count = json!({"count": MEMBERS});
            self.operator.post(&format!("/rewards/{reward}/codes/generate"), &count).await.created();
        }
        reward
    }

    /// Requests per second of a route that reads one row, by callers whose standing is remembered, since they ask again
    /// at once (`few`), or has to be read each time, since all others ask before them.
    pub(crate) async fn standing(&self, load: Load, few: bool) -> Measured {
        let pid = self.service.pid().unwrap();
        let (cpu, postgres) = (cpu_of(pid).unwrap(), load.postgres_cpu());
        let wrk = if few { &self.few } else { &self.wrk };
        let shown = wrk.read(&self.service.url(), "/auth/me", load.waiters, load.length).await;
        assert_eq!(shown.refused + shown.broken, 0, "of {} requests", shown.answers);
        let (cpu, postgres) = (cpu_of(pid).unwrap() - cpu, load.postgres_cpu() - postgres);
        Measured { own_cpu_us: cpu, postgres_cpu_us: Some(postgres), ..measured(shown) }
    }

    async fn settle(&self) {
        settle(&self.pool).await;
    }
}

/// Waits until all followers have come to the end of the log.
pub(crate) async fn settle(pool: &PgPool) {
    let behind = "select head.position - (select min(position) from checkpoints) from log_head head";
    let started = Instant::now();
    loop {
        // claims that nobody waits for any more may still be under way
        tokio::time::sleep(Duration::from_millis(100)).await;
        let behind: i64 = sqlx::query_scalar(behind).fetch_one(pool).await.unwrap();
        if behind == 0 {
            return;
        }
        assert!(started.elapsed() < TO_SETTLE, "a follower is {behind} events behind");
    }
}

fn measured(shown: Shown) -> Measured {
    Measured {
        done: shown.answers,
        seconds: shown.duration_us / 1e6,
        generator_cpu_us: Some(shown.cpu_us),
        latencies_us: shown.latencies_us,
        ..Measured::default()
    }
}
