//! Shadow tables of a rebuild: created like the tables in use, filled under the names of those (temporary views on the
//! rebuild's connection let a fold run the same SQL as always), then swapped in by renaming.

use std::time::{Duration, Instant};

use sqlx::postgres::PgConnection;
use sqlx::{Connection, PgPool};
use uuid::Uuid;

use super::step;
use crate::engine::checkpoint::LockedCheckpoint;
use crate::engine::partition_progress;
use crate::engine::projection::{Projection, REBUILD_SUFFIX as SUFFIX};
use crate::upkeep::error::RebuildError;

/// How long the swap waits for readers, and they for it, before it gives way …
const SWAP_LOCK_MS: u64 = 300;
/// … and how often it is tried.
const SWAP_ATTEMPTS: u32 = 40;
/// How long to wait for transactions with an older snapshot.
const OLDER_SNAPSHOTS_MS: u64 = 2_000;

/// The shadow tables of one projection.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShadowTables {
    pub(super) name: &'static str,
    pub(super) version: i32,
    pub(super) tables: &'static [&'static str],
    /// The indexes that no fold uses: creating them afterwards is cheaper than maintaining them.
    pub(super) late: &'static [&'static str],
}

/// Saves the position up to which the shadow tables are folded.
pub(super) async fn save_progress(conn: &mut PgConnection, name: &str, position: i64) -> sqlx::Result<()> {
    sqlx::query("update rebuilds set position = $2, updated_at = now() where name = $1")
        .bind(name)
        .bind(position)
        .execute(conn)
        .await?;
    Ok(())
}

impl ShadowTables {
    /// Whether no other rebuild of the projection runs. It takes a lock for the life of the connection, and checks the
    /// lock that a swap holds: after a rebuild was killed, the server may still be running its swap.
    pub(super) async fn is_the_only_one(&self, conn: &mut PgConnection) -> sqlx::Result<bool> {
        sqlx::query_scalar(
            "select pg_try_advisory_lock(hashtextextended('reward-ledger rebuild ' || current_schema() || ' ' || $1, 0))
                and pg_try_advisory_xact_lock(hashtextextended('reward-ledger swap ' || current_schema() || ' ' || $1, 0))",
        )
        .bind(self.name)
        .fetch_one(conn)
        .await
    }

    /// Creates the shadow tables, or finds those that an earlier rebuild left; the result is the position up to which
    /// they are folded.
    pub(super) async fn begin(&self, conn: &mut PgConnection) -> Result<i64, RebuildError> {
        // what is lost in a crash is folded again, so that commits need not wait for the disk
        sqlx::query("set synchronous_commit = off").execute(&mut *conn).await?;
        let position = match self.resumable(conn).await? {
            Some(position) => position,
            None => {
                self.make(conn).await?;
                0
            }
        };
        for table in self.tables {
            let view = format!("create temporary view {table} as select * from {table}{SUFFIX}");
            sqlx::query(&view).execute(&mut *conn).await?;
        }
        Ok(position)
    }

    async fn resumable(&self, conn: &mut PgConnection) -> sqlx::Result<Option<i64>> {
        for table in self.tables {
            if shape(conn, table).await? != shape(conn, &format!("{table}{SUFFIX}")).await? {
                return Ok(None);
            }
        }
        sqlx::query_scalar(
            "select rebuilds.position
            from rebuilds
            join log_head on log_head.epoch = rebuilds.epoch and log_head.position >= rebuilds.position
            where name = $1 and version = $2",
        )
        .bind(self.name)
        .bind(self.version)
        .fetch_optional(conn)
        .await
    }

