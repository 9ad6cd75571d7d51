//! The same claims through the front door: the real service with everything that follows the log,
//! beside an HTTP constant that checks the same tokens; `wrk` asks both in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::tokens::{Identity, Keys};
use domain::id::MemberId;
use domain::role::Role;
use sqlx::PgPool;
use tests::support::postgres::{Cluster, Database};
use tests::support::{Client, Service, Setup, programme};
use uuid::Uuid;

use crate::Size;
use crate::constant::Constant;
use crate::load::{Load, Measured, cpu_of, rss_mib};
use crate::wrk::{Shown, Wrk};
use crate::{ours, sound};

/// Members claim one reward after the other; more of them would only take longer to prepare.
const MEMBERS: usize = 20_000;
/// Enough that nobody has to ask twice for one in a round.
const REWARDS: usize = 16;
const STOCK: i64 = 1_000_000;
/// How long the followers may take to come to the end of the log.
const TO_SETTLE: Duration = Duration::from_secs(180);

pub(crate) struct Http {
    service: Service,
    constant: Constant,
    operator: Client,
    wrk: Wrk,
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
        let keys = Keys::open(None, &service.data()).unwrap();
        let families = log_in_all(&pool, &members).await;
        let tokens: Vec<String> =
            members.into_iter().zip(families).map(|(member, family)| token(&keys, member, family)).collect();
        let constant = Constant::start(&service.data()).await;
        let operator = service.demo("operator").await;
        let http = Self { service, constant, operator, wrk: Wrk::prepare(&tokens), pool, _database: database };
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
    pub(crate) async fn hot(&self, load: Load) -> Measured {
        let mut paths = Vec::new();
        for _ in 0..REWARDS {
            paths.push(format!("/claims/{}/claim", self.reward().await));
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

    async fn reward(&self) -> String {
        let event = self.operator.create_event(&programme::event(programme::login_streak(7))).await;
        self.operator.create_reward(&programme::reward(&event, Some(STOCK))).await
    }

    /// Waits until all followers have come to the end of the log.
    async fn settle(&self) {
        let behind = "select head.position - (select min(position) from checkpoints) from log_head head";
        let started = Instant::now();
        loop {
            // claims that nobody waits for any more may still be under way
            tokio::time::sleep(Duration::from_millis(100)).await;
            let behind: i64 = sqlx::query_scalar(behind).fetch_one(&self.pool).await.unwrap();
            if behind == 0 {
                return;
            }
            assert!(started.elapsed() < TO_SETTLE, "a follower is {behind} events behind");
        }
    }
}

/// Accounts and log-ins as signing up and logging in would have left them, without a password's hash for each.
async fn log_in_all(pool: &PgPool, members: &[MemberId]) -> Vec<Uuid> {
    let families: Vec<Uuid> = members.iter().map(|_| Uuid::new_v4()).collect();
    sqlx::query(
        "with account as (
            insert into accounts (id, time_zone, role, created_at, created_position)
            select id, 'UTC', 'USER', now(), -place from unnest($1::uuid[]) with ordinality as member(id, place)
            returning id
        )
        insert into refresh_families (id, account_id, token_hash, rotated_at, expires_at)
        select family.id, account.id, '', now(), now() + interval '30 days'
        from unnest($1::uuid[], $2::uuid[]) as family(member_id, id)
        join account on account.id = family.member_id",
    )
    .bind(members.iter().map(|member| member.0).collect::<Vec<_>>())
    .bind(&families)
    .execute(pool)
    .await
    .unwrap();
    families
}

fn token(keys: &Keys, member: MemberId, family: Uuid) -> String {
    let now = ours::now();
    let identity = Identity { member, role: Role::User, family, issued_at: now.utc().timestamp() };
    keys.issue(identity, now).unwrap()
}

fn measured(shown: Shown) -> Measured {
    Measured {
        done: shown.answers,
        seconds: shown.duration_us / 1e6,
        latencies_us: shown.latencies_us,
        ..Measured::default()
    }
}
