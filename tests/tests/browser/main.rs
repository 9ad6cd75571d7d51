//! The pages in a real browser, as people use them: by mouse and keyboard, with and without the module, in both languages
//! and themes. What a page says at the level of HTTP is tested in `ledger/pages`.

use std::sync::Mutex;

use tests::support::{Database, Service, Setup, browser::drive};

/// One browser at a time: two share a core badly, and what one of them waits for is what the other one does.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A demo with its history.
async fn demo() -> (Database, Service) {
    let database = Database::fresh().await;
    let service = Setup::on(&database).env("DEMO_HISTORY", "true").start().await;
    (database, service)
}

async fn driven(script: &str) {
    let (_database, service) = demo().await;
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    tokio::task::block_in_place(|| drive(script, &service.url(), &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_every_role_is_accessible_fits_and_asks_nobody_else() {
    driven("pages.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn claims_are_decided_by_keyboard_and_an_earlier_moment_stays_as_it_was() {
    driven("deciding.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_person_may_not_give_alone_another_approves_and_the_member_sees_it() {
    driven("adjusting.mjs").await;
}
