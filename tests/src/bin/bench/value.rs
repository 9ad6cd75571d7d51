//! Value beside plain claims: what a grant of points costs more than one of an item, and what payments cost. In process,
//! like the claims that they are compared with; over HTTP, where `http` asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use commands::{AnswerFromReceipt, Metadata, SpendOrder};
use domain::id::MemberId;
use domain::quantity::Amount;
use domain::value::UnitCode;
use tests::support::postgres::Cluster;
use uuid::Uuid;

use crate::Size;
use crate::load::{Load, Measured};
use crate::ours::{self, Desk, Ours};
use crate::report::Report;

/// What each member has to spend: more than a run can.
const PLENTY: i64 = 1_000_000_000;
/// How many members spend; more of them would only take longer to prepare.
const SPENDERS: usize = 4_000;
/// Of how many lots the long wallet is made.
const LOTS: usize = 1_000;
/// How many wait for claims, and as many for payments.
const WAITERS: usize = 64;

/// Claims and payments on one log.
pub(crate) struct Value {
    ours: Ours,
    desk: Arc<Desk>,
    spenders: usize,
    next: Arc<AtomicUsize>,
}

pub(crate) async fn measure(cluster: &Arc<Cluster>, size: &Size, report: &mut Report) {
    eprintln!("value: preparing {} members, and points for them", size.members);
    let value = Value::prepare(cluster, size).await;
    for round in 1..=size.rounds {
        eprintln!("round {round} of {}", size.rounds);
        let load = |waiters| Load { waiters, length: size.round, postgres: cluster.pid() };
        report.add("value items, 64", value.ours.cold(load(WAITERS)).await);
        report.add("value spends, 64", value.spends(load(WAITERS), value.spenders).await);
        report.add("value one wallet, 64", value.spends(load(WAITERS), 1).await);
        let (claims, spends) =
            tokio::join!(value.ours.cold(load(WAITERS / 2)), value.spends(load(WAITERS / 2), value.spenders));
        report.add("value items and spends, 32 + 32", together(claims, spends));
    }
    report.figure_of("spends_vs_claims", "value spends, 64", "value items, 64", "at least 0.6");
    report.figure_of("one_wallet64_vs_cold64", "value one wallet, 64", "value spends, 64", "at least 0.25");
    let beside = "value items and spends, 32 + 32";
    report.figure_of("claims_beside_spends", beside, "value items, 64", "at least 0.8, both counted");
    let long = value.of_many_lots(Load { waiters: 1, length: size.round, postgres: cluster.pid() }).await;
    report.figure("spend_over_1000_lots_p99_ms", p99_ms(&long), "");
    report.add("value spends over 1,000 lots, 1", long);
    value.ours.assert_sound().await;
}

impl Value {
    async fn prepare(cluster: &Arc<Cluster>, size: &Size) -> Self {
        let ours = Ours::prepare(cluster, size.members).await;
        let desk = ours.desk();
        let spenders = desk.members.len().min(SPENDERS);
        let plenty = ours::reward(&desk.ledger, "Plenty", ours::Prize::Points(PLENTY)).await;
        for chunk in desk.members[..spenders].chunks(WAITERS) {
            let claims = chunk.iter().map(|member| desk.claim(plenty, *member));
            futures::future::join_all(claims).await;
        }
        Self { ours, desk, spenders, next: Arc::default() }
    }

    /// Payments of one point by so many members.
    async fn spends(&self, load: Load, spenders: usize) -> Measured {
        let (desk, next) = (self.desk.clone(), self.next.clone());
        load.run(move || {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let (desk, member) = (desk.clone(), desk.members[number % spenders]);
            async move { spend(&desk, member, 1).await }
        })
        .await
    }

    /// Payments that take all lots of a wallet of a thousand, the oldest first, one lot after the other.
    async fn of_many_lots(&self, load: Load) -> Measured {
        let member = self.desk.members[self.spenders.saturating_sub(1)];
        let lots = (0..LOTS).map(|number| ours::reward_named(&self.desk.ledger, number));
        for reward in futures::future::join_all(lots).await {
            self.desk.claim(reward, member).await;
        }
        let desk = self.desk.clone();
        load.run(move || {
            let desk = desk.clone();
            async move { spend(&desk, member, 1).await }
        })
        .await
    }
}

async fn spend(desk: &Desk, member_id: MemberId, amount: i64) -> usize {
    let at = ours::now();
    let order = SpendOrder {
        member_id,
        caller_id: MemberId::default(),
        reference: Uuid::now_v7().to_string().try_into().unwrap(),
        unit: UnitCode::points(),
        amount: Amount::try_from(amount).unwrap(),
        hold: None,
        at,
    };
    desk.ledger.spend(order, &Metadata::system(at), &AnswerFromReceipt::none()).await.unwrap().appended
}

fn p99_ms(measured: &Measured) -> f64 {
    let mut sorted = measured.latencies_us.clone();
    sorted.sort_unstable();
    sorted.get(sorted.len() * 99 / 100).map_or(f64::NAN, |us| f64::from(*us) / 1e3)
}

fn together(one: Measured, other: Measured) -> Measured {
    Measured {
        done: one.done + other.done,
        latencies_us: one.latencies_us.into_iter().chain(other.latencies_us).collect(),
        ..one
    }
}
