//! Verifies accounts against the log. Events decide the role, block and erasure of an account, and the row is written
//! in the same transaction; here the events are folded again and compared with the rows in one snapshot. Nothing else
//! of an account follows from the log. Of passwords, keys and sources only one thing is checked: that no account has
//! any that must not.

use std::collections::BTreeMap;

use domain::Event;
use domain::member::{Member, MemberEvent};
use domain::role::Role;
use projections::audit::{AuditError, Check, NotLookedAt, ProgressFn};
use sqlx::{FromRow, PgConnection, PgPool};
use uuid::Uuid;

/// Check: the role, block and erasure of each account match the log.
pub const ROLES: &str = "account_roles";
/// Check: no account has keys or sessions that it must not have.
pub const CREDENTIALS: &str = "account_credentials";
/// How many events are read at once.
const PAGE_EVENTS: i64 = 5_000;

/// Compares accounts with the log. A copy of the log without any account is reported as not checked.
///
/// # Errors
/// The database's.
pub async fn checks(pool: &PgPool, progress: ProgressFn<'_>) -> Result<Result<Vec<Check>, NotLookedAt>, AuditError> {
    let mut tx = pool.begin_with("begin isolation level repeatable read").await?;
    let checked: i64 = sqlx::query_scalar("select count(*) from accounts").fetch_one(&mut *tx).await?;
    if checked == 0 {
        tx.rollback().await?;
        let reason = "there are no accounts here, only the log".to_owned();
        return Ok(Err(NotLookedAt { name: ROLES.to_owned(), reason }));
    }
    derive(&mut tx, progress).await?;
    let mut roles = roles(&mut tx).await?;
    roles.checked = checked;
    let credentials = credentials(&mut tx).await?;
    tx.rollback().await?;
    Ok(Ok(vec![roles, credentials]))
}

/// An account according to the log.
struct InLog {
    member: Member,
    /// The role it was registered with.
    registered_as: Role,
    /// It must have a row: members who were imported have none.
    has_account: bool,
    /// The position of its last event.
    position: i64,
}

#[derive(FromRow)]
struct Row {
    position: i64,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    actor: String,
}

/// Folds the members' events into a temporary table, member by member. The checks of the log report events that cannot
/// be read.
async fn derive(conn: &mut PgConnection, progress: ProgressFn<'_>) -> Result<(), AuditError> {
    let sql = "create temporary table derived_accounts (
                   id uuid primary key, role text not null, registered_as text not null, blocked boolean not null,
                   erased boolean not null, has_account boolean not null, position bigint not null
               ) on commit drop";
    sqlx::query(sql).execute(&mut *conn).await?;
    let (mut id, mut sequence, mut done) = (String::new(), 0_i64, 0_i64);
    let mut known: BTreeMap<Uuid, InLog> = BTreeMap::new();
    loop {
        let rows: Vec<Row> = sqlx::query_as(
            "select position, aggregate_id, sequence, event_type, event_version, payload::text as payload, actor
            from events
            where aggregate_type = 'member' and (aggregate_id, sequence) > ($1, $2)
            order by aggregate_id, sequence
            limit $3",
        )
        .bind(&id)
        .bind(sequence)
        .bind(PAGE_EVENTS)
        .persistent(false)
        .fetch_all(&mut *conn)
        .await?;
        let Some(last) = rows.last() else { break };
        (id, sequence) = (last.aggregate_id.clone(), last.sequence);
        for row in &rows {
            take(&mut known, row);
        }
        // the last member of a page may have more events on the next one
        let unfinished = Uuid::try_parse(&id).ok().and_then(|id| known.remove_entry(&id));
        store(&mut *conn, &known).await?;
        known = unfinished.into_iter().collect();
        done += i64::try_from(rows.len()).unwrap_or(0);
        progress(ROLES, done);
    }
    store(conn, &known).await
}

fn take(known: &mut BTreeMap<Uuid, InLog>, row: &Row) {
    let Ok(id) = Uuid::try_parse(&row.aggregate_id) else { return };
    let Ok(Event::Member(event)) = Event::decode(&row.event_type, &row.event_version, &row.payload) else { return };
    if let MemberEvent::Registered(registered) = &event {
        known.entry(id).or_insert_with(|| InLog {
            member: Member::default(),
            registered_as: registered.role,
            has_account: registered.role != Role::User || row.actor == row.aggregate_id,
            position: row.position,
        });
    }
    if let Some(in_log) = known.get_mut(&id) {
        in_log.member.evolve(&event);
        in_log.position = row.position;
    }
}

