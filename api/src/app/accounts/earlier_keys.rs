//! Renews the canonical keys of e-mails and nicknames that an earlier version stored, before anything looks one up. If
//! two accounts then have the same key, the one that is stored under it already keeps it, else the older one. The other
//! gets a key of its own and logs in with the exact spelling that it was created with.

use std::collections::HashSet;

use domain::identity::{KEY_VERSION, earlier_email_key, earlier_name_key, email_key, name_key};
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// How many accounts one page has.
const PAGE: i64 = 2_000;

/// An account with its canonical keys.
#[derive(Debug, sqlx::FromRow)]
struct Keyed {
    id: Uuid,
    email: Option<String>,
    email_key: Option<String>,
    nickname: Option<String>,
    nickname_key: Option<String>,
}

/// Renews all earlier keys, if there are any. Sign-ups wait meanwhile.
///
/// # Errors
/// The database's.
pub async fn renew_earlier_keys(pool: &PgPool) -> sqlx::Result<()> {
    let earlier = "select exists (select from accounts where key_version = 1)";
    if !sqlx::query_scalar::<_, bool>(earlier).fetch_one(pool).await? {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    sqlx::query("lock table accounts in share row exclusive mode").execute(&mut *transaction).await?;
    let mut renewed = 0;
    loop {
        let sql = "select id, email, email_key, nickname, nickname_key
                   from accounts
                   where key_version = 1
                   order by created_position
                   limit $1";
        let page: Vec<Keyed> = sqlx::query_as(sql).bind(PAGE).fetch_all(&mut *transaction).await?;
        if page.is_empty() {
            break;
        }
        renewed += page.len();
        renew(&mut transaction, page).await?;
    }
    transaction.commit().await?;
    tracing::info!(accounts = renewed, "re-derived the canonical keys of stored e-mails and nicknames");
    Ok(())
}

async fn renew(connection: &mut PgConnection, page: Vec<Keyed>) -> sqlx::Result<()> {
    let emails: Vec<_> = page.iter().filter_map(|row| row.email.as_deref().map(email_key)).collect();
    let sql = "select email_key from accounts where email_key = any($1)";
    let mut emails_taken: HashSet<String> = taken(connection, sql, &emails).await?;
    // the name of a service takes no nickname
    let named = |row: &Keyed| row.nickname_key.is_some().then(|| row.nickname.as_deref().map(name_key)).flatten();
    let nicknames: Vec<_> = page.iter().filter_map(named).collect();
    let sql = "select nickname_key from accounts where nickname_key = any($1)";
    let mut nicknames_taken = taken(connection, sql, &nicknames).await?;

    let (mut ids, mut email_keys, mut nickname_keys) = (vec![], vec![], vec![]);
    for row in &page {
        let free = |key: String, stored: Option<&String>, taken: &mut HashSet<String>| {
            let is_own = stored == Some(&key);
            (is_own || taken.insert(key.clone())).then_some(key)
        };
        let email = row.email.as_deref().map(|email| {
            free(email_key(email), row.email_key.as_ref(), &mut emails_taken)
                .unwrap_or_else(|| earlier_email_key(email))
        });
        let nickname = named(row).map(|key| {
            let own = earlier_name_key(&key, row.id);
            free(key, row.nickname_key.as_ref(), &mut nicknames_taken).unwrap_or(own)
        });
        ids.push(row.id);
        email_keys.push(email);
        nickname_keys.push(nickname);
    }
    let sql = "update accounts
               set email_key = renewed.email_key, nickname_key = renewed.nickname_key, key_version = $4
               from unnest($1::uuid[], $2::text[], $3::text[]) as renewed (id, email_key, nickname_key)
               where accounts.id = renewed.id";
    sqlx::query(sql)
        .bind(ids)
        .bind(email_keys)
        .bind(nickname_keys)
        .bind(KEY_VERSION)
        .execute(connection)
        .await
        .map(|_| ())
}

async fn taken(connection: &mut PgConnection, sql: &str, keys: &[String]) -> sqlx::Result<HashSet<String>> {
    let taken: Vec<String> = sqlx::query_scalar(sql).bind(keys).fetch_all(connection).await?;
    Ok(taken.into_iter().collect())
}
