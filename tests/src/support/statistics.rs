//! What PostgreSQL believes of tables, and what it counted of them: tests that ask how much was read begin and end here.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection, PgPool};

use super::Database;

/// How long connections may take to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Lets PostgreSQL know for certain that these tables are as empty as they are now, and not look at them again.
pub async fn seen_empty(pool: &PgPool, tables: impl IntoIterator<Item = impl AsRef<str>>) {
    for table in tables {
        let table = table.as_ref();
        for statement in
            [format!("alter table {table} set (autovacuum_enabled = off)"), format!("vacuum analyze {table}")]
        {
            sqlx::query(&statement).execute(pool).await.expect("the service's role owns its tables");
        }
    }
}

/// A connection that waited until all others have ended: only then each has told what it read.
pub async fn after_all_others(database: &Database) -> PgConnection {
    let mut alone = PgConnection::connect(&database.url).await.expect("the test's database answers");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let others: i64 = sqlx::query_scalar(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
        )
        .fetch_one(&mut alone)
        .await
        .expect("the test's database answers");
        if others == 0 {
            return alone;
        }
        assert!(Instant::now() < deadline, "{others} connections are still there");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
