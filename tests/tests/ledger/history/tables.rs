//! The answers from what the projections have made of the log.

use std::time::{Duration, Instant};

use domain::{id::MemberId, name::Name};
use projections::ALL;
use projections::engine::checkpoint;
use projections::read_models::login_streak::runs;
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::answers::{Answers, OfMember, Point};

/// How long the followers may take for a whole history.
const TO_CATCH_UP: Duration = Duration::from_secs(120);

/// Waits until every projection has folded the whole log.
pub(super) async fn caught_up(pool: &PgPool) {
    let started = Instant::now();
    loop {
        let head: i64 =
            sqlx::query_scalar("select position from log_head").fetch_one(pool).await.expect("the log has a head");
        let mut connection = pool.acquire().await.expect("a connection");
        let positions = checkpoint::positions(&mut connection).await.expect("checkpoints");
        let behind = |name: &&str| !positions.iter().any(|(of, position)| of == *name && *position >= head);
        let behind: Vec<_> = ALL.iter().filter(|name| behind(name)).collect();
        if behind.is_empty() {
            return;
        }
        assert!(started.elapsed() < TO_CATCH_UP, "{behind:?} do not come to {head}: {positions:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub(super) async fn answer(pool: &PgPool, asked: &Answers, kind: &str, measure: &str) -> Answers {
    let all = members(pool, kind).await;
    let mut points = Vec::with_capacity(asked.points.len());
    for point in &asked.points {
        points.push(on_date(pool, point, kind, measure).await);
    }
    Answers { totals: Answers::totals_of(&all), members: asked.asked(all), points }
}

async fn members(pool: &PgPool, kind: &str) -> Vec<OfMember> {
    let rows = sqlx::query(
        "select days.*, runs.longest, runs.at_last
         from (select member_id, sum(count)::bigint as facts, count(*) as active_days, min(local_date) as first_date,
                      max(local_date) as last_date
               from member_days
               where kind = $1
               group by member_id) days
         left join (select member_id, max(last_on - first_on + 1) as longest,
                           (array_agg(last_on - first_on + 1 order by last_on desc))[1] as at_last
                    from member_runs
                    where kind = $1
                    group by member_id) runs using (member_id)",
    );
    let rows = rows.bind(kind).fetch_all(pool).await.expect("the tables of the member facts");
    let days = |days: i32| u32::try_from(days).expect("a number of days");
    let members = rows.iter().map(|row| OfMember {
        member_id: row.get("member_id"),
        facts: row.get("facts"),
        active_days: row.get("active_days"),
        first_date: row.get("first_date"),
        last_date: row.get("last_date"),
        longest_streak: days(row.get("longest")),
        streak_at_last_date: days(row.get("at_last")),
    });
    members.collect()
}

/// The streak on a date in the past is asked of the runs as they were: what came after does not count.
async fn on_date(pool: &PgPool, asked: &Point, kind: &str, measure: &str) -> Point {
    let Point { member_id, date, .. } = *asked;
    let name = Name::try_from(kind.to_owned()).expect("a kind");
    let runs = runs(pool, MemberId(member_id), &name).await.expect("the query of the streak");
    let streak = runs.expect("a member").streak(date);
    let row = sqlx::query(
        "select coalesce(sum(count), 0)::bigint as facts, count(*) as active_days,
                coalesce(sum((sums ->> $4)::numeric), 0)::bigint as sum
         from member_days
         where member_id = $1 and kind = $2 and local_date between $3 - 29 and $3",
    );
    let row = row.bind::<Uuid>(member_id).bind(kind).bind(date).bind(measure);
    let row = row.fetch_one(pool).await.expect("the tables of the member facts");
    Point {
        member_id,
        date,
        current_streak: streak.current,
        facts_last30_days: row.get("facts"),
        active_days_last30_days: row.get("active_days"),
        sum_last30_days: row.get("sum"),
    }
}
