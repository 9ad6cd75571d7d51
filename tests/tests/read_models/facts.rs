//! Facts are right however far their projection is behind: snapshot and tail say what a full fold of
//! the log says, with late facts, withdrawals and the projection stopped anywhere.

use super::support::history::{Generator, KINDS, name};
use super::support::{Draft, TestLog, Workers, with_log};
use domain::facts::{Facts, FactsNeeded};
use domain::id::MemberId;
use projections::log::partition::PARTITIONS;
use projections::read_models::login_streak::{Streak, runs as dates_of};
use projections::read_models::member_facts::{FactsRequest, MemberFactsProjection, fold_until, load_many, restrict};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// The facts of a member as a plain fold of what was written says.
fn plain_fold(log: &TestLog, member: MemberId, position: i64) -> Facts {
    let mut facts = Facts::default();
    for (_, draft) in log.events.iter().take_while(|(at, _)| *at <= position) {
        let is_fact =
            !matches!(draft.event, domain::Event::Claim(_) | domain::Event::Campaign(_) | domain::Event::Value(_));
        if is_fact && draft.event.subject(&draft.stream_id.to_string()) == member.to_string() {
            facts.apply(&draft.event);
        }
    }
    facts
}

fn needs(random: &mut StdRng) -> FactsNeeded {
    let mut some = || KINDS.into_iter().filter(|_| random.random_bool(0.5)).map(name).collect();
    let (dates, tallies) = (some(), some());
    FactsNeeded { dates, tallies, every_kind: random.random_bool(0.2), referrals: random.random_bool(0.5) }
}

#[tokio::test]
async fn snapshot_and_tail_are_the_full_fold_wherever_the_projection_stands() {
    let mut random = StdRng::seed_from_u64(7);
    for seed in 100..106 {
        with_log(async |log| {
            let mut generator = Generator::new(seed);
            log.append(generator.history(400)).await;
            let mut members = generator.members.clone();
            members.push(MemberId(uuid::Uuid::nil()));
            for step in 0..4 {
                let to = if step == 0 { 0 } else { random.random_range(0..=log.head()) };
                log.project(MemberFactsProjection, to, 64, 1).await;
                let requests: Vec<_> = members
                    .iter()
                    .map(|member| FactsRequest { member: *member, needed: needs(&mut random), claim: None })
                    .collect();
                let loaded = load_many(&mut log.pool.acquire().await.unwrap(), &requests).await.unwrap();
                assert_eq!(loaded.len(), requests.len());
                for (request, loaded) in requests.iter().zip(loaded) {
                    let expected = restrict(plain_fold(log, request.member, log.head()), &request.needed);
                    assert_eq!(loaded.position, log.head());
                    assert_eq!(loaded.facts, expected, "projected to {to}, {request:?}");
                }
            }
        })
        .await;
    }
}

