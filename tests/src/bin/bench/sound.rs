//! What a run must leave behind, however fast it was.

use sqlx::PgPool;

/// Events = head position, grants = what the guards counted.
pub(crate) async fn assert_sound(pool: &PgPool) {
    let sql = "
select (select position from log_head), (select count(*) from events),
       (select count(*) from events where event_type = 'claim.granted'),
       (select sum(granted)::bigint from reward_stock)";
    let (head, events, grants, taken): (i64, i64, i64, i64) = sqlx::query_as(sql).fetch_one(pool).await.unwrap();
    assert_eq!((head, grants), (events, taken), "events = head position, grants = stock taken");
    eprintln!("checked: {events} events = head position {head}; {grants} grants = stock taken {taken}");
}

/// How many grants the guards have counted.
pub(crate) async fn grants(pool: &PgPool) -> usize {
    let sql = "select coalesce(sum(granted), 0)::bigint from reward_stock";
    let grants: i64 = sqlx::query_scalar(sql).fetch_one(pool).await.unwrap();
    usize::try_from(grants).unwrap()
}
