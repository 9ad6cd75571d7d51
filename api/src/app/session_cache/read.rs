//! Reads sessions from the tables of accounts; sessions requested at the same moment share one query.

use std::collections::BTreeSet;

use commands::log::lookups;
use commands::{Coalescer, Gathering, ReadError};
use domain::id::MemberId;
use domain::role::Role;
use futures::FutureExt;
use sqlx::PgPool;
use uuid::Uuid;

use super::{CachedKey, CachedSession};
use crate::app::accounts::Right;

/// Forces look-ups by key, whatever the planner assumes about table sizes.
const SQL: &str = "
    select account.id, account.role, account.role_since, account.page_sessions_since, account.demo, pass.key_hash,
           pass.sources, pass.rights
    from unnest($1::uuid[]) with ordinality as wanted(id, place)
    left join lateral (
        (select account_id, null::bytea as key_hash, null::text[] as sources, null::text[] as rights
         from refresh_families
         where refresh_families.id = wanted.id and revoked_at is null
         limit 1)
        union all
        (select service_keys.account_id, key_hash, sources, rights
         from service_keys
         join services on services.account_id = service_keys.account_id
         where service_keys.id = wanted.id and revoked_at is null
         limit 1)
    ) as pass on true
    left join lateral (
        select id, role, role_since, page_sessions_since, demo
        from accounts
        where accounts.id = pass.account_id and erased_at is null
        limit 1
    ) as account on true
    order by wanted.place";

type Names = Option<Vec<String>>;
type Row = (Option<Uuid>, Option<String>, Option<i64>, Option<i64>, Option<bool>, Option<Vec<u8>>, Names, Names);

pub(super) fn reader(pool: &PgPool) -> Coalescer<Uuid, Option<CachedSession>> {
    lookups::gathered(pool, Gathering::WhileSlow, |conn, ids: Vec<Uuid>| {
        async move {
            let rows: Vec<Row> = sqlx::query_as(SQL).bind(ids).fetch_all(conn).await?;
            rows.into_iter().map(session).collect()
        }
        .boxed()
    })
}

fn session(row: Row) -> Result<Option<CachedSession>, ReadError> {
    let (Some(account), Some(role), Some(role_since), Some(page_sessions_since), Some(demo), key_hash, sources, rights) =
        row
    else {
        return Ok(None);
    };
    let role = Role::from_name(&role).ok_or_else(|| ReadError::Broken("a stored role is none".into()))?;
    let key = key_hash.map(|hash| CachedKey {
        hash,
        sources: BTreeSet::from_iter(sources.unwrap_or_default()),
        rights: Right::named(rights.iter().flatten().map(String::as_str)),
    });
    Ok(Some(CachedSession { account: MemberId(account), role, role_since, page_sessions_since, demo, key }))
}
