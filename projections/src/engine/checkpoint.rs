//! How far each follower has come. A checkpoint is saved in the transaction that writes the rows it
//! stands for; it does not know what those rows are. How one statement does both is in `at_once`.

mod at_once;

use sqlx::postgres::PgConnection;
use uuid::Uuid;

pub use self::at_once::Moving;
pub(crate) use self::at_once::moved;
use crate::engine::progress::Progress;

/// How far one follower has come.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Checkpoint {
    /// The follower.
    pub name: String,
    /// Of its logic.
    pub version: i32,
    /// The last position that it has taken in.
    pub position: i64,
    /// The life of the log in which it was saved.
    pub epoch: i64,
    /// Who saved it.
    pub owner: Uuid,
    /// Whether there are streams or events that it leaves aside; known when it was locked.
    #[sqlx(default)]
    pub leaves_aside: bool,
    /// Whether workers feed it, partition by partition: it is the position of the whole then.
    pub fed_by_workers: bool,
}

/// How far a follower has come, also one that workers feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) name: String,
    pub(crate) position: i64,
    pub(crate) by_workers: Option<Progress>,
}

/// Whether workers feed the checkpoint of this row.
macro_rules! fed_by_workers {
    () => {
        "exists (select from worker_partitions where follower = checkpoints.name) as fed_by_workers"
    };
}

/// Whether the follower of this row leaves something aside.
macro_rules! leaves_aside {
    () => {
        "(exists (select from parked_streams where follower = checkpoints.name)
          or exists (select from interventions where follower = checkpoints.name and step = 'skip')) as leaves_aside"
    };
}

/// The checkpoint of a follower, made at the start of the log when there is none.
///
/// # Errors
/// The database's.
pub async fn ensure(conn: &mut PgConnection, name: &str, version: i32, owner: Uuid) -> sqlx::Result<Checkpoint> {
    sqlx::query(
        "insert into checkpoints (name, version, position, epoch, owner, updated_at)
        select $1, $2, 0, epoch, $3, now()
        from log_head
        on conflict (name) do nothing",
    )
    .bind(name)
    .bind(version)
    .bind(owner)
    .execute(&mut *conn)
    .await?;
    sqlx::query_as(concat!(
        "select name, version, position, epoch, owner, ",
        fed_by_workers!(),
        " from checkpoints where name = $1"
    ))
    .bind(name)
    .fetch_one(conn)
    .await
}

/// Locks a checkpoint for the rest of the transaction; `None` when somebody else holds it.
///
/// # Errors
/// The database's.
pub async fn try_lock(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<Checkpoint>> {
    sqlx::query_as(concat!(
        "select name, version, position, epoch, owner, ",
        leaves_aside!(),
        ", ",
        fed_by_workers!(),
        " from checkpoints
        where name = $1
        for update skip locked"
    ))
    .bind(name)
    .fetch_optional(conn)
    .await
}

/// In which life of the log its last event was appended. `log_head` says it too, but has a version for each append, and an
/// old snapshot keeps all of them.
macro_rules! last_epoch {
    () => {
        "coalesce((select epoch from events order by position desc limit 1), 1)"
    };
}
pub(crate) use last_epoch;
use {fed_by_workers, leaves_aside};

/// Locks a checkpoint for the rest of the transaction, and moves it to `through` where its version is this one, its
/// position lies in the piece that begins after `after`, and no worker feeds it. Says how it was before; `None` when
/// somebody else holds it. One statement for what every batch does.
///
/// # Errors
/// The database's.
pub(crate) async fn try_move(
    conn: &mut PgConnection,
    name: &str,
    version: i32,
    (after, through): (i64, i64),
    owner: Uuid,
) -> sqlx::Result<Option<Checkpoint>> {
    sqlx::query_as(concat!(
        "with known as (
            select name, version, position, epoch, owner, ",
        leaves_aside!(),
        ", ",
        fed_by_workers!(),
        "
            from checkpoints
            where name = $1
            for update skip locked
        ), moved as (
            update checkpoints
            set position = $4, owner = $5, epoch = ",
        last_epoch!(),
        ", updated_at = now(), state = 'following', trouble_position = null, trouble = null
            from known
            where checkpoints.name = $1
              and known.version = $2
              and known.position >= $3
              and known.position < $4
              and not known.fed_by_workers
        )
        select * from known"
    ))
    .bind(name)
    .bind(version)
    .bind(after)
    .bind(through)
    .bind(owner)
    .fetch_optional(conn)
    .await
}

