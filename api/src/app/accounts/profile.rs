//! Changes of a member's own profile. What conditions depend on (completeness, time zone) becomes an event; the texts
//! stay in the account's row, which is written in the same transaction.

use std::sync::Arc;

use commands::{AlsoWrite, Appended, CommandError, Ledger, Metadata};
use domain::id::MemberId;
use domain::identity::name_key;
use domain::member::{Member, MemberCommand, MemberRefusal};
use domain::zone::Tz;
use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};

use super::{Account, find};
use crate::app::problem::{Code, Problem};

/// The changes: `None` keeps a text, `Some(None)` deletes it.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The nickname.
    pub nickname: Option<Option<String>>,
    /// The bio.
    pub bio: Option<Option<String>>,
    /// The URL of a picture.
    pub profile_image_url: Option<Option<String>>,
    /// The time zone of the member's calendar days.
    pub time_zone: Option<Tz>,
}

/// Changes a profile; returns the account and the position of its last event, if there was one.
///
/// # Errors
/// `nickname_taken`, `time_zone_locked`; `unauthenticated` when the account is gone.
pub async fn change_profile(
    ledger: &Ledger,
    pool: &PgPool,
    id: MemberId,
    change: ProfileChange,
    metadata: &Metadata,
) -> Result<(Account, Option<i64>), Problem> {
    let appended = write(ledger, pool, &Arc::new(Change { id, change }), metadata).await?;
    // another change may have happened in between: the later one sees the whole row and decides completeness
    let account = known(pool, id).await?;
    let complete = MemberCommand::SetProfileComplete(account.profile_is_complete());
    let settled = ledger.execute::<Member>(&id.to_string(), complete, &metadata.next_command()).await?;
    let position = if settled.appended > 0 { Some(settled.position) } else { appended.map(|it| it.last_position) };
    Ok((account, position))
}

/// Holds the member's lock until everything is written.
async fn write(
    ledger: &Ledger,
    pool: &PgPool,
    change: &Arc<Change>,
    metadata: &Metadata,
) -> Result<Option<Appended>, Problem> {
    let mut retry = ledger.retry();
    retry.turn::<Member>(&change.id.to_string()).await.map_err(CommandError::<MemberRefusal>::from)?;
    loop {
        match try_to_change(ledger, pool, change, metadata).await? {
            Err(CommandError::Conflict(stream)) if retry.after_conflict(&stream).await => {}
            done => return Ok(done?),
        }
    }
}

async fn known(pool: &PgPool, id: MemberId) -> Result<Account, Problem> {
    find(pool, id).await?.ok_or_else(|| Problem::new(Code::Unauthenticated))
}

async fn try_to_change(
    ledger: &Ledger,
    pool: &PgPool,
    change: &Arc<Change>,
    metadata: &Metadata,
) -> Result<Result<Option<Appended>, CommandError<MemberRefusal>>, Problem> {
    let account = change.applied_to(known(pool, change.id).await?);
    let stream = change.id.to_string();
    let unit = ledger.unit(metadata.next_command()).also(change.clone());
    unit.execute::<Member>(&stream, MemberCommand::SetProfileComplete(account.profile_is_complete())).await?;
    if let Some(time_zone) = change.change.time_zone {
        let command = MemberCommand::ChangeTimeZone { time_zone, at: metadata.requested_at };
        unit.execute::<Member>(&stream, command).await?;
    }
    let committed = unit.commit::<MemberRefusal>().await;
    if matches!(committed, Ok(None)) {
        change.update(&mut *pool.acquire().await?).await?;
    }
    Ok(committed)
}

struct Change {
    id: MemberId,
    change: ProfileChange,
}

impl Change {
    fn applied_to(&self, account: Account) -> Account {
        let ProfileChange { nickname, bio, profile_image_url, time_zone: _ } = self.change.clone();
        Account {
            nickname: nickname.unwrap_or(account.nickname),
            bio: bio.unwrap_or(account.bio),
            profile_image_url: profile_image_url.unwrap_or(account.profile_image_url),
            ..account
        }
    }

    async fn update(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let ProfileChange { nickname, bio, profile_image_url, time_zone } = &self.change;
        let sql = "update accounts
                   set nickname = case when $2 then $3 else nickname end,
                       nickname_key = case when $2 then $4 else nickname_key end,
                       bio = case when $5 then $6 else bio end,
                       profile_image_url = case when $7 then $8 else profile_image_url end,
                       time_zone = coalesce($9, time_zone)
                   where id = $1 and erased_at is null";
        sqlx::query(sql)
            .bind(self.id.0)
            .bind(nickname.is_some())
            .bind(nickname.as_ref().and_then(Option::as_ref))
            .bind(nickname.as_ref().and_then(|nickname| nickname.as_deref().map(name_key)))
            .bind(bio.is_some())
            .bind(bio.as_ref().and_then(Option::as_ref))
            .bind(profile_image_url.is_some())
            .bind(profile_image_url.as_ref().and_then(Option::as_ref))
            .bind(time_zone.map(Tz::name))
            .execute(connection)
            .await
            .map(|_| ())
    }
}

impl AlsoWrite for Change {
    fn write<'a>(
        &'a self,
        connection: &'a mut PgConnection,
        _: &'a Appended,
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        self.update(connection).boxed()
    }
}
