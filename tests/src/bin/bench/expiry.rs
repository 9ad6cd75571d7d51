//! Claims while lots end that a whole programme was given for the same day. The lots are in the log and in the guard rows before
//! anything is measured; their ends are recorded by the scheduler's own command, as many wallets at once as it settles.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::TimeDelta;
use commands::Metadata;
use domain::adjustment::{AdjustmentEvent, AdjustmentSubject, Change, Posted};
use domain::id::{AdjustmentId, LotId, MemberId};
use domain::value::{NewLot, UnitCode, ValueEvent};
use domain::{Event, Moment};
use sqlx::PgPool;
use tests::support::postgres::Cluster;
use uuid::Uuid;

use crate::Size;
use crate::fill::{Made, fill};
use crate::load::{Load, Measured};
use crate::ours::{self, Desk, Ours};
use crate::report::Report;

/// How many wait for claims.
const CLAIMS: usize = 64;
/// How many wallets the scheduler settles at once.
const WALLETS: usize = 8;
/// The claims are spread over so many rewards.
const REWARDS: usize = 400;
/// How many guard rows are written at once.
const ROWS: usize = 10_000;

/// Claims, and wallets with a lot each that has ended.
struct Midnight {
    ours: Ours,
    desk: Arc<Desk>,
    due: Arc<Vec<MemberId>>,
    next: Arc<AtomicUsize>,
}

pub(crate) async fn measure(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("value: preparing {} lots that end at one midnight", size.ending);
    let midnight = Midnight::prepare(cluster, size).await;
    let (alone, beside, ended) = ("value claims alone, 64", "value claims beside expiry, 64", "value lots ended, 8");
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        let load = |waiters| Load { waiters, length: size.round, postgres: cluster.pid() };
        report.add(alone, midnight.ours.cold(load(CLAIMS)).await);
        let (claims, lots) = tokio::join!(midnight.ours.cold(load(CLAIMS)), midnight.end(load(WALLETS)));
        report.add(beside, claims);
        report.add(ended, lots);
    }
    report.figure_of("claims_beside_expiry_vs_without", beside, alone, "at least 0.8");
    report.figure("lots_expired_per_s", report.rate(ended), "");
    assert!(midnight.next.load(Ordering::Relaxed) <= midnight.due.len(), "all lots had ended before the end");
    midnight.ours.assert_sound().await;
}

impl Midnight {
    async fn prepare(cluster: &Arc<Cluster>, size: &Size) -> Self {
        let database = cluster.database().await;
        let pool = database.pool().await;
        let members = ours::write_members(&pool, size.members).await;
        let due: Vec<_> = (0..size.ending).map(|_| MemberId(Uuid::now_v7())).collect();
        give(&pool, &due).await;
        let ours = Ours::over(database, pool, members, REWARDS).await;
        let desk = ours.desk();
        Self { ours, desk, due: Arc::new(due), next: Arc::default() }
    }

    /// Records the ends of lots, wallet by wallet.
    async fn end(&self, load: Load) -> Measured {
        let (desk, due, next) = (self.desk.clone(), self.due.clone(), self.next.clone());
        let unit = UnitCode::points();
        load.run(move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (desk, member, unit) = (desk.clone(), due.get(number).copied(), unit.clone());
            async move {
                let member = member.expect("there are more lots than a run can end");
                let settled = desk.ledger.settle_wallet(member, &unit, &Metadata::system(ours::now())).await;
                usize::from(settled.unwrap().is_some())
            }
        })
        .await
    }
}

/// Gives each of them a lot that has ended with the last day.
async fn give(pool: &PgPool, members: &[MemberId]) {
    let at = ours::now();
    let midnight = at.utc().date_naive().and_hms_opt(0, 0, 0).unwrap().and_utc();
    let begun = Moment::from(midnight - TimeDelta::days(30));
    let lots: Vec<_> = members.iter().map(|member| (*member, AdjustmentId(Uuid::now_v7()))).collect();
    let gift = move |(member_id, id): (MemberId, AdjustmentId)| {
        let lot = NewLot {
            lot_id: LotId(id.0),
            amount: 10.try_into().unwrap(),
            available_from: begun,
            expires_at: Some(midnight.into()),
        };
        let about = AdjustmentSubject {
            member_id,
            unit: UnitCode::points(),
            amount: 10.try_into().unwrap(),
            operator_id: MemberId::default(),
            note: "For the day.".to_owned(),
        };
        let posted = Posted { about, change: Change::Given(lot), on: midnight.date_naive(), number: 1 };
        let event = Event::Value(ValueEvent::Adjustment(AdjustmentEvent::Posted(posted)));
        Made { stream: ("adjustment", id.to_string()), sequence: 1, event, recorded_at: at }
    };
    let before: i64 = sqlx::query_scalar("select position from log_head").fetch_one(pool).await.unwrap();
    fill(pool, lots.clone().into_iter().map(gift)).await;
    // what decides was not told: see `fill`
    let sql = "insert into wallet_lots (member_id, unit, lot_id, amount, free, available_from, expires_at, position)
               select member_id, $4, lot_id, 10, 10, $5, $6, $3 + place
               from unnest($1::uuid[], $2::uuid[]) with ordinality as lot(member_id, lot_id, place)";
    for (number, part) in lots.chunks(ROWS).enumerate() {
        let members: Vec<Uuid> = part.iter().map(|(member, _)| member.0).collect();
        let ids: Vec<Uuid> = part.iter().map(|(_, id)| id.0).collect();
        let position = before + i64::try_from(number * ROWS).unwrap();
        let insert =
            sqlx::query(sql).bind(members).bind(ids).bind(position).bind(UnitCode::points().as_str().to_owned());
        insert.bind(begun.utc()).bind(midnight).execute(pool).await.unwrap();
    }
}
