//! No list of claims reads a table from end to end, or more of it than the page needs: every filter of the API beside
//! every other one, as PostgreSQL itself tells it about tables that are large enough to tempt it. Nor does a dashboard, or
//! the fold of one member's facts, whatever the tables were when their statements were planned.

use domain::Moment;
use domain::campaign::{self, Approval, CampaignEvent, CampaignTerms, PendingExpiry, RewardType};
use domain::claim::{self, ClaimEvent, ClaimStatus, DenialReason, Subject};
use domain::id::{CampaignId, ClaimId, MemberId, RewardId};
use domain::period::Frequency;
use projections::read_models::campaign_analytics::{self, CampaignAnalytics};
use projections::read_models::claim_history::{self, ClaimFilter, ClaimHistory, QueuePlace};
use projections::read_models::dashboard::{Bucket, Dashboard, Timeline, View};
use projections::read_models::log_analytics::{self, KnownEdges};
use serde_json::Value;
use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{PgPool, Row};
use uuid::Uuid;

use super::support::history::{condition, decision};
use super::support::{Draft, TestLog, recorded_at, with_log};

const MEMBERS: u128 = 500;
const REWARDS: u128 = 100;
/// Two rewards each.
const CAMPAIGNS: u128 = 50;
/// A page, and one more to see whether it is the last.
const PAGE: i64 = 51;

fn member(number: u128) -> MemberId {
    MemberId(Uuid::from_u128((1 << 100) + number))
}

fn reward(number: u128) -> RewardId {
    RewardId(Uuid::from_u128((2 << 100) + number))
}

fn campaign(number: u128) -> CampaignId {
    CampaignId(Uuid::from_u128((3 << 100) + number))
}

/// A campaign comes into being.
fn created(id: CampaignId) -> Draft {
    let terms = CampaignTerms {
        name: "campaign".to_owned(),
        description: None,
        starts_at: recorded_at(0).into(),
        ends_at: recorded_at(1_000_000).into(),
        frequency: Frequency::Once,
        time_zone: domain::zone::Tz::UTC,
        approval: Approval::Automatic,
        max_reward_count: None,
        per_member_limit: None,
        pending_expires_after: PendingExpiry::default(),
        budgets: vec![],
    };
    let created = campaign::Created { terms, condition: condition() };
    Draft { stream_id: id.0, event: CampaignEvent::Created(created).into() }
}

/// Everybody claims everything: most are granted, some denied, few wait, and one alone is reversed.
fn claims() -> Vec<Draft> {
    let mut drafts = Vec::new();
    for number in 0..MEMBERS * REWARDS {
        let (member_id, of) = (member(number % MEMBERS), number / MEMBERS);
        let about = Subject {
            member_id,
            reward_id: reward(of),
            campaign_id: campaign(of % CAMPAIGNS),
            first_id: None,
            period: "once".to_owned(),
            amount: 10.try_into().unwrap(),
            reward_type: RewardType::Point,
        };
        let stream_id = ClaimId::of(about.reward_id, member_id, &about.period).0;
        let (decision, reason) = (decision(), DenialReason::ConditionUnmet);
        let expires_at = Moment::from(recorded_at(1_000_000 + i64::try_from(number % 1_000).unwrap()));
        let event = match number % 100 {
            0..10 => ClaimEvent::Denied(claim::Denied::of(about.clone(), decision, reason)),
            10 => ClaimEvent::Submitted(claim::Submitted::of(about.clone(), decision, expires_at)),
            _ => ClaimEvent::Granted(claim::Granted::of(about.clone(), decision)),
        };
        drafts.push(Draft { stream_id, event: event.into() });
        if number == 20_050 {
            let reversed = ClaimEvent::Reversed(claim::Reversed::of(about, None));
            drafts.push(Draft { stream_id, event: reversed.into() });
        }
    }
    drafts
}

/// Every combination of what `/claims`, `/claims/filter` and `/reward-requests` take (for members and under
/// `/claims/me` and `/claims/user/{id}` the member is given), on the first page and on one far behind.
fn filters(head: i64) -> Vec<ClaimFilter> {
    let statuses = [
        vec![],
        vec![ClaimStatus::Granted],
        vec![ClaimStatus::Pending],
        vec![ClaimStatus::Reversed],
        // `success` and `failed`
        vec![ClaimStatus::Granted, ClaimStatus::Fulfilled],
        ClaimStatus::ALL
            .into_iter()
            .filter(|status| !matches!(status, ClaimStatus::Granted | ClaimStatus::Pending))
            .collect(),
    ];
    let (early, late) = (recorded_at(head / 4), recorded_at(head * 3 / 4));
    let windows =
        [(None, None), (Some(early), None), (None, Some(late)), (Some(early), Some(late)), (Some(late), None)];
    let mut filters = Vec::new();
    for statuses in &statuses {
        for (from, to) in windows {
            for bits in 0..16 {
                let has = |bit: u32| bits & (1 << bit) != 0;
                filters.push(ClaimFilter {
                    statuses: statuses.clone(),
                    member: has(0).then(|| member(7)),
                    campaign: has(1).then(|| campaign(3)),
                    reward: has(2).then(|| reward(3)),
                    from,
                    to,
                    before: has(3).then_some(head / 2),
                });
            }
        }
    }
    filters
}

