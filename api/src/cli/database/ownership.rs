//! Two database roles. With `DATABASE_OWNER_URL`, that role owns the schema and migrates, and the role of
//! `DATABASE_URL` writes: it may append to the log but not change it, and can neither grant itself more nor drop the
//! trigger. It owns the tables folded from the log, because a rebuild recreates them. Without the option one role does
//! everything. `grants` lists what the writer may do.

mod grants;

use anyhow::{Context, bail};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, PgConnection};

use super::{MIGRATOR, make_schema, migrations};

/// Whether the role of these connections owns the log, or there is no log yet.
pub(super) async fn owns_the_log(conn: &mut PgConnection) -> sqlx::Result<bool> {
    let owns: Option<bool> =
        sqlx::query_scalar("select pg_has_role(relowner, 'USAGE') from pg_class where oid = to_regclass('events')")
            .fetch_optional(conn)
            .await?;
    Ok(owns.unwrap_or(true))
}

/// Describes which role owns the log and which writes to it.
pub(super) async fn told(conn: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar(
        "select case when relowner = current_user::regrole then format('%s owns and writes the log', current_user)
                else format('%s owns the log, %s writes it', relowner::regrole, current_user) end
        from pg_class
        where oid = to_regclass('events')",
    )
    .fetch_one(conn)
    .await
}

/// The role of a connection.
pub(super) async fn role(conn: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar("select current_user::text").fetch_one(conn).await
}

/// Migrates as the owner and grants the writer what it needs. Returns a description of both roles.
///
/// # Errors
/// With the remedy in the text.
pub(super) async fn migrate_as_owner(
    schema: &str,
    owner: PgConnectOptions,
    writer: &PgConnectOptions,
) -> anyhow::Result<String> {
    make_schema(schema, &owner).await.context("the database of DATABASE_OWNER_URL cannot be reached")?;
    let pool = PgPoolOptions::new().max_connections(1).connect_with(owner).await;
    let pool = pool.context("the database of DATABASE_OWNER_URL cannot be reached")?;
    let told = bring_in_order(schema, &pool, writer).await;
    pool.close().await;
    told
}

async fn bring_in_order(schema: &str, pool: &PgPool, writer: &PgConnectOptions) -> anyhow::Result<String> {
    let mut service = PgConnection::connect_with(writer).await.context("the database cannot be reached")?;
    let names = Names {
        schema: schema.to_owned(),
        owner: role(&mut *pool.acquire().await?).await?,
        writer: role(&mut service).await?,
    };
    names.check(&mut *pool.acquire().await?).await?;
    migrations::apply(&mut *pool.acquire().await?, &MIGRATOR.migrations).await?;
    let known = "select (to_regclass('events')::oid::bigint, current_database()::text)::text";
    let ours: String = sqlx::query_scalar(known).fetch_one(pool).await?;
    names.grant(&mut *pool.acquire().await?).await.context("the grants of the role of DATABASE_URL")?;
    let theirs: String = sqlx::query_scalar(known).fetch_one(&mut service).await?;
    if ours != theirs {
        bail!("DATABASE_OWNER_URL and DATABASE_URL name different databases; both must name the same one");
    }
    names.is_bound(&mut service).await?;
    service.close().await?;
    Ok(format!("{} owns the log, {} writes it", names.owner, names.writer))
}

/// The two roles and their schema in PostgreSQL.
struct Names {
    schema: String,
    owner: String,
    writer: String,
}

impl Names {
    /// Whether they are different roles.
    async fn check(&self, conn: &mut PgConnection) -> anyhow::Result<()> {
        let Self { schema, owner, writer } = self;
        if owner == writer {
            bail!(
                "DATABASE_OWNER_URL and DATABASE_URL name the same role {owner}; create a separate role for the service"
            );
        }
        let (powerful, serves, rules, owns): (bool, bool, bool, bool) = sqlx::query_as(
            "select rolsuper or rolcreaterole,
                    pg_has_role($2::name, rolname, 'MEMBER'),
                    pg_has_role(rolname, $2::name, 'MEMBER'),
                    exists (select from pg_namespace where nspname = $3 and pg_has_role(rolname, nspowner, 'USAGE'))
                    or exists (select from pg_database where datname = current_database() and datdba = pg_roles.oid)
                    or exists (select from pg_class where oid = to_regclass('events') and relowner = pg_roles.oid)
            from pg_roles
            where rolname = $1",
        )
        .bind(writer)
        .bind(owner)
        .bind(schema)
        .fetch_one(&mut *conn)
        .await?;
        if powerful {
            bail!("the role {writer} of DATABASE_URL has SUPERUSER or CREATEROLE; revoke it");
        }
        if rules {
            bail!("the role {writer} of DATABASE_URL is a member of {owner}; run `revoke {owner} from {writer}`");
        }
        if owns {
            bail!(
                "the role {writer} of DATABASE_URL owns the database or the schema: as a superuser in this database, \
                 `reassign owned by {writer} to {owner}`"
            );
        }
        if !serves {
            bail!(
                "the role {owner} of DATABASE_OWNER_URL cannot hand tables over: as a superuser, `grant {writer} to {owner}`"
            );
        }
        // a migration, with the owner's rights, could call a function that the writer created
        let made: Option<String> = sqlx::query_scalar(
            "select oid::regprocedure::text from pg_proc where proowner = $1::text::regrole order by 1 limit 1",
        )
        .bind(format!("\"{}\"", writer.replace('"', "\"\"")))
        .fetch_optional(conn)
        .await?;
        if let Some(function) = made {
            bail!(
                "the role {writer} of DATABASE_URL owns the function {function}, which the ledger did not make: drop it"
            );
        }
        Ok(())
    }
}