    async fn make(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        let mut tx = conn.begin().await?;
        for table in self.tables {
            sqlx::query(&format!("drop table if exists {table}{SUFFIX}")).execute(&mut *tx).await?;
            sqlx::query(&format!("create table {table}{SUFFIX} (like {table} including all)"))
                .execute(&mut *tx)
                .await?;
            for statement in what_like_leaves_out(&mut tx, table).await? {
                sqlx::query(&statement).execute(&mut *tx).await?;
            }
            for (beside, serving) in names_of_indexes(&mut tx, table).await? {
                if self.late.contains(&serving.as_str()) {
                    sqlx::query(&format!("drop index \"{beside}\"")).execute(&mut *tx).await?;
                }
            }
        }
        sqlx::query("delete from parked_streams where follower = $1 || $2")
            .bind(self.name)
            .bind(SUFFIX)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "insert into rebuilds (name, version, position, epoch)
            select $1, $2, 0, epoch
            from log_head
            on conflict (name) do update
            set version = excluded.version, position = 0, epoch = excluded.epoch, started_at = now(), updated_at = now()",
        )
        .bind(self.name)
        .bind(self.version)
        .execute(&mut *tx)
        .await?;
        tx.commit().await
    }

    /// Creates the indexes that were left out, unless they exist already.
    pub(super) async fn index(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        if self.late.is_empty() {
            return Ok(());
        }
        // enough for a second, parallel worker to help with each index
        sqlx::query("set maintenance_work_mem = '192MB'").execute(&mut *conn).await?;
        for table in self.tables {
            let there = names_of_indexes(conn, table).await?;
            for (serving, definition) in definitions_of_indexes(conn, table).await? {
                if !there.iter().any(|(_, known)| *known == serving) {
                    sqlx::query(&definition).execute(&mut *conn).await?;
                }
            }
        }
        sqlx::query("reset maintenance_work_mem").execute(&mut *conn).await?;
        Ok(())
    }

    /// Analyzes the tables, so that the first queries have good plans.
    pub(super) async fn analyze(&self, conn: &mut PgConnection) -> sqlx::Result<()> {
        for table in self.tables {
            sqlx::query(&format!("analyze {table}{SUFFIX}")).execute(&mut *conn).await?;
        }
        Ok(())
    }

    /// Holds the follower off, folds the shadow tables up to the position of the tables in use, and renames them; the
    /// result is that position.
    pub(super) async fn swap<P: Projection>(
        &self,
        pool: &PgPool,
        conn: &mut PgConnection,
        projection: &P,
        mut done: i64,
    ) -> Result<i64, RebuildError> {
        let mut guard = PgConnection::connect_with(&pool.connect_options()).await?;
        let mut attempt = 1;
        loop {
            match self.try_swap(&mut guard, conn, projection, &mut done).await {
                Ok(()) => break,
                Err(RebuildError::Database(sqlx::Error::Database(refused)))
                    if refused.code().is_some_and(|code| code == "55P03" || code == "40P01") =>
                {
                    // sends the rollback of the dropped transaction now
                    guard.ping().await?;
                    if attempt == SWAP_ATTEMPTS {
                        return Err(RebuildError::Busy);
                    }
                    attempt += 1;
                    tokio::time::sleep(Duration::from_millis(SWAP_LOCK_MS)).await;
                }
                Err(error) => return Err(error),
            }
        }
        let _ = guard.close().await;
        Ok(done)
    }

    async fn try_swap<P: Projection>(
        &self,
        guard: &mut PgConnection,
        conn: &mut PgConnection,
        projection: &P,
        done: &mut i64,
    ) -> Result<(), RebuildError> {
        let mut tx = guard.begin().await?;
        sqlx::query(&format!("set local lock_timeout = '{SWAP_LOCK_MS}ms'")).execute(&mut *tx).await?;
        sqlx::query(
            "select pg_advisory_xact_lock(hashtextextended('reward-ledger swap ' || current_schema() || ' ' || $1, 0))",
        )
        .bind(self.name)
        .execute(&mut *tx)
        .await?;
        // from here on the follower waits, and readers do not
        let locked = LockedCheckpoint::lock(tx, self.name).await?;
        let mut locked = locked.ok_or_else(|| RebuildError::Trouble("its checkpoint was deleted".to_owned()))?;
        let new_version = locked.known().version != self.version;
        let served = locked.known().position;
        let tx = locked.transaction();
        // workers wait too; what some have folded ahead of others is folded into the new rows as well
        let by_workers = partition_progress::lock(tx, self.name).await?;
        let served = by_workers.map_or(served, |progress| progress.furthest().max(served));
        step(conn, projection, *done, served, None).await?;
        *done = served.max(*done);
        readers_of_older_snapshots(conn).await?;
        for table in self.tables {
            let names = names_of_indexes(tx, table).await?;
            sqlx::query(&format!("drop table {table}")).execute(&mut *tx).await?;
            sqlx::query(&format!("alter table {table}{SUFFIX} rename to {table}")).execute(&mut *tx).await?;
            for (beside, serving) in names {
                let rename = format!("alter index \"{beside}\" rename to \"{serving}\"");
                sqlx::query(&rename).execute(&mut *tx).await?;
            }
        }
        partition_progress::raise(tx, self.name, *done, new_version).await?;
        sqlx::query("delete from parked_streams where follower = $1").bind(self.name).execute(&mut *tx).await?;
        sqlx::query("update parked_streams set follower = $1 where follower = $1 || $2")
            .bind(self.name)
            .bind(SUFFIX)
            .execute(&mut *tx)
            .await?;
        sqlx::query("delete from rebuilds where name = $1").bind(self.name).execute(&mut *tx).await?;
        locked.save(self.version, *done, Uuid::new_v4()).await?;
        Ok(locked.commit().await?)
    }
}