/// What the scans of a plan read of the claims, with what they threw away again; `None` where one read all of a table.
fn rows_read(node: &Value) -> Option<f64> {
    if node["Node Type"] == "Seq Scan" && node["Relation Name"] == "claims" {
        return None;
    }
    let number = |name: &str| node[name].as_f64().unwrap_or_default();
    let of_claims = node["Relation Name"] == "claims";
    let read = if of_claims { number("Actual Rows") + number("Rows Removed by Filter") } else { 0.0 };
    let read = read * number("Actual Loops");
    node["Plans"].as_array().into_iter().flatten().map(rows_read).try_fold(read, |sum, read| Some(sum + read?))
}

async fn every_list_is_short(log: &TestLog, most: impl Fn(&ClaimFilter) -> i64) {
    let mut conn = log.pool.acquire().await.unwrap();
    for filter in filters(log.head()) {
        let plan = claim_history::explain(&mut conn, &filter, PAGE).await.unwrap();
        let (read, most) = (rows_read(&plan[0]["Plan"]), most(&filter));
        assert!(read.is_some_and(|read| read <= most as f64), "{read:?} rows for {filter:?}: {plan:#}");
    }
}

#[tokio::test]
async fn the_queue_of_claims_that_wait_reads_no_more_than_its_page() {
    with_log(async |log| {
        log.append(claims()).await;
        log.project(ClaimHistory, log.head(), 5_000, 1).await;
        sqlx::query("analyze").execute(&log.pool).await.unwrap();
        let (mut conn, now) = (log.pool.acquire().await.unwrap(), recorded_at(0));
        let all = claim_history::waiting(&mut conn, None, now, None, 10_000).await.unwrap();
        let waiting = (MEMBERS * REWARDS / 100) as usize;
        assert_eq!(all.len(), waiting);
        assert!(all.is_sorted_by_key(|claim| (claim.expires_at, claim.created_position)));
        assert_eq!(claim_history::count_waiting(&mut conn, None, now).await.unwrap(), waiting as i64);
        let middle = &all[all.len() / 2];
        let middle = QueuePlace { expires_at: middle.expires_at.unwrap(), created_position: middle.created_position };
        let rest = claim_history::waiting(&mut conn, None, now, Some(middle), 10_000).await.unwrap();
        assert_eq!(rest, all[all.len() / 2 + 1..], "a page goes on right behind the last one");
        for (of, after) in
            [(None, None), (None, Some(middle)), (Some(campaign(3)), None), (Some(campaign(3)), Some(middle))]
        {
            let plan = claim_history::explain_waiting(&mut conn, of, now, after, PAGE).await.unwrap();
            // those that expire at the same moment are sorted together
            let read = rows_read(&plan[0]["Plan"]);
            assert!(read.is_some_and(|read| read <= 3.0 * PAGE as f64), "{read:?} rows of {of:?}: {plan:#}");
        }
    })
    .await;
}

#[tokio::test]
async fn no_filter_of_a_list_of_claims_reads_more_than_its_page() {
    with_log(async |log| {
        log.append(claims()).await;
        log.project(ClaimHistory, log.head(), 5_000, 1).await;
        // nothing is known of the tables yet: whatever is read is read by an index
        every_list_is_short(log, |_| i64::MAX).await;
        sqlx::query("analyze").execute(&log.pool).await.unwrap();
        every_list_is_short(log, |filter| {
            // a member's claims are few; other lists take a page of each status, of each reward of a campaign
            let statuses = if filter.statuses.is_empty() { ClaimStatus::ALL.len() } else { filter.statuses.len() };
            if filter.member.is_some() { REWARDS as i64 } else { PAGE * 2 * statuses as i64 }
        })
        .await;
    })
    .await;
}

/// What grows with the log, and is never read from end to end.
const LARGE: [&str; 12] = [
    "events",
    "claims",
    "campaign_steps",
    "campaign_marks",
    "campaign_judgements",
    "campaign_refusals",
    "campaign_claimants",
    "dashboard_facts",
    "dashboard_marks",
    "dashboard_members",
    "dashboard_memberships",
    "dashboard_sets",
];

