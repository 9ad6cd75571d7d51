//! The privileges of the writer on each table, set at every start with the owner's role. Only a few tables are
//! restricted; the writer owns the tables folded from the log.

use anyhow::bail;
use sqlx::{Connection, PgConnection};

use super::Names;

/// The suffix of a rebuild's shadow tables.
const BESIDE: &str = "__next";
/// The privileges on a table that [`grants_on`] does not name.
const EVERYTHING: &[&str] = &["select", "insert", "update", "delete"];
/// The lock under which one process at a time sets privileges.
const LOCK: &str = "select pg_advisory_xact_lock(hashtextextended('reward-ledger ownership ' || current_schema(), 0))";

/// The privileges of the writer on a table of the owner.
fn grants_on(table: &str) -> &'static [&'static str] {
    match table {
        "events" | "log_pages" => &["select", "insert"],
        "log_head" => &["select", "update"],
        "_sqlx_migrations" => &["select"],
        _ => EVERYTHING,
    }
}

impl Names {
    /// Grants the writer what it needs and revokes the rest. Privileges that are right already are not touched, so that
    /// a start takes no lock.
    pub(super) async fn grant(&self, conn: &mut PgConnection) -> anyhow::Result<()> {
        let mut tx = conn.begin().await?;
        sqlx::query(LOCK).execute(&mut *tx).await?;
        let statements: Vec<String> = sqlx::query_scalar(
            "select format('grant usage, create on schema %I to %I', $1, $2)
            where not has_schema_privilege($2, $1, 'USAGE') or not has_schema_privilege($2, $1, 'CREATE')",
        )
        .bind(&self.schema)
        .bind(&self.writer)
        .fetch_all(&mut *tx)
        .await?;
        for statement in statements {
            sqlx::query(&statement).execute(&mut *tx).await?;
        }
        let folded = projections::tables();
        let tables: Vec<(String, String, String)> = sqlx::query_as(
            "select relname::text, relkind::text, relowner::regrole::text
            from pg_class
            where relnamespace = current_schema()::regnamespace
              and relkind in ('r', 'p', 'v')
              and pg_has_role(relowner, 'USAGE')
            order by relname",
        )
        .fetch_all(&mut *tx)
        .await?;
        for (table, kind, owner) in &tables {
            let is_folded = folded.contains(&table.strip_suffix(BESIDE).unwrap_or(table));
            if kind != "v" && is_folded {
                self.hand_over(&mut tx, table, owner).await?;
            } else {
                let wanted = if kind == "v" { &["select"] } else { grants_on(table) };
                self.allow(&mut tx, table, wanted).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    async fn hand_over(&self, conn: &mut PgConnection, table: &str, owner: &str) -> sqlx::Result<()> {
        let sql = "select format('alter table %I owner to %I', $1, $2) where $2::text <> $3::text";
        let statement: Option<String> = sqlx::query_scalar(sql)
            .bind(table)
            .bind(&self.writer)
            .bind(owner.trim_matches('"'))
            .fetch_optional(&mut *conn)
            .await?;
        match statement {
            Some(statement) => sqlx::query(&statement).execute(conn).await.map(|_| ()),
            None => Ok(()),
        }
    }

    async fn allow(&self, conn: &mut PgConnection, table: &str, wanted: &[&str]) -> sqlx::Result<()> {
        let statements: Vec<String> = sqlx::query_scalar(
            "with has as (
                select privilege, has_table_privilege($2, to_regclass(quote_ident($1)), privilege) as has
                from unnest(array['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger']) as privilege
            )
            select format(case when has then 'revoke %s on %I from %I' else 'grant %s on %I to %I' end, privilege, $1, $2)
            from has
            where has <> (privilege = any($3))",
        )
        .bind(table)
        .bind(&self.writer)
        .bind(wanted)
        .fetch_all(&mut *conn)
        .await?;
        for statement in statements {
            sqlx::query(&statement).execute(&mut *conn).await?;
        }
        Ok(())
    }

    /// Checks the privileges as the writer itself, which may have got them in another way.
    pub(super) async fn is_bound(&self, service: &mut PgConnection) -> anyhow::Result<()> {
        let more: Option<String> = sqlx::query_scalar(
            "select privilege
            from unnest(array['update', 'delete', 'truncate', 'trigger']) as privilege
            where has_table_privilege('events', privilege)
            limit 1",
        )
        .fetch_optional(service)
        .await?;
        if let Some(more) = more {
            bail!(
                "the role {} of DATABASE_URL may {more} the log by a role that it is a member of: revoke that",
                self.writer
            );
        }
        Ok(())
    }
}
