//! Two processes on one database: started at once, asked at once, and still one log and one stock.

use futures::future::join_all;
use tests::support::{Client, Database, Log, Service, Setup, programme::email};

const MEMBERS: usize = 40;
const STOCK: i64 = 25;

pub(crate) async fn pair(database: &Database) -> [Service; 2] {
    let both = [Setup::on(database).without_demo().launch(), Setup::on(database).without_demo().launch()];
    futures::join!(both[0].ready(), both[1].ready()); // both find an empty database and both migrate
    both
}

async fn administrator(service: &Service) -> Client {
    let [here] = administrator_on([service]).await;
    here
}

/// An administrator who is logged in on each of these instances.
pub(crate) async fn administrator_on<const N: usize>(services: [&Service; N]) -> [Client; N] {
    let chief = email();
    let made = services[0].command(&["admin", "create", "--email", &chief], "a long enough password\n");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let clients = services.map(async |service| service.client().login(&chief, "a long enough password").await);
    join_all(clients).await.try_into().unwrap_or_else(|_| panic!("one for each"))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_that_start_at_once_share_one_log_and_one_stock() {
    let database = Database::fresh().await;
    let [left, right] = pair(&database).await;
    let operator = administrator(&left).await;
    let (_, prize) = operator.create_open_event(Some(STOCK)).await;

    // Every member is logged in on both: each instance signs with a key of its own.
    let members = join_all((0..MEMBERS).map(async |_| {
        let member = left.client().sign_up().await;
        let there = right.client().login(&member.email, "correct horse battery").await;
        [member.client, there]
    }))
    .await;

    // Every member asks both instances at the same moment.
    let answers = join_all(members.iter().map(async |[here, there]| {
        let (here, there) = futures::join!(here.claim(&prize), there.claim(&prize));
        [here, there]
    }))
    .await;

    let mut granted = 0;
    for pair in &answers {
        let grants: Vec<_> = pair.iter().filter(|answer| answer.status == 201).collect();
        assert!(grants.len() <= 1, "one member, one grant: {} and {}", pair[0], pair[1]);
        granted += i64::try_from(grants.len()).unwrap();
        for refused in pair.iter().filter(|answer| answer.status != 201) {
            match grants.first() {
                Some(grant) => {
                    assert_eq!(refused.problem(409, "already_claimed")["claimId"], grant.json["claim"]["id"])
                }
                None => _ = refused.problem(409, "out_of_stock"),
            }
        }
    }
    assert_eq!(granted, STOCK);

    let log = Log::of(&database).await;
    assert_eq!(log.count("claim.granted").await, STOCK);
    assert_eq!(log.stock(&prize).await, (Some(STOCK), 0, STOCK));
    log.assert_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_wrote_the_other_shows_and_survives() {
    let database = Database::fresh().await;
    let [left, right] = pair(&database).await;
    let operator = administrator(&left).await;
    let (_, prize) = operator.create_open_event(None).await;
    let member = right.client().sign_up().await;
    let granted = member.client.claim(&prize).await;
    granted.created();
    let seen = operator.get_at(&format!("/claims?rewardId={prize}"), granted.position()).await;
    assert_eq!(seen.list("/claims").len(), 1, "the other instance shows it: {seen}");

    left.kill_9(); // whichever of the two folds the log and publishes it
    let other = right.client().sign_up().await;
    let granted = other.client.claim(&prize).await;
    granted.created();
    let mut shown = other.client.get_at("/claims/me", granted.position()).await;
    for _ in 0..15 {
        if shown.status == 200 {
            break;
        }
        shown = other.client.get_at("/claims/me", granted.position()).await;
    }
    assert_eq!(shown.list("/claims").len(), 1);
    Log::of(&database).await.assert_sound().await;
}
