//! Whatever is asked of the service, in whatever order, every read model is what a plain count of the log comes to; and
//! so it is when the service, and with it all that follows the log, was killed in the middle, several times.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::future::join_all;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tests::support::{Client, Log, Stage};

use self::{
    count::Counted,
    player::{Player, World},
};

/// What a plain count of the log comes to.
mod count;

/// Somebody who asks for anything.
mod player;

/// What the service says, beside what was counted.
mod compare;

/// Players who act at the same moment.
const PLAYERS: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn every_read_model_is_what_a_plain_count_of_the_log_says() {
    let (stage, seed) = (Stage::own().await, 20_261_121);
    let refused = play(World::set(&stage, seed).await, seed, 250).await;
    assert!(refused.len() > 5, "they came across many a rule: {refused:?}");
    agree(&stage).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_model_is_so_too_after_the_followers_were_killed_at_random_moments() {
    let (stage, seed) = (Stage::own().await, 7);
    let world = World::set(&stage, seed).await;
    let playing = tokio::spawn(play(world, seed, 250));
    let log = stage.log().await;
    let mut random = StdRng::seed_from_u64(seed);
    for _ in 0..4 {
        // by what was written and not by the clock, so that a slow machine is killed in the middle, too
        let until = log.head().await + random.random_range(20..80);
        while log.head().await < until && !playing.is_finished() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(!playing.is_finished(), "it is killed while they play");
        stage.service.restart().await;
    }
    playing.await.unwrap();
    agree(&stage).await;
}

/// Lets the players act at the same moment, each so many times, and answers the codes of what they were refused.
async fn play(world: Arc<World>, seed: u64, actions: usize) -> BTreeSet<String> {
    let playing = (0..PLAYERS).map(|number| {
        let mut player = Player::new(world.clone(), seed * 10 + number);
        async move {
            for _ in 0..actions {
                player.act().await;
            }
            player.refused
        }
    });
    join_all(playing).await.into_iter().flatten().collect()
}

/// Compares at one position: what the reactors and the clock append meanwhile is waited for.
async fn agree(stage: &Stage) {
    let (admin, log): (Client, Log) = (stage.service.demo("admin").await, stage.log().await);
    for _ in 0..50 {
        let counted = Counted::of(&log.events().await);
        let different = compare::with_the_service(&counted, &admin).await;
        let facts = compare::with_the_facts(&counted, stage).await;
        if log.head().await == counted.position {
            assert_eq!((different, facts), (Vec::<String>::new(), Vec::<String>::new()), "at {}", counted.position);
            assert!(counted.claims.len() > 100 && counted.days.len() > 100, "there was something to count");
            log.assert_sound().await;
            return;
        }
    }
    panic!("the log does not come to rest");
}
