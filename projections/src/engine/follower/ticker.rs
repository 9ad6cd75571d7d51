//! Announces the head of the log and the positions of followers in other processes: one small query for all loops, and
//! none while the head comes from this process.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::BATCH_LIMIT;
use super::read_position::LAZY_SAVE;
use crate::engine::checkpoint::{self, FollowerPosition};
use crate::engine::connections::LoopConnection;
use crate::engine::freshness::{FollowerState, Freshness};
use crate::engine::partition_progress;
use crate::engine::projection::Descriptor;
use crate::log;
use crate::log::tail::Tail;

/// How often the head and the checkpoints are polled.
const POLL: Duration = Duration::from_millis(75);

/// The one ticker of a process.
pub(super) struct Ticker {
    connection: LoopConnection,
    moved: watch::Sender<i64>,
    freshness: Freshness,
    tail: Tail,
    projections: &'static [Descriptor],
    /// The projections that workers feed: the ticker alone computes the position of the whole.
    watched: Vec<FollowerPosition>,
    saved_at: Instant,
}

impl Ticker {
    pub(super) fn new(
        connection: LoopConnection,
        moved: watch::Sender<i64>,
        freshness: Freshness,
        tail: Tail,
        projections: &'static [Descriptor],
    ) -> Self {
        Self { connection, moved, freshness, tail, projections, watched: Vec::new(), saved_at: Instant::now() }
    }

    /// Until shutdown.
    pub(super) async fn tick(mut self, mut appended: watch::Receiver<i64>, shutdown: CancellationToken) {
        let mut poll = tokio::time::interval(POLL);
        poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut appends_here = true;
        loop {
            let head = tokio::select! {
                () = shutdown.cancelled() => return,
                appended_to = appended.changed(), if appends_here => {
                    appends_here = appended_to.is_ok();
                    *appended.borrow_and_update()
                }
                _ = poll.tick() => match self.look().await {
                    Ok(head) => head,
                    // each loop notices by itself, and logs it
                    Err(_) => continue,
                },
            };
            self.tail.ends_at(head, Instant::now());
            // what fails here is repeated at the next tick
            let _ = self.watch_all(head).await;
            self.moved.send_if_modified(|known| {
                let further = head > *known;
                *known = head.max(*known);
                further
            });
        }
    }

    async fn look(&mut self) -> sqlx::Result<i64> {
        let mut conn = self.connection.take().await?;
        let standings = checkpoint::standings(&mut conn).await?;
        let head = log::last_position(&mut conn).await?;
        self.connection.keep(conn);
        for standing in &standings {
            self.note(standing);
        }
        self.watched = standings.into_iter().filter(|standing| standing.by_workers.is_some()).collect();
        Ok(head)
    }

    /// The position of a projection never goes down, for those who wait to read it. A follower that sends may be set back,
    /// perhaps while another process runs it.
    fn note(&self, standing: &FollowerPosition) {
        let (name, position) = (&standing.name, standing.position);
        let is_read_model = self.projection(name).is_some();
        if is_read_model || self.freshness.state(name) == FollowerState::Following {
            self.freshness.reached(name, position);
        } else {
            self.freshness.stands_at(name, position);
        }
    }

    fn projection(&self, name: &str) -> Option<&'static Descriptor> {
        self.projections.iter().find(|known| known.name == name)
    }

    async fn watch_all(&mut self, head: i64) -> sqlx::Result<()> {
        let watched = std::mem::take(&mut self.watched);
        if watched.is_empty() {
            return Ok(());
        }
        let mut conn = self.connection.take().await?;
        for standing in watched {
            self.watch(&mut conn, standing, head).await?;
        }
        self.connection.keep(conn);
        Ok(())
    }

    /// Computes the position of the whole of a projection that workers feed, from the positions of its partitions and the
    /// log, and saves it for processes that start later.
    async fn watch(&mut self, conn: &mut PgConnection, standing: FollowerPosition, head: i64) -> sqlx::Result<()> {
        let FollowerPosition { name, position: saved, by_workers: Some(progress) } = standing else { return Ok(()) };
        let streams = self.projection(&name).map_or(&[][..], |known| known.streams);
        let mut known = saved.max(self.freshness.position(&name));
        while known < head {
            let through = head.min(known + BATCH_LIMIT);
            let entries = self.tail.read(conn, known, through, streams).await?;
            known = progress.folded_through_entries(entries.iter().map(AsRef::as_ref), through);
            self.freshness.reached(&name, known);
            if known < through {
                break;
            }
        }
        if known > saved && self.saved_at.elapsed() >= LAZY_SAVE {
            partition_progress::note(conn, &name, known).await?;
            self.saved_at = Instant::now();
        }
        Ok(())
    }
}
