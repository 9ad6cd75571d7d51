//! Members who are logged in, as signing up and logging in would have left them, without a password's hash for each.

use api::app::tokens::{Identity, Keys};
use domain::id::MemberId;
use domain::role::Role;
use sqlx::PgPool;
use tests::support::Service;
use uuid::Uuid;

use crate::ours;

/// An access token for each of these members, which the service's own key signed.
pub(crate) async fn log_in(pool: &PgPool, service: &Service, members: &[MemberId]) -> Vec<String> {
    let families: Vec<Uuid> = members.iter().map(|_| Uuid::new_v4()).collect();
    sqlx::query(
        "with account as (
            insert into accounts (id, time_zone, role, created_at, created_position)
            select id, 'UTC', 'USER', now(), -place from unnest($1::uuid[]) with ordinality as member(id, place)
            returning id
        )
        insert into refresh_families (id, account_id, token_hash, rotated_at, expires_at)
        select family.id, account.id, '', now(), now() + interval '30 days'
        from unnest($1::uuid[], $2::uuid[]) as family(member_id, id)
        join account on account.id = family.member_id",
    )
    .bind(members.iter().map(|member| member.0).collect::<Vec<_>>())
    .bind(&families)
    .execute(pool)
    .await
    .unwrap();
    let keys = Keys::open(None, &service.data()).unwrap();
    members.iter().zip(families).map(|(member, family)| token(&keys, *member, family)).collect()
}

fn token(keys: &Keys, member: MemberId, family: Uuid) -> String {
    let now = ours::now();
    let identity = Identity { member, role: Role::User, family, issued_at: now.utc().timestamp() };
    keys.issue(identity, now).unwrap()
}