/// The columns of a table in order; empty when there is no such table.
async fn shape(conn: &mut PgConnection, table: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar(
        "select string_agg(attname || ' ' || format_type(atttypid, atttypmod) || ' ' || attnotnull, ',' order by attnum)
        from pg_attribute
        join pg_class on pg_class.oid = attrelid
        where relname = $1::text
          and relnamespace = current_schema()::regnamespace
          and attnum > 0
          and not attisdropped",
    )
    .bind(table)
    .fetch_one(conn)
    .await
}

/// What `create table like` does not copy: storage parameters and privileges.
async fn what_like_leaves_out(conn: &mut PgConnection, table: &str) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar(
        "select format('alter table %I set (%s)', $1::text || $2::text, array_to_string(reloptions, ', '))
        from pg_class
        where relname = $1::text and relnamespace = current_schema()::regnamespace and reloptions is not null
        union all
        select format('grant %s on %I to %s', privilege_type, $1::text || $2::text,
                      case grantee when 0 then 'public' else grantee::regrole::text end)
        from pg_class
        cross join lateral aclexplode(relacl) as allowed
        where relname = $1::text and relnamespace = current_schema()::regnamespace and grantee <> relowner",
    )
    .bind(table)
    .bind(SUFFIX)
    .fetch_all(conn)
    .await
}

/// (name of the shadow index, name of the index in use) of each pair of equal indexes.
async fn names_of_indexes(conn: &mut PgConnection, table: &str) -> sqlx::Result<Vec<(String, String)>> {
    sqlx::query_as(
        "with known as (
            select table_of.relname as table_name, index_of.relname as index_name, signature,
                   row_number() over (partition by table_of.oid, signature order by index_of.oid) as number
            from pg_index
            join pg_class as table_of on table_of.oid = indrelid
            join pg_class as index_of on index_of.oid = indexrelid
            cross join lateral (
                select concat_ws('|', index_of.relam, indisunique, indisprimary, indkey, indclass, indcollation,
                                 indoption, pg_get_expr(indpred, indrelid), pg_get_expr(indexprs, indrelid)) as signature
            ) as signatures
            where table_of.relnamespace = current_schema()::regnamespace
              and table_of.relname in ($1::text, $1::text || $2::text)
        )
        select beside.index_name::text, serving.index_name::text
        from known as beside
        join known as serving using (signature, number)
        where beside.table_name = $1::text || $2::text
          and serving.table_name = $1::text",
    )
    .bind(table)
    .bind(SUFFIX)
    .fetch_all(conn)
    .await
}

/// (name of the index in use, statement that creates its shadow), for indexes that enforce no constraint.
async fn definitions_of_indexes(conn: &mut PgConnection, table: &str) -> sqlx::Result<Vec<(String, String)>> {
    sqlx::query_as(
        "select index_of.relname::text,
                format('create index on %I %s', $1::text || $2::text,
                       substring(pg_get_indexdef(indexrelid) from ' (USING .*)$'))
        from pg_index
        join pg_class as table_of on table_of.oid = indrelid
        join pg_class as index_of on index_of.oid = indexrelid
        where table_of.relnamespace = current_schema()::regnamespace
          and table_of.relname = $1::text
          and not indisunique
        order by index_of.relname",
    )
    .bind(table)
    .bind(SUFFIX)
    .fetch_all(conn)
    .await
}

/// Waits for transactions with a snapshot from before the last commit: under its new name they would see the shadow
/// table as it was then. Statements take milliseconds; longer readers are not waited for.
async fn readers_of_older_snapshots(conn: &mut PgConnection) -> sqlx::Result<()> {
    const READING: &str = "select array_agg(pid || ' ' || xact_start)
        from pg_stat_activity
        where datname = current_database()
          and backend_type = 'client backend'
          and backend_xmin is not null
          and pid <> pg_backend_pid()
          and (cardinality($1::text[]) = 0 or pid || ' ' || xact_start = any($1))";
    let started = Instant::now();
    let mut reading = vec![];
    loop {
        let still: Option<Vec<String>> = sqlx::query_scalar(READING).bind(&reading).fetch_one(&mut *conn).await?;
        reading = still.unwrap_or_default();
        if reading.is_empty() || started.elapsed() > Duration::from_millis(OLDER_SNAPSHOTS_MS) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
