//! Checks of the log by itself, in one pass: no gap, an unbroken hash chain, a head that equals the last event, and
//! columns that match their payload.

use domain::chain::{GENESIS, Hash};
use domain::{Event, Moment};
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use super::pages::{self, PAGE_POSITIONS, UnreadableRow};
use super::{Check, ProgressFn};
use crate::audit::AuditError;
use crate::log::{self, Entry};

pub(super) async fn checks(pool: &PgPool, progress: ProgressFn<'_>) -> Result<(i64, Vec<Check>), AuditError> {
    let mut conn = pool.acquire().await?;
    let mut tx = conn.begin_with("begin isolation level repeatable read read only").await?;
    let head = log::head(&mut tx).await?;
    let (rows, last): (i64, Option<i64>) =
        sqlx::query_as("select count(*), max(position) from events").persistent(false).fetch_one(&mut *tx).await?;
    let last = last.unwrap_or(0);
    let mut walk = Walk::default();
    let mut done = 0;
    while done < last {
        let through = last.min(done + PAGE_POSITIONS);
        for row in pages::read(&mut tx, done, through, &[]).await? {
            walk.take_in(row);
        }
        done = through;
        progress("log", done);
    }
    let streams = streams(&mut tx).await?;
    tx.rollback().await?;
    let mut checks = walk.finish(rows, &head);
    checks.push(streams);
    Ok((head.position, checks))
}

/// What is known of the rows before the present one.
struct Walk {
    positions: Check,
    hash_chain: Check,
    decoding: Check,
    order: Check,
    last: i64,
    /// Unknown after a row that cannot be read.
    hash: Option<Hash>,
    recorded_at: Option<Moment>,
    epoch: i64,
    /// The command of the row before; before the first row one that no event has.
    command: Option<Uuid>,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            positions: Check::new("positions"),
            hash_chain: Check::new("hash_chain"),
            decoding: Check::new("decoding"),
            order: Check::new("order"),
            last: 0,
            hash: Some(GENESIS),
            recorded_at: None,
            epoch: 0,
            command: Some(Uuid::nil()),
        }
    }
}

impl Walk {
    fn take_in(&mut self, row: Result<Entry, UnreadableRow>) {
        self.decoding.checked += 1;
        match row {
            Ok(entry) => {
                self.position(entry.position);
                self.link(&entry);
                self.event(&entry);
                self.order(&entry);
            }
            Err(unreadable) => {
                self.position(unreadable.position.unwrap_or(self.last + 1));
                self.decoding.fails(unreadable.position, unreadable.reason);
                (self.hash, self.command) = (None, None);
            }
        }
    }

    fn position(&mut self, position: i64) {
        self.positions.checked += 1;
        if position != self.last + 1 {
            self.positions.fails(Some(position), format!("position {} is missing", self.last + 1));
        }
        self.last = position;
    }

    fn link(&mut self, entry: &Entry) {
        self.hash_chain.checked += 1;
        let position = Some(entry.position);
        if self.hash.is_some_and(|before| before != entry.previous_hash) {
            self.hash_chain.fails(position, "the previous hash is not the hash of the event before");
        }
        if !entry.hash_is_right() {
            self.hash_chain.fails(position, "the stored hash is not the hash of what is stored");
        }
        self.hash = Some(entry.hash);
    }

    fn event(&mut self, entry: &Entry) {
        let position = Some(entry.position);
        match entry.event() {
            Err(error) => self.decoding.fails(position, error.to_string()),
            Ok(event) => {
                if let Some(what) = contradiction(entry, &event) {
                    self.decoding.fails(position, format!("the column {what} differs from the payload"));
                }
            }
        }
    }

    fn order(&mut self, entry: &Entry) {
        self.order.checked += 1;
        let position = Some(entry.position);
        if self.recorded_at.is_some_and(|before| before > entry.recorded_at) {
            self.order.fails(position, "the clock of the log goes back");
        }
        if entry.epoch < self.epoch {
            self.order.fails(position, "the epoch goes back");
        }
        if self.command.is_some_and(|before| entry.opens_command == (before == entry.command_id)) {
            self.order.fails(position, "opens_command does not say where the command begins");
        }
        self.recorded_at = Some(entry.recorded_at);
        self.epoch = entry.epoch;
        self.command = Some(entry.command_id);
    }

    fn finish(mut self, rows: i64, head: &log::Head) -> Vec<Check> {
        if rows != self.positions.checked {
            let reason = format!("{rows} rows are stored, {} of them at positions from 1 on", self.positions.checked);
            self.positions.fails(None, reason);
        }
        let mut end = Check::new("head");
        end.checked = 1;
        let end = end
            .found(head.position != self.last, Some(head.position), || {
                format!("the head says position {}, the last event is at {}", head.position, self.last)
            })
            .found(self.hash.is_some_and(|hash| hash != head.hash), Some(head.position), || {
                "the hash of the head is not that of the last event".to_owned()
            })
            .found(self.recorded_at.is_some_and(|at| at != head.recorded_at), Some(head.position), || {
                "the clock of the head is not that of the last event".to_owned()
            })
            .found(head.epoch < self.epoch, Some(head.position), || "the epoch of the head goes back".to_owned());
        vec![self.positions, self.hash_chain, end, self.decoding, self.order]
    }
}

/// The column that does not match the payload.
fn contradiction(entry: &Entry, event: &Event) -> Option<&'static str> {
    let stream_type = entry.event_type.split('.').next();
    if stream_type != Some(entry.aggregate_type.as_str()) {
        return Some("aggregate_type");
    }
    if event.subject(&entry.aggregate_id) != entry.subject {
        return Some("subject");
    }
    event.occurred_at().is_some_and(|at| at != entry.occurred_at).then_some("occurred_at")
}

/// Each stream counts its events 1, 2, 3 … in the order of the log.
async fn streams(conn: &mut PgConnection) -> Result<Check, AuditError> {
    let mut check = Check::new("streams");
    check.checked = sqlx::query_scalar("select count(*) from events where sequence = 1")
        .persistent(false)
        .fetch_one(&mut *conn)
        .await?;
    let broken: Option<(String, String, i64)> = sqlx::query_as(
        "select aggregate_type, aggregate_id, max(position)
        from events
        group by aggregate_type, aggregate_id
        having count(*) <> max(sequence) or min(sequence) <> 1
        order by max(position)
        limit 1",
    )
    .persistent(false)
    .fetch_optional(conn)
    .await?;
    if let Some((stream_type, id, position)) = broken {
        check.fails(Some(position), format!("the sequence numbers of stream {stream_type} {id} have gaps"));
    }
    Ok(check)
}
