//! A claim sees every fact that is in the log, whether or not any projection runs.

use api::app::facts::LedgerFacts;
use chrono::{Days, NaiveDate};
use commands::{ClaimRequest, Metadata, Receipt};
use domain::activity::{Activity, ActivityCommand, Report};
use domain::campaign::{Campaign, CampaignCommand, Revision};
use domain::claim::{Claim, ClaimStatus};
use domain::condition::{Condition, Seen};
use domain::id::{ActivityId, MemberId};
use domain::member::{Member, MemberCommand, Registration};
use domain::name::Name;
use domain::role::Role;
use domain::zone::Zone;

use super::support::{Limits, Programme, member, now};

async fn log_in(programme: &Programme, member_id: MemberId, day: NaiveDate) {
    let external_id = format!("{member_id}:{day}");
    let id = ActivityId::of("app", &external_id).to_string();
    let report = Report {
        source: "app".to_owned(),
        external_id,
        member_id,
        kind: Name::login(),
        occurred_at: now(),
        local_date: day,
        time_zone: Zone::Named(domain::zone::Tz::UTC),
        measures: Default::default(),
    };
    let staff = Metadata::system(now());
    programme.ledger.execute::<Activity>(&id, ActivityCommand::Record(report), &staff).await.unwrap();
}

async fn ask_for_it(programme: &Programme, member_id: MemberId) -> Receipt<Claim> {
    let facts = LedgerFacts::start(programme.pool.clone());
    let ask =
        ClaimRequest { reward_id: programme.reward, member_id, at: now(), reference: None, refuse_own_campaign: false };
    let metadata = Metadata::system(ask.at);
    programme.ledger.request_reward(ask, &facts, &metadata).await.unwrap()
}

#[tokio::test]
async fn a_claim_right_after_the_seventh_log_in_is_granted_with_every_projection_stopped() {
    let programme = Programme::with(Limits::default()).await;
    let revision =
        Revision { condition: Some(Condition::parse(&"DAILY_LOGIN_7_DAYS".into()).unwrap()), ..Revision::default() };
    let revise = CampaignCommand::Revise { revision: Box::new(revision), at: now() };
    let staff = Metadata::system(now());
    programme.ledger.execute::<Campaign>(&programme.campaign.to_string(), revise, &staff).await.unwrap();
    let today = now().utc().date_naive();
    let registration = Registration {
        time_zone: domain::zone::Tz::UTC,
        joined_on: today,
        birthday: None,
        role: Role::User,
        returned: None,
    };
    let register = MemberCommand::Register(registration);
    programme.ledger.execute::<Member>(&member(1).to_string(), register, &staff.next_command()).await.unwrap();

    for back in (1..7).rev() {
        log_in(&programme, member(1), today - Days::new(back)).await;
    }
    let short = ask_for_it(&programme, member(1)).await;
    assert_eq!(short.state.status(), Some(ClaimStatus::Denied));
    assert_eq!(short.state.decision().unwrap().evidence[0].have, Seen::Number(6));

    log_in(&programme, member(1), today).await;
    let enough = ask_for_it(&programme, member(1)).await;
    assert_eq!(enough.state.status(), Some(ClaimStatus::Granted));
    let decision = enough.state.decision().unwrap();
    assert_eq!(decision.evidence[0].have, Seen::Number(7));
    assert_eq!(decision.facts_position, enough.position - 1, "read up to the head of the log");
    let folded: i64 = sqlx::query_scalar("select coalesce(max(position), 0) from checkpoints")
        .fetch_one(&programme.pool)
        .await
        .unwrap();
    assert_eq!(folded, 0, "no projection has run");
    programme.assert_sound().await;
}