#[tokio::test]
async fn no_plan_for_a_dashboard_or_for_own_claims_reads_a_whole_table_whenever_it_was_made() {
    with_log(async |log| {
        let mut claims = claims();
        let later = claims.split_off(3);
        log.append(vec![created(campaign(0))]).await;
        log.append(claims).await;
        log.project(Dashboard, log.head(), 10, 1).await;
        log.project(CampaignAnalytics, log.head(), 10, 1).await;
        every_look_up_has_its_index(log, &LARGE).await;
        log.append(later.into_iter().take(20_000).collect()).await;
        log.project(Dashboard, log.head(), 5_000, 1).await;
        log.project(CampaignAnalytics, log.head(), 5_000, 1).await;
        log.project(ClaimHistory, log.head(), 5_000, 1).await;
        sqlx::query("analyze").execute(&log.pool).await.unwrap();
        // what else there is is empty, and reading that from end to end is right
        every_look_up_has_its_index(
            log,
            &["events", "claims", "campaign_steps", "campaign_claimants", "dashboard_marks", "dashboard_sets"],
        )
        .await;
    })
    .await;
}

/// A pool of one connection that makes one plan for all values.
async fn planning_once(log: &TestLog) -> PgPool {
    let options = log.pool.connect_options().as_ref().clone();
    PgPoolOptions::new()
        .max_connections(1)
        .connect_with(options.options([("plan_cache_mode", "force_generic_plan")]))
        .await
        .unwrap()
}

/// Asks for everything over a connection that makes one plan for all values, and looks at the plans.
async fn every_look_up_has_its_index(log: &TestLog, large: &[&str]) {
    let one = planning_once(log).await;
    let (from, now) = (recorded_at(-7), recorded_at(5));
    let timeline = Timeline::of(from, now, Bucket::Hour, "Asia/Kathmandu".parse().unwrap()).unwrap();
    for then in [None, Some(1)] {
        let view = async || match then {
            None => View::now(&one, now).await.unwrap(),
            Some(position) => View::at(&one, position).await.unwrap(),
        };
        view().await.summary(from, now).await.unwrap();
        view().await.events(&timeline).await.unwrap();
        view().await.reward_claims(&timeline).await.unwrap();
        view().await.users(&timeline).await.unwrap();
        let of_campaigns = campaign_analytics::View::open(&one, campaign_analytics::MODELS, then).await.unwrap();
        assert!(of_campaigns.campaign(campaign(0), &timeline).await.unwrap().is_some());
        let of_log = campaign_analytics::View::open(&one, log_analytics::MODELS, then).await.unwrap();
        log_analytics::log_analytics(of_log, &timeline, &KnownEdges::default()).await.unwrap();
    }
    let own = ClaimFilter { member: Some(member(1)), ..ClaimFilter::default() };
    let mut conn = one.acquire().await.unwrap();
    claim_history::list(&mut conn, &own, PAGE).await.unwrap();
    let plans = plans(&mut conn, "dashboard_|campaign_|claims").await;
    assert!(plans.len() > 10, "{plans:#?}");
    for (statement, plan) in plans {
        for table in large {
            assert!(!plan.contains(&format!("Seq Scan on {table} ")), "{statement}\n{plan}");
        }
    }
}

/// The statements that this connection keeps planned and that match a pattern, each with its plan.
async fn plans(conn: &mut PgConnection, pattern: &str) -> Vec<(String, String)> {
    let prepared: Vec<(String, String, i32)> = sqlx::query_as(
        "select name, statement, coalesce(cardinality(parameter_types), 0)
        from pg_prepared_statements
        where statement ~ $1",
    )
    .bind(pattern)
    .persistent(false)
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let mut plans = Vec::new();
    for (name, statement, parameters) in prepared {
        let values = vec!["null"; usize::try_from(parameters).unwrap()].join(", ");
        let values = if values.is_empty() { values } else { format!("({values})") };
        let plan = sqlx::raw_sql(&format!("explain execute \"{name}\"{values}")).fetch_all(&mut *conn).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|line| line.get(0)).collect();
        plans.push((statement, plan.join("\n")));
    }
    plans
}

#[tokio::test]
async fn the_facts_of_a_member_are_found_by_the_member_whenever_it_was_planned() {
    with_log(async |log| {
        let one = planning_once(log).await;
        // PostgreSQL knows for certain that there is nothing
        sqlx::query("vacuum analyze events").execute(&log.pool).await.unwrap();
        let mut conn = one.acquire().await.unwrap();
        projections::read_models::member_facts::fold_until(&mut conn, member(1), 1).await.unwrap();
        log.append(claims().into_iter().take(2_000).collect()).await;
        // a plan that is not kept is made for what there is
        for (statement, plan) in plans(&mut conn, "from events").await {
            assert!(plan.contains("events_facts_of_a_subject"), "{statement}\n{plan}");
        }
    })
    .await;
}