#[tokio::test]
async fn facts_that_workers_feed_are_right_however_far_apart_the_partitions_are() {
    let mut random = StdRng::seed_from_u64(8);
    with_log(async |log| {
        let mut generator = Generator::new(110);
        log.append(generator.history(400)).await;
        for _ in 0..3 {
            let progress: Vec<i64> = (0..PARTITIONS).map(|_| random.random_range(0..=log.head())).collect();
            sqlx::query("truncate worker_partitions, members, member_days, member_runs, member_referrals")
                .execute(&log.pool)
                .await
                .unwrap();
            log.fold_apart(MemberFactsProjection, &progress, Workers::There).await.unwrap();
            let requests: Vec<_> = generator
                .members
                .iter()
                .map(|member| FactsRequest { member: *member, needed: needs(&mut random), claim: None })
                .collect();
            let loaded = load_many(&mut log.pool.acquire().await.unwrap(), &requests).await.unwrap();
            for (request, loaded) in requests.iter().zip(loaded) {
                let expected = restrict(plain_fold(log, request.member, log.head()), &request.needed);
                assert_eq!(loaded.facts, expected, "folded to {progress:?}, {request:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn an_auditor_folds_the_log_to_any_position() {
    with_log(async |log| {
        let mut generator = Generator::new(200);
        log.append(generator.history(300)).await;
        let mut conn = log.pool.acquire().await.unwrap();
        for position in [0, 1, 150, 300] {
            for member in &generator.members {
                assert_eq!(fold_until(&mut conn, *member, position).await.unwrap(), plain_fold(log, *member, position));
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_streak_is_mended_by_a_late_fact_and_broken_by_a_withdrawal() {
    with_log(async |log| {
        let mut generator = Generator::new(1);
        let registered = generator.register();
        let member = generator.members[0];
        let mut day = |day| generator.fact_on(member, "login", day);
        let (first, second, fourth) = (day(0), day(1), day(3));
        log.append(vec![registered, first, second, fourth]).await;
        let on: chrono::NaiveDate = "2024-09-05".parse().unwrap();
        let runs = async |log: &TestLog| {
            let count = sqlx::query_scalar::<_, i64>("select count(*) from member_runs");
            count.fetch_one(&log.pool).await.unwrap()
        };
        let dates = async |log: &TestLog| dates_of(&log.pool, member, &name("login")).await.unwrap();
        let said = async |log: &TestLog| dates(log).await.unwrap().streak(on);
        assert_eq!(dates(log).await, None, "who is no member yet has no streak");

        log.project(MemberFactsProjection, log.head(), 10, 1).await;
        let last_on = "2024-09-04".parse().ok();
        assert_eq!(said(log).await, Streak { current: 1, longest: 2, last_on, days: 3, at_risk: true });

        log.append(vec![generator.fact_on(member, "login", 2)]).await;
        log.project(MemberFactsProjection, log.head(), 10, 1).await;
        assert_eq!(said(log).await, Streak { current: 4, longest: 4, last_on, days: 4, at_risk: true });
        assert_eq!(runs(log).await, 1, "what was merged into one run is one row");

        let late: Draft = log.events.last().unwrap().1.clone();
        let domain::Event::Activity(domain::activity::ActivityEvent::Recorded(fact)) = late.event else {
            unreachable!()
        };
        let voided = domain::activity::Voided {
            source: fact.source,
            id: fact.id,
            member_id: fact.member_id,
            kind: fact.kind,
            occurred_at: fact.occurred_at,
            local_date: fact.local_date,
            measures: fact.measures,
            note: "a mistake".to_owned(),
        };
        let event = domain::activity::ActivityEvent::Voided(voided).into();
        log.append(vec![Draft { stream_id: late.stream_id, event }]).await;
        log.project(MemberFactsProjection, log.head(), 10, 1).await;
        assert_eq!(said(log).await, Streak { current: 1, longest: 2, last_on, days: 3, at_risk: true });
    })
    .await;
}

#[tokio::test]
async fn no_plan_made_on_an_empty_log_reads_a_whole_table() {
    with_log(async |log| {
        let mut conn = log.pool.acquire().await.unwrap();
        let load = include_str!("../../../projections/src/read_models/member_facts/load.sql");
        let prepare =
            format!("prepare load (uuid[], text[], text[], boolean[], boolean[], integer[], text[]) as {load}");
        sqlx::raw_sql(&prepare).execute(&mut *conn).await.unwrap();
        sqlx::raw_sql("set plan_cache_mode = force_generic_plan").execute(&mut *conn).await.unwrap();
        let plan: Vec<String> = sqlx::query_scalar("explain execute load ('{}', '{}', '{}', '{}', '{}', '{}', '{}')")
            .fetch_all(&mut *conn)
            .await
            .unwrap();
        let plan = plan.join("\n");
        for table in ["events", "members", "member_days", "member_runs", "member_referrals", "worker_partitions"] {
            assert!(!plan.contains(&format!("Seq Scan on {table}")), "{plan}");
        }
        for index in ["events_facts_of_a_subject", "events_one_of_each_step"] {
            assert!(plan.contains(index), "{plan}");
        }
    })
    .await;
}
