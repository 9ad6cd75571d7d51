//! Payments stand where the domain says, under every filter of the API, and no list reads more of them than its page.

use std::collections::BTreeMap;

use domain::Event;
use domain::spend::{Spend, SpendStatus};
use domain::value::ValueEvent;
use projections::read_models::spends::{self, SpendFilter, Spends};
use serde_json::Value;
use uuid::Uuid;

use super::support::payments::{PAYERS, Payments, midway, payer};
use super::support::{TestLog, with_log};

const MEMBERS: [Option<u128>; 3] = [None, Some(0), Some(PAYERS)];

async fn paid(log: &mut TestLog, seed: u64, steps: usize) {
    let mut payments = Payments::new(seed);
    log.append((0..steps).map(|_| payments.step()).collect()).await;
    log.project(Spends, log.head(), 97, 1).await;
}

fn filters() -> Vec<SpendFilter> {
    let statuses = SpendStatus::ALL.map(Some).into_iter().chain([None]);
    let of = |status| MEMBERS.map(|member| SpendFilter { member: member.map(payer), status, before: None });
    statuses.flat_map(of).collect()
}

#[tokio::test]
async fn payments_stand_where_the_domain_says_and_every_filter_finds_its_own() {
    with_log(async |log| {
        paid(log, 21, 600).await;
        let mut expected: BTreeMap<Uuid, (Spend, i64, i64)> = BTreeMap::new();
        for (position, draft) in &log.events {
            let Event::Value(ValueEvent::Spend(event)) = &draft.event else { panic!("{draft:?}") };
            let (spend, _, last) = expected.entry(draft.stream_id).or_insert((Spend::default(), *position, *position));
            spend.evolve(event);
            *last = *position;
        }
        let mut conn = log.pool.acquire().await.unwrap();
        let all = spends::list(&mut conn, SpendFilter::default(), midway(), 1_000).await.unwrap();
        assert_eq!(all.len(), expected.len());
        assert!(all.is_sorted_by(|newer, older| newer.created_position > older.created_position));
        for row in &all {
            let (spend, created, last) = &expected[&row.spend_id];
            assert_eq!((row.created_position, row.position), (*created, *last));
            assert_eq!((row.captured, row.refunded), (spend.captured(), spend.refunded()), "{row:?}");
            assert_eq!(row.amount, spend.paid().unwrap().amount.get());
            assert_eq!(row.status_at(midway()), spend.status_at(midway().into()).unwrap().name(), "{row:?}");
        }
        let over = all.iter().filter(|row| row.status == "held" && row.status_at(midway()) == "expired");
        assert!(over.count() > 5, "some holds are over and not recorded so");
        for filter in filters() {
            let wanted: Vec<Uuid> = all
                .iter()
                .filter(|row| filter.member.is_none_or(|member| member.0 == row.member_id))
                .filter(|row| filter.status.is_none_or(|status| status.name() == row.status_at(midway())))
                .map(|row| row.spend_id)
                .collect();
            let (mut walked, mut page) = (Vec::new(), filter);
            loop {
                let rows = spends::list(&mut conn, page, midway(), 7).await.unwrap();
                let Some(last) = rows.last() else { break };
                page.before = Some(last.created_position);
                walked.extend(rows.iter().map(|row| row.spend_id));
            }
            assert_eq!(walked, wanted, "{filter:?}");
        }
    })
    .await;
}

/// A page, and one more to see whether it is the last.
const PAGE: i64 = 51;

/// What the scans of a plan read of the payments, with what they threw away again; `None` where one read all of the table.
fn rows_read(node: &Value) -> Option<f64> {
    let of_spends = node["Relation Name"] == "spends";
    if of_spends && node["Node Type"] == "Seq Scan" {
        return None;
    }
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let read = if of_spends { number("Actual Rows") + number("Rows Removed by Filter") } else { 0.0 };
    let read = read * number("Actual Loops");
    node["Plans"].as_array().into_iter().flatten().map(rows_read).try_fold(read, |sum, read| Some(sum + read?))
}

#[tokio::test]
async fn no_filter_of_a_list_of_payments_reads_more_than_its_page() {
    with_log(async |log| {
        paid(log, 22, 20_000).await;
        let mut conn = log.pool.acquire().await.unwrap();
        for analysed in [false, true] {
            if analysed {
                sqlx::query("analyze").execute(&mut *conn).await.unwrap();
            }
            for filter in filters().into_iter().filter(|filter| filter.member.is_none()) {
                for before in [None, Some(log.head() / 2)] {
                    let filter = SpendFilter { before, ..filter };
                    // all holds are over or none is, as it mostly is
                    let plan = spends::explain(&mut conn, filter, super::support::recorded_at(0), PAGE).await.unwrap();
                    let read = rows_read(&plan[0]["Plan"]);
                    let most = if analysed { PAGE * SpendStatus::ALL.len() as i64 * 2 } else { i64::MAX };
                    assert!(read.is_some_and(|read| read <= most as f64), "{read:?} rows for {filter:?}: {plan:#}");
                }
            }
        }
    })
    .await;
}