/// Locks a checkpoint for the rest of the transaction, however long that takes.
///
/// # Errors
/// The database's.
pub async fn lock(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<Checkpoint>> {
    sqlx::query_as(concat!(
        "select name, version, position, epoch, owner, ",
        fed_by_workers!(),
        " from checkpoints
        where name = $1
        for update"
    ))
    .bind(name)
    .fetch_optional(conn)
    .await
}

/// Saves a checkpoint that is locked.
///
/// # Errors
/// The database's.
pub async fn save(conn: &mut PgConnection, name: &str, version: i32, position: i64, owner: Uuid) -> sqlx::Result<()> {
    sqlx::query(concat!(
        "update checkpoints
        set version = $2, position = $3, owner = $4, epoch = ",
        last_epoch!(),
        ", updated_at = now(), state = 'following', trouble_position = null, trouble = null
        where checkpoints.name = $1",
    ))
    .bind(name)
    .bind(version)
    .bind(position)
    .bind(owner)
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a checkpoint over, at a position of its new owner's choice or where it stands.
/// Whoever owned it before is refused by [`advance`] from now on.
///
/// # Errors
/// The database's.
pub async fn take_over(conn: &mut PgConnection, name: &str, position: Option<i64>, owner: Uuid) -> sqlx::Result<i64> {
    sqlx::query_scalar(
        "update checkpoints
        set owner = $2, position = coalesce($3, position), updated_at = now()
        where name = $1
        returning position",
    )
    .bind(name)
    .bind(owner)
    .bind(position)
    .fetch_one(conn)
    .await
}

/// Moves a checkpoint forward for its owner; `false` when it was taken over meanwhile.
///
/// # Errors
/// The database's.
pub async fn advance(conn: &mut PgConnection, name: &str, position: i64, owner: Uuid) -> sqlx::Result<bool> {
    let moved = sqlx::query(concat!(
        "update checkpoints
        set position = greatest(checkpoints.position, $2), epoch = ",
        last_epoch!(),
        ", updated_at = now()
        where checkpoints.name = $1 and checkpoints.owner = $3",
    ))
    .bind(name)
    .bind(position)
    .bind(owner)
    .execute(conn)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Takes a checkpoint over under an epoch of the follower's lease; `None` when a later one was there already.
/// Whoever saves under an earlier epoch is refused by [`advance_under`] from now on.
///
/// # Errors
/// The database's.
pub async fn take_over_under(
    conn: &mut PgConnection,
    name: &str,
    position: Option<i64>,
    owner: Uuid,
    lease_epoch: i64,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar(
        "update checkpoints
        set owner = $2, position = coalesce($3, position), lease_epoch = $4, updated_at = now()
        where name = $1
          and lease_epoch <= $4
        returning position",
    )
    .bind(name)
    .bind(owner)
    .bind(position)
    .bind(lease_epoch)
    .fetch_optional(conn)
    .await
}

/// Moves a checkpoint forward for who took it over under this epoch; `false` when somebody else has meanwhile.
///
/// # Errors
/// The database's.
pub async fn advance_under(
    conn: &mut PgConnection,
    name: &str,
    position: i64,
    owner: Uuid,
    lease_epoch: i64,
) -> sqlx::Result<bool> {
    let moved = sqlx::query(concat!(
        "update checkpoints
        set position = greatest(checkpoints.position, $2), epoch = ",
        last_epoch!(),
        ", updated_at = now()
        where checkpoints.name = $1
          and checkpoints.owner = $3
          and checkpoints.lease_epoch = $4",
    ))
    .bind(name)
    .bind(position)
    .bind(owner)
    .bind(lease_epoch)
    .execute(conn)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Notes that nothing of interest lies between `saved` and `position`. It changes nothing, and answers
/// `false`, when the checkpoint does not stand at `saved` or beyond: somebody has set it back.
///
/// # Errors
/// The database's.
pub async fn pass(conn: &mut PgConnection, name: &str, version: i32, saved: i64, position: i64) -> sqlx::Result<bool> {
    let passed = sqlx::query(concat!(
        "update checkpoints
        set position = greatest(checkpoints.position, $4), epoch = ",
        last_epoch!(),
        ", updated_at = now()
        where checkpoints.name = $1
          and checkpoints.version = $2
          and checkpoints.position >= $3",
    ))
    .bind(name)
    .bind(version)
    .bind(saved)
    .bind(position)
    .execute(conn)
    .await?;
    Ok(passed.rows_affected() == 1)
}

/// Sets a checkpoint back, never forward.
///
/// # Errors
/// The database's.
pub async fn set_back(conn: &mut PgConnection, name: &str, position: i64) -> sqlx::Result<()> {
    sqlx::query("update checkpoints set position = least(position, $2), updated_at = now() where name = $1")
        .bind(name)
        .bind(position)
        .execute(conn)
        .await?;
    Ok(())
}

/// A follower stops before an event, until a human decides.
///
/// # Errors
/// The database's.
pub async fn stop(conn: &mut PgConnection, name: &str, position: i64, reason: &str) -> sqlx::Result<()> {
    sqlx::query(
        "update checkpoints
        set state = 'stopped', trouble_position = $2, trouble = $3, updated_at = now()
        where name = $1
          and position < $2",
    )
    .bind(name)
    .bind(position)
    .bind(reason)
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a follower is stopped.
///
/// # Errors
/// The database's.
pub async fn is_stopped(conn: &mut PgConnection, name: &str) -> sqlx::Result<bool> {
    let state: Option<String> =
        sqlx::query_scalar("select state from checkpoints where name = $1").bind(name).fetch_optional(conn).await?;
    Ok(state.as_deref() == Some("stopped"))
}

/// How far every follower has come.
///
/// # Errors
/// The database's.
pub async fn positions(conn: &mut PgConnection) -> sqlx::Result<Vec<(String, i64)>> {
    sqlx::query_as("select name, position from checkpoints").fetch_all(conn).await
}

/// How far a follower has come; `None` when it has never run.
///
/// # Errors
/// The database's.
pub async fn position(conn: &mut PgConnection, name: &str) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar("select position from checkpoints where name = $1").bind(name).fetch_optional(conn).await
}

/// The same with the progress of those that workers feed.
///
/// # Errors
/// The database's.
pub(crate) async fn standings(conn: &mut PgConnection) -> sqlx::Result<Vec<Standing>> {
    let rows: Vec<(String, i64, Option<Vec<i64>>)> = sqlx::query_as(
        "select name, position,
                (select array_agg(worker_partitions.position order by partition)
                 from worker_partitions
                 where follower = name)
        from checkpoints",
    )
    .fetch_all(conn)
    .await?;
    let standing = |(name, position, partitions): (_, _, Option<_>)| Standing {
        name,
        position,
        by_workers: partitions.map(Progress::new),
    };
    Ok(rows.into_iter().map(standing).collect())
}