async fn store(conn: &mut PgConnection, known: &BTreeMap<Uuid, InLog>) -> Result<(), AuditError> {
    fn column<T>(known: &BTreeMap<Uuid, InLog>, of: impl Fn(&InLog) -> T) -> Vec<T> {
        known.values().map(of).collect()
    }
    let role = |in_log: &InLog| in_log.member.role().map_or("", Role::name);
    sqlx::query(
        "insert into pg_temp.derived_accounts (id, role, registered_as, blocked, erased, has_account, position)
        select * from unnest($1::uuid[], $2::text[], $3::text[], $4::boolean[], $5::boolean[], $6::boolean[], $7::bigint[])",
    )
    .bind(known.keys().copied().collect::<Vec<_>>())
    .bind(column(known, role))
    .bind(column(known, |in_log| in_log.registered_as.name()))
    .bind(column(known, |in_log| in_log.member.is_blocked()))
    .bind(column(known, |in_log| in_log.member.is_erased()))
    .bind(column(known, |in_log| in_log.has_account))
    .bind(column(known, |in_log| in_log.position))
    .persistent(false)
    .execute(conn)
    .await?;
    Ok(())
}

/// An account according to its row and to the log; either may be missing.
#[derive(FromRow)]
struct Differing {
    id: Uuid,
    position: Option<i64>,
    in_log: Option<String>,
    in_row: Option<String>,
}

async fn roles(conn: &mut PgConnection) -> Result<Check, AuditError> {
    let mut check = Check::new(ROLES);
    // an erased account keeps no block
    let found: Option<Differing> = sqlx::query_as(
        "select id, position, in_log, in_row
        from (
            select coalesce(log.id, account.id) as id, log.position, coalesce(has_account, true) as has_account,
                   case when log.erased then 'erased'
                        else log.role || case when log.blocked then ', blocked' else '' end end as in_log,
                   case when account.erased_at is not null then 'erased'
                        else account.role || case when account.blocked then ', blocked' else '' end end as in_row
            from pg_temp.derived_accounts as log
            full join accounts as account on account.id = log.id
        ) as both_sides
        where in_log is distinct from in_row and (in_row is not null or has_account)
        order by position nulls first, id
        limit 1",
    )
    .persistent(false)
    .fetch_optional(conn)
    .await?;
    if let Some(Differing { id, position, in_log, in_row }) = found {
        let in_log = in_log.as_deref().unwrap_or("nothing of this account");
        let in_row = in_row.map_or_else(|| "is missing".to_owned(), |row| format!("says {row}"));
        check.fails(position, format!("accounts {id}: the log says {in_log}, the row {in_row}"));
    }
    Ok(check)
}

/// A key or session, and its account according to the log.
#[derive(FromRow)]
struct Held {
    kind: String,
    account_id: Uuid,
    position: Option<i64>,
    registered_as: Option<String>,
    erased: Option<bool>,
}

async fn credentials(conn: &mut PgConnection) -> Result<Check, AuditError> {
    let mut check = Check::new(CREDENTIALS);
    check.checked = sqlx::query_scalar(
        "select (select count(*) from services) + (select count(*) from service_keys)
              + (select count(*) from refresh_families)",
    )
    .fetch_one(&mut *conn)
    .await?;
    let found: Option<Held> = sqlx::query_as(
        "select kind, account_id, position, registered_as, erased
        from (
            select 'services' as kind, account_id from services
            union
            select 'service_keys', account_id from service_keys
            union
            select 'refresh_families', account_id from refresh_families
        ) as held
        left join pg_temp.derived_accounts as log on log.id = account_id
        where log.id is null or erased or (kind <> 'refresh_families' and registered_as <> 'SERVICE')
        order by kind, account_id
        limit 1",
    )
    .persistent(false)
    .fetch_optional(conn)
    .await?;
    if let Some(Held { kind, account_id, position, registered_as, erased }) = found {
        let known = match (registered_as, erased) {
            (_, Some(true)) => "the log has it erased".to_owned(),
            (Some(role), _) => format!("the log says {role}"),
            (None, _) => "the log does not know it".to_owned(),
        };
        check.fails(position, format!("{kind} has a row of account {account_id}, and {known}"));
    }
    Ok(check)
}
